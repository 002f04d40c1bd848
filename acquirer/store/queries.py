"""Reading what was exchanged and who is registered, without disturbing what writes.

A `Reader` of a file has a connection of its own that only reads: it works beside a serving host, when none serves,
and after one was killed. A store in memory has one connection, and its readers share it with the writer.

Nothing here, and nothing that it imports, needs a dialect, a key or SQLAlchemy: a command that reads starts at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from acquirer.data.types import Row
from acquirer.errors import StoreError
from acquirer.journal.entry import Entry
from acquirer.model.batches import BatchBooks, Settlement
from acquirer.model.effects import LoadBatch
from acquirer.model.rows import Card, Session, Signature, SignaturePart, TerminalConfig, Transaction, TransactionKey
from acquirer.store import schema
from acquirer.store.database import connect_reading
from acquirer.store.filters import ANY_EXCHANGE, ANY_TERMINAL, CHUNK, ExchangeFilter, TerminalFilter
from acquirer.store.journal_reader import JournalReader
from acquirer.store.location import MEMORY, database_path
from acquirer.store.open_files import OpenFiles
from acquirer.store.schema import CARD, SESSION, SETTLEMENT, SIGNATURE_PART, TERMINAL, Relation, sql_name
from acquirer.store.settlements import load_books
from acquirer.store.soundness import explained, unpack_whole
from acquirer.store.statements import (
    CARD_BY_TOKEN,
    TERMINALS_WITH_SESSION,
    TRANSACTION_BY_KEY,
    columns_of,
    having,
    joined,
    query,
    select,
)
from acquirer.store.transaction_rows import unpack_transaction
from acquirer.store.uploads import name_of_row, sound_signature

T = TypeVar("T")

_REGISTERED_COLUMNS: Final = columns_of(schema.terminal, schema.session)
REGISTERED: Final = query(_REGISTERED_COLUMNS, TERMINALS_WITH_SESSION)
"""All terminals with their sessions."""

_TERMINAL_WIDTH: Final = len(schema.terminal.columns)
_SESSION_TID: Final = schema.session.names.index("tid")
UPLOADS: Final = ("signature", "signature_part")
"""Services that take signatures."""

_SIGNATURE_ORDER: Final = "at_us, mid, tid, batch, stan, number"


@dataclass(frozen=True, slots=True)
class RefusedUpload:
    """An upload of a signature that was refused."""

    tid: str
    batch: str
    stan: str
    amount_minor: int | None
    code: str
    why: str
    reason: str
    at_us: int


class Reader:
    """Queries over one store. Every answer is complete when it is returned; nothing stays open between two."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        lock: AbstractContextManager[Any] | None = None,
        database: Path | None = None,
    ) -> None:
        self._database = database
        self._files = None if database is None else OpenFiles(database, "")
        self._connection = connection
        self._owned = lock is None
        self._lock = lock or nullcontext()
        self._journal = JournalReader(self._all, database)

    def exchanges(self, wanted: ExchangeFilter = ANY_EXCHANGE, limit: int | None = None) -> list[Entry]:
        """Return exchanges in the order they were committed; with `limit`, the latest ones only."""
        return [*islice(self._journal.newest_first(wanted), limit)][::-1]

    def backwards(self, wanted: ExchangeFilter, before: int | None = None, limit: int = CHUNK) -> list[Entry]:
        """Return the last exchanges before number `before`, the latest first: call again with the last one's number."""
        return [*islice(self._journal.newest_first(wanted, before), limit)]

    def following(self, wanted: ExchangeFilter) -> list[Entry]:
        """Return the first exchanges after number `wanted.after`: call again with the last one's number."""
        return [*islice(self._journal.oldest_first(wanted), CHUNK)]

    def every(self, wanted: ExchangeFilter = ANY_EXCHANGE) -> Iterator[Entry]:
        """Yield all exchanges, oldest first, however many there are."""
        return self._journal.oldest_first(wanted)

    def exchange(self, number: int) -> Entry | None:
        """Return one exchange by its number."""
        return self._journal.exchange(number)

    def terminals(
        self, wanted: TerminalFilter = ANY_TERMINAL, limit: int | None = None, after: str = ""
    ) -> list[tuple[TerminalConfig, Session]]:
        """Return registered terminals behind a tid with their state, by tid; with `limit`, the first ones only."""
        conditions, values = _terminal_conditions(wanted)
        if after:
            conditions.append('"terminal"."tid" > ?')
            values.append(after)
        sql = query(_REGISTERED_COLUMNS, TERMINALS_WITH_SESSION, conditions, order='"terminal"."tid"', limit=True)
        return [registered(row, self._database) for row in self._all(sql, *values, -1 if limit is None else limit)]

    def count_terminals(self, wanted: TerminalFilter = ANY_TERMINAL) -> int:
        """Return how many terminals are registered."""
        conditions, values = _terminal_conditions(wanted)
        ((number,),) = self._all(query("count(*)", sql_name(schema.terminal.name), conditions), *values)
        return int(number)

    def count_exchanges(self) -> int:
        """Return how many exchanges the journal has: a million take some tenths of a second at most."""
        ((number,),) = self._all(query("count(*)", sql_name(schema.exchange.name), []))
        return int(number)

    def terminal(self, tid: str) -> tuple[TerminalConfig, Session] | None:
        """Return one registered terminal with its state."""
        rows = self._all(query(_REGISTERED_COLUMNS, TERMINALS_WITH_SESSION, ['"terminal"."tid" = ?']), tid)
        return registered(rows[0], self._database) if rows else None

    def terminal_numbers(self) -> list[str]:
        """Return the tids of all registered terminals."""
        return [tid for (tid,) in self._all(query("tid", sql_name(schema.terminal.name), order="tid"))]

    def transaction(self, key: TransactionKey) -> Transaction | None:
        """Return one transaction."""
        rows = self._all(TRANSACTION_BY_KEY, *key)
        return self._whole(unpack_transaction, rows[0], schema.transaction) if rows else None

    def transactions(self, tid: str = "", stan: str = "", batch: str = "") -> list[Transaction]:
        """Return transactions in the order of their arrival, of one terminal or of all."""
        rows = self._all(*_selection(schema.transaction, "at_us, stan", tid=tid, stan=stan, batch=batch))
        return [self._whole(unpack_transaction, row, schema.transaction) for row in rows]

    def cards(self, tokens: Iterable[str]) -> dict[str, Card]:
        """Return the rows of cards by their tokens; of a card that was never used there is none."""
        rows = [row for token in tokens for row in self._all(CARD_BY_TOKEN, token)]
        cards = [self._whole(CARD.unpack, row, schema.card) for row in rows]
        return {card.token: card for card in cards}

    def settlements(self, tid: str = "", batch: str = "") -> list[Settlement]:
        """Return settlements in the order in which they were asked for, of one terminal or of all."""
        rows = self._all(*_selection(schema.settlement, "at_us, tid", tid=tid, batch=batch))
        return [self._whole(SETTLEMENT.unpack, row, schema.settlement) for row in rows]

    def batch_books(self, mid: str, tid: str, batch: str) -> BatchBooks:
        """Return what is known of one batch: its settlement, its transactions and what was uploaded of them."""
        try:
            with self._lock:
                return load_books(self._connection, LoadBatch(mid, tid, batch), self._database)
        except sqlite3.Error as exc:
            raise explained(self._database, exc) from None

    def signatures(self, tid: str = "", stan: str = "", batch: str = "") -> list[Signature]:
        """Return signatures in the order of their arrival, those that were replaced too; no damaged ones."""
        found = map(sound_signature, self._signature_rows(tid, stan, batch))
        return [one for one in found if one is not None]

    def damaged_signatures(self, tid: str = "", stan: str = "", batch: str = "") -> list[str]:
        """Return the names of signatures whose rows hold something that no host writes."""
        rows = self._signature_rows(tid, stan, batch)
        return [name_of_row(row) for row in rows if sound_signature(row) is None]

    def waiting_signatures(self, limit: int, skip: int = 0) -> list[tuple[Signature | None, bytes]]:
        """Return the oldest signatures that have no picture yet, with their images, but for the first `skip`.

        None stands for one whose row is damaged.
        """
        source = joined(schema.signature, schema.blob, "digest", "digest", "JOIN")
        columns = f"{columns_of(schema.signature)}, {sql_name(schema.blob.name)}.data"
        sql = query(columns, source, ["picture = 'waiting'"], order="at_us", limit=True) + " OFFSET ?"
        rows = self._texts(sql, limit, skip)
        return [(sound_signature(row[:-1]), row[-1]) for row in rows]

    def signature_parts(self) -> list[SignaturePart]:
        """Return parts of signatures that wait for the others."""
        sql = select(schema.signature_part, order=", ".join(schema.signature_part.key))
        return [self._whole(SIGNATURE_PART.unpack, row, schema.signature_part) for row in self._all(sql)]

    def refused_uploads(self) -> list[RefusedUpload]:
        """Return uploads of signatures that were refused, oldest first."""
        uploads = [one for kind in UPLOADS for one in self.every(ExchangeFilter(service=kind))]
        return [
            RefusedUpload(one.tid, one.batch, one.stan, one.amount_minor, one.code, one.why, one.reason, one.at_us)
            for one in sorted(uploads, key=lambda one: one.id)
            if one.reason not in ("approved", "duplicate")
        ]

    def undelivered(self, *services: str) -> dict[tuple[str, str, str], str]:
        """Return what became of replies of services that were not sent, by terminal, batch and STAN."""
        numbers = self._all(select(schema.delivery, order="exchange_id"))
        entries = [(self.exchange(number), outcome) for number, outcome in numbers]
        return {(one.tid, one.batch, one.stan): outcome for one, outcome in entries if one and one.service in services}

    def blob(self, digest: str) -> bytes | None:
        """Return what is kept under a digest: an image as received, or a PNG."""
        rows = self._all(query("data", sql_name(schema.blob.name), [having("digest")]), digest)
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Give the connection back."""
        if self._owned:
            self._connection.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _signature_rows(self, tid: str, stan: str, batch: str) -> Sequence[Row]:
        return self._texts(*_selection(schema.signature, _SIGNATURE_ORDER, tid=tid, stan=stan, batch=batch))

    def _texts(self, sql: str, *values: Any) -> Sequence[Row]:
        """Return rows of a table that may hold texts which are no UTF-8."""
        try:
            return self._all(sql, *values)
        except StoreError:
            with self._lock:
                self._connection.text_factory = _lenient
            try:
                return self._all(sql, *values)
            finally:
                self._connection.text_factory = str

    def _all(self, sql: str, *values: Any) -> Sequence[Row]:
        try:
            with self._lock:
                rows = self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as exc:
            raise explained(self._database, exc) from None
        if self._files is not None and (gone := self._files.gone()):  # what follows along would wait for nothing
            raise StoreError(gone)
        return rows

    def _whole(self, unpack: Callable[[Row], T], row: Row, table: Relation) -> T:
        return unpack_whole(unpack, row, table, self._database)


def _selection(table: Relation, order: str, **wanted: str) -> list[str]:
    """Return a query for rows that have the values wanted, and these; "" stands for any."""
    given = {name: value for name, value in wanted.items() if value}
    return [select(table, having(*given), order=order), *given.values()]


def _lenient(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def registered(row: Row, database: Path | None = None) -> tuple[TerminalConfig, Session]:
    """Return the terminal of a joined row and its session, a fresh one when it never had any.

    Raises:
        StoreError: the row is damaged.
    """
    config, session = unpack_whole(TERMINAL.unpack, row, schema.terminal, database), row[_TERMINAL_WIDTH:]
    if session[_SESSION_TID] is None:
        return config, Session(config.tid, downloads=config.downloads)
    return config, unpack_whole(SESSION.unpack, session, schema.session, database)


def open_reader(url: str) -> Reader:
    """Return a reader of a store on disk; it takes no lock.

    Raises:
        StoreError: a store that lives in another process's memory, or a file that is no store of ours.
    """
    database = database_path(url)
    if database is None:
        raise StoreError(f"a {MEMORY} store ends with its process: name the sqlite: store you want to read")
    return Reader(connect_reading(database), database=database)


def _terminal_conditions(wanted: TerminalFilter) -> tuple[list[str], list[str]]:
    given = {name: value for name, value in asdict(wanted).items() if value}
    terminal = sql_name(schema.terminal.name)
    return [f"{terminal}.{sql_name(name)} GLOB ?" for name in given], list(given.values())
