"""Settlements of batches, what terminals uploaded of them, and what a session knows of its last one."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, Table, Text

revision = "0007"
down_revision = "0006"

SETTLED = {"settled": "''", "settling": "0", "unused": "0"}
TOTALS = ("debit_minor", "debits", "credit_minor", "credits")


def upgrade() -> None:
    """Make two tables; copy one, for the reason that stands at version 0004. No batch was settled before."""
    op.rename_table("session", "session_0006")
    named = [column.name for column in _new_session().columns]
    columns = ", ".join(f'"{name}"' for name in named)
    values = ", ".join(SETTLED.get(name, f'"{name}"') for name in named)
    op.execute(" ".join(["INSERT INTO session", f"({columns})", "SELECT", values, "FROM session_0006"]))
    op.drop_table("session_0006")
    op.create_table(
        "settlement",
        Column("mid", Text, primary_key=True, nullable=False),
        Column("tid", Text, primary_key=True, nullable=False),
        Column("batch", Text, primary_key=True, nullable=False),
        Column("state", Text, nullable=False),
        Column("result", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("why", Text, nullable=False),
        *[
            Column(f"{side}_{cards}_{name}", Integer, nullable=False)
            for side in ("terminal", "host")
            for cards in ("domestic", "foreign")
            for name in TOTALS
        ],
        Column("reply_elements", Text, nullable=False),
        Column("operator", Text, nullable=False),
        Column("stan", Text, nullable=False),
        Column("at_us", Integer, nullable=False),
        Column("business_date", Text, nullable=False),
        Column("end", Text, nullable=False),
        Column("end_count", Integer, nullable=False),
        Column("closed_us", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "detail",
        Column("mid", Text, primary_key=True, nullable=False),
        Column("tid", Text, primary_key=True, nullable=False),
        Column("batch", Text, primary_key=True, nullable=False),
        Column("stan", Text, primary_key=True, nullable=False),
        Column("form", Text, nullable=False),
        Column("match", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("foreign", Integer, nullable=False),
        Column("amount_minor", Integer, nullable=False),
        Column("pan_masked", Text, nullable=False),
        Column("card", Text, nullable=False),
        Column("transaction_type", Text, nullable=False),
        Column("at_us", Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def _new_session() -> Table:
    return op.create_table(
        "session",
        Column("tid", Text, primary_key=True, nullable=False),
        Column("version", Integer, nullable=False),
        Column("batch", Text, nullable=False),
        Column("signed_on_us", Integer, nullable=False),
        Column("signed_on_day", Text, nullable=False),
        Column("signed_on_count", Integer, nullable=False),
        Column("signed_off", Integer, nullable=False),
        Column("sign_on_spent", Integer, nullable=False),
        Column("operator", Text, nullable=False),
        Column("serial", Text, nullable=False),
        *[
            Column(f"{which}_{name}", kind, nullable=kind is LargeBinary)
            for which in ("current", "previous")
            for name, kind in _GENERATION
        ],
        Column("previous_until_us", Integer, nullable=False),
        Column("bad_macs", Integer, nullable=False),
        Column("last_stan", Text, nullable=False),
        Column("settled", Text, nullable=False),
        Column("settling", Integer, nullable=False),
        Column("unused", Integer, nullable=False),
        sqlite_with_rowid=False,
    )


_GENERATION = (("number", Integer), ("package", Text), ("sealed", LargeBinary), ("kcvs", Text), ("since_us", Integer))
