"""Electronic signatures: the rows, their images, parts that wait, receipts printed again."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables of signatures; what is there stays as it is."""
    op.create_table(
        "blob",
        Column("digest", Text, primary_key=True, nullable=False),
        Column("data", LargeBinary, nullable=True),
    )
    op.create_table(
        "reprint",
        Column("mid", Text, primary_key=True, nullable=False),
        Column("tid", Text, primary_key=True, nullable=False),
        Column("batch", Text, primary_key=True, nullable=False),
        Column("stan", Text, primary_key=True, nullable=False),
        Column("copies", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signature",
        Column("mid", Text, primary_key=True, nullable=False),
        Column("tid", Text, primary_key=True, nullable=False),
        Column("batch", Text, primary_key=True, nullable=False),
        Column("stan", Text, primary_key=True, nullable=False),
        Column("number", Integer, primary_key=True, nullable=False),
        Column("digest", Text, nullable=False),
        Column("stream_bytes", Integer, nullable=False),
        Column("parts", Integer, nullable=False),
        Column("at_us", Integer, nullable=False),
        Column("dialect", Text, nullable=False),
        Column("amount_minor", Integer, nullable=True),
        Column("pan_masked", Text, nullable=False),
        Column("rrn", Text, nullable=False),
        Column("settlement_date", Text, nullable=False),
        Column("feature_code", Text, nullable=False),
        Column("captured", Text, nullable=False),
        Column("slip", Text, nullable=False),
        Column("flags", Text, nullable=False),
        Column("picture", Text, nullable=False),
        Column("width", Integer, nullable=False),
        Column("height", Integer, nullable=False),
        Column("png", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("signature_by_picture", "signature", ["picture", "at_us"])
    op.create_table(
        "signature_part",
        Column("mid", Text, primary_key=True, nullable=False),
        Column("tid", Text, primary_key=True, nullable=False),
        Column("batch", Text, primary_key=True, nullable=False),
        Column("stan", Text, primary_key=True, nullable=False),
        Column("part", Integer, primary_key=True, nullable=False),
        Column("last", Integer, nullable=False),
        Column("stream", LargeBinary, nullable=True),
        Column("at_us", Integer, nullable=False),
        Column("slip", Text, nullable=False),
        sqlite_with_rowid=False,
    )
