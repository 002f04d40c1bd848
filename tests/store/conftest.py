"""Stores to try, and what to put into them."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.journal.packed import NumberedExchange
from acquirer.model.effects import Changes, Commit, CommitOutcome, Load, LoadCard, LoadOriginal, LoadSignatures
from acquirer.model.evidence import Evidence
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Session, Transaction, TransactionKey, Uploaded
from acquirer.observe.lines import AsJson
from acquirer.process import channel
from acquirer.process.store_writer import process_writer
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.settings.specs import load_dialect
from acquirer.store import open_store
from acquirer.store.database import connect_writing
from acquirer.store.interface import Recorder
from acquirer.store.registry import Registered
from acquirer.store.sqlite import SqliteStore

MID = "880210010210162"
TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")


def evidence(tid: str = "10000161", reason: str = Reason.APPROVED, **known: object) -> Evidence:
    """An exchange to journal."""
    dialect = load_dialect("unionpay-pos")
    return Evidence(at_us=1_700_000_000_000_000, dialect=dialect, tid=tid, reason=reason, **known)  # type: ignore[arg-type]


@dataclass
class StoreClient:
    """A store on a loop, which runs only while something is waited for."""

    store: SqliteStore
    loop: asyncio.AbstractEventLoop
    written: list[NumberedExchange] = field(default_factory=list)  # reported by the thread that writes, if one does
    process: subprocess.Popen[bytes] | None = None  # that writes, if there is one and the test needs it

    def session(self, tid: str = "10000161") -> Session:
        session = self.store.load(Load(tid)).session
        assert session is not None
        return session

    def transaction(self, key: TransactionKey) -> Transaction | None:
        return self.store.load(Load(key.tid, key)).transaction

    def card(self, token: str) -> Card | None:
        return self.store.load_card(LoadCard(token))

    def original(self, mid: str = MID, key: TransactionKey | None = None, **named: str) -> Transaction | None:
        return self.store.load_original(LoadOriginal(mid, key, **named))

    def uploaded(self, key: TransactionKey, open_batch: str = "") -> Uploaded:
        return self.store.load_signatures(LoadSignatures(key, open_batch))

    def queue(self, changes: Changes, timeout_s: float = 60) -> asyncio.Future[CommitOutcome]:
        """Ask for a commit; the loop does not run yet."""
        answered = self.loop.create_future()
        self.store.commit(Commit(changes, time.monotonic() + timeout_s), answered.set_result)
        return answered

    def wait(self, *answered: asyncio.Future[CommitOutcome]) -> list[CommitOutcome]:
        """Run the loop until all are answered."""

        async def all_of_them() -> list[CommitOutcome]:
            return await asyncio.wait_for(asyncio.gather(*answered), 30)

        return self.loop.run_until_complete(all_of_them())

    def commit(self, *changes: Changes, timeout_s: float = 60) -> list[CommitOutcome]:
        """Queue all, then wait for all; outcomes in the order they were queued."""
        return self.wait(*[self.queue(one, timeout_s) for one in changes])

    def turn(self) -> None:
        """Run what the loop can run now."""
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()

    def close(self) -> None:
        """Close the store, and take its last reports."""
        self.store.close()
        if not self.loop.is_closed():
            self.turn()

    def sign_on(self, tid: str = "10000161", operator: str = "01 ") -> CommitOutcome:
        return self.commit(Changes(evidence(tid), replace(self.session(tid), operator=operator)))[0]

    def register(self, *tids: str, **more: Any) -> Registered:
        entries = [
            Registration(**{"tid": tid, "mid": MID, "tmk": TMK, **more}) for tid in tids or ("10000161", "10000162")
        ]
        return self.store.register(entries, Vault(self.store.master_key))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "acquirer.db"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A database in memory, with its tables."""
    connection = connect_writing(None)
    yield connection
    connection.close()


@pytest.fixture
def url(database: Path) -> str:
    return f"sqlite:///{database}"


@contextmanager
def looping() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that only the test runs; nothing that it called may have raised."""
    loop = asyncio.new_event_loop()
    errors: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: errors.append(context))
    yield loop
    loop.close()
    assert errors == []


@contextmanager
def noting() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that are started from here."""
    start = channel.start
    found: list[subprocess.Popen[bytes]] = []

    def noted(*arguments: str, **streams: Any) -> channel.Child:
        child = start(*arguments, **streams)
        found.append(child.process)
        return child

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel, "start", noted)
        yield found


def unlogged() -> Recorder:
    """Return what starts a process that writes, without lines of log."""
    return process_writer([("unionpay-pos", load_dialect("unionpay-pos"))], None, AsJson())


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with looping() as loop:
        yield loop


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    with noting() as found:
        yield found


@pytest.fixture
def process_recorder() -> Recorder:
    return unlogged()


@pytest.fixture(scope="module")
def process_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreClient]:
    """A store that a process of its own writes, for all tests of a module that leave it in order."""
    with looping() as loop, noting() as found:
        client = StoreClient(open_store(f"sqlite:///{tmp_path_factory.mktemp('process') / 'acquirer.db'}"), loop)
        client.register()
        client.store.start(loop, client.written.extend, unlogged())
        client.process = found[0]
        yield client
        assert client.store.fatal_error == ""
        client.close()
        assert (client.process.returncode, client.written) == (0, [])


@pytest.fixture
def opened(url: str, loop: asyncio.AbstractEventLoop) -> Iterator[Callable[..., StoreClient]]:
    """Opens stores, starts them and closes those that are left open."""
    clients: list[StoreClient] = []

    def open_(which: str = url, recorder: Recorder | None = None) -> StoreClient:
        client = StoreClient(open_store(which), loop)
        clients.append(client)
        if which == "memory:" or not clients[:-1]:
            client.register()
        client.store.start(loop, client.written.extend, recorder)
        return client

    yield open_
    for client in clients:
        client.close()


@pytest.fixture(params=["memory", "sqlite"])
def client(request: pytest.FixtureRequest, opened: Callable[[str], StoreClient], url: str) -> StoreClient:
    """A started store with terminals 10000161 and 10000162, in memory and on disk."""
    return opened("memory:" if request.param == "memory" else url)


@pytest.fixture(scope="session")
def exchange() -> Callable[..., Evidence]:
    return evidence
