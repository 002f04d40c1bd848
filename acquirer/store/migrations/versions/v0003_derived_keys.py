"""Base derivation keys of terminals whose keys are derived for each transaction (DUKPT)."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, LargeBinary, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add two columns; no terminal that is there has such a key."""
    op.add_column("terminal", Column("bdk", LargeBinary, nullable=True))
    op.add_column("terminal", Column("bdk_kcv", Text, nullable=False, server_default=""))
