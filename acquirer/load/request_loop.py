"""Requests on their way: begun when it is said, even if none before has ended, and recorded when they end.

A terminal's program (`acquirer.terminal`) says what is sent and judges what comes; here
it is only carried.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import Final

from acquirer.errors import AcquirerError
from acquirer.load.active_terminal import ActiveTerminal
from acquirer.load.connections import Connections, Target
from acquirer.load.records import MOST_US, NOT_VERIFIED, LoadRecord, RequestOutcome
from acquirer.load.terminal_journeys import JourneyEnd
from acquirer.terminal.effects import Ask, Ended, Listen, NoAnswer, NotSent, Response
from acquirer.terminal.exchange import Exchange, Outcome

MOST_PROBLEMS: Final = 20
"""Sentences of terminals that are kept: they are few, or all alike."""

_OUTCOMES: Final = {
    Outcome.APPROVED: RequestOutcome.APPROVED,
    Outcome.DECLINED: RequestOutcome.DECLINED,
    Outcome.NO_ANSWER: RequestOutcome.NO_ANSWER,
    Outcome.NOT_SENT: RequestOutcome.NOT_CONNECTED,
    Outcome.MALFORMED: RequestOutcome.MALFORMED,
    Outcome.MAC_DIFFERS: RequestOutcome.MAC_DIFFERS,
    Outcome.KEYS_DIFFER: RequestOutcome.KEYS_DIFFER,
}


class RequestLoop:
    """All that is under way.

    Args:
        begin_ns: the beginning of the run, by the monotonic clock.
        done: is given each record.
        ended: is given each terminal whose journey is over.
        services: their names, whose places records hold.
        verify: whether answers are verified, as records say.
    """

    def __init__(
        self,
        target: Target,
        begin_ns: int,
        done: Callable[[LoadRecord], None],
        ended: Callable[[ActiveTerminal], None],
        services: Sequence[str],
        worker: int,
        *,
        verify: bool = True,
    ) -> None:
        self._connections = Connections(target, self._answered)
        self._begin_ns = begin_ns
        self._done = done
        self._ended = ended
        self._services = {service: place for place, service in enumerate(services)}
        self.worker = worker
        self.flags = 0 if verify else NOT_VERIFIED
        self._busy: dict[int, ActiveTerminal] = {}
        self._deadlines: deque[tuple[int, ActiveTerminal, Ask]] = deque()  # ascending: all wait as long
        self.problems: dict[str, int] = {}
        """Why terminals could not go on, and how often."""

    @property
    def under_way(self) -> int:
        """Return how many terminals are at work."""
        return len(self._busy)

    @property
    def deadline_ns(self) -> int | None:
        """Return when the next one has waited long enough."""
        return self._deadlines[0][0] if self._deadlines else None

    def place_of(self, service: str) -> int:
        """Return what records hold instead of the name of a service."""
        return self._services[service]

    def begin(self, terminal: ActiveTerminal, intended_ns: int) -> None:
        """Begin what a terminal is prepared for."""
        self._busy[terminal.number] = terminal
        terminal.busy = True
        terminal.intended_ns = intended_ns
        if terminal.ask is not None:
            self._send(terminal, terminal.ask)
            return
        terminal.begun_ns = terminal.first_ns = terminal.connected_ns = monotonic_ns()
        self._end(terminal)

    def look(self, wait_s: float) -> None:
        """Take what has come, and wait for it at most so long."""
        self._connections.look(wait_s)

    def expire(self) -> None:
        """End requests whose time is over, and forget those that have ended."""
        now_ns = monotonic_ns()
        while self._deadlines:
            deadline_ns, terminal, ask = self._deadlines[0]
            waits = terminal.busy and terminal.ask is ask
            if waits and deadline_ns > now_ns:
                return
            self._deadlines.popleft()
            if waits:
                reached = terminal.connected_ns > 0
                self._connections.hang_up(terminal)
                answer = NoAnswer("no answer in time", terminal.took_us) if reached else NotSent("not connected")
                self._answered(terminal, answer, False)

    def drop_line(self, terminal: ActiveTerminal) -> None:
        """Close the connection of a terminal, as when its line fails; first it takes the answer that it waits for."""
        terminal.line_drops = terminal.busy
        if not terminal.busy:
            self._connections.hang_up(terminal)

    def interrupt(self) -> None:
        """Record what is under way as broken off."""
        now_ns = monotonic_ns()
        for terminal in self._busy.values():
            self._record(terminal, RequestOutcome.INTERRUPTED, now_ns, terminal.exchange)
        self._busy.clear()

    def close(self) -> None:
        """Hang up everything."""
        self._connections.close()

    def _send(self, terminal: ActiveTerminal, ask: Ask) -> None:
        self._deadlines.append((monotonic_ns() + int(ask.timeout_s * 1e9), terminal, ask))
        self._connections.send(terminal, ask)

    def _answered(self, terminal: ActiveTerminal, answer: Response | None, lost: bool) -> None:
        """Give a terminal what came; it listens on, asks for more, or ends."""
        ended_ns = monotonic_ns()
        try:
            while True:
                effect = terminal.advance(answer)
                answer = None
                if isinstance(effect, Listen):
                    return
                if not isinstance(effect, Ended):
                    break
                self._record(terminal, _outcome(terminal, effect.exchange, lost), ended_ns, effect.exchange)
        except AcquirerError as exc:
            effect = None
            self.note_problem(terminal, exc)
        if effect is None:
            self._end(terminal)
            return
        terminal.intended_ns = monotonic_ns()
        self._send(terminal, effect)

    def note_problem(self, terminal: ActiveTerminal, exc: AcquirerError) -> None:
        """Note why a terminal cannot go on; what it was about is recorded as not made."""
        sentence = str(exc)
        if sentence in self.problems or len(self.problems) < MOST_PROBLEMS:
            self.problems[sentence] = self.problems.get(sentence, 0) + 1
        service = terminal.exchange.service if terminal.exchange else terminal.service
        terminal.end = JourneyEnd(answered=False, refused_service=service)

    def _end(self, terminal: ActiveTerminal) -> None:
        if terminal.end.refused_service:
            now_ns = monotonic_ns()
            if terminal.ask is not None:  # after other requests of its journey
                terminal.intended_ns = terminal.begun_ns = now_ns
            self._record(terminal, RequestOutcome.REFUSED, now_ns, None)
        del self._busy[terminal.number]
        terminal.busy = False
        terminal.program = terminal.ask = terminal.exchange = None
        self._connections.leave(terminal)
        if terminal.line_drops:
            self.drop_line(terminal)
        self._ended(terminal)

    def _record(
        self, terminal: ActiveTerminal, outcome: RequestOutcome, ended_ns: int, exchange: Exchange | None
    ) -> None:
        begun_ns = terminal.begun_ns
        self._done(
            LoadRecord(
                (terminal.intended_ns - self._begin_ns) // 1000,
                _us(begun_ns - terminal.intended_ns),
                _us(terminal.connected_ns - begun_ns),
                _us(terminal.first_ns - begun_ns),
                _us(ended_ns - begun_ns),
                terminal.number,
                self.place_of(exchange.service if exchange else terminal.end.refused_service),
                outcome,
                self.worker,
                exchange.code.encode("ascii", "replace")[:4] if exchange else b"",
                terminal.phase,
                self.flags,
            )
        )


def _outcome(terminal: ActiveTerminal, exchange: Exchange, lost: bool) -> RequestOutcome:
    outcome = _OUTCOMES.get(exchange.outcome, RequestOutcome.MALFORMED)
    if lost and outcome is RequestOutcome.NO_ANSWER:
        return RequestOutcome.LOST
    if terminal.no_room and outcome is RequestOutcome.NOT_CONNECTED:
        return RequestOutcome.NO_ROOM
    return outcome


def _us(duration_ns: int) -> int:
    return min(max(duration_ns // 1000, 0), MOST_US)
