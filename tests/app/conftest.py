"""A driver over real sockets, with a store whose commits a test answers by hand and exchanges it scripts."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from acquirer.app.driver import Driver, StartExchange
from acquirer.model.effects import Commit, CommitOutcome, Load, LoadCard, Loaded, LoadOriginal
from acquirer.model.evidence import Evidence
from acquirer.model.rows import Card, Transaction
from acquirer.net.limits import Limits
from acquirer.net.reactor import running_reactor
from acquirer.net.server import Server
from acquirer.observe.lines import AsJson
from acquirer.observe.log import Log
from acquirer.process.clock import Clock
from acquirer.store.interface import OnOutcome
from acquirer.testing.background import in_background
from acquirer.wire.framing import Framing

DIALECT: Any = SimpleNamespace(name="scripted")
FRAMING = Framing(minimum_bytes=1)


class HandStore:
    """Loads nothing; keeps commits until the test answers them."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.commits: list[tuple[Evidence, OnOutcome]] = []
        self.journalled = 0
        self.deliveries: list[tuple[int, str]] = []
        self.congested = False
        self.last_error = ""
        self.locked = False
        self.locked_out = 0
        self.waited_s = 0.0
        self.fatal_error = ""
        self.broken: Exception | None = None

    def check_files(self) -> None:
        pass

    def load(self, wanted: Load) -> Loaded:
        if self.broken:
            raise self.broken
        self.loads.append(wanted.tid)
        return Loaded(None, None, None, f"{len(self.loads):012d}")

    def load_card(self, wanted: LoadCard) -> Card | None:
        self.loads.append(wanted.token)
        return None

    def load_original(self, wanted: LoadOriginal) -> Transaction | None:
        self.loads.append(f"original {wanted.key}")
        return Transaction(wanted.key) if wanted.key else None

    def commit(self, wanted: Commit, done: OnOutcome) -> None:
        self.commits.append((wanted.changes.evidence, done))

    def delivered(self, exchange_id: int, outcome: str) -> None:
        self.deliveries.append((exchange_id, outcome))


class Logged:
    """What a driver itself logs; the store logs what is journalled."""

    def __init__(self) -> None:
        self.exchanges: list[Evidence] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.sentences: list[str] = []  # of the events

    def event(self, name: str, sentence: str = "", **fields: Any) -> None:
        self.sentences.append(sentence)
        self.events.append((name, fields))


class Drive:
    """A running driver, and a hand on its store."""

    def __init__(self, background: Any, store: HandStore, logged: Logged, stack: ExitStack) -> None:
        self.driver: Driver = background.value
        self.call = background.call
        self.store = store
        self.logged = logged
        listener = self.driver.server.listeners[0]
        self._address = (listener.host, listener.port)
        self._stack = stack

    def peer(self) -> socket.socket:
        peer = socket.create_connection(self._address, timeout=120)
        self._stack.callback(peer.close)
        return peer

    def until(self, holds: Callable[[], object]) -> None:
        end_s = time.monotonic() + 120
        while not self.call(holds):
            assert time.monotonic() < end_s, "it never happened"
            time.sleep(0.001)

    def answer(self, outcome: CommitOutcome = CommitOutcome.DONE, index: int = 0) -> str:
        """Answer a waiting commit; return its terminal."""
        self.until(lambda: len(self.store.commits) > index)

        def now() -> str:
            evidence, done = self.store.commits.pop(index)
            if outcome is CommitOutcome.DONE:
                self.store.journalled += 1
                evidence.id = self.store.journalled
            done(outcome)
            self.driver.advance()
            return evidence.tid

        return str(self.call(now))


@pytest.fixture
def drive() -> Iterator[Callable[..., Drive]]:
    """``drive(begin, **limits)``: frames are handed to `way`, then to the exchanges that `begin` starts."""
    with ExitStack() as servers, ExitStack() as clients:

        def start(begin: StartExchange, way: Any = None, **limits: Any) -> Drive:
            store: Any = HandStore()
            logged = Logged()

            @asynccontextmanager
            async def running() -> AsyncIterator[Driver]:
                log = Log(None, AsJson(), Clock().now_us)
                log.exchange = logged.exchanges.append  # type: ignore[method-assign, assignment]
                log.event = logged.event  # type: ignore[method-assign]
                with running_reactor() as reactor:
                    server = Server(reactor, Limits(**limits), Silent())
                    driver = Driver(store, server, Clock(), log)
                    await server.listen("127.0.0.1", 0, FRAMING, driver.receiver(begin, 60.0, way))
                    yield driver
                    await server.stop()
                    driver.stop()
                    await asyncio.sleep(0)
                    assert not driver.lanes, "a lane was never left"

            return Drive(servers.enter_context(in_background(running)), store, logged, clients)

        yield start


class Silent:
    """A watcher that keeps nothing."""

    def refused(self, peer: str, reason: str, detail: str) -> None: ...
    def fault(self, peer: str) -> None: ...
    def files_exhausted(self) -> None: ...
