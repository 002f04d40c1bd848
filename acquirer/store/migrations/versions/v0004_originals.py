"""Originals of voids and refunds, how long transactions are kept, and digests of registrations."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, Table, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Copy two tables: a column that is added to a table in place would need a default, which new tables have not."""
    op.drop_index("transactions_by_age")
    op.rename_table("transactions", "transactions_0003")
    new = _new_transactions()
    named = [column.name for column in new.columns]
    former = {
        "reply_elements": "made",
        "reversal_elements": "reversal_made",
        "mti": "''",
        "original_tid": "''",
        "original_batch": "''",
        "original_stan": "''",
        "original_rrn": "''",
        "refunded_minor": "0",
        "used_us": "at_us",
    }
    _copy("transactions_0003", "transactions", named, [former.get(name, name) for name in named])
    op.create_index("transactions_by_use", "transactions", ["used_us"])
    op.execute(
        "CREATE INDEX transactions_by_rrn ON transactions (mid, rrn, business_date) WHERE rrn <> ''",
    )
    op.execute(
        "CREATE INDEX transactions_by_auth_id ON transactions (mid, auth_id, card, business_date) WHERE auth_id <> ''",
    )
    op.rename_table("terminal", "terminal_0003")
    named = [column.name for column in _new_terminal().columns]
    _copy("terminal_0003", "terminal", named, ["''" if name == "registration" else name for name in named])


def _copy(old: str, new: str, columns: list[str], values: list[str]) -> None:
    quoted = ", ".join(f'"{name}"' for name in columns)
    read = ", ".join(value if value in ("''", "0") else f'"{value}"' for value in values)
    op.execute(" ".join(["INSERT INTO", new, f"({quoted})", "SELECT", read, "FROM", old]))
    op.drop_table(old)


def _new_transactions() -> Table:
    return op.create_table(
        "transactions",
        Column("mid", Text, primary_key=True, nullable=False),
        Column("tid", Text, primary_key=True, nullable=False),
        Column("batch", Text, primary_key=True, nullable=False),
        Column("stan", Text, primary_key=True, nullable=False),
        Column("version", Integer, nullable=False),
        Column("kind", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("processing_code", Text, nullable=False),
        Column("transaction_type", Text, nullable=False),
        Column("amount_minor", Integer, nullable=False),
        Column("currency", Text, nullable=False),
        Column("pan_masked", Text, nullable=False),
        Column("card", Text, nullable=False),
        Column("entry_mode", Text, nullable=False),
        Column("operator", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("rrn", Text, nullable=False),
        Column("auth_id", Text, nullable=False),
        Column("reply_elements", Text, nullable=False),
        Column("generation", Integer, nullable=False),
        Column("at_us", Integer, nullable=False),
        Column("business_date", Text, nullable=False),
        Column("reversed_us", Integer, nullable=False),
        Column("reversal_reason", Text, nullable=False),
        Column("reversal_elements", Text, nullable=False),
        Column("mti", Text, nullable=False),
        Column("original_tid", Text, nullable=False),
        Column("original_batch", Text, nullable=False),
        Column("original_stan", Text, nullable=False),
        Column("original_rrn", Text, nullable=False),
        Column("refunded_minor", Integer, nullable=False),
        Column("used_us", Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def _new_terminal() -> Table:
    return op.create_table(
        "terminal",
        Column("tid", Text, primary_key=True, nullable=False),
        Column("mid", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("tmk", LargeBinary, nullable=True),
        Column("tmk_kcv", Text, nullable=False),
        Column("mak", Text, nullable=False),
        Column("required", Text, nullable=False),
        Column("grace_s", Integer, nullable=False),
        Column("repeat", Text, nullable=False),
        Column("batch_check", Integer, nullable=False),
        Column("bad_macs_allowed", Integer, nullable=False),
        Column("test", Integer, nullable=False),
        Column("fixed_keys", LargeBinary, nullable=True),
        Column("bdk", LargeBinary, nullable=True),
        Column("bdk_kcv", Text, nullable=False),
        Column("registration", Text, nullable=False),
        sqlite_with_rowid=False,
    )
