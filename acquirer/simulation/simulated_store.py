"""The store of a simulation: the program's own, over SQLite in memory, in virtual time and with faults.

What a host keeps in memory (`SimulatedStore`) ends with it; the database (`SimulatedDisk`) does not. Loads, groups of
commits, versions, reference numbers and every statement are the program's; only the thread that writes is played here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from acquirer.data.types import Randbytes, Row
from acquirer.dialect.dialect import Dialect
from acquirer.errors import StoreError
from acquirer.model.effects import Changes, Commit, CommitOutcome
from acquirer.model.rows import Card
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.simulation.history import RowVersion
from acquirer.simulation.timeline import Timeline
from acquirer.store import statements
from acquirer.store.batch_writer import OnGroup
from acquirer.store.database import connect_writing
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.group_committer import GroupCommitter
from acquirer.store.packed_changes import PackedChanges, packed_at_us
from acquirer.store.registry import register
from acquirer.store.row_loader import RowLoader
from acquirer.store.schema import CARD, sql_name
from acquirer.store.statements import having, query
from acquirer.store.transaction_writer import GroupResult, TransactionWriter

WRITE_US: Final = 3_000
"""What a group takes on a disk that syncs in a few milliseconds."""

LOCKED_US: Final = 100_000
"""How long the writer waits for another program once it is known that one holds the database."""

OnDurable = Callable[[Changes, Card | None, tuple[RowVersion, ...]], None]
"""Receives what was committed, with the row of the card as it was before, and the versions of all rows."""


class SimulatedDisk:
    """The database, and what is wrong with it for the moment."""

    def __init__(self, registrations: Iterable[Registration], vault: Vault, randbytes: Randbytes) -> None:
        self.connection = connect_writing(None)
        register(DirectWriter(self.connection), registrations, vault, randbytes)
        self.locked = False
        self.unreadable = False
        self.failing = ""  # the next group: "before" it is written, or "after"

    def fill(self) -> None:
        """Leave no room on the disk: SQLite itself says so from now on."""
        ((pages,),) = self.connection.execute("PRAGMA page_count").fetchall()
        self.connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    def make_room(self) -> None:
        """Give the disk its room back."""
        self.connection.execute("PRAGMA max_page_count = 1073741823").fetchall()  # SQLite's own default

    def overtake(self, table: str, key: dict[str, str]) -> bool:
        """Write a row as another process would, alike in everything but its version; False: there is none yet."""
        sql = f"UPDATE {sql_name(table)} SET version = version + 1 WHERE {having(*key)}"  # noqa: S608  names of ours
        return self.connection.execute(sql, tuple(key.values())).rowcount > 0

    def card(self, token: str) -> Card | None:
        """Return a card's row as it is on the disk."""
        row = self.connection.execute(statements.CARD_BY_TOKEN, (token,)).fetchone()
        return None if row is None else CARD.unpack(row)

    def versions(self, changes: Changes) -> tuple[RowVersion, ...]:
        """Return on which versions changes were decided, and which are on the disk."""
        found: list[RowVersion] = []
        for row in (changes.transaction, changes.original, changes.authorisation):
            if row is not None:
                found.append(self._version(f"transaction {row.key}", row.version, "transaction_row", row.key._asdict()))
        if (session := changes.session) is not None:
            found.append(self._version(f"session {session.tid}", session.version, "session", {"tid": session.tid}))
        if (card := changes.card) is not None:
            found.append(self._version(f"card {card.pan_masked}", card.version, "card", {"token": card.token}))
        return tuple(found)

    def _version(self, name: str, decided: int, table: str, key: dict[str, str]) -> RowVersion:
        sql = query("version", table, [having(*key)])
        row = self.connection.execute(sql, tuple(key.values())).fetchone()
        return RowVersion(name, decided, 0 if row is None else row[0])


class SimulatedWriter:
    """Writes groups of commits as the store's thread does, each at its time. See `store.batch_writer.BatchWriter`."""

    def __init__(
        self, disk: SimulatedDisk, timeline: Timeline, on_durable: OnDurable, reached: Callable[[str], None]
    ) -> None:
        self._disk = disk
        self._timeline = timeline
        self._on_durable = on_durable
        self._reached = reached
        self._writer = TransactionWriter(disk.connection, lambda _: None)
        self.queued: dict[int, Changes] = {}  # by the time of their arrival, which no two share
        self.dead = False  # the process was killed

    def start(self, on_group: OnGroup) -> None:
        self._on_group = on_group

    def dialect_key(self, dialect: Dialect) -> Any:
        return dialect

    def write(self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None) -> None:
        wait_us = LOCKED_US if self._disk.locked else WRITE_US
        self._timeline.call_later(wait_us, lambda: self._write(commits, deliveries, rrn_limit))

    def wait(self, timeout_s: float | None = None) -> None:  # noqa: ARG002  as the protocol has it
        raise TimeoutError  # nothing in a simulation waits

    def close(self) -> None:
        """Nothing is open but the disk."""

    def _write(self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None) -> None:
        if self.dead:
            return
        disk = self._disk
        failing, disk.failing = disk.failing, ""
        result: GroupResult | str
        if disk.locked:
            result = GroupResult(None)
        elif failing == "before":
            result = "disk I/O error"
        else:
            result = self._make_durable(commits, deliveries, rrn_limit)
            if failing:
                result = "disk I/O error"
            else:
                self._reached("written")
        if not self.dead:
            self._timeline.call_soon(lambda: None if self.dead else self._report(result))

    def _report(self, result: GroupResult | str) -> None:
        self._on_group(result)
        if not isinstance(result, str):
            self._writer.follow_up()

    def _make_durable(
        self, commits: Sequence[PackedChanges], deliveries: Sequence[Row], rrn_limit: int | None
    ) -> GroupResult | str:
        wanted = [self.queued[packed_at_us(commit)] for commit in commits]
        before = [(self._card_before(one), self._disk.versions(one)) for one in wanted]
        result = self._writer.write_group(commits, deliveries, rrn_limit)
        if not isinstance(result, str):
            for number, changes, rows in zip(result.numbers or (), wanted, before, strict=True):
                if number > 0:
                    self._on_durable(changes, *rows)
        elif self._disk.connection.in_transaction:  # as the end of the process does
            self._disk.connection.execute("ROLLBACK")
        return result

    def _card_before(self, changes: Changes) -> Card | None:
        return None if changes.card is None else self._disk.card(changes.card.token)


class SimulatedStore(RowLoader):
    """What one process of a host has of its store: caches, the group committer, numbers that it gives out."""

    def __init__(
        self, disk: SimulatedDisk, timeline: Timeline, on_durable: OnDurable, reached: Callable[[str], None]
    ) -> None:
        direct = DirectWriter(disk.connection)
        super().__init__(direct, disk.connection, None)
        direct.end_pending()
        self._disk = disk
        self._writer = SimulatedWriter(disk, timeline, on_durable, reached)
        self._committer = GroupCommitter(direct, self._writer, timeline.call_soon, timeline.now_s)

    @property
    def failed(self) -> bool:
        """Whether it stopped for good, so that the host must."""
        return bool(self._fatal_error or self._committer.fatal_error)

    def check_readable(self) -> None:
        """Raise StoreError while rows cannot be read."""
        if self._disk.unreadable:
            raise StoreError("database is locked", busy=True)

    def commit(self, wanted: Commit, on_outcome: Callable[[CommitOutcome], None]) -> None:
        """Queue changes; see `store.interface.Store.commit`."""
        self._writer.queued[wanted.changes.evidence.at_us] = wanted.changes
        self._committer.commit(wanted, on_outcome)

    def die(self) -> None:
        """End as a killed process does: what is on the disk stays, and nothing more comes."""
        self._writer.dead = True
        if self._disk.connection.in_transaction:
            self._disk.connection.execute("ROLLBACK")
