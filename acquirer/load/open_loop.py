"""The loop of one process: begins each request at its moment, and prepares the next ones meanwhile.

1. What is due is begun, however many requests wait for their answer; what is late is late, and counted so.
2. Requests are prepared ahead of their moment: all of a burst, else those of the next `AHEAD_NS`. A terminal has one
   request at a time, so that what is prepared takes no more memory than terminals do.
3. A terminal whose turn it is may still be at work when it is due: then the next free one comes in its place. When none
   is free, the request is recorded as `no-terminal-free`.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from time import monotonic_ns
from typing import Final

from acquirer.errors import AcquirerError
from acquirer.load.active_terminal import ActiveTerminal
from acquirer.load.load_cards import cards_of
from acquirer.load.load_terminals import LoadTerminals, TerminalClock
from acquirer.load.parts import PlanPart
from acquirer.load.plan import LoadPlan
from acquirer.load.records import NO_TERMINAL, LoadRecord, RequestOutcome
from acquirer.load.request_loop import RequestLoop
from acquirer.load.sentinel import Sentinel

AHEAD_NS: Final = 2_000_000_000
"""How far ahead requests are prepared: long enough to outlast a pause of this machine, short enough that the time which
stands in them is right."""

BATCH: Final = 64
"""Requests begun between two looks at what has come: a burst that is due at once must not keep answers waiting."""

MOST_WAIT_NS: Final = 100_000_000
"""How long it waits at most, before the beginning too: a run that is broken off ends soon."""

IDLE_NS: Final = 1_000_000
"""So long nothing must be due that a request is prepared meanwhile, which takes some 150 µs."""


@dataclass(slots=True)
class _Due:
    """A terminal that is to come.

    Args:
        at_us: since the beginning of the run.
        wanted: its number; None: the one whose turn it is.
        tries: how often it has come, or would have, without an answer.
        terminal: who comes, once that is known: until then it has no other journey.
    """

    at_us: int
    phase: int
    wanted: int | None
    tries: int = 0
    terminal: ActiveTerminal | None = None
    prepared: bool = False
    begun: bool = False


class OpenLoop:
    """One process's part of a plan.

    Args:
        count: how many terminals all parts have.
        done: is given each record.
    """

    def __init__(
        self,
        plan: LoadPlan,
        part: PlanPart,
        terminals: LoadTerminals,
        clock: TerminalClock,
        count: int,
        done: Callable[[LoadRecord], None],
    ) -> None:
        self._phases = plan.phases
        self._cards = [cards_of(plan, phase.journey) for phase in plan.phases]
        begins_us = [round(begin_s * 1e6) for begin_s in plan.begins_s]
        self._ends_us = [at + round(phase.length_s * 1e6) for at, phase in zip(begins_us, plan.phases, strict=True)]
        self._outages_us = deque(at for at, phase in zip(begins_us, plan.phases, strict=True) if phase.kind == "herd")
        self._random = Random(f"{plan.seed}/{part}")  # noqa: S311  which sales are reversed, how long users think
        self._terminals = terminals
        self._clock = clock
        self._done = done
        self._begin_ns = 0
        self._coming = plan.moments(part, count)
        self._next = next(self._coming, None)
        self._due: deque[_Due] = deque()
        self._again: list[tuple[int, int, _Due]] = []  # a heap: terminals that come again after an answer
        self._unprepared: deque[_Due] = deque()
        self.arrived = 0
        """How many have come that were planned."""
        self.returned = 0
        """How many have come besides, after an answer or a failure."""
        self.no_terminal_free = 0
        self.worst_lag_ns = 0
        """The longest time between two looks at the sockets while something was due."""

    def prepare(self) -> None:
        """Prepare what can be before the beginning. Raises AcquirerError."""
        self._fetch(0, sys.maxsize)
        while self._prepare_one(None):
            pass

    def run(self, requests: RequestLoop, begin_ns: int, sentinel: Sentinel, stopped: Callable[[], bool]) -> None:
        """Begin everything at its moment; return when all has ended, or soon after it was stopped."""
        self._begin_ns = begin_ns
        looked_us = -1
        while not stopped():
            now_ns = monotonic_ns()
            now_us = (now_ns - begin_ns) // 1000
            sentinel.look(now_ns)
            self._fetch(now_us, BATCH)
            next_us = self._next_us()
            if next_us is None and not requests.under_way:
                return
            if next_us is not None and looked_us > next_us:
                self.worst_lag_ns = max(self.worst_lag_ns, (now_us - looked_us) * 1000)
            looked_us = now_us
            self._drop_lines(requests, now_us)
            self._begin_due(requests, now_us)
            until_ns = self._until_ns(requests, sentinel)
            prepared = until_ns - monotonic_ns() > IDLE_NS and self._prepare_one(requests)
            wait_ns = 0 if prepared else until_ns - monotonic_ns()
            requests.look(min(max(wait_ns, 0), MOST_WAIT_NS) / 1e9)
            requests.expire()
        requests.interrupt()

    def ended(self, terminal: ActiveTerminal) -> None:
        """Take a terminal whose journey is over: it waits for its turn, or comes again after a time of its own."""
        answered = terminal.end.answered
        tries = 0 if answered else terminal.tries + 1
        wait_us = self._phases[terminal.phase].next_us(tries, answered=answered, random=self._random)
        at_us = (monotonic_ns() - self._begin_ns) // 1000 + (wait_us or 0)
        if wait_us is None or at_us >= self._ends_us[terminal.phase]:
            self._terminals.free(terminal)
            return
        due = _Due(at_us, terminal.phase, terminal.number, tries, terminal)
        heappush(self._again, (at_us, terminal.number, due))
        self._unprepared.append(due)

    # who comes

    def _fetch(self, now_us: int, most: int) -> None:
        """Take what comes within `AHEAD_NS`; of a burst all, once it is the next that comes."""
        while self._next is not None and most > 0:
            most -= 1
            at_us, phase, arrival = self._next
            last = self._due[-1].phase if self._due else phase
            ahead = self._phases[phase].kind == "burst" and last == phase
            if not ahead and at_us - now_us > AHEAD_NS // 1000:
                return
            due = _Due(at_us, phase, arrival.terminal, arrival.tries)
            self._due.append(due)
            self._unprepared.append(due)
            self._next = next(self._coming, None)

    def _next_us(self) -> int | None:
        """Return when the next one is due; None: no more come but those that are at work."""
        moments = [self._due[0].at_us] if self._due else [self._next[0]] if self._next else []
        if self._again:
            moments.append(self._again[0][0])
        return min(moments, default=None)

    def _until_ns(self, requests: RequestLoop, sentinel: Sentinel) -> int:
        """Return until when nothing is to be done but to wait for answers."""
        moments = [sentinel.next_ns]
        if (next_us := self._next_us()) is not None:
            moments.append(self._begin_ns + next_us * 1000)
        if requests.deadline_ns is not None:
            moments.append(requests.deadline_ns)
        return min(moments)

    def _begin_due(self, requests: RequestLoop, now_us: int) -> None:
        """Begin what is due, a batch at most."""
        for _ in range(BATCH):
            planned_us = self._due[0].at_us if self._due else now_us + 1
            again_us = self._again[0][0] if self._again else now_us + 1
            if min(planned_us, again_us) > now_us:
                return
            if planned_us <= again_us:
                self.arrived += 1
                self._begin(requests, self._due.popleft())
            else:
                self.returned += 1
                self._begin(requests, heappop(self._again)[2])

    def _begin(self, requests: RequestLoop, due: _Due) -> None:
        due.begun = True
        if not self._assign(due):
            due.terminal = self._terminals.take(None)
        if due.terminal is None:
            self.no_terminal_free += 1
            self._done(self._not_begun(due, requests))
            return
        if not due.prepared:
            self._prepare(due, due.terminal, requests)
        requests.begin(due.terminal, self._begin_ns + due.at_us * 1000)

    def _assign(self, due: _Due) -> bool:
        """Give an arrival its terminal, if that is free."""
        if due.terminal is None:
            due.terminal = self._terminals.take(due.wanted)
        return due.terminal is not None

    def _drop_lines(self, requests: RequestLoop, now_us: int) -> None:
        """Have all terminals lose their connections where an outage begins, once all that was due before has begun."""
        while self._outages_us and self._outages_us[0] <= now_us:
            if (next_us := self._next_us()) is not None and next_us < self._outages_us[0]:
                return
            self._outages_us.popleft()
            for terminal in self._terminals.active():
                requests.drop_line(terminal)

    # requests ahead of their moment

    def _prepare_one(self, requests: RequestLoop | None) -> bool:
        """Prepare the next request that can be; return whether there was one.

        Raises:
            AcquirerError: it cannot be made, before the run.
        """
        while self._unprepared:
            due = self._unprepared[0]
            if not due.begun:
                if self._assign(due):
                    assert due.terminal is not None
                    self._unprepared.popleft()
                    self._prepare(due, due.terminal, requests)
                    return True
                if due.wanted is None:  # until one is free
                    return False
            self._unprepared.popleft()  # begun, or its terminal is at work: it is seen to when it is due
        return False

    def _prepare(self, due: _Due, terminal: ActiveTerminal, requests: RequestLoop | None) -> None:
        self._clock.look_ahead(None if due.begun else due.at_us)
        terminal.tries = due.tries
        try:
            terminal.prepare(due.phase, self._phases[due.phase].journey, self._random, self._cards[due.phase])
        except AcquirerError as exc:
            if requests is None:
                raise
            requests.note_problem(terminal, exc)
        finally:
            self._clock.look_ahead(None)
        due.prepared = True

    def _not_begun(self, due: _Due, requests: RequestLoop) -> LoadRecord:
        service = self._phases[due.phase].journey.services[0]
        outcome = RequestOutcome.NO_TERMINAL_FREE
        return LoadRecord(
            due.at_us, 0, 0, 0, 0, NO_TERMINAL, requests.place_of(service), outcome, requests.worker, b"", due.phase,
            requests.flags,
        )  # fmt: skip
