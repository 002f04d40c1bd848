"""Declared faults: their conditions, and how often each has acted.

A fault is counted when it acted, not when it was found: `Faults.reserve` finds one, then either `Faults.applied` counts
it or `Faults.release` gives it back, because the decision was not committed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from acquirer.data.types import Randbytes
from acquirer.model.effects import Effect
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage


@dataclass(frozen=True, slots=True)
class Fault:
    """Damage of one kind, and its conditions; a condition that is None always holds."""

    name: str
    kind: FaultKind
    tid: str | None = None
    mid: str | None = None
    service: str | None = None
    code: str | None = None  # of the reply
    amount_minor: int | None = None
    probability: float = 1.0
    count: int | None = None  # acts this often, then never again; None: without limit

    @property
    def stage(self) -> Stage:
        """Return the stage of the fault's kind."""
        return self.kind.stage

    def matches(self, context: FaultContext) -> bool:
        """Return whether every condition that depends neither on probability nor on the count holds."""
        return (
            self.tid in (None, context.tid)
            and self.mid in (None, context.mid)
            and self.service in (None, context.service)
            and self.code in (None, context.code)
            and self.amount_minor in (None, context.amount_minor)
        )

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Return what is performed instead of `effects`, under the name of this fault."""
        return self.kind.apply(effects, replace(context, fault=self.name))


def apply_all(faults: Iterable[Fault], effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
    """Return what is performed instead of `effects` when several faults act on one exchange.

    They act in the order of their stages, those of one stage in the order given.
    """
    chained = iter(effects)
    for fault in sorted(faults, key=lambda fault: fault.stage):  # a stable sort
        chained = fault.apply(chained, context)
    return chained


class Faults:
    """The faults of one running host, in order of declaration, and how often each has acted."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        # Copies: two declarations with equal values are two faults, each with a count of its own.
        self.declared = tuple(replace(fault) for fault in faults)
        self._acted = {id(fault): 0 for fault in self.declared}
        self._reserved = {id(fault): 0 for fault in self.declared}

    def __bool__(self) -> bool:
        return bool(self.declared)

    def reserve(self, stages: Stage | Collection[Stage], context: FaultContext, randbytes: Randbytes) -> Fault | None:
        """Find the fault that is to act on an exchange, and reserve it.

        Args:
            stages: where the exchange stands; faults of other stages are passed over.
            context: the exchange.
            randbytes: decides about faults with a probability.

        Returns:
            The first declared fault of these stages that matches, wins its draw and is not used up; `applied` or
            `release` must follow. None when there is none.
        """
        if isinstance(stages, Stage):
            stages = (stages,)
        for fault in self.declared:
            if fault.kind.stage not in stages or not fault.matches(context) or self._used_up(fault):
                continue
            if fault.probability < 1.0 and int.from_bytes(randbytes(4), "big") >= fault.probability * 2**32:
                continue
            self._reserved[id(fault)] += 1
            return fault
        return None

    def applied(self, fault: Fault) -> None:
        """Count a reserved fault: it has acted. A fault that is not declared here is not counted."""
        if self.release(fault):
            self._acted[id(fault)] += 1

    def release(self, fault: Fault) -> bool:
        """Give a reserved fault back uncounted, because it did not act.

        Returns:
            Whether it was reserved here.
        """
        if not self._reserved.get(id(fault)):
            return False
        self._reserved[id(fault)] -= 1
        return True

    def acted(self, fault: Fault) -> int:
        """Return how often a fault of `declared` has acted."""
        return self._acted[id(fault)]

    def _used_up(self, fault: Fault) -> bool:
        return fault.count is not None and self._acted[id(fault)] + self._reserved[id(fault)] >= fault.count
