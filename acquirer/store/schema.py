"""The tables: one schema for memory and file, made of the dataclasses whose rows they hold.

`model.columns` says how a field becomes a column; here stand only names, keys, indexes and the few columns that no
dataclass has. Every statement names its columns, so their order matters nowhere but in the file itself: there the
journal's columns stand as version 0.1 had them, and later ones behind with a default, as ``ALTER TABLE`` adds them to
a journal that is too large to be copied. So an upgraded database equals a new one; migrations of other tables copy.

The journal has no second index: each one would cost a fifth of the commit rate, and walking back from its newest row
finds what people look for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from acquirer.journal import entry
from acquirer.model.columns import Column, row_format
from acquirer.model.rows import Card, Session, Signature, SignaturePart, TerminalConfig, Transaction, TransactionKey

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005")
"""Migrations in their order; the last one makes exactly these tables."""

REVISION: Final = REVISIONS[-1]


@dataclass(frozen=True, slots=True)
class Index:
    """An index; `where` restricts it to the rows that are looked for by it."""

    name: str
    columns: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class StoreTable:
    """One table.

    Args:
        columns: in the order of packed rows, which is that of the file.
        rowid: whether its rows are kept by SQLite's row number, else by their key.
        added: columns that migrations add in place, which therefore have a default.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()
    rowid: bool = False
    added: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in the order of packed rows."""
        return tuple([column.name for column in self.columns])

    @property
    def others(self) -> tuple[str, ...]:
        """The columns that are not of its key."""
        return tuple([name for name in self.names if name not in self.key])

    def create(self) -> Iterator[str]:
        """Yield the statements that make it."""
        parts = []
        for column in self.columns:
            parts.append(f"{sql_name(column.name)} {column.type}{'' if column.nullable else ' NOT NULL'}")
            if column.name in self.added and not column.nullable:
                parts[-1] += f" DEFAULT {empty(column)}"
        parts.append(f"PRIMARY KEY ({listed(self.key)})")
        yield f"CREATE TABLE {sql_name(self.name)} ({', '.join(parts)}){'' if self.rowid else ' WITHOUT ROWID'}"
        for index in self.indexes:
            where = f" WHERE {index.where}" if index.where else ""
            yield f"CREATE INDEX {index.name} ON {sql_name(self.name)} ({listed(index.columns)}){where}"


def sql_name(name: str) -> str:
    """Return a name as SQL takes it, also where it is a word of SQL."""
    return f'"{name}"'


def empty(column: Column) -> str:
    """Return the literal that stands for nothing in a column."""
    if column.nullable:
        return "NULL"
    return "0" if column.type == "INTEGER" else "''"


def listed(names: Iterable[str]) -> str:
    """Return names as a list in SQL."""
    return ", ".join(map(sql_name, names))


TERMINAL: Final = row_format(TerminalConfig)
SESSION: Final = row_format(Session)
TRANSACTION: Final = row_format(Transaction)
CARD: Final = row_format(Card)
SIGNATURE: Final = row_format(Signature)
SIGNATURE_PART: Final = row_format(SignaturePart)

_KEY: Final = TransactionKey._fields

meta = StoreTable("meta", (Column("name", "TEXT"), Column("value", "TEXT")), ("name",))
"""What the store remembers about itself."""

terminal = StoreTable("terminal", (*TERMINAL.columns, Column("registration", "TEXT")), ("tid",))
"""`registration` is a keyed digest of what was registered, so that registering the same again opens no sealed key."""

session = StoreTable("session", SESSION.columns, ("tid",))

transaction = StoreTable(
    "transactions",  # "transaction" is a word of SQL
    TRANSACTION.columns,
    _KEY,
    (
        Index("transactions_by_use", ("used_us",)),
        Index("transactions_by_rrn", ("mid", "rrn", "business_date"), "rrn <> ''"),
        Index("transactions_by_auth_id", ("mid", "auth_id", "card", "business_date"), "auth_id <> ''"),
    ),
)

card = StoreTable("card", CARD.columns, ("token",))
journal = StoreTable(
    "journal",
    entry.STORED,
    ("id",),
    rowid=True,
    added=frozenset([column.name for column in entry.STORED]) - frozenset(entry.FIRST_COLUMNS),
)

delivery = StoreTable(
    "delivery", (Column("exchange_id", "INTEGER"), Column("outcome", "TEXT")), ("exchange_id",), rowid=True
)
"""What became of replies that were not simply sent, by the journal's number of their exchange."""

blob = StoreTable("blob", (Column("digest", "TEXT"), Column("data", "BLOB", nullable=True)), ("digest",), rowid=True)
"""Images of signatures, as received and as PNG, by their SHA-256: what two signatures share is kept once."""

signature = StoreTable(
    "signature",
    SIGNATURE.columns,
    (*_KEY, "number"),
    (Index("signature_by_picture", ("picture", "at_us")),),  # finds those that wait for theirs
)
signature_part = StoreTable("signature_part", SIGNATURE_PART.columns, (*_KEY, "part"))

reprint = StoreTable("reprint", (*[Column(name, "TEXT") for name in _KEY], Column("copies", "INTEGER")), _KEY)
"""How often a receipt was printed again: written by the command that prints, beside a serving host, which never reads
it."""

TABLES: Final = (
    meta, terminal, session, transaction, card, journal, delivery, blob, signature, signature_part, reprint,
)  # fmt: skip

FORMER: Final = {
    "transactions": {"reply_elements": "made", "reversal_elements": "reversal_made", "used_us": "at_us"},
}
"""Table → column → the column of older versions that is read in its place."""
