"""The driver: performs what exchanges ask for, over a store and a connection.

An exchange is a generator of effects. `Run` (`app.run`) resumes it with their results, in the loop's thread, never
waiting: a commit is queued and the run goes on when its outcome is known. Which exchanges are decided one after another
is the matter of `app.lanes`.

Exchanges that can go on do so together, all of them from one effect to the next: what was just done for one is done for
the next at two thirds of the price, because the processor's branch predictor holds a step of an exchange, not a whole.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from acquirer.app.holding import HeldExchanges
from acquirer.app.lanes import Lanes
from acquirer.app.run import Run, Steps, arrival_of
from acquirer.app.sending import Sending
from acquirer.app.shed_refusals import ShedRefusals
from acquirer.app.short_run import ShortRun, ShortStart, Way, send_replies, take_short_way
from acquirer.host.core import Host
from acquirer.host.short_transaction import KeptRows
from acquirer.host.short_way import ShortWay
from acquirer.model.effects import LONG_PAUSE, PAUSE, SLICE_PAUSE, Arrival
from acquirer.model.rows import Session, TerminalConfig
from acquirer.net.connection import Connection, Receive, Refuse
from acquirer.net.reactor import loop_time
from acquirer.net.server import Server
from acquirer.observe.log import Log
from acquirer.process.clock import Clock
from acquirer.process.pictures import Pictures
from acquirer.store.interface import Store

StartExchange = Callable[[Arrival], Steps]
"""Starts the exchange of a frame: `host.exchange.exchange` with its host."""

CHECK_S = 0.1
"""How often a congested store is asked whether reading may go on, and a quiet one whether it still works."""

SECOND_TICKS = 10
"""Once a second the files of the store are looked at (what writes looks at them whenever it does), and refusals that
were not journalled are logged."""

SLOW_CHECKS = 10
"""After so many in a row that found the store congested an event is logged: a burst is over sooner."""

STUCK_S = 30.0
STUCK_CHECKS = 100
"""A commit that has waited so long, while this loop itself did not stand still: its store answers no more."""

MOST_LONG = 16
"""Exchanges that may wait for a step that takes long: of one more it is left out, or its answer would come too late."""

LONG_REST = 4.0
"""So many times what such a step took is for others, if any came, before the next one begins: a fifth of the time looks
for causes at most, some 30 of a second as `host.diagnosis_budget` allows, and what others do takes a quarter longer."""

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
        self.running = 0  # of them, those that have not ended
        self.undelivered = 0
        self.shed_refusals = ShedRefusals(log)
        self.lanes = Lanes(self.loop.call_soon)
        self.delayed: dict[Sending, asyncio.TimerHandle] = {}  # replies that are held back
        self.with_next: dict[Connection, Sending] = {}  # those of them that wait for the next one of their connection
        self.held = HeldExchanges(self.loop, server.limits.delayed)
        self._arrived: list[ShortRun] = []  # and have not begun
        self.committed: list[ShortRun] = []  # and their replies are sent with those of their group
        self._ready: list[Run] = []  # they have the result they waited for
        self._called = False  # `advance` runs or is about to
        self._long: deque[Run] = deque()  # they go on one at a time, see `Pause`
        self._long_from_s = 0.0  # when the next may begin
        self._long_waits = 0  # how often an exchange had such a step before it
        self._long_others = 0  # exchanges without one that there were when the last one went on
        self._long_called = False  # the next one goes on when a timer is over
        self._last_error = ""  # the store's last one that was logged
        self._ticks = 0
        self._locked = False  # another program holds the database, and that was logged
        self._congested = 0  # checks in a row that found it so
        self._timer = self.loop.call_later(CHECK_S, self._tick)
        server.readers.between_rounds = self.advance

    def receiver(self, start: StartExchange, patience_s: float, way: Way | None = None) -> Receive:
        """Return what a listener hands its frames to.

        Args:
            patience_s: terminals wait so long for an answer, then reverse.
            way: that ordinary exchanges take.
        """
        short = None if way is None else ShortStart(self, start, patience_s, way)
        now_s, now_us = loop_time(self.loop), self.clock.now_us

        def receive(connection: Connection, frame: bytes) -> None:
            began_s = now_s()
            self.exchanges += 1
            self.running += 1
            if not self.exchanges % CHECK_FRAMES:
                self._check()
            if short is not None and not connection.before:
                self._arrived.append(ShortRun(short, connection, frame, now_us(), began_s))
                if not self._called:
                    self._advance_soon()
                return
            arrival = arrival_of(connection, frame, now_us(), began_s + patience_s)
            self.ready(Run(self, connection, began_s, start(arrival)))

        return receive

    def short_way(self, host: Host) -> ShortWay:
        """Return the short way of a host's ordinary exchanges."""
        store, is_held, load_kept = self.store, self.lanes.is_held, self.store.load_kept

        def load_free(tid: str) -> tuple[TerminalConfig, Session] | None:
            return None if is_held(tid) else load_kept(tid)

        rows = KeptRows(store.is_new, store.load_kept_card, store.take_rrn)
        return ShortWay(host, load_free, rows, loop_time(self.loop))

    def refuser(self, start: Callable[[Arrival, str, str], Steps]) -> Refuse:
        """Return what a listener hands bytes to that are no frames: they are journalled like an unanswered exchange."""

        def refuse(connection: Connection, reason: str, detail: str, data: bytes, before: bytes = b"") -> None:
            began_s = self.loop.time()
            arrival = Arrival(data, self.clock.now_us(), began_s, connection.peer, connection.number, before)
            connection.busy += 1
            self.running += 1
            self.ready(Run(self, connection, began_s, start(arrival, reason, detail)))

        return refuse

    def ready(self, run: Run) -> None:
        """Take the run to its next effect, with the others of this turn of the loop."""
        self._ready.append(run)
        self._advance_soon()

    def _advance_soon(self) -> None:
        if not self._called:
            self._called = True
            self.loop.call_soon(self.advance)

    def advance(self) -> None:
        """Take all exchanges that can go on from effect to effect, until every one of them waits or has ended.

        The store's group is answered: call it at once, for its replies.
        """
        self._called = True
        committed, self.committed = self.committed, []
        send_replies(committed)
        arrived, self._arrived = self._arrived, []
        take_short_way(arrived, self.lanes, self._begin)
        while self._ready:
            together, self._ready = self._ready, []
            for run in together:
                self._step(run)
            for run in together:
                self._perform(run)
        self._called = False

    def _begin(self, run: Run) -> None:
        """Take a run to its first effect, and perform that."""
        self._step(run)
        self._perform(run)

    def _step(self, run: Run) -> None:
        """Take a run to its next effect."""
        try:
            run.effect = run.steps.send(run.result)
        except StopIteration as end:
            run.over = True
            run.effect = end.value
        except Exception:
            run.over = True
            run.fault()

    def _perform(self, run: Run) -> None:
        """Perform a run's effect; a pause lets others get as far as this one."""
        if run.effect is PAUSE:
            run.result = None
            self._ready.append(run)
        elif run.effect is LONG_PAUSE:
            self._wait_long(run)
        elif run.effect is SLICE_PAUSE:
            run.result = None
            self._long.appendleft(run)
        else:
            run.perform()

    def _wait_long(self, run: Run) -> None:
        """Have the run go on in a turn of the loop in which no other does whose next step takes long."""
        run.result = None
        run.refused()
        self._long_waits += 1
        if len(self._long) >= MOST_LONG:
            run.result = True
            self.ready(run)
            return
        self._long.append(run)
        if not self._long_called:
            self._call_long(0.0)

    def _advance_long(self) -> None:
        rest_s = self._long_from_s - self.loop.time()
        if rest_s > 0 and self.exchanges - self._long_waits != self._long_others:
            self._call_long(rest_s)
            return
        began_s, others = self.loop.time(), self._ready
        self._ready = [self._long.popleft()]
        self.advance()
        self._ready += others
        now_s = self.loop.time()
        self._long_from_s = now_s + LONG_REST * (now_s - began_s)
        self._long_others = self.exchanges - self._long_waits
        self._long_called = False
        if self._long:
            self._call_long(0.0)

    def _call_long(self, rest_s: float) -> None:
        """Have what takes long go on after a rest, and after what is to be read and done has had a turn of the loop."""
        self._long_called = True
        self.loop.call_later(rest_s, self._advance_long)

    @property
    def at_rest(self) -> bool:
        """Whether everything that was requested is done, but for what waits for a timer, or behind what does."""
        return self.running == len(self.delayed) + self.held.timed + self.lanes.waiting

    def stop(self) -> None:
        """Give up replies that are still held back, and stop checking the store."""
        self._timer.cancel()
        self._log_lock()
        self.shed_refusals.report()
        for run, timer in list(self.delayed.items()):
            timer.cancel()
            run.abandon()

    def fail(self) -> None:
        """Stop: the store does not work any more."""
        if not self.failed.is_set():
            self.failed.set()
            self.log.event("store-failed", self.store.fatal_error or "the store does not answer")

    def _tick(self) -> None:
        self._timer = self.loop.call_later(CHECK_S, self._tick)
        self._ticks += 1
        if not self._ticks % SECOND_TICKS:
            self.store.check_files()
            self.shed_refusals.report()
        self._check()
        self._congested = self._congested + 1 if self.store.congested else 0
        if self._congested == SLOW_CHECKS:
            self.log.event("store-slow", "commit queue backed up, reading paused until it is written")
        if self._congested > STUCK_CHECKS and self.store.waited_s > STUCK_S:
            self.fail()

    def _check(self) -> None:
        store = self.store
        if store.congested:
            self.server.pause()
        else:
            self.server.resume()
        if store.fatal_error:
            self.fail()
        if store.last_error != self._last_error:
            self._last_error = store.last_error
            if self._last_error:
                self.log.event("store-complaint", self._last_error)
        self._log_lock()

    def _log_lock(self) -> None:
        if self.store.locked == self._locked:
            return
        self._locked = self.store.locked
        if self._locked:
            self.log.event("store-locked", "another program holds the database: requests are refused as busy")
        else:
            self.log.event("store-unlocked", "the database is free again", locked_out=self.store.locked_out)
