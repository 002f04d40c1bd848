"""The driver: performs what an exchange asks for, over a store and a connection.

An exchange is a generator of effects. `Run` resumes it with their results, in the loop's thread, never waiting: a
commit is queued and the run goes on when its outcome comes back. Exchanges of one terminal are decided one after
another, in the order of their coming; the *lane* of a terminal is held from its first `Load` until its commit is
answered, so a reply that is held back on purpose blocks nobody. A card whose balance is counted has a lane too.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator

from acquirer.app.clock import Clock
from acquirer.app.pictures import Pictures
from acquirer.exchange.effects import (
    Arrival,
    Close,
    Commit,
    Develop,
    Effect,
    Load,
    Look,
    Outcome,
    Result,
    Send,
    Silence,
)
from acquirer.exchange.reasons import Reason
from acquirer.journal.evidence import Evidence
from acquirer.net.connection import Connection
from acquirer.net.server import Receive, Refuse, Server
from acquirer.observe.lines import Exchange
from acquirer.observe.log import Log
from acquirer.store.ports import Store

Steps = Generator[Effect, Result, None]
Begin = Callable[[Arrival], Steps]
"""Starts the exchange of a frame: `host.exchange.exchange` with its host."""

CHECK_S = 0.1
"""How often a congested store is asked whether reading may go on, and a quiet one whether it still works."""

CHECK_FRAMES = 64
"""And after how many frames: a burst must be noticed before the next tick."""


class Driver:
    """Runs exchanges. One per host; all of it on the loop's thread."""

    def __init__(self, store: Store, server: Server, clock: Clock, log: Log, pictures: Pictures | None = None) -> None:
        self.store = store
        self.server = server
        self.clock = clock
        self.log = log
        self.pictures = pictures or Pictures(store, clock, log)
        self.loop = asyncio.get_running_loop()
        self.failed = asyncio.Event()  # the store has stopped for good: so must we
        self.exchanges = 0
        self.undelivered = 0
        self.lanes: dict[str, deque[Run] | None] = {}  # terminals and cards being decided on, and who waits behind
        self.delayed: dict[Run, asyncio.TimerHandle] = {}
        self._timer = self.loop.call_later(CHECK_S, self._tick)

    def receiver(self, begin: Begin, patience_s: float) -> Receive:
        """What a listener hands its frames to; its terminals wait `patience_s` for an answer, then reverse."""
        now_s, now_us = self.loop.time, self.clock.now_us

        def receive(connection: Connection, frame: bytes) -> None:
            began_s = now_s()
            arrival = Arrival(frame, now_us(), began_s + patience_s, connection.peer, connection.number)
            self.exchanges += 1
            if not self.exchanges % CHECK_FRAMES:
                self._check()
            Run(self, connection, began_s, begin(arrival)).step(None)

        return receive

    def refuser(self, begin: Callable[[Arrival, str, str], Steps]) -> Refuse:
        """What a listener tells of bytes that are no frames: journalled like an exchange that nobody answers."""

        def refuse(connection: Connection, reason: str, detail: str, data: bytes) -> None:
            began_s = self.loop.time()
            arrival = Arrival(data, self.clock.now_us(), began_s, connection.peer, connection.number)
            connection.busy += 1
            Run(self, connection, began_s, begin(arrival, reason, detail)).step(None)

        return refuse

    def stop(self) -> None:
        """Give up replies that are still held back, and ask no more."""
        self._timer.cancel()
        for run, timer in list(self.delayed.items()):
            timer.cancel()
            run.give_up()

    def fail(self) -> None:
        """The store does not work any more."""
        if not self.failed.is_set():
            self.failed.set()
            self.log.event("store-failed", self.store.failure or "the store does not answer")

    def _tick(self) -> None:
        self._timer = self.loop.call_later(CHECK_S, self._tick)
        self._check()

    def _check(self) -> None:
        if self.store.congested:
            self.server.pause()
        else:
            self.server.resume()
        if self.store.failure:
            self.fail()


class Run:
    """One exchange on its way."""

    __slots__ = ("_began_s", "_connection", "_delivery", "_driver", "_evidence", "_held", "_steps", "_wanted")

    def __init__(self, driver: Driver, connection: Connection, began_s: float, steps: Steps) -> None:
        self._driver = driver
        self._connection = connection
        self._began_s = began_s
        self._steps = steps
        self._held: tuple[str, ...] = ()  # the lanes this run holds
        self._wanted: Load | None = None  # what it waits to load
        self._evidence: Evidence | None = None
        self._delivery = ""

    def step(self, result: Result) -> None:
        """Resume the exchange with the result of its last effect, as far as it goes without waiting."""
        try:
            if self._wanted is not None:  # it stood in line
                wanted, self._wanted = self._wanted, None
                if not self._enter(wanted):
                    return
                result = self._driver.store.load(wanted)
            while True:
                effect = self._steps.send(result)
                result = None
                if isinstance(effect, Load):
                    if not self._enter(effect):
                        return
                    result = self._driver.store.load(effect)
                elif isinstance(effect, Commit):
                    self._commit(effect)
                    return
                elif isinstance(effect, Send):
                    if effect.delay_ms:
                        self._delay(effect)
                        return
                    self._send(effect.frame)
                elif isinstance(effect, Close):
                    self._connection.close(effect.reason, hard=effect.how == "rst")
                elif isinstance(effect, Silence):
                    self._delivery = self._delivery or "silent"
                elif isinstance(effect, Develop):
                    self._driver.pictures.develop()
                elif isinstance(effect, Look):
                    self._driver.pictures.look(effect.stream, self.step)
                    return
        except StopIteration:
            self._end()
        except Exception:  # a fault of ours must not become the next peer's
            driver = self._driver
            driver.server.counters.faults += 1
            driver.log.fault("internal-fault", self._connection.peer)
            self._connection.close("internal-fault", hard=True)
            if driver.store.failure:
                driver.fail()
            self._end()

    def give_up(self) -> None:
        """Stop waiting to send a reply that is held back."""
        self._driver.delayed.pop(self, None)
        self._steps.close()
        self._delivery = "undelivered"
        self._end()

    # -- lanes -------------------------------------------------------------------------------------------------------

    def _enter(self, wanted: Load) -> bool:
        """Take the lanes of what is wanted, or stand behind those who came before.

        The terminal's first, then one card's, so that no two runs ever wait for each other.
        """
        if not self._held and not self._take(wanted.tid, wanted):
            return False
        return not (wanted.alone and wanted.card) or len(self._held) > 1 or self._take(wanted.card, wanted)

    def _take(self, name: str, wanted: Load) -> bool:
        lanes = self._driver.lanes
        if name not in lanes:
            lanes[name] = None
            self._held += (name,)
            return True
        self._wanted = wanted
        waiting = lanes[name]
        if waiting is None:
            lanes[name] = deque((self,))
        else:
            waiting.append(self)
        return False

    def _leave(self) -> None:
        lanes = self._driver.lanes
        held, self._held = self._held, ()
        for name in held:
            waiting = lanes[name]
            if not waiting:
                del lanes[name]
                continue
            following = waiting.popleft()
            following._held += (name,)
            self._driver.loop.call_soon(following.step, None)

    # -- effects -----------------------------------------------------------------------------------------------------

    def _commit(self, commit: Commit) -> None:
        driver = self._driver
        evidence = self._evidence = commit.changes.evidence
        evidence.took_us = int((driver.loop.time() - self._began_s) * 1_000_000)
        driver.store.commit(commit, self._committed)

    def _committed(self, outcome: Outcome) -> None:
        self.step(outcome)
        if outcome is Outcome.FAILED:
            self._driver.fail()
        if self._held and outcome is not Outcome.CONFLICT:
            self._leave()

    def _send(self, frame: bytes) -> None:
        sent = self._connection.send(frame)
        if self._delivery != "undelivered":
            self._delivery = "sent" if sent else "undelivered"

    def _delay(self, send: Send) -> None:
        driver = self._driver
        if len(driver.delayed) >= driver.server.limits.delayed:
            driver.log.event(
                "too-many-delayed", "a reply that a fault held back was given up", peer=self._connection.peer
            )
            driver.loop.call_soon(self.give_up)
            return

        def now() -> None:
            del driver.delayed[self]
            self._send(send.frame)
            self.step(None)

        driver.delayed[self] = driver.loop.call_later(send.delay_ms / 1000, now)

    def _end(self) -> None:
        driver = self._driver
        if self._held:
            self._leave()
        evidence = self._evidence
        if evidence is not None:
            if self._delivery != "sent" and evidence.reply is not None:  # "sent" is what a reader assumes
                driver.undelivered += self._delivery == "undelivered"
                driver.store.delivered(evidence.id, self._delivery)
            if evidence.reason == Reason.APPROVED:
                self._connection.known()
            driver.log.exchange(Exchange(evidence, self._delivery))
        self._connection.done()
