"""What pre-authorisations hold, and the index by which they are found."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, Table, Text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Copy the transactions: a column that is added in place would need a default, which new tables have not."""
    for index in ("transactions_by_use", "transactions_by_rrn", "transactions_by_auth_id"):
        op.drop_index(index)
    op.rename_table("transactions", "transactions_0007")
    names = [column.name for column in _new_transactions().columns]
    quoted = ", ".join(f'"{name}"' for name in names)
    read = ", ".join("0" if name == "authorised_minor" else f'"{name}"' for name in names)
    op.execute(" ".join(["INSERT INTO transactions", f"({quoted})", "SELECT", read, "FROM transactions_0007"]))
    op.drop_table("transactions_0007")
    op.create_index("transactions_by_use", "transactions", ["used_us"])
    op.execute("CREATE INDEX transactions_by_rrn ON transactions (mid, rrn, business_date) WHERE rrn <> ''")
    op.execute(
        "CREATE INDEX transactions_by_authorisation ON transactions (mid, card, business_date) "
        "WHERE authorised_minor > 0"
    )


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
        Column("authorised_minor", Integer, nullable=False),
        Column("used_us", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
