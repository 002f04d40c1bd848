"""The tables: one schema for memory and file, made of the dataclasses whose rows they hold.

`model.columns` says how a field becomes a column; here stand only names, keys, indexes and the few columns that no
dataclass has. Every statement names its columns, so their order matters nowhere. Migrations copy the tables they
change, so an upgraded database equals a new one; but what exchanged before version 0006 stays in a table ``journal``,
which is too large to be copied and only read (`store.wide_journal`).

An exchange is a narrow row (`journal.packed`). Two things find exchanges without walking through all of them, and both
grow at their end only, so that a group of commits touches few pages however many terminals there are:

1. ``exchange_by_tid`` has the exchanges of each segment (`SEGMENT` of them) by terminal: a terminal's are looked for
   segment by segment.
2. ``exchange_segment`` says which forms occur in a segment, and when: one statement writes it once a segment is full.

A transaction is a narrow row too (`store.transaction_rows`): what the transactions of a day have in common is in
``transaction_form``, and the view ``transactions`` shows both as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from acquirer.journal.packed import Form
from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.columns import Column, row_format
from acquirer.model.remarks import Remark
from acquirer.model.rows import Card, Session, Signature, SignaturePart, TerminalConfig, Transaction, TransactionKey

REVISIONS: Final = (
    "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013",
)  # fmt: skip
"""Migrations in their order; the last one makes exactly these tables."""

REVISION: Final = REVISIONS[-1]


@dataclass(frozen=True, slots=True)
class Index:
    """An index; `where` restricts it to the rows that are looked for by it.

    Args:
        first: an expression before its columns.
    """

    name: str
    columns: tuple[str, ...] = ()
    where: str = ""
    first: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """What can be read as rows.

    Args:
        columns: in the order of packed rows, which is that of the file.
    """

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in the order of packed rows."""
        return tuple([column.name for column in self.columns])


@dataclass(frozen=True, slots=True)
class StoreView(Relation):
    """Two tables shown as one: the rows of `table`, each with what `form` says of it by its ``id``."""

    table: StoreTable
    form: StoreTable

    def create(self) -> Iterator[str]:
        """Yield the statement that makes it."""
        table, form = sql_name(self.table.name), sql_name(self.form.name)
        columns = [f"{form if name in self.form.names else table}.{sql_name(name)}" for name in self.names]
        source = f"{table} LEFT JOIN {form} ON {form}.id = {table}.form"
        yield " ".join(["CREATE VIEW", sql_name(self.name), "AS SELECT", ", ".join(columns), "FROM", source])


@dataclass(frozen=True, slots=True)
class StoreTable(Relation):
    """One table.

    Args:
        rowid: whether its rows are kept by SQLite's row number, else by their key.
    """

    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()
    rowid: bool = False

    @property
    def others(self) -> tuple[str, ...]:
        """The columns that are not of its key."""
        return tuple([name for name in self.names if name not in self.key])

    def create(self) -> Iterator[str]:
        """Yield the statements that make it."""
        parts = []
        for column in self.columns:
            parts.append(f"{sql_name(column.name)} {column.type}{'' if column.nullable else ' NOT NULL'}")
        parts.append(f"PRIMARY KEY ({listed(self.key)})")
        yield f"CREATE TABLE {sql_name(self.name)} ({', '.join(parts)}){'' if self.rowid else ' WITHOUT ROWID'}"
        for index in self.indexes:
            where = f" WHERE {index.where}" if index.where else ""
            by = ", ".join(filter(None, [index.first, listed(index.columns)]))
            yield f"CREATE INDEX {index.name} ON {sql_name(self.name)} ({by}){where}"


def sql_name(name: str) -> str:
    """Return a name as SQL takes it, also where it is a word of SQL."""
    return f'"{name}"'


def empty(column: Column) -> str:
    """Return the literal that stands for nothing in a column."""
    if column.nullable:
        return "NULL"
    return "0" if column.type == "INTEGER" else "''"


def nothing(table: StoreTable, after: str) -> tuple[Any, ...]:
    """Return what stands for nothing in the columns of a table that come after one of them."""
    rest = table.columns[table.names.index(after) + 1 :]
    return tuple([None if one.nullable else 0 if one.type == "INTEGER" else "" for one in rest])


def listed(names: Iterable[str]) -> str:
    """Return names as a list in SQL."""
    return ", ".join(map(sql_name, names))


TERMINAL: Final = row_format(TerminalConfig)
SESSION: Final = row_format(Session)
TRANSACTION: Final = row_format(Transaction, json_dicts=False)  # `store.transaction_rows` keeps them
CARD: Final = row_format(Card)
SIGNATURE: Final = row_format(Signature)
SIGNATURE_PART: Final = row_format(SignaturePart)
SETTLEMENT: Final = row_format(Settlement)
DETAIL: Final = row_format(UploadedDetail)

_KEY: Final = TransactionKey._fields

meta = StoreTable("meta", (Column("name", "TEXT"), Column("value", "TEXT")), ("name",))
"""What the store remembers about itself."""

terminal = StoreTable("terminal", (*TERMINAL.columns, Column("registration", "TEXT")), ("tid",))
"""`registration` is a keyed digest of what was registered, so that registering the same again opens no sealed key."""

session = StoreTable("session", SESSION.columns, ("tid",))

TRANSACTION_FORM: Final = (
    *("kind", "state", "processing_code", "transaction_type", "currency", "entry_mode", "operator", "reason"),
    *("code", "business_date", "mti", "reply_elements", "reversal_elements"),
)
"""Columns of a transaction that many others of its day share."""

_TRANSACTION_COLUMNS: Final = {column.name: column for column in TRANSACTION.columns}
_GIVEN: Final = (Column("reply_values", "TEXT"), Column("reversal_values", "TEXT"))

transaction_form = StoreTable(
    "transaction_form",
    (Column("id", "INTEGER"), *[_TRANSACTION_COLUMNS[name] for name in TRANSACTION_FORM]),
    ("id",),
    (Index("transaction_form_by_day", ("business_date", "kind", "code")),),
    rowid=True,
)
"""What rows of `transaction_row` have in common: a few dozen rows a day."""

USED_HOUR: Final = "used_us / 3600000000"
"""Three bytes in an index instead of eight; what is purged is looked for once an hour."""

transaction_row = StoreTable(
    "transaction_row",
    (
        *[column for column in TRANSACTION.columns if column.name not in TRANSACTION_FORM],
        Column("form", "INTEGER"),
        *_GIVEN,
    ),
    ("tid", "batch", "stan", "mid"),
    (
        Index("transaction_row_by_use", first=USED_HOUR),
        Index("transaction_row_by_rrn", ("rrn",), "rrn <> ''"),  # a host gives each number out once
        Index("transaction_row_by_authorisation", ("card",), "authorised_minor > 0"),
    ),
    rowid=True,  # a row with a key of 35 bytes would have all of it in each of its indexes
)

transaction = StoreView("transactions", (*TRANSACTION.columns, *_GIVEN), transaction_row, transaction_form)
"""Transactions as they are read: see `store.transaction_rows`."""

card = StoreTable("card", CARD.columns, ("token",))
SEGMENT_BITS: Final = 10
SEGMENT: Final = 1 << SEGMENT_BITS
"""Exchanges in a segment: a million are a thousand of them, each found in microseconds; a larger one costs more pages
for each group of commits, and longer to walk through."""

SEGMENT_OF_EXCHANGE: Final = f"id >> {SEGMENT_BITS}"

exchange = StoreTable(
    "exchange",
    (
        Column("id", "INTEGER"),
        Column("at_us", "INTEGER"),
        Column("form", "INTEGER"),
        Column("tid", "TEXT"),
        Column("data", "TEXT"),
    ),
    ("id",),
    (Index("exchange_by_tid", ("tid",), first=SEGMENT_OF_EXCHANGE),),
    rowid=True,
)
"""The journal: each exchange as `journal.packed` says."""

exchange_form = StoreTable(
    "exchange_form",
    (Column("id", "INTEGER"), *[Column(name, "TEXT") for name in Form._fields]),
    ("id",),
    (Index("exchange_form_by_names", ("names", "mti", "code")),),
    rowid=True,
)
"""What rows of `exchange` have in common."""

exchange_segment = StoreTable(
    "exchange_segment",
    (
        Column("form", "INTEGER"),
        Column("segment", "INTEGER"),
        Column("first_us", "INTEGER"),
        Column("last_us", "INTEGER"),
    ),
    ("form", "segment"),
)
"""Which forms occur in each segment of exchanges that is full, and from when until when."""

delivery = StoreTable(
    "delivery", (Column("exchange_id", "INTEGER"), Column("outcome", "TEXT")), ("exchange_id",), rowid=True
)
"""What became of replies that were not simply sent, by the journal's number of their exchange."""

REMARK: Final = row_format(Remark)

remark = StoreTable("remark", REMARK.columns, ("exchange_id",), rowid=True)
"""What people say of exchanges."""

blob = StoreTable("blob", (Column("digest", "TEXT"), Column("data", "BLOB", nullable=True)), ("digest",), rowid=True)
"""Images of signatures, as received and as PNG, by their SHA-256: what two signatures share is kept once."""

signature = StoreTable(
    "signature",
    SIGNATURE.columns,
    (*_KEY, "number"),
    (Index("signature_by_picture", ("picture", "at_us")),),  # finds those that wait for theirs
)
signature_part = StoreTable("signature_part", SIGNATURE_PART.columns, (*_KEY, "part"))

settlement = StoreTable("settlement", SETTLEMENT.columns, ("mid", "tid", "batch"))
"""Batches that terminals have settled; of an open batch there is no row."""

detail = StoreTable("detail", DETAIL.columns, _KEY)
"""What terminals uploaded of their batches."""

reprint = StoreTable("reprint", (*[Column(name, "TEXT") for name in _KEY], Column("copies", "INTEGER")), _KEY)
"""How often a receipt was printed again: written by the command that prints, beside a serving host, which never reads
it."""

TABLES: Final = (
    meta, terminal, session, transaction_row, transaction_form, card, exchange, exchange_form, exchange_segment,
    delivery, remark, blob, signature, signature_part, settlement, detail, reprint,
)  # fmt: skip

RELATIONS: Final[tuple[StoreTable | StoreView, ...]] = (*TABLES, transaction)
"""Tables, and the view that reads two of them."""

FORMER: Final = {
    "transactions": {"reply_elements": "made", "reversal_elements": "reversal_made", "used_us": "at_us"},
}
"""Table → column → the column of older versions that is read in its place."""
