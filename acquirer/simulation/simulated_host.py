"""The host of a simulation: the program's own exchanges, lanes and store, in a process that is killed and comes back.

`SimulatedHost` is the machine it runs on; `HostProcess` is one life of it. An exchange goes from effect to effect as
`app.run` takes it, each step at its own time, so that others come between any two. Before and after each step the
process may be killed (`plan.CRASH_POINTS`): then everything that it knew is gone, and what is on disk stays.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from random import Random
from typing import Final

from acquirer.app.lanes import Lanes
from acquirer.host.core import Host
from acquirer.host.exchange import exchange
from acquirer.model.effects import Arrival, Changes, Commit, CommitOutcome
from acquirer.model.rows import Card
from acquirer.simulation.history import ArrivedRequest, DurableCommit, History, RowVersion, SentReply
from acquirer.simulation.simulated_exchange import HostExchange, ReplyLine
from acquirer.simulation.simulated_store import SimulatedDisk, SimulatedStore
from acquirer.simulation.timeline import Timeline

PATIENCE_S: Final = 60.0
"""What a host takes as its terminals' patience: past it nothing is booked. Theirs is this, or shorter."""

ANY, ORIGINAL = "any", "original"
"""In place of a terminal whose session is written by another process."""

STOP_US: Final = 20_000
"""A host whose store has failed ends so long after."""

RESTART_US: Final = 5_000_000
"""How long a host is down that has stopped by itself: what starts it again looks every few seconds."""


class SimulatedHost:
    """What outlives a process of the host: its disk, and the number of its life.

    Args:
        make_host: makes a host as it is after its start.
        on_killed: is called when a process ends in any way but by itself, with whether its connections are reset.
    """

    def __init__(
        self,
        timeline: Timeline,
        disk: SimulatedDisk,
        make_host: Callable[[], Host],
        history: History,
        on_killed: Callable[[], None],
    ) -> None:
        self.timeline = timeline
        self.disk = disk
        self.history = history
        self.on_killed = on_killed
        self.crash_at = ""  # the next point at which it is killed, and how long it is down then
        self.down_us = 0
        self.conflict_with = ""  # the terminal whose session another process writes before its next commit, or `ANY`;
        # `ORIGINAL`: the row of the next transaction that another one is tied to
        self.life = 0
        self._make_host = make_host
        self._last_us = 0
        self.process: HostProcess | None = None
        self.start()

    def start(self) -> None:
        """Start a process, unless one runs."""
        if self.process is None:
            self.life += 1
            self.process = HostProcess(self, self._make_host())

    def kill(self, down_us: int) -> None:
        """Kill the process now, and have it started again after so long."""
        if self.process is not None:
            self.process.die()
            self.process = None
            self.on_killed()
            self.timeline.call_later(down_us, self.start)

    def reached(self, point: str) -> None:
        """Kill the process if it is to be killed at this point."""
        if point == self.crash_at:
            self.crash_at = ""
            self.history.count("crash")
            self.history.count(f"crash {point}")
            self.kill(self.down_us)

    def arrive(self, request: int, frame: bytes, tid: str, line: ReplyLine, chance: Random) -> None:
        """Take a request from the network; a connection is refused while no process runs."""
        if self.process is None:
            line.hang_up(hard=True)
            return
        at_us = self._last_us = max(self.timeline.now_us, self._last_us + 1)  # the store knows exchanges by it
        self.history.arrived.append(ArrivedRequest(at_us, request, self.life))
        arrival = Arrival(frame, at_us, at_us / 1_000_000 + PATIENCE_S, f"{tid}:1", request)
        self.process.begin(arrival, len(self.history.arrived) - 1, line, chance)


class HostProcess:
    """One life of a host: its store's caches, its lanes, the exchanges that are under way."""

    def __init__(self, machine: SimulatedHost, host: Host) -> None:
        self.machine = machine
        self.host = host
        self.timeline = machine.timeline
        self.dead = False
        self.arrivals: dict[int, int] = {}  # by time of arrival, which no two share
        self.store = SimulatedStore(machine.disk, machine.timeline, self._on_durable, self.reached)
        self.lanes = Lanes(machine.timeline.call_soon)
        self._stopping = False

    def begin(self, arrival: Arrival, number: int, line: ReplyLine, chance: Random) -> None:
        """Begin the exchange of a request."""
        self.arrivals[arrival.at_us] = number
        self.reached("arrived")
        if not self.dead:
            HostExchange(self, number, exchange(self.host, arrival), line, chance).resume(None)

    def reached(self, point: str) -> None:
        """Note how far an exchange has got."""
        if not self.dead:
            self.machine.reached(point)

    def die(self) -> None:
        """End at once."""
        self.dead = True
        self.store.die()

    def restart(self, down_us: int) -> None:
        """Behave as a host that restarts, because a fault says so: connections are reset, terminals' keys forgotten."""
        self.machine.kill(down_us)

    def stop_if_failed(self) -> None:
        """End as a host does whose store has failed: what it knows of is answered before."""
        if self.store.failed and not self._stopping:
            self._stopping = True
            self.timeline.call_later(STOP_US, lambda: None if self.dead else self.machine.kill(RESTART_US))

    def commit(self, wanted: Commit, on_outcome: Callable[[CommitOutcome], None]) -> None:
        """Queue a commit; another process may write its terminal's session meanwhile."""
        machine = self.machine
        if machine.conflict_with and self._is_overtaken(wanted.changes):
            machine.history.count("conflict")
            machine.conflict_with = ""
        self.store.commit(wanted, on_outcome)
        self.reached("committing")

    def _is_overtaken(self, changes: Changes) -> bool:
        """Have another process write one of the rows that a commit changes, if it is the one that is waited for."""
        machine, session, original = self.machine, changes.session, changes.original
        if machine.conflict_with == ORIGINAL:
            return original is not None and machine.disk.overtake("transaction_row", original.key._asdict())
        if session is None or machine.conflict_with not in (session.tid, ANY):
            return False
        return machine.disk.overtake("session", {"tid": session.tid})

    def note_reply(self, arrival: int, data: bytes, *, whole: bool) -> None:
        """Note what was put on a connection."""
        self.machine.history.replied.append(SentReply(self.timeline.now_us, arrival, data, whole))

    def _on_durable(self, changes: Changes, card: Card | None, versions: tuple[RowVersion, ...]) -> None:
        number = self.arrivals[changes.evidence.at_us]
        # As it is on the disk: an exchange whose commit fails says afterwards that it was not approved.
        durable = replace(changes, evidence=copy(changes.evidence))
        self.machine.history.committed.append(DurableCommit(self.timeline.now_us, number, durable, card, versions))
