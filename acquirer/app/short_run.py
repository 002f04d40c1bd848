"""An exchange that may take the short way (`host.short_way`). Any other is a `Run`.

Where a step finds it unusual, or its commit is not done, the general way decides anew, in the same lane: it knows what
to answer when a row has changed, the terminal waits no longer, or nothing can be written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Final, Protocol

from acquirer.app.lanes import LaneHolder, Lanes
from acquirer.app.run import Run, Steps, arrival_of
from acquirer.app.sending import Driving
from acquirer.host.short_way import NOT_SHORT, ShortSteps, TakeDecided
from acquirer.model.effects import Arrival, CommitOutcome, Send
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.net.connection import Connection

ENDED: Final = ""
"""In place of a step where there is none any more."""

NO_STEPS: Final[ShortSteps] = iter(())


class Way(Protocol):
    """What looks for the short way of a message: `host.short_way.ShortWay`."""

    def begin(self, frame: bytes, peer: str, at_us: int, began_s: float, taken: TakeDecided, /) -> ShortSteps | None:
        """Return the steps to what a frame is answered with, which `taken` is called with; None: it has none."""


class ShortStart:
    """How the exchanges of one listener begin."""

    __slots__ = ("driver", "patience_s", "start", "way")

    def __init__(self, driver: Driving, start: Callable[[Arrival], Steps], patience_s: float, way: Way) -> None:
        self.driver = driver
        self.start = start
        self.patience_s = patience_s
        self.way = way


class ShortRun(LaneHolder):
    """One exchange on its way."""

    __slots__ = ("_at_us", "_began_s", "_connection", "_exchange", "_frame", "_own", "_reply", "steps")

    def __init__(self, own: ShortStart, connection: Connection, frame: bytes, at_us: int, began_s: float) -> None:
        self.lanes = ()
        self._own = own
        self._connection = connection
        self._frame = frame
        self._at_us = at_us
        self._began_s = began_s

    def find(self) -> None:
        """Look for the short way."""
        way = self._own.way
        try:
            steps = way.begin(self._frame, self._connection.peer, self._at_us, self._began_s, self._take)
        except NOT_SHORT:
            steps = None
        self.steps = steps or NO_STEPS

    def fail(self) -> None:
        """End after an internal fault, which is being handled."""
        run = self.general()
        run.over = True
        run.fault()
        run.perform()

    def _take(self, reply: bytes, exchange: ReadyExchange) -> None:
        """Commit what was decided."""
        own = self._own
        self._reply, self._exchange = reply, exchange
        exchange.deadline_s = self._began_s + own.patience_s
        own.driver.store.commit(exchange, self._committed)

    def general(self) -> Run:
        """Return a run that begins anew on the general way, in the lane that this one has."""
        own, connection = self._own, self._connection
        arrival = arrival_of(connection, self._frame, self._at_us, self._began_s + own.patience_s)
        run = Run(own.driver, connection, self._began_s, own.start(arrival))
        run.lanes = self.lanes
        return run

    def _committed(self, outcome: CommitOutcome) -> None:
        driver = self._own.driver
        if outcome is CommitOutcome.DONE:
            driver.committed.append(self)
        else:
            driver.ready(self.general())

    def is_sent(self) -> bool:
        """Send the reply; return False where that takes more than sending: then a run goes on, which knows what."""
        driver, connection = self._own.driver, self._connection
        try:
            if not driver.with_next and connection.send(self._reply):
                return True
        except Exception:  # noqa: S110  as it will be for the run, whose matter faults are
            pass
        run = Run(driver, connection, self._began_s, _send(self._reply), self._exchange)
        run.lanes = self.lanes
        driver.ready(run)
        return False

    def end(self) -> None:
        """End once the reply is sent."""
        driver, connection = self._own.driver, self._connection
        driver.lanes.release(self)
        driver.running -= 1
        connection.known()
        connection.done()


def send_replies(committed: Iterable[ShortRun]) -> None:
    """Send the replies of exchanges that are committed, all of them before the first one ends."""
    for short in [short for short in committed if short.is_sent()]:
        short.end()


def take_short_way(arrived: Iterable[ShortRun], lanes: Lanes, begin: Callable[[Run], None]) -> None:
    """Take exchanges the short way, each step for all of them before the next one.

    What has no short way begins on the general one in its turn: exchanges of one terminal keep their order.
    """
    found: list[ShortRun] = []
    for short in arrived:
        try:
            short.find()
        except Exception:
            short.fail()
        else:
            found.append(short)
    going: list[ShortRun] = []
    for short in found:
        try:
            tid = next(short.steps, ENDED)
        except NOT_SHORT:
            tid = ENDED
        except Exception:
            short.fail()
            continue
        if tid:
            lanes.take(tid, short)  # before the next one is asked for its terminal
            going.append(short)
        else:
            begin(short.general())
    while going:
        ways = [short.steps for short in going]
        while (ended := _take_step(ways, going, begin)).count(None) == len(ways):
            pass
        going = [short for short, step in zip(going, ended, strict=True) if step is None]


def _take_step(ways: list[ShortSteps], going: list[ShortRun], begin: Callable[[Run], None]) -> deque[str | None]:
    """Take the next step of each way; return None for each that has further ones."""
    taken: deque[str | None] = deque()  # compiled, a list would lose what was taken before one raises
    steps = map(next, ways, repeat(ENDED))
    while len(taken) < len(ways):
        try:
            taken.extend(steps)  # what was taken before one raises stays there
        except NOT_SHORT:
            begin(going[len(taken)].general())
            taken.append(ENDED)
        except Exception:
            going[len(taken)].fail()
            taken.append(ENDED)
    return taken


def _send(frame: bytes) -> Steps:
    """Send a reply, and have the journal say what became of it."""
    yield from ()
    return Send(frame)
