"""The driver: performs what an exchange asks for, over a store and a connection.

An exchange is a generator of effects. `Run` resumes it with their results, in the loop's thread, never waiting: a
commit is queued and the run goes on when its outcome comes back. Exchanges of one terminal are decided one after
another, in the order of their coming; the *lane* of a terminal is held from its first `Load` until its commit is
answered, so a reply that is held back on purpose blocks nobody. A card whose balance is counted has a lane too.

Exchanges that can go on do so together, all of them from one effect to the next: what was just done for one is done for
the next at two thirds of the price, because the processor's branch predictor holds a step of an exchange, not a whole.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Mapping
from enum import Enum
from typing import Any, Final

from acquirer.model.effects import (
    Arrival,
    Close,
    Commit,
    CommitOutcome,
    DecodeImage,
    Effect,
    EffectResult,
    Load,
    Pause,
    RenderPicture,
    Send,
    Silence,
)
from acquirer.model.evidence import Evidence
from acquirer.model.reasons import Reason
from acquirer.net.connection import Connection
from acquirer.net.server import Receive, Refuse, Server
from acquirer.observe.log import Log
from acquirer.process.clock import Clock
from acquirer.process.pictures import Pictures
from acquirer.store.interface import Store

Steps = Generator[Effect, EffectResult, Effect | None]
Begin = Callable[[Arrival], Steps]
"""Starts the exchange of a frame: `host.exchange.exchange` with its host."""

CHECK_S = 0.1
"""How often a congested store is asked whether reading may go on, and a quiet one whether it still works."""

SLOW_CHECKS = 10
"""After so many in a row that found the store congested it is told of: a burst is over sooner."""

STUCK_S = 30.0
STUCK_CHECKS = 100
"""A commit that has waited so long, while this loop itself did not stand still: its store answers no more."""

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
        self._ready: list[Run] = []  # they have what they asked for
        self._called = False  # `advance` runs or is about to
        self._complaint = ""  # the store's last one that was told
        self._congested = 0  # checks in a row that found it so
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
            self.ready(Run(self, connection, began_s, begin(arrival)))

        return receive

    def refuser(self, begin: Callable[[Arrival, str, str], Steps]) -> Refuse:
        """What a listener tells of bytes that are no frames: journalled like an exchange that nobody answers."""

        def refuse(connection: Connection, reason: str, detail: str, data: bytes) -> None:
            began_s = self.loop.time()
            arrival = Arrival(data, self.clock.now_us(), began_s, connection.peer, connection.number)
            connection.busy += 1
            self.ready(Run(self, connection, began_s, begin(arrival, reason, detail)))

        return refuse

    def ready(self, run: Run) -> None:
        """This exchange can go on, with the others of this turn of the loop."""
        self._ready.append(run)
        if not self._called:
            self._called = True
            self.loop.call_soon(self.advance)

    def advance(self) -> None:
        """Take all exchanges that can go on from effect to effect, until every one of them waits or has ended."""
        self._called = True
        while self._ready:
            together, self._ready = self._ready, []
            for run in together:
                try:
                    run.effect = run.steps.send(run.result)
                except StopIteration as end:
                    run.over = True
                    run.effect = end.value
                except Exception:
                    run.over = True
                    run.fault()
            for run in together:
                run.perform()
        self._called = False

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
        self._congested = self._congested + 1 if self.store.congested else 0
        if self._congested == SLOW_CHECKS:
            self.log.event("store-slow", "commits wait for too long: nobody is read until they are written")
        if self._congested > STUCK_CHECKS and self.store.waited_s > STUCK_S:
            self.fail()

    def _check(self) -> None:
        store = self.store
        if store.congested:
            self.server.pause()
        else:
            self.server.resume()
        if store.failure:
            self.fail()
        if store.complaint != self._complaint:
            self._complaint = store.complaint
            self.log.event("store-complaint", self._complaint)


class Waits(Enum):
    """In place of a result: it will come, or there will be none."""

    WAITS = "waits"


WAITS: Final = Waits.WAITS


class Run:
    """One exchange on its way."""

    __slots__ = (
        "_began_s",
        "_connection",
        "_delivery",
        "_driver",
        "_evidence",
        "_held",
        "effect",
        "over",
        "result",
        "steps",
    )

    def __init__(self, driver: Driver, connection: Connection, began_s: float, steps: Steps) -> None:
        self._driver = driver
        self._connection = connection
        self._began_s = began_s
        self.steps = steps
        self.effect: Effect | None = None  # what it wants
        self.over = False  # it wants nothing after this
        self.result: EffectResult = None
        self._held: tuple[str, ...] = ()  # the lanes this run holds
        self._evidence: Evidence | None = None
        self._delivery = ""

    def perform(self) -> None:
        """Do what is wanted, and go on at once unless its result has yet to come."""
        try:
            result = _PERFORM[type(self.effect)](self, self.effect)
        except Exception:
            self.fault()
            self.steps.close()
            result = None
        if result is not WAITS:
            self.go_on(result)

    def go_on(self, result: EffectResult = None) -> None:
        """What it waited for has come."""
        if self.over:
            self.end()
            return
        self.result = result
        self._driver.ready(self)

    def end(self) -> None:
        """Nothing is wanted any more."""
        try:
            self._end()
        except Exception:
            self.fault()

    def give_up(self) -> None:
        """Stop waiting to send a reply that is held back."""
        self._driver.delayed.pop(self, None)
        self.steps.close()
        self._delivery = "undelivered"
        self.end()

    def fault(self) -> None:
        """A fault of ours must not become the next peer's."""
        driver = self._driver
        driver.server.counters.faults += 1
        driver.log.fault("internal-fault", self._connection.peer)
        self._connection.close("internal-fault", hard=True)
        if driver.store.failure:
            driver.fail()
        self.effect = None

    # -- lanes -------------------------------------------------------------------------------------------------------

    def _enter(self, wanted: Load) -> bool:
        """Take the lanes of what is wanted, or stand behind those who came before.

        The terminal's first, then one card's, so that no two runs ever wait for each other.
        """
        if not self._held and not self._take(wanted.tid):
            return False
        return not (wanted.alone and wanted.card) or len(self._held) > 1 or self._take(wanted.card)

    def _take(self, name: str) -> bool:
        lanes = self._driver.lanes
        if name not in lanes:
            lanes[name] = None
            self._held += (name,)
            return True
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
            self._driver.loop.call_soon(following.perform)  # its `Load`, again

    # -- effects -----------------------------------------------------------------------------------------------------

    def _load(self, wanted: Load) -> EffectResult | Waits:
        return self._driver.store.load(wanted) if self._enter(wanted) else WAITS

    def _commit(self, commit: Commit) -> Waits:
        driver = self._driver
        evidence = self._evidence = commit.changes.evidence
        evidence.took_us = int((driver.loop.time() - self._began_s) * 1_000_000)
        driver.store.commit(commit, self._committed)
        return WAITS

    def _committed(self, outcome: CommitOutcome) -> None:
        self.go_on(outcome)
        if outcome is CommitOutcome.FAILED:
            self._driver.fail()

    def _send(self, send: Send) -> Waits | None:
        if send.delay_ms:
            self._delay(send)
        else:
            self._sent(send.frame)
        if self._held:
            self._leave()
        return WAITS if send.delay_ms else None

    def _sent(self, frame: bytes) -> None:
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
            self._sent(send.frame)
            self.go_on()

        driver.delayed[self] = driver.loop.call_later(send.delay_ms / 1000, now)

    def _close(self, close: Close) -> None:
        self._connection.close(close.reason, hard=close.how == "rst")
        if self._held:
            self._leave()

    def _silence(self, _silence: Silence) -> None:
        self._delivery = self._delivery or "silent"
        if self._held:
            self._leave()

    def _develop(self, _develop: RenderPicture) -> None:
        self._driver.pictures.develop()

    def _look(self, look: DecodeImage) -> Waits:
        self._driver.pictures.look(look.stream, self.go_on)
        return WAITS

    def _pause(self, _pause: Pause) -> None:
        """The others have come as far."""

    def _nothing(self, _nothing: None) -> None:
        """It ends without a last wish."""

    def _end(self) -> None:
        driver = self._driver
        if self._held:
            self._leave()
        evidence = self._evidence
        if evidence is not None:
            if self._delivery != "sent" and evidence.reply is not None:  # "sent" is what a reader assumes
                self._not_sent(evidence)
            if evidence.reason == Reason.APPROVED:
                self._connection.known()
            if not evidence.id:  # whoever wrote the others has told of them
                driver.log.exchange(evidence)
        self._connection.done()

    def _not_sent(self, evidence: Evidence) -> None:
        driver = self._driver
        if self._delivery == "undelivered":
            driver.undelivered += 1
            driver.log.event(
                "undelivered",
                "the peer had gone before its reply was sent",
                id=evidence.id,
                tid=evidence.tid,
                stan=evidence.stan,
                peer=evidence.peer,
            )
        if evidence.id:
            driver.store.delivered(evidence.id, self._delivery)


_PERFORM: Final[Mapping[type, Callable[[Run, Any], EffectResult | Waits]]] = {
    Load: Run._load,
    Commit: Run._commit,
    Send: Run._send,
    Close: Run._close,
    Silence: Run._silence,
    RenderPicture: Run._develop,
    DecodeImage: Run._look,
    Pause: Run._pause,
    type(None): Run._nothing,
}
"""What is done for each effect."""
