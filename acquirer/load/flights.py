"""Requests on their way: each on its connection, begun at its moment even if none before it has ended.

One thread, one `selectors` loop. It is an open loop: a request that is due is begun, however many wait for their
answer, and what is late is counted as late. A terminal's program (`acquirer.terminal`) says what is sent and judges
what comes; here it is only carried.
"""

from __future__ import annotations

import errno
import selectors
import socket
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import Any, Final

from acquirer.load.flight import Flight, Target
from acquirer.load.generator import UNDER_WAY, open_from
from acquirer.load.records import MOST_US, LoadRecord, RequestOutcome
from acquirer.terminal.effects import Ask, Began, Ended, Listen, NoAnswer, NotSent, Received, Unframed
from acquirer.terminal.exchange import Exchange, Outcome
from acquirer.wire.deframer import make_deframer
from acquirer.wire.framing import FrameError

READ_BYTES: Final = 8192

BATCH: Final = 64
"""Requests begun between two looks at what has come: a burst that is due at once must not keep answers waiting."""

_OUTCOMES: Final = {
    Outcome.APPROVED: RequestOutcome.APPROVED,
    Outcome.DECLINED: RequestOutcome.DECLINED,
    Outcome.NO_ANSWER: RequestOutcome.NO_ANSWER,
    Outcome.NOT_SENT: RequestOutcome.NOT_CONNECTED,
    Outcome.MALFORMED: RequestOutcome.MALFORMED,
    Outcome.MAC_DIFFERS: RequestOutcome.MAC_DIFFERS,
    Outcome.KEYS_DIFFER: RequestOutcome.KEYS_DIFFER,
}


class Flights:
    """All that is under way.

    Args:
        begin_ns: the beginning of the run, by the monotonic clock.
        done: is given each record.
        services: their names, whose places records hold.
    """

    def __init__(
        self, target: Target, begin_ns: int, done: Callable[[LoadRecord], None], services: Sequence[str], worker: int
    ) -> None:
        self._target = target
        self._begin_ns = begin_ns
        self._done = done
        self._services = services
        self._worker = worker
        self._selector = selectors.DefaultSelector()
        self._open: dict[int, Flight] = {}  # by terminal
        self._deadlines: deque[tuple[int, int, Flight, Ask]] = deque()  # ascending: all wait as long
        self._begun = 0
        self.worst_lag_ns = 0
        """The longest time between two looks at the sockets while something was due."""

    @property
    def under_way(self) -> int:
        """Return how many requests wait for their answer."""
        return len(self._open)

    def run(self, due: Sequence[tuple[int, Flight]]) -> None:
        """Begin each flight at its moment, and return when all have ended.

        Args:
            due: moments in nanoseconds since the beginning, ascending, and what is due then.
        """
        place = 0
        looked_ns = monotonic_ns()
        while place < len(due) or self._open:
            now_ns = monotonic_ns()
            if place < len(due) and looked_ns - self._begin_ns > due[place][0]:
                self.worst_lag_ns = max(self.worst_lag_ns, now_ns - looked_ns)
            looked_ns = now_ns
            last = min(place + BATCH, len(due))
            while place < last and due[place][0] <= now_ns - self._begin_ns:
                moment_ns, flight = due[place]
                place += 1
                flight.intended_ns = self._begin_ns + moment_ns
                self._open[flight.terminal] = flight
                self._begin(flight)
            self._look(self._wait_s(due[place][0] if place < len(due) else None))
            self._expire()

    def close(self) -> None:
        """Hang up everything."""
        for flight in list(self._open.values()):
            self._hang_up(flight)
        self._selector.close()

    # one request

    def _begin(self, flight: Flight) -> None:
        flight.begun_ns = monotonic_ns()
        flight.first_ns = flight.connected_ns = 0
        flight.data = self._target.framing.wrap(flight.ask.frame)
        flight.deframer = flight.deframer if flight.sock is not None else make_deframer(self._target.framing)
        deadline_ns = flight.begun_ns + int(flight.ask.timeout_s * 1e9)
        self._deadlines.append((deadline_ns, flight.begun_ns, flight, flight.ask))
        if flight.sock is None and not self._connect(flight):
            return
        self._write(flight)

    def _connect(self, flight: Flight) -> bool:
        """Open a connection; False when the flight has ended."""
        sources, address = self._target.sources, self._target.address
        source = sources[self._begun % len(sources)] if sources else ""
        sock = None
        try:
            sock = open_from(source, socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._begun += 1
            error = sock.connect_ex(address)
        except OSError as exc:
            error = exc.errno or errno.ECONNREFUSED
        if sock is None or error not in UNDER_WAY:
            if sock is not None:
                sock.close()
            self._go_on(flight, NotSent(f"no connection: {errno.errorcode.get(error, error)}"))
            return False
        flight.sock = sock
        self._selector.register(sock, selectors.EVENT_WRITE, flight)
        flight.writing = True
        return True

    def _write(self, flight: Flight) -> None:
        sock = flight.sock
        assert sock is not None
        try:
            sent = sock.send(flight.data)
        except BlockingIOError:
            sent = 0
        except OSError as exc:
            if exc.errno in (errno.ENOTCONN, errno.EAGAIN):  # the handshake is under way
                return
            self._broken(flight, exc)
            return
        if sent and not flight.connected_ns:
            flight.connected_ns = monotonic_ns()
        flight.data = flight.data[sent:]
        if flight.writing == bool(flight.data):
            return
        flight.writing = bool(flight.data)
        self._selector.modify(sock, selectors.EVENT_WRITE if flight.data else selectors.EVENT_READ, flight)

    def _read(self, flight: Flight) -> None:
        sock, deframer = flight.sock, flight.deframer
        assert sock is not None
        assert deframer is not None
        try:
            data = sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as exc:
            self._broken(flight, exc)
            return
        if not data:
            self._hang_up(flight)
            self._go_on(flight, NoAnswer("the host closed the connection", self._took_us(flight)), lost=True)
            return
        flight.first_ns = flight.first_ns or monotonic_ns()
        deframer.feed(data)
        try:
            for frame in deframer:
                if frame:
                    self._go_on(flight, Received(frame, self._took_us(flight)))
                    return
        except FrameError as exc:
            self._hang_up(flight)
            self._go_on(flight, Unframed(exc.detail, self._took_us(flight)))

    def _broken(self, flight: Flight, exc: OSError) -> None:
        reached = flight.connected_ns > 0
        self._hang_up(flight)
        why = exc.strerror or str(exc)
        if reached:
            self._go_on(flight, NoAnswer(why, self._took_us(flight)), lost=True)
        else:
            self._go_on(flight, NotSent(f"no connection: {why}"))

    def _expire(self) -> None:
        """End requests whose time is over."""
        now_ns = monotonic_ns()
        while self._deadlines and self._deadlines[0][0] <= now_ns:
            _, _, flight, ask = self._deadlines.popleft()
            if flight.ask is ask and self._open.get(flight.terminal) is flight:
                reached = flight.connected_ns > 0
                self._hang_up(flight)
                took_us = self._took_us(flight)
                self._go_on(flight, NoAnswer("no answer in time", took_us) if reached else NotSent("not connected"))

    # its terminal

    def _go_on(self, flight: Flight, answer: Any, *, lost: bool = False) -> None:
        """Give the terminal what came; it ends, listens on, or asks for more."""
        ended_ns = monotonic_ns()
        while True:
            try:
                effect = flight.program.send(answer)
            except StopIteration:
                self._end(flight)
                return
            answer = None
            if isinstance(effect, Listen):
                return
            if isinstance(effect, Ended):
                self._note(flight, effect.exchange, ended_ns, lost)
            elif isinstance(effect, Began):
                flight.exchange = effect.exchange
            elif isinstance(effect, Ask):
                flight.ask = effect
                flight.intended_ns = monotonic_ns()
                if flight.sock is not None and (effect.fresh or not self._target.kept):
                    self._hang_up(flight)
                self._begin(flight)
                return

    def _note(self, flight: Flight, exchange: Exchange, ended_ns: int, lost: bool) -> None:
        outcome = _OUTCOMES.get(exchange.outcome, RequestOutcome.MALFORMED)
        if lost and outcome is RequestOutcome.NO_ANSWER:
            outcome = RequestOutcome.LOST
        self._done(
            LoadRecord(
                (flight.intended_ns - self._begin_ns) // 1000,
                _us(flight.begun_ns - flight.intended_ns),
                _us(flight.connected_ns - flight.begun_ns),
                _us(flight.first_ns - flight.begun_ns),
                _us(ended_ns - flight.begun_ns),
                flight.terminal,
                self._services.index(exchange.service),
                outcome,
                self._worker,
                exchange.code.encode("ascii", "replace")[:4],
            )
        )

    def _end(self, flight: Flight) -> None:
        del self._open[flight.terminal]
        if not self._target.kept:
            self._hang_up(flight)

    def _hang_up(self, flight: Flight) -> None:
        if flight.sock is not None:
            self._selector.unregister(flight.sock)
            flight.sock.close()
            flight.sock = flight.deframer = None

    # waiting

    def _wait_s(self, next_ns: int | None) -> float:
        now_ns = monotonic_ns()
        ends = [self._begin_ns + next_ns] if next_ns is not None else []
        if self._deadlines:
            ends.append(self._deadlines[0][0])
        return max(min(ends, default=now_ns) - now_ns, 0) / 1e9

    def _look(self, wait_s: float) -> None:
        for key, events in self._selector.select(wait_s):
            flight = key.data
            if events & selectors.EVENT_WRITE:
                self._write(flight)
            else:
                self._read(flight)

    @staticmethod
    def _took_us(flight: Flight) -> int:
        return (monotonic_ns() - flight.begun_ns) // 1000


def _us(duration_ns: int) -> int:
    return min(max(duration_ns // 1000, 0), MOST_US)
