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

from acquirer.data.types import JournalRow
from acquirer.model.effects import Changes, Commit, CommitOutcome, Load
from acquirer.model.evidence import Evidence
from acquirer.model.rows import Card, Session, Transaction, TransactionKey
from acquirer.observe.lines import AsJson
from acquirer.process import channel as child
from acquirer.process.recorder import recorder
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import Registration
from acquirer.store import open_store
from acquirer.store.database import connect_writing
from acquirer.store.interface import Recorder
from acquirer.store.registry import Registered
from acquirer.store.sqlite import SqliteStore

MID = "880210010210162"
TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")


def evidence(tid: str = "10000161", **known: object) -> Evidence:
    """An exchange to journal."""
    return Evidence(at_us=1_700_000_000_000_000, dialect=load_dialect("unionpay-pos"), tid=tid, **known)  # type: ignore[arg-type]


@dataclass
class Desk:
    """A store on a loop, asked one thing after another; the loop runs only while something is waited for."""

    store: SqliteStore
    loop: asyncio.AbstractEventLoop
    told: list[JournalRow] = field(default_factory=list)  # by the thread that writes, if that is who writes
    process: subprocess.Popen[bytes] | None = None  # that writes, if there is one and the test wants to know it

    def session(self, tid: str = "10000161") -> Session:
        session = self.store.load(Load(tid)).session
        assert session is not None
        return session

    def transaction(self, key: TransactionKey) -> Transaction | None:
        return self.store.load(Load(key.tid, key)).transaction

    def card(self, token: str) -> Card | None:
        return self.store.load(Load("10000161", card=token)).card

    def queue(self, changes: Changes, patience_s: float = 60) -> asyncio.Future[CommitOutcome]:
        """Ask for a commit; the loop does not run yet."""
        answered = self.loop.create_future()
        self.store.commit(Commit(changes, time.monotonic() + patience_s), answered.set_result)
        return answered

    def wait(self, *answered: asyncio.Future[CommitOutcome]) -> list[CommitOutcome]:
        """Run the loop until all are answered."""

        async def all_of_them() -> list[CommitOutcome]:
            return await asyncio.wait_for(asyncio.gather(*answered), 30)

        return self.loop.run_until_complete(all_of_them())

    def commit(self, *changes: Changes, patience_s: float = 60) -> list[CommitOutcome]:
        """Queue all, then wait for all; outcomes in the order they were queued."""
        return self.wait(*[self.queue(one, patience_s) for one in changes])

    def turn(self) -> None:
        """Run whatever the loop can run now."""
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()

    def close(self) -> None:
        """Close the store, and hear what it had to say at last."""
        self.store.close()
        if not self.loop.is_closed():
            self.turn()

    def sign_on(self, tid: str = "10000161", operator: str = "01 ") -> CommitOutcome:
        return self.commit(Changes(evidence(tid), replace(self.session(tid), operator=operator)))[0]

    def register(self, *tids: str, **more: object) -> Registered:
        entries = [
            Registration(**{"tid": tid, "mid": MID, "tmk": TMK, **more}) for tid in tids or ("10000161", "10000162")
        ]  # type: ignore[arg-type]
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
    """A loop nobody runs but the test; nothing may have gone wrong in what it called."""
    loop = asyncio.new_event_loop()
    wrong: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: wrong.append(context))
    yield loop
    loop.close()
    assert wrong == []


@contextmanager
def noting() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that are started from here."""
    start = child.start
    found: list[subprocess.Popen[bytes]] = []

    def noted(*arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
        found.append(start(*arguments, **streams))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "start", noted)
        yield found


def silent() -> Recorder:
    """Starts a process that writes, and tells nobody."""
    return recorder([("unionpay-pos", load_dialect("unionpay-pos"))], None, AsJson())


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with looping() as loop:
        yield loop


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    with noting() as found:
        yield found


@pytest.fixture
def apart() -> Recorder:
    return silent()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A store that a process of its own writes, for all tests of a module that leave it in order: `desk.process`."""
    with looping() as loop, noting() as found:
        desk = Desk(open_store(f"sqlite:///{tmp_path_factory.mktemp('office') / 'acquirer.db'}"), loop)
        desk.register()
        desk.store.start(loop, desk.told.extend, silent())
        desk.process = found[0]
        yield desk
        assert desk.store.failure == ""
        desk.close()
        assert (desk.process.returncode, desk.told) == (0, [])


@pytest.fixture
def opened(url: str, loop: asyncio.AbstractEventLoop) -> Iterator[Callable[..., Desk]]:
    """Opens stores, starts them and closes whatever is left open."""
    desks: list[Desk] = []

    def open_(which: str = url, apart: Recorder | None = None) -> Desk:
        desk = Desk(open_store(which), loop)
        desks.append(desk)
        if which == "memory:" or not desks[:-1]:
            desk.register()
        desk.store.start(loop, desk.told.extend, apart)
        return desk

    yield open_
    for desk in desks:
        desk.close()


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, opened: Callable[[str], Desk], url: str) -> Desk:
    """A started store with terminals 10000161 and 10000162, in memory and on disk."""
    return opened("memory:" if request.param == "memory" else url)


@pytest.fixture(scope="session")
def made() -> Callable[..., Evidence]:
    return evidence
