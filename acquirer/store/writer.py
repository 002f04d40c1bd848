"""The writer's thread: takes everything that waits, commits it as one transaction, tells the loop once.

Bounds and reasons (seconds are waited by the oldest commit that is not yet answered):
* more than `CONGESTED_COMMITS` or `CONGESTED_S`: the loop should stop reading sockets; nothing is dropped;
* more than `FULL_COMMITS` or `FULL_S`: new commits are refused unwritten, a terminal would not wait for them;
* a commit past its own deadline is not written: the terminal has given up, and would only reverse it.
A database that fails is not tried again: what became of the last group is unknown, so everything after it fails.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

from acquirer.exchange.effects import Changes, Commit, Outcome
from acquirer.store.ledger import Ledger, Row
from acquirer.store.ports import Call, Done
from acquirer.store.statements import GROUP

CONGESTED_COMMITS: Final = 5_000
CONGESTED_S: Final = 2.0
FULL_COMMITS: Final = 20_000  # every connection of a full host waits with one: memory, not time, is the bound
FULL_S: Final = 5.0
IDLE_S: Final = 0.2  # how long a delivery may wait for a commit to travel with
HOUR_US: Final = 3600 * 1_000_000
MOST_DELIVERIES: Final = 4 * GROUP  # in one transaction, so that none takes much longer than a full group does

Item = tuple[Commit, Done, float]  # the float: when it came, by the monotonic clock


class Writer:
    """Commits on a thread of its own. `commit` and `delivered` are called from the loop's thread."""

    def __init__(self, ledger: Ledger, notify: Call | None, soon: Call | None) -> None:
        self.failure = ""
        self._ledger = ledger
        self._notify = notify or _at_once
        self._soon = soon
        self._gathered: list[Item] = []
        self._deliveries: deque[Row] = deque()
        self._queue: SimpleQueue[list[Item] | None] = SimpleQueue()  # None ends the thread
        self._taken_in = 0  # by the loop
        self._answered = 0  # by the writer
        self._tidied_us = 0
        self._oldest = 0.0  # when the oldest unanswered commit came; 0 when there is none
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Commits that are not answered yet."""
        return self._taken_in - self._answered

    @property
    def congested(self) -> bool:
        """True while the loop should not read more."""
        return self.waiting > CONGESTED_COMMITS or self._waited_s() > CONGESTED_S

    def commit(self, wanted: Commit, done: Done) -> None:
        """Queue one commit; with `soon`, the commits of one loop iteration are handed over together."""
        now_s, oldest_s = time.monotonic(), self._oldest
        if self._taken_in - self._answered >= FULL_COMMITS or (oldest_s and now_s - oldest_s > FULL_S):
            self._notify(partial(done, Outcome.OVERLOADED))
            return
        self._taken_in += 1
        self._gathered.append((wanted, done, now_s))
        if self._soon is None:
            self._hand_over()
        elif len(self._gathered) == 1:
            self._soon(self._hand_over)

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Remember what became of a reply until there is something to write it with."""
        self._deliveries.append((exchange_id, outcome))
        if len(self._deliveries) == 1:
            self._queue.put([])  # the writer may sleep for ever

    def end(self) -> None:
        """Commit and answer what waits, then end the thread."""
        self._hand_over()
        self._queue.put(None)
        self._thread.join()

    def _hand_over(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._queue.put(gathered)

    def _waited_s(self) -> float:
        oldest = self._oldest
        return time.monotonic() - oldest if oldest else 0.0

    def _run(self) -> None:
        waiting: deque[Item] = deque()
        ending = False
        while True:
            ending = self._take_in(waiting, ending)
            group = [waiting.popleft() for _ in range(min(len(waiting), GROUP))]
            if group:
                self._oldest = group[0][2]
                self._answer(group, self._settle(group))
                self._oldest = 0.0
                self._tidy(group[-1][0].changes.evidence.at_us)
            elif self._deliveries:
                self._written([])
            elif ending:
                return

    def _take_in(self, waiting: deque[Item], ending: bool) -> bool:
        """Move everything handed over into `waiting`; sleeps when that is nothing. True when the end was asked for."""
        try:
            while True:
                asleep = not waiting and not ending
                batch = self._queue.get(asleep, IDLE_S if self._deliveries else None)
                if batch is None:
                    ending = True
                else:
                    waiting.extend(batch)
        except Empty:
            return ending

    def _settle(self, group: list[Item]) -> list[Outcome]:
        """Commit what is still in time; an outcome for each."""
        now = time.monotonic()
        late = [commit.deadline_s < now for commit, _, _ in group]
        written = iter(self._written([item[0].changes for item, past in zip(group, late, strict=True) if not past]))
        return [Outcome.EXPIRED if past else next(written) for past in late]

    def _written(self, changes: list[Changes]) -> list[Outcome]:
        if not self.failure:
            deliveries = [self._deliveries.popleft() for _ in range(min(len(self._deliveries), MOST_DELIVERIES))]
            try:
                return self._ledger.write(changes, deliveries)
            except Exception as wrong:  # whatever it was, nobody can say what the database holds now
                self.failure = f"the store failed and stops: {type(wrong).__name__}: {wrong}"
        self._deliveries.clear()
        return [Outcome.FAILED] * len(changes)

    def _tidy(self, now_us: int) -> None:
        """Once an hour, by the time exchanges carry: forget what nobody can ask for any more."""
        if now_us - self._tidied_us < HOUR_US or self.failure:
            return
        self._tidied_us = now_us
        try:
            self._ledger.purge(now_us)
        except sqlite3.Error as wrong:
            self.failure = f"the store failed and stops: {type(wrong).__name__}: {wrong}"

    def _answer(self, group: list[Item], outcomes: list[Outcome]) -> None:
        with suppress(RuntimeError):  # the loop has gone: what is durable stays so, and nobody is left to hear it
            self._notify(partial(_tell, [item[1] for item in group], outcomes))
        self._answered += len(group)


def _tell(whom: list[Done], outcomes: list[Outcome]) -> None:
    for done, outcome in zip(whom, outcomes, strict=True):
        done(outcome)


def _at_once(call: Callable[[], None]) -> None:
    call()
