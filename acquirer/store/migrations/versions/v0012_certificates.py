"""The certificate that a terminal is bound to."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, Text

revision = "0012"
down_revision = "0011"

BEFORE = (
    *("tid", "mid", "name", "tmk", "tmk_kcv", "mak", "required", "grace_s", "repeat", "batch_check"),
    *("bad_macs_allowed", "unlisted_operators", "test", "fixed_keys", "bdk", "bdk_kcv", "operators", "downloads"),
    "registration",
)


def upgrade() -> None:
    """Copy the table of terminals, for the reason that stands at version 0004: none that is there is bound to one."""
    op.rename_table("terminal", "terminal_0011")
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
        Column("downloads", Text, nullable=False),
        Column("certificate", Text, nullable=False),
        Column("registration", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    columns = ", ".join(BEFORE)
    op.execute(f"INSERT INTO terminal ({columns}, certificate) SELECT {columns}, '' FROM terminal_0011")  # noqa: S608
    op.drop_table("terminal_0011")
