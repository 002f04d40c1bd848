"""The first tables: terminals, their sessions, transactions, cards, the journal."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, Text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table of the first release."""
    op.create_table(
        "card",
        Column("token", Text, primary_key=True, nullable=False),
        Column("version", Integer, nullable=False),
        Column("pan_masked", Text, nullable=False),
        Column("spent_minor", Integer, nullable=False),
        Column("day", Text, nullable=False),
        Column("day_spent_minor", Integer, nullable=False),
        Column("day_count", Integer, nullable=False),
        Column("pin_tries", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delivery",
        Column("exchange_id", Integer, primary_key=True),
        Column("outcome", Text, nullable=False),
    )
    op.create_table(
        "journal",
        Column("id", Integer, primary_key=True),
        Column("at_us", Integer, nullable=False),
        Column("dialect", Text, nullable=False),
        Column("peer", Text, nullable=False),
        Column("mti", Text, nullable=False),
        Column("service", Text, nullable=False),
        Column("tid", Text, nullable=False),
        Column("mid", Text, nullable=False),
        Column("batch", Text, nullable=False),
        Column("stan", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("why", Text, nullable=False),
        Column("notes", Text, nullable=False),
        Column("rrn", Text, nullable=False),
        Column("amount_minor", Integer, nullable=True),
        Column("pan_masked", Text, nullable=False),
        Column("replayed", Integer, nullable=False),
        Column("fault", Text, nullable=False),
        Column("request", Text, nullable=False),
        Column("failure", Text, nullable=False),
        Column("reply_mti", Text, nullable=False),
        Column("reply", Text, nullable=False),
        Column("frame_bytes", Integer, nullable=False),
        Column("took_us", Integer, nullable=False),
    )
    op.create_table(
        "meta",
        Column("name", Text, primary_key=True, nullable=False),
        Column("value", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
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
        Column("current_number", Integer, nullable=False),
        Column("current_package", Text, nullable=False),
        Column("current_sealed", LargeBinary, nullable=True),
        Column("current_kcvs", Text, nullable=False),
        Column("current_since_us", Integer, nullable=False),
        Column("previous_number", Integer, nullable=False),
        Column("previous_package", Text, nullable=False),
        Column("previous_sealed", LargeBinary, nullable=True),
        Column("previous_kcvs", Text, nullable=False),
        Column("previous_since_us", Integer, nullable=False),
        Column("previous_until_us", Integer, nullable=False),
        Column("bad_macs", Integer, nullable=False),
        Column("last_stan", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
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
        sqlite_with_rowid=False,
    )
    op.create_table(
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
        Column("made", Text, nullable=False),
        Column("generation", Integer, nullable=False),
        Column("at_us", Integer, nullable=False),
        Column("business_date", Text, nullable=False),
        Column("reversed_us", Integer, nullable=False),
        Column("reversal_reason", Text, nullable=False),
        Column("reversal_made", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("transactions_by_age", "transactions", ["at_us"])
