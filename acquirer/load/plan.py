"""A plan of load: which terminals come in which phases, to which host, and what is checked before they do."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import accumulate, chain
from random import Random
from typing import Any, Final, NamedTuple

from acquirer.data.text import plural
from acquirer.data.toml import DataError
from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.load.parts import PlanPart
from acquirer.load.phase import LoadPhase, PhaseArrival
from acquirer.load.phases import phase_from_json
from acquirer.load.thresholds import Threshold, read_threshold
from acquirer.settings.registration import Registration
from acquirer.settings.terminals import named_or_demo_terminals


class PlanError(ConfigurationError, ValueError):
    """A plan that cannot be run: one sentence."""


class Shard(NamedTuple):
    """Which of several machines this is, from 1, each of which runs the same plan with its share of terminals."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


ALONE: Final = Shard()


def read_shard(text: str) -> Shard:
    """Return a shard as it is typed: ``2/5``. Raises ValueError.

    >>> read_shard("2/5")
    Shard(number=2, of=5)
    """
    found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"'{text}' is no shard; write 2/5 on the second of five machines")
    return Shard(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What is to be done.

    Args:
        host: ``HOST:PORT``.
        terminals: file of ``[[terminal]]`` tables; None: the demo set.
        phases: one after another.
        cards: file of ``[[card]]`` tables; None: the shipped test cards.
        kept: a terminal keeps its connection for its next request.
        verify: KCVs and MACs of answers are checked; False measures what that costs.
        repeat: terminals may come again in a burst that has more arrivals than there are terminals.
        sources: addresses to connect from.
        timeout_s: how long each waits for an answer; 0: as its dialect says.
        workers: processes among which the terminals of this shard are divided.
        thresholds: what must hold in the end, or all the time.
        tls: how the host is called over TLS, the arguments of `client_tls`; None: without.
        start_unix_ns: when it begins; None: once its requests are prepared.
        command: the command line.
    """

    host: str
    terminals: str | None
    phases: tuple[LoadPhase, ...]
    cards: str | None = None
    dialect: str = "unionpay-pos"
    kept: bool = False
    verify: bool = True
    repeat: bool = False
    sources: tuple[str, ...] = ()
    timeout_s: float = 0.0
    seed: int = 1
    workers: int = 1
    thresholds: tuple[Threshold, ...] = ()
    shard: Shard = ALONE
    start_unix_ns: int | None = None
    command: tuple[str, ...] = ()
    tls: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for a header or another process."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        values["phases"] = [phase.as_json() for phase in self.phases]
        values["thresholds"] = [
            {"threshold": one.written, "abort": one.abort, "grace_s": one.grace_s} for one in self.thresholds
        ]
        return {**values, "shard": str(self.shard)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LoadPlan:
        """Return the plan that `as_json` wrote."""
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        read["phases"] = tuple(phase_from_json(one) for one in values["phases"])
        read["thresholds"] = tuple(
            read_threshold(one["threshold"], abort=one["abort"], grace_s=one["grace_s"]) for one in values["thresholds"]
        )
        read["shard"] = read_shard(values["shard"])
        return cls(**read)

    @property
    def begins_s(self) -> tuple[float, ...]:
        """Return when each phase begins, since the beginning of the run."""
        lengths = [0.0, *[phase.length_s for phase in self.phases]]
        pauses = [phase.pause_s for phase in self.phases]
        return tuple(accumulate(length + pause for length, pause in zip(lengths, pauses, strict=False)))

    @property
    def length_s(self) -> float:
        """Return until when terminals come."""
        return self.begins_s[-1] + self.phases[-1].length_s

    @property
    def processes(self) -> int:
        """Return how many processes divide the plan, on all machines that have as many workers as this one."""
        return self.shard.of * self.workers

    def part(self, worker: int) -> PlanPart:
        """Return what a worker does: a share of its shard, however many workers the other shards have."""
        return PlanPart(self.shard.number - 1 + self.shard.of * worker, self.processes)

    def moments(self, part: PlanPart, terminals: int) -> Iterator[tuple[int, int, PhaseArrival]]:
        """Return what comes of a part: microseconds since the beginning, ascending, the place of the phase, and who."""
        return chain.from_iterable([self._moments(place, part, terminals) for place in range(len(self.phases))])

    def _moments(self, place: int, part: PlanPart, terminals: int) -> Iterator[tuple[int, int, PhaseArrival]]:
        begin_us = round(self.begins_s[place] * 1_000_000)
        random = Random(f"{self.seed}/{place}")  # noqa: S311  the same arrivals each time, everywhere
        arrivals = self.phases[place].moments(random, terminals, part)
        return ((begin_us + arrival.at_us, place, arrival) for arrival in arrivals)

    def share(self, part: PlanPart, terminals: int) -> int:
        """Return how many arrivals are a part's, of the phases that know how many they have."""
        shares = []
        for place, phase in enumerate(self.phases):
            if phase.arrivals is not None and phase.arrivals > terminals and phase.kind == "burst":
                shares.append(sum(1 for _ in self._moments(place, part, terminals)))  # terminals come again, by lot
            else:
                shares.append(part.share(phase.arrivals or 0))
        return sum(shares)

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Return what phases are called: as the plan says, else by their kind, with a number if need be."""
        kinds = [phase.kind for phase in self.phases]
        return tuple(
            phase.name or (phase.kind if kinds.count(phase.kind) == 1 else f"{phase.kind}-{place}")
            for place, phase in enumerate(self.phases, 1)
        )

    def taking_part(self, terminals: int) -> int:
        """Return how many of so many terminals come: with a rate all take turns, else the first of the file."""
        return int(min(terminals, max(phase.at_once(math.inf) for phase in self.phases)))

    def phases_as_json(self) -> list[dict[str, Any]]:
        """Return the phases for a header."""
        return [
            {
                "name": name,
                "kind": phase.kind,
                "begin_s": begin_s,
                "length_s": phase.length_s,
                "requests": phase.arrivals,
            }
            for name, phase, begin_s in zip(self.phase_names, self.phases, self.begins_s, strict=True)
        ]


def find_terminals(plan: LoadPlan) -> list[Registration]:
    """Return the terminals of a plan, in the order of their file.

    Raises:
        DataError: the file is wrong, or has too few for a phase, or for the processes that divide them.
    """
    known = named_or_demo_terminals(plan.terminals)
    where, has = plan.terminals or "the demo set", f"holds {plural(len(known), 'terminal')}"
    for phase in plan.phases:
        if len(known) >= phase.terminals or (plan.repeat and phase.kind == "burst"):
            continue
        again = ", or let them come again (--repeat)" if phase.kind == "burst" else ""
        problem = (
            f"{has}, and {phase.terminals} are to come, each once: add some "
            f'(tid = "30000001..30020000" is a range), ask for fewer (count){again}'
        )
        raise DataError(where, 0, "", problem)
    if len(known) < plan.processes:
        problem = (
            f"{has}, and {plan.processes} processes divide them ({plural(plan.shard.of, 'shard')}, "
            f"{plural(plan.workers, 'worker')} each): add some, or take fewer workers"
        )
        raise DataError(where, 0, "", problem)
    return known


def check_journeys(plan: LoadPlan, dialect: Dialect) -> None:
    """Refuse a journey that terminals of a dialect cannot make. Raises PlanError."""
    if dialect.terminal_profile is None:
        raise PlanError(f"the dialect {dialect.name} does not describe its terminals: it has no [terminal]")
    for name, phase in zip(plan.phase_names, plan.phases, strict=True):
        if missing := phase.journey.missing(dialect):
            raise PlanError(
                f"{name}: terminals of {dialect.name} cannot make the journey '{phase.journey.name}', which needs "
                f"'{missing}': {_remedy(missing, dialect)}"
            )


def _remedy(missing: str, dialect: Dialect) -> str:
    if missing in ("reversal", "signature"):
        return f"write {missing}s = 0 in it, or take another dialect"
    others = {"sign_on": "the journey 'sale'", "sign_off": "the journey 'sale'"}
    return f"take {others.get(missing, 'another journey')}, or another dialect than {dialect.name}"
