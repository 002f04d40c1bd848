"""The phases of a plan: when terminals come in each, and what follows when one has ended.

1. A phase is an open loop: its moments are drawn beforehand, from a seed, alike in every process, and wait for nothing.
   `Users` alone waits for answers, and terminals of a `Herd` come again after a failure.
2. Moments are microseconds since the beginning of the phase. Processes divide them (`PlanPart`); each terminal
   belongs to one process, so that none has two requests at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from acquirer.load.arrivals import SHAPES, even, poisson, ramp
from acquirer.load.durations import BackOff, ThinkTime
from acquirer.load.parts import PlanPart
from acquirer.load.phase import LoadPhase, PhaseArrival
from acquirer.load.terminal_journeys import journey_from_json


@dataclass(frozen=True, kw_only=True)
class Burst(LoadPhase):
    """So many terminals, each once, within a time; when there are fewer, they come again in the same order.

    Args:
        shape: a name of `SHAPES`.
    """

    kind = "burst"

    count: int
    within_s: float
    shape: str = "even"

    @property
    def length_s(self) -> float:
        return self.within_s

    @property
    def arrivals(self) -> int:
        return self.count

    @property
    def terminals(self) -> int:
        return self.count

    @property
    def rate(self) -> float:
        return self.count / self.within_s

    def moments(self, random: Random, terminals: int, part: PlanPart) -> Iterator[PhaseArrival]:
        # Who comes when is drawn: terminals of a file are neighbours, and a host may keep them in that order.
        order = list(range(min(self.count, terminals)))
        random.shuffle(order)
        moments = SHAPES[self.shape](self.count, _us(self.within_s), random)
        who = ((at_us, order[place % len(order)]) for place, at_us in enumerate(moments))
        return (PhaseArrival(at_us, terminal) for at_us, terminal in who if part.has(terminal))


@dataclass(frozen=True, kw_only=True)
class Constant(LoadPhase):
    """So many a second, at equal distances."""

    kind = "constant"

    rate_per_s: float
    for_s: float

    @property
    def length_s(self) -> float:
        return self.for_s

    @property
    def arrivals(self) -> int:
        return max(round(self.rate_per_s * self.for_s), 1)

    @property
    def rate(self) -> float:
        return self.rate_per_s

    def at_once(self, patience_s: float) -> float:
        return self.rate * patience_s * self.journey.most_requests

    def moments(self, random: Random, terminals: int, part: PlanPart) -> Iterator[PhaseArrival]:
        del terminals
        return _in_turn(even(self.arrivals, _us(self.for_s), random), part)


@dataclass(frozen=True, kw_only=True)
class PoissonArrivals(Constant):
    """So many a second on average, independent of each other; of `rate × for` it is known that they come."""

    kind = "poisson"

    def moments(self, random: Random, terminals: int, part: PlanPart) -> Iterator[PhaseArrival]:
        del terminals
        return _in_turn(poisson(self.arrivals, _us(self.for_s), random), part)


@dataclass(frozen=True, kw_only=True)
class Ramp(LoadPhase):
    """A rate that rises, or falls, steadily."""

    kind = "ramp"

    from_per_s: float
    to_per_s: float
    for_s: float

    @property
    def length_s(self) -> float:
        return self.for_s

    @property
    def arrivals(self) -> int:
        return max(round((self.from_per_s + self.to_per_s) / 2 * self.for_s), 1)

    @property
    def rate(self) -> float:
        return max(self.from_per_s, self.to_per_s)

    def at_once(self, patience_s: float) -> float:
        return self.rate * patience_s * self.journey.most_requests

    def moments(self, random: Random, terminals: int, part: PlanPart) -> Iterator[PhaseArrival]:
        del random, terminals
        return _in_turn(ramp(self.arrivals, _us(self.for_s), self.from_per_s, self.to_per_s), part)


@dataclass(frozen=True, kw_only=True)
class Herd(LoadPhase):
    """All terminals lose their connection at once, and return after an outage, each with its own back-off.

    A terminal tries for the first time at once, while the line is still down, and then with ever longer waits; what it
    would try before the outage is over reaches no one and is not sent. Once it is over, each comes at its next try, and
    again with a longer wait when that fails, for as long as the phase has.

    Args:
        for_s: how long terminals may try after the outage.
    """

    kind = "herd"

    count: int
    outage_s: float
    for_s: float
    back_off: BackOff = field(default_factory=BackOff)

    @property
    def length_s(self) -> float:
        return self.outage_s + self.for_s

    @property
    def arrivals(self) -> int:
        return self.count

    @property
    def terminals(self) -> int:
        return self.count

    @property
    def rate(self) -> float:
        return self.count / max(min(self.back_off.most_s, self.outage_s), 1.0)

    def moments(self, random: Random, terminals: int, part: PlanPart) -> Iterator[PhaseArrival]:
        del terminals
        outage_us = _us(self.outage_s)
        come = []
        for terminal in range(self.count):
            at_us, tries = 0, 0
            while at_us < outage_us:
                tries += 1
                at_us += max(self.back_off.wait_us(tries, random), 1)
            if part.has(terminal):
                come.append(PhaseArrival(at_us, terminal, tries))
        return iter(sorted(come))

    def next_us(self, tries: int, *, answered: bool, random: Random) -> int | None:
        return None if answered else self.back_off.wait_us(tries, random)


@dataclass(frozen=True, kw_only=True)
class Users(LoadPhase):
    """A closed loop: so many users, each with a terminal, who think between an answer and the next request."""

    kind = "users"

    count: int
    for_s: float
    think: ThinkTime = field(default_factory=ThinkTime)

    @property
    def length_s(self) -> float:
        return self.for_s

    @property
    def terminals(self) -> int:
        return self.count

    def moments(self, random: Random, terminals: int, part: PlanPart) -> Iterator[PhaseArrival]:
        del terminals
        # The first thought is cut short by chance: else all would come at once, and in step for a while.
        first = [(int(self.think.draw_us(random) * random.random()), user) for user in range(self.count)]
        come = [PhaseArrival(at_us, user) for at_us, user in sorted(first) if part.has(user)]
        return (one for one in come if one.at_us < _us(self.for_s))

    def next_us(self, tries: int, *, answered: bool, random: Random) -> int | None:
        del tries, answered
        return self.think.draw_us(random)


PHASES: Final[Mapping[str, type[LoadPhase]]] = {
    kind.kind: kind for kind in (Burst, Constant, Ramp, PoissonArrivals, Herd, Users)
}
"""By the word that a plan has for them."""


def phase_from_json(values: Mapping[str, Any]) -> LoadPhase:
    """Return the phase that `as_json` wrote."""
    given = {name: value for name, value in values.items() if name != "kind"}
    parts: Mapping[str, Callable[..., Any]] = {"journey": journey_from_json, "think": ThinkTime, "back_off": BackOff}
    return PHASES[values["kind"]](
        **{name: parts[name](**value) if name in parts else value for name, value in given.items()}
    )


def _in_turn(moments: Iterator[int], part: PlanPart) -> Iterator[PhaseArrival]:
    return (PhaseArrival(at_us) for place, at_us in enumerate(moments) if part.has(place))


def _us(seconds: float) -> int:
    return max(round(seconds * 1_000_000), 1)
