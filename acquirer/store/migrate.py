"""Bringing an older database up to date with Alembic; the migrations lie beside this module, in `migrations`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool


def upgrade(connection: sqlite3.Connection, to: str = "head") -> None:
    """Run the migrations that are missing, all in one transaction: they happen or they do not."""
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    connection.execute("BEGIN IMMEDIATE")
    try:
        with engine.connect() as borrowed:
            config.attributes["connection"] = borrowed
            command.upgrade(config, to)
            borrowed.commit()
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
