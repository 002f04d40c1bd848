"""Exchanges as narrow rows, with what finds them; those that are there stay as they are, and are read from there."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, Text, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make three tables; numbers go on behind those of the old one, which stays where it holds any."""
    op.create_table(
        "exchange",
        Column("id", Integer, primary_key=True, autoincrement=False, nullable=False),
        Column("at_us", Integer, nullable=False),
        Column("form", Integer, nullable=False),
        Column("tid", Text, nullable=False),
        Column("data", Text, nullable=False),
    )
    op.create_index("exchange_by_tid", "exchange", [text("id >> 10"), "tid"])
    op.create_table(
        "exchange_form",
        Column("id", Integer, primary_key=True, autoincrement=False, nullable=False),
        Column("dialect", Text, nullable=False),
        Column("mti", Text, nullable=False),
        Column("service", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("reply_mti", Text, nullable=False),
        Column("names", Text, nullable=False),
    )
    op.create_index("exchange_form_by_names", "exchange_form", ["names", "mti", "code"])
    op.create_table(
        "exchange_segment",
        Column("form", Integer, primary_key=True, autoincrement=False, nullable=False),
        Column("segment", Integer, primary_key=True, autoincrement=False, nullable=False),
        Column("first_us", Integer, nullable=False),
        Column("last_us", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    if not op.get_bind().execute(text("SELECT 1 FROM journal LIMIT 1")).fetchall():
        op.drop_table("journal")
