"""What people say of exchanges: a mark and a comment."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, Text

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make a table beside those there are."""
    op.create_table(
        "remark",
        Column("exchange_id", Integer, primary_key=True, nullable=False),
        Column("mark", Text, nullable=False),
        Column("comment", Text, nullable=False),
    )
