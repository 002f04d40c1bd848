"""Which rule decided an exchange, and which set of rules and faults was in force."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, Text, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add two columns to the journal; no exchange that is there was decided by a rule."""
    op.add_column("journal", Column("rule", Text, nullable=False, server_default=""))
    op.add_column("journal", Column("generation", Integer, nullable=False, server_default=text("0")))
