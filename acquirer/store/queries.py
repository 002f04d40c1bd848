"""Reading what was exchanged and who is registered, without being in anybody's way.

A `Reader` of a file has a connection of its own that only reads: it works beside a serving host, when none serves,
and after one was killed. A store in memory has one connection, and its readers take turns with the writer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from types import TracebackType
from typing import Any, Final

from sqlalchemy import Select, select

from acquirer.journal.entry import Entry, entry_of
from acquirer.model.rows import Session, Signature, SignaturePart, TerminalConfig, Transaction
from acquirer.store import schema
from acquirer.store.database import connect_reading
from acquirer.store.location import MEMORY, StoreError, place
from acquirer.store.statements import run
from acquirer.store.tuples import registered, transaction_of
from acquirer.store.uploads import part_of, signature_of

CHUNK: Final = 500
"""Rows fetched at a time: a reader that holds its view open for long keeps the log from being put away."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which exchanges are asked for; an empty field asks for any."""

    tid: str = ""
    stan: str = ""
    code: str = ""
    service: str = ""
    reason: str = ""
    mti: str = ""
    after: int = 0  # only those with a higher number


@dataclass(frozen=True, slots=True)
class Refused:
    """An upload of a signature that was refused."""

    tid: str
    batch: str
    stan: str
    amount_minor: int | None
    code: str
    why: str


class Reader:
    """Queries over one store. Every answer is complete when it is returned; nothing stays open between two."""

    def __init__(self, connection: sqlite3.Connection, turn: AbstractContextManager[Any] | None = None) -> None:
        self._connection = connection
        self._owned = turn is None
        self._turn = turn or nullcontext()

    def exchanges(self, wanted: Wanted = Wanted(), limit: int | None = None) -> list[Entry]:
        """Exchanges in the order they were committed; with `limit`, the latest ones only."""
        newest = _journal(wanted).order_by(schema.journal.c.id.desc())
        return [entry_of(row) for row in self._all(newest.limit(limit))][::-1]

    def following(self, wanted: Wanted) -> list[Entry]:
        """The first exchanges after number `wanted.after`, oldest first: call again with the last one's number."""
        oldest = _journal(wanted).order_by(schema.journal.c.id).limit(CHUNK)
        return [entry_of(row) for row in self._all(oldest)]

    def every(self, wanted: Wanted = Wanted()) -> Iterator[Entry]:
        """All exchanges, oldest first, however many there are."""
        while found := self.following(wanted):
            yield from found
            wanted = replace(wanted, after=found[-1].id)

    def exchange(self, number: int) -> Entry | None:
        """One exchange by its number."""
        rows = self._all(_journal(Wanted()).where(schema.journal.c.id == number))
        return entry_of(rows[0]) if rows else None

    def terminals(self) -> list[tuple[TerminalConfig, Session]]:
        """Every registered terminal with its state, by tid."""
        return [registered(row) for row in self._all(_terminals().order_by(schema.terminal.c.tid))]

    def terminal(self, tid: str) -> tuple[TerminalConfig, Session] | None:
        """One registered terminal with its state."""
        rows = self._all(_terminals().where(schema.terminal.c.tid == tid))
        return registered(rows[0]) if rows else None

    def transactions(self, tid: str = "") -> list[Transaction]:
        """Transactions in the order of their arrival, of one terminal or of all."""
        table = schema.transaction
        found = select(table).order_by(table.c.at_us, table.c.stan)
        return [transaction_of(row) for row in self._all(found.where(table.c.tid == tid) if tid else found)]

    def signatures(self, tid: str = "", stan: str = "", batch: str = "") -> list[Signature]:
        """Signatures in the order of their coming, those that were replaced too."""
        table = schema.signature
        found = select(table).order_by(
            table.c.at_us, table.c.mid, table.c.tid, table.c.batch, table.c.stan, table.c.number
        )
        for column, value in ((table.c.tid, tid), (table.c.stan, stan), (table.c.batch, batch)):
            if value:
                found = found.where(column == value)
        return [signature_of(row) for row in self._all(found)]

    def waiting_signatures(self, limit: int) -> list[tuple[Signature, bytes]]:
        """The oldest signatures that have no picture yet, with their images."""
        table, blob = schema.signature, schema.blob
        found = select(*table.c, blob.c.data).select_from(table.join(blob, blob.c.digest == table.c.digest))
        found = found.where(table.c.picture == "waiting").order_by(table.c.at_us).limit(limit)
        return [(signature_of(row[:-1]), row[-1]) for row in self._all(found)]

    def signature_parts(self) -> list[SignaturePart]:
        """Parts of signatures that wait for the others."""
        table = schema.signature_part
        return [part_of(row) for row in self._all(select(table).order_by(*table.primary_key))]

    def refused_uploads(self) -> list[Refused]:
        """Uploads of signatures that were refused, oldest first."""
        table = schema.journal
        columns = (table.c.tid, table.c.batch, table.c.stan, table.c.amount_minor, table.c.code, table.c.why)
        found = select(*columns).where(
            table.c.service.in_(("signature", "signature_part")), table.c.reason.not_in(("approved", "duplicate"))
        )
        return [Refused(*row) for row in self._all(found.order_by(table.c.id))]

    def undelivered_sales(self) -> dict[tuple[str, str, str], str]:
        """What became of answers to sales that were not sent, by terminal, batch and STAN."""
        table, delivery = schema.journal, schema.delivery
        found = select(table.c.tid, table.c.batch, table.c.stan, delivery.c.outcome).select_from(
            delivery.join(table, table.c.id == delivery.c.exchange_id)
        )
        return {row[:3]: row[3] for row in self._all(found.where(table.c.service == "sale"))}

    def blob(self, digest: str) -> bytes | None:
        """What is kept under a digest: an image as it came, or a PNG."""
        rows = self._all(select(schema.blob.c.data).where(schema.blob.c.digest == digest))
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Give the connection back."""
        if self._owned:
            self._connection.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        try:
            with self._turn:
                return list(run(self._connection, query))
        except sqlite3.Error as wrong:
            raise StoreError(f"the store cannot be read: {wrong}") from None


def open_reader(url: str) -> Reader:
    """A reader of a store on disk; takes no lock.

    Raises:
        StoreError: a store that lives in another process's memory, or a file that is no store of ours.
    """
    database = place(url)
    if database is None:
        raise StoreError(f"a {MEMORY} store ends with its process: name the sqlite: store you want to read")
    return Reader(connect_reading(database))


def _journal(wanted: Wanted) -> Select[Any]:
    table, delivery = schema.journal, schema.delivery
    found = select(*table.c, delivery.c.outcome).select_from(
        table.outerjoin(delivery, delivery.c.exchange_id == table.c.id)
    )
    filters = asdict(wanted)
    if after := filters.pop("after"):
        found = found.where(table.c.id > after)
    for name, value in filters.items():
        if value:
            found = found.where(table.c[name] == value)
    return found


def _terminals() -> Select[Any]:
    terminal, session = schema.terminal, schema.session
    return select(*terminal.c, *session.c).select_from(terminal.outerjoin(session, session.c.tid == terminal.c.tid))
