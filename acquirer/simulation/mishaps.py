"""What goes wrong in a simulation at a moment, one function for each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from acquirer.dialect.dialect import Dialect
from acquirer.scenario.faults import Faults, parse
from acquirer.scenario.rules import Rules
from acquirer.scenario.rules.reading import make_rule
from acquirer.simulation.history import History
from acquirer.simulation.network import Network
from acquirer.simulation.plan import CRASH_POINTS, FAULTS, RULES, PlannedMishap
from acquirer.simulation.simulated_host import ANY, ORIGINAL, SimulatedHost
from acquirer.simulation.simulated_store import SimulatedDisk
from acquirer.simulation.timeline import Timeline


class TroubledWorld(Protocol):
    """What can go wrong."""

    timeline: Timeline
    network: Network
    host: SimulatedHost
    disk: SimulatedDisk
    rules: Rules
    faults: Faults
    history: History

    @property
    def dialect(self) -> Dialect:
        """What the host speaks."""

    def tid_of(self, number: int) -> str:
        """Return the number of a terminal; "": all of them."""


def happen(mishap: PlannedMishap, world: TroubledWorld) -> None:
    """Have something go wrong."""
    _MISHAPS[mishap.kind](mishap, world)


def _partition(mishap: PlannedMishap, world: TroubledWorld) -> None:
    world.network.partition(world.tid_of(mishap.terminal), mishap.lasts_us)


def _crash(mishap: PlannedMishap, world: TroubledWorld) -> None:
    world.host.crash_at = CRASH_POINTS[mishap.detail % len(CRASH_POINTS)]
    world.host.down_us = mishap.lasts_us


def _fail_commit(mishap: PlannedMishap, world: TroubledWorld) -> None:
    world.history.count("commit-fails")
    world.disk.failing = ("before", "after")[mishap.detail % 2]


def _fill_disk(mishap: PlannedMishap, world: TroubledWorld) -> None:
    world.history.count("disk-full")
    world.disk.fill()
    world.timeline.call_later(mishap.lasts_us, world.disk.make_room)


def _lock(mishap: PlannedMishap, world: TroubledWorld) -> None:
    world.history.count("lock")
    _set_for(world, "locked", mishap.lasts_us)


def _hide_rows(mishap: PlannedMishap, world: TroubledWorld) -> None:
    world.history.count("unreadable")
    _set_for(world, "unreadable", mishap.lasts_us)


def _set_for(world: TroubledWorld, name: str, lasts_us: int) -> None:
    setattr(world.disk, name, True)
    world.timeline.call_later(lasts_us, lambda: setattr(world.disk, name, False))


def _conflict(mishap: PlannedMishap, world: TroubledWorld) -> None:
    world.host.conflict_with = ORIGINAL if mishap.detail % 3 == 0 else world.tid_of(mishap.terminal) or ANY


def _put_rule(mishap: PlannedMishap, world: TroubledWorld) -> None:
    name, dialect = f"rule {mishap.number}", world.dialect
    chosen = RULES[mishap.detail % len(RULES)]
    then = {key: dialect.code_of(value) if key == "code" else value for key, value in chosen["then"].items()}
    service = chosen["when"].get("service")
    if service is not None and not any(route.served and route.service == service for route in dialect.routes):
        return  # it would be about a message that no terminal of this dialect sends
    world.rules.add(make_rule({"name": name, "when": chosen["when"], "then": then}, [dialect]))
    world.history.count("rule")
    world.timeline.call_later(mishap.lasts_us, lambda: _remove_rule(world, name))


def _remove_rule(world: TroubledWorld, name: str) -> None:
    if name in world.rules.used():
        world.rules.remove(name)


def _put_fault(mishap: PlannedMishap, world: TroubledWorld) -> None:
    text = FAULTS[mishap.detail % len(FAULTS)]
    name = f"fault {mishap.number}"
    of = f",tid={tid}" if (tid := world.tid_of(mishap.terminal)) else ""
    try:
        fault = parse(f"{text}{',' if ':' in text else ':'}name={name}{of}", [world.dialect])
        world.faults.add(fault)
    except ValueError:  # nothing is left to act on: by another fault, or no reply of this dialect has a MAC, or keys
        return
    world.history.count("fault")
    world.timeline.call_later(mishap.lasts_us, lambda: _remove_fault(world, name))


def _remove_fault(world: TroubledWorld, name: str) -> None:
    if any(one.name == name for one in world.faults.declared):
        world.faults.remove(name)


_MISHAPS: Final[dict[str, Callable[[PlannedMishap, TroubledWorld], None]]] = {
    "partition": _partition,
    "crash": _crash,
    "commit-fails": _fail_commit,
    "disk-full": _fill_disk,
    "lock": _lock,
    "unreadable": _hide_rows,
    "conflict": _conflict,
    "rule": _put_rule,
    "fault": _put_fault,
}
"""What makes each kind of mishap happen."""
