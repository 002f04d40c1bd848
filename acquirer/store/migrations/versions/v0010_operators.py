"""Operators of terminals, and what is done about one who is not listed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, Text

revision = "0010"
down_revision = "0009"

BEFORE = (
    *("tid", "mid", "name", "tmk", "tmk_kcv", "mak", "required", "grace_s", "repeat", "batch_check"),
    *("bad_macs_allowed", "test", "fixed_keys", "bdk", "bdk_kcv", "registration"),
)


def upgrade() -> None:
    """Make the table of terminals anew, and copy each: none that is there lists operators."""
    op.rename_table("terminal", "terminal_0009")
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
        Column("unlisted_operators", Integer, nullable=False),
        Column("test", Integer, nullable=False),
        Column("fixed_keys", LargeBinary, nullable=True),
        Column("bdk", LargeBinary, nullable=True),
        Column("bdk_kcv", Text, nullable=False),
        Column("operators", Text, nullable=False),
        Column("registration", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    columns = ", ".join(BEFORE)
    op.execute(
        f"INSERT INTO terminal ({columns}, unlisted_operators, operators) SELECT {columns}, 0, '' "  # noqa: S608
        "FROM terminal_0009"
    )
    op.drop_table("terminal_0009")
