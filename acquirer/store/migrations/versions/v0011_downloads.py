"""What terminals are asked to download, the master keys that they downloaded, and the status that they uploaded."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, Table, Text

revision = "0011"
down_revision = "0010"

EMPTY = {
    "downloads": "''",
    "device_status": "''",
    "tmk": "NULL",
    "tmk_kcv": "''",
    "next_tmk": "NULL",
    "next_tmk_kcv": "''",
}
"""Of terminals that are there: none was asked to download anything, and none has."""


def upgrade() -> None:
    """Copy two tables, for the reason that stands at version 0004."""
    op.rename_table("session", "session_0010")
    _copy("session_0010", _new_session(), EMPTY)
    op.rename_table("terminal", "terminal_0010")
    _copy("terminal_0010", _new_terminal(), {"downloads": "''"})


def _copy(old: str, new: Table, empty: dict[str, str]) -> None:
    named = [column.name for column in new.columns]
    columns = ", ".join(f'"{name}"' for name in named)
    values = ", ".join(empty.get(name, f'"{name}"') for name in named)
    op.execute(" ".join(["INSERT INTO", new.name, f"({columns})", "SELECT", values, "FROM", old]))
    op.drop_table(old)


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
        Column("unlisted_operators", Integer, nullable=False),
        Column("test", Integer, nullable=False),
        Column("fixed_keys", LargeBinary, nullable=True),
        Column("bdk", LargeBinary, nullable=True),
        Column("bdk_kcv", Text, nullable=False),
        Column("operators", Text, nullable=False),
        Column("downloads", Text, nullable=False),
        Column("registration", Text, nullable=False),
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
        Column("downloads", Text, nullable=False),
        Column("device_status", Text, nullable=False),
        Column("tmk", LargeBinary, nullable=True),
        Column("tmk_kcv", Text, nullable=False),
        Column("next_tmk", LargeBinary, nullable=True),
        Column("next_tmk_kcv", Text, nullable=False),
        sqlite_with_rowid=False,
    )


_GENERATION = (("number", Integer), ("package", Text), ("sealed", LargeBinary), ("kcvs", Text), ("since_us", Integer))
