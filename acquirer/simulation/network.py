"""The network of a simulation: connections between terminals and the host, and what happens to messages on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Final, Protocol

from acquirer.app.terminal_connection import CONNECT_S
from acquirer.simulation.history import History
from acquirer.simulation.plan import PlannedTrouble, seeded
from acquirer.simulation.simulated_host import SimulatedHost
from acquirer.simulation.timeline import Timeline
from acquirer.wire.framing import Framing

LEAST_US, MOST_US = 5_000, 80_000
"""How long a message takes that meets no trouble: a line within a city, a mobile one."""

BEHIND_US: Final = 1_000
"""How long after the message that overtakes it comes one that is overtaken."""

REORDER_US: Final = 120_000_000
"""A message that nothing overtakes arrives after so long all the same."""


class TerminalLine(Protocol):
    """The terminal's end of a connection."""

    def receive(self, connection: SimulatedConnection, data: bytes) -> None:
        """Take bytes from a connection; b"": it has ended."""


class SimulatedConnection:
    """One connection of a terminal, as the host sees it (`simulated_host.ReplyLine`).

    Args:
        number: by which the youngest of all is known.
    """

    def __init__(self, network: Network, tid: str, terminal: TerminalLine, number: int) -> None:
        self.network = network
        self.tid = tid
        self.terminal = terminal
        self.number = number
        self.open = True
        self.half_open = False  # nothing comes back on it any more
        self._reply_troubles: deque[PlannedTrouble] = deque()
        self._chance = Random(0)  # noqa: S311  of the request that it carries, set with each

    def carry(self, chance: Random, reply_trouble: PlannedTrouble | None) -> None:
        """Note what happens to the reply of the next request."""
        self._chance = chance
        self._reply_troubles.clear()
        if reply_trouble is not None:
            self._reply_troubles.append(reply_trouble)

    def reply(self, frame: bytes, *, whole: bool) -> None:
        """Send a frame, or bytes that are none, to the terminal."""
        data = self.network.framing.wrap(frame) if whole else frame
        trouble = self._reply_troubles.popleft() if self._reply_troubles else None
        self.network.bring_reply(self, data, trouble, self._chance)

    def elsewhere(self, data: bytes) -> None:
        """Send bytes on the youngest other connection."""
        others = [one for one in self.network.connections if one.open and one is not self]
        youngest = max(others, key=lambda one: one.number, default=None)
        if youngest is not None:
            self.network.bring_reply(youngest, data, None, self._chance)

    def hang_up(self, *, hard: bool) -> None:
        """End it from the host's side; what is on its way in one direction does not arrive after a reset."""
        if self.open and not self.half_open:
            at_us = LEAST_US if hard else MOST_US  # politely: after what was sent
            self.network.timeline.call_later(at_us, lambda: self.terminal.receive(self, b""))

    def close(self) -> None:
        """End it from the terminal's side: what comes later finds no one."""
        self.open = False
        self.network.connections.discard(self)


class Network:
    """All connections, and who cannot reach the host for the moment."""

    def __init__(self, timeline: Timeline, framing: Framing, history: History) -> None:
        self.timeline = timeline
        self.framing = framing
        self.history = history
        self.host: SimulatedHost | None = None
        self.connections: set[SimulatedConnection] = set()
        self.cut_off: dict[str, int] = {}  # terminal → partitions that it is in; "": all of them
        self.latest: dict[str, SimulatedConnection] = {}  # of each terminal: stragglers reach it there
        self._overtaken: dict[tuple[str, str], list[Callable[[], None]]] = {}
        self._opened = 0

    def is_cut_off(self, tid: str) -> bool:
        """Return whether a terminal cannot reach the host."""
        return bool(self.cut_off.get(tid) or self.cut_off.get(""))

    def partition(self, tid: str, lasts_us: int) -> None:
        """Cut a terminal off for so long; "": all of them."""
        self.cut_off[tid] = self.cut_off.get(tid, 0) + 1
        self.timeline.call_later(lasts_us, lambda: self._heal(tid))

    def _heal(self, tid: str) -> None:
        self.cut_off[tid] = max(self.cut_off[tid] - 1, 0)  # the end of the day has healed it already

    def connect(self, tid: str, terminal: TerminalLine) -> SimulatedConnection | tuple[int, str]:
        """Open a connection; else return how long the attempt takes, in microseconds, and why it failed."""
        if self.is_cut_off(tid):
            self.history.count("partition")
            return round(CONNECT_S * 1_000_000), "timed out"
        if self.host is None or self.host.process is None:
            return LEAST_US, "connection refused"
        self._opened += 1
        connection = SimulatedConnection(self, tid, terminal, self._opened)
        self.connections.add(connection)
        self.latest[tid] = connection
        return connection

    def bring_request(
        self, connection: SimulatedConnection, request: int, frame: bytes, trouble: PlannedTrouble | None, place: object
    ) -> None:
        """Bring a request to the host, or not.

        Args:
            place: of everything that is drawn about it.
        """
        chance = seeded(place, "line")
        usual_us = chance.randint(LEAST_US, MOST_US)
        tid = connection.tid

        def arrive(copy: int = 0) -> None:
            assert self.host is not None
            if not self.is_cut_off(tid):
                self.host.arrive(request, frame, tid, connection, seeded(place, "host", copy))
                self._overtake(tid, "request")

        of_reply = trouble is not None and trouble.reply
        connection.carry(chance, trouble if of_reply else None)
        self._bring(connection, arrive, usual_us, None if of_reply else trouble, "request")

    def bring_reply(
        self, connection: SimulatedConnection, data: bytes, trouble: PlannedTrouble | None, chance: Random
    ) -> None:
        """Bring a reply to its terminal, or not."""
        tid = connection.tid
        usual_us = chance.randint(LEAST_US, MOST_US)

        def arrive(_copy: int = 0) -> None:
            # What comes when its connection is gone is a concentrator's: it knows the terminal, not the connection.
            late = trouble is not None and trouble.kind in ("straggler", "reorder", "duplicate")
            current = self.latest.get(tid, connection) if late and not connection.open else connection
            if current.open and not current.half_open and not self.is_cut_off(tid):
                current.terminal.receive(current, data)
            self._overtake(tid, "reply")

        self._bring(connection, arrive, usual_us, trouble, "reply")

    def reset_all(self) -> None:
        """End all connections, as when the process at their other end is killed."""
        for connection in sorted(self.connections, key=lambda one: one.number):
            connection.hang_up(hard=True)

    def _bring(
        self,
        connection: SimulatedConnection,
        arrive: Callable[..., None],
        usual_us: int,
        trouble: PlannedTrouble | None,
        direction: str,
    ) -> None:
        """Have a message arrive in its time, or as its trouble has it."""
        if trouble is None:
            self.timeline.call_later(usual_us, arrive)
            return
        kind, way = trouble.kind, (connection.tid, direction)
        self.history.count(kind)
        if kind == "half-open":
            connection.half_open = True
        if kind == "loss":
            return
        if kind == "reorder":
            self._overtaken.setdefault(way, []).append(arrive)
            self.timeline.call_later(REORDER_US, lambda: self._release(way, arrive))
            return
        extra_us = trouble.delay_us if kind in ("delay", "straggler") else 0
        self.timeline.call_later(usual_us + extra_us, arrive)
        if kind == "duplicate":
            self.timeline.call_later(usual_us + trouble.delay_us, lambda: arrive(1))

    def _overtake(self, tid: str, direction: str) -> None:
        """Have what was held back arrive behind what has just arrived."""
        for arrive in self._overtaken.pop((tid, direction), []):
            self.timeline.call_later(BEHIND_US, arrive)

    def _release(self, way: tuple[str, str], arrive: Callable[..., None]) -> None:
        if arrive in self._overtaken.get(way, []):
            self._overtaken[way].remove(arrive)
            arrive()
