"""The faults of a running host: which of them act on an exchange, and how often each has acted.

1. An exchange is under one `FaultSet` from its request to its reply. Switching replaces the whole set between two
   exchanges and makes the generation one higher (`generation.GenerationCounter`).
2. All faults that match act, in the order of their stages, those of one stage in the order of declaration.
3. A fault is counted when it acted, not when it was found: `FaultSet.reserve` finds it, then `Faults.applied` counts it
   or `Faults.release` gives it back, because the decision was not committed or there was nothing to damage.
4. What is drawn depends on seed, fault, terminal and the number of its exchange there alone (`draws`): not on the order
   in which terminals come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from acquirer.matcher.counted import CountedCondition
from acquirer.scenario.conflicts import FaultConflictError, find_conflict
from acquirer.scenario.draws import chance, stream
from acquirer.scenario.fault import Fault
from acquirer.scenario.fault_kind import FaultContext, Stage
from acquirer.scenario.generation import GenerationCounter

TERMINALS_COUNTED: Final = 100_000
"""Terminals whose exchanges a fault counts: any peer may name any terminal, and each costs some 150 bytes. Beyond it
counting begins anew."""


@dataclass(slots=True)
class _Use:
    """How often a declared fault was used."""

    when: CountedCondition | None = None  # the fault's
    acted: int = 0
    reserved: int = 0
    matched: int = 0
    by_terminal: dict[str, int] = field(default_factory=dict)

    def of(self, fault: Fault, reserved: int = 0) -> _Use:
        """Return the same counts for another fault."""
        when = None if fault.when is None else CountedCondition(fault.when)
        return _Use(when, self.acted, reserved, self.matched, dict(self.by_terminal))

    def next_of(self, tid: str) -> int:
        """Count one more exchange of a terminal that matches, and return which one it is."""
        self.matched += 1
        if len(self.by_terminal) >= TERMINALS_COUNTED:
            self.by_terminal.clear()
        number = self.by_terminal[tid] = self.by_terminal.get(tid, 0) + 1
        return number


def _use_of(fault: Fault) -> _Use:
    return _Use().of(fault)


class FaultSet:
    """The faults that are in force together."""

    __slots__ = ("_enabled", "_seed", "_uses", "declared")

    def __init__(self, declared: tuple[Fault, ...], seed: int, uses: dict[int, _Use]) -> None:
        self.declared = declared  # in order of declaration
        self._enabled = tuple(fault for fault in declared if fault.enabled)
        self._seed = seed
        self._uses = uses

    def reserve(self, stages: Stage | Collection[Stage], context: FaultContext) -> tuple[Fault, ...]:
        """Find the faults that are to act on an exchange, and reserve them.

        Args:
            stages: where the exchange stands; faults of other stages are passed over.
            context: the exchange. When it is decided again, the same object: what was drawn for it stays.

        Returns:
            All faults of these stages that match, win their draw and are not used up, in the order in which they act;
            for each, `Faults.applied` or `Faults.release` must follow.
        """
        stages = (stages,) if isinstance(stages, Stage) else stages
        found = [fault for fault in self._enabled if fault.kind.stage in stages and self._acts(fault, context)]
        for fault in found:
            self._uses[id(fault)].reserved += 1
        return tuple(sorted(found, key=lambda fault: fault.kind.stage))

    def _acts(self, fault: Fault, context: FaultContext) -> bool:
        if not fault.matches(context):
            return False
        use = self._uses[id(fault)]
        when = use.when
        if when is not None and not (context.subject is not None and when.fits(context.subject)):
            return False
        drawn = context.draws.get(id(fault))
        if drawn is None:
            number = use.next_of(context.origin)
            wins = (
                use.matched > fault.skip
                and (when is None or when.is_meant(use.matched))
                and (fault.probability >= 1.0 or chance(*_draw(self._seed, fault, context, number)) < fault.probability)
            )
            drawn = context.draws[id(fault)] = number, wins
        return drawn[1] and (fault.count is None or use.acted + use.reserved < fault.count)


class Faults:
    """The faults of one running host: which are in force, and how often each has acted.

    Args:
        faults: in order of declaration.
        seed: of what is drawn.
        generation: numbers what is in force; shared with the host's rules.

    Raises:
        FaultConflictError: two of them contradict each other.
    """

    def __init__(
        self, faults: Iterable[Fault] = (), seed: int = 0, generation: GenerationCounter | None = None
    ) -> None:
        self.seed = seed
        self.generation = GenerationCounter() if generation is None else generation
        self.forgotten_us = 0
        """When the host forgot who had signed on (`host_restart`): sign-ons until then hold no longer."""
        self._uses: dict[int, _Use] = {}
        self.active: FaultSet | None = None
        """What an exchange that begins now is under; None until there is a fault: nothing is looked at then."""
        # Copies: two declarations with equal values are two faults, each with a count of its own.
        if declared := tuple(replace(fault) for fault in faults):
            self._enforce(declared)

    def __bool__(self) -> bool:
        return bool(self.declared)

    def copied(self) -> Faults:
        """Return the same faults once more, with counts of their own; what is drawn next is the same."""
        other = Faults((), self.seed, self.generation.copied())
        other.forgotten_us = self.forgotten_us
        for fault in self.declared:
            use = self._uses[id(fault)]
            other._uses[id(fault)] = use.of(fault, use.reserved)
        other._enforce(self.declared)
        return other

    @property
    def declared(self) -> tuple[Fault, ...]:
        """Return the faults there are, in order of declaration; those that are not enabled too."""
        return () if self.active is None else self.active.declared

    def switch(self, faults: Iterable[Fault]) -> int:
        """Put these faults in force in place of those there are, for the exchanges that begin from now on.

        A fault of `declared` that is among them keeps its count; any other one begins to count.

        Returns:
            The generation of what is in force now.

        Raises:
            FaultConflictError: two of them contradict each other; everything stays as it was.
        """
        kept = {id(fault) for fault in self.declared}
        declared = tuple(fault if id(fault) in kept else replace(fault) for fault in faults)
        self._enforce(declared)
        self.generation.advance()
        return self.generation.number

    def add(self, *faults: Fault) -> int:
        """Put faults in force behind those there are, in place of those of the same names; return the generation."""
        names = {fault.name for fault in faults}
        return self.switch((*(fault for fault in self.declared if fault.name not in names), *faults))

    def replace(self, fault: Fault) -> int:
        """Put a fault in the place of the one of its name, whose counts it goes on with; return the generation.

        What it does to exchanges that are under way is not counted.

        Raises:
            FaultConflictError: it contradicts another one; everything stays as it was.
        """
        fault = replace(fault)
        before = self.declared
        for one in before:
            if one.name == fault.name:
                self._uses[id(fault)] = self._uses[id(one)].of(fault)
        try:
            self._enforce(tuple(fault if one.name == fault.name else one for one in before))
        except FaultConflictError:
            self._uses.pop(id(fault), None)
            raise
        return self.generation.advance()

    def remove(self, *names: str) -> int:
        """Switch the faults of these names off, all without a name; return the generation.

        Removing what is not there changes nothing.
        """
        kept = tuple(fault for fault in self.declared if names and fault.name not in names)
        return self.generation.number if len(kept) == len(self.declared) else self.switch(kept)

    def context_of(self, fault: Fault, context: FaultContext) -> FaultContext:
        """Return the context of an exchange under the name of a fault that acts on it, with randomness of its own."""
        number, _ = context.draws.get(id(fault), (0, True))  # a rule's own fault has no number
        draw = _draw(self.seed, fault, context, number)
        return replace(context, fault=fault.name, randbytes=stream(*draw, "kind"))

    def applied(self, fault: Fault) -> None:
        """Count a reserved fault: it has acted. A fault that is not declared here is not counted."""
        if self.release(fault):
            self._uses[id(fault)].acted += 1

    def release(self, fault: Fault) -> bool:
        """Give a reserved fault back uncounted, because it did not act.

        Returns:
            Whether it was reserved here.
        """
        use = self._uses.get(id(fault))
        if use is None or not use.reserved:
            return False
        use.reserved -= 1
        return True

    def acted(self, fault: Fault) -> int:
        """Return how often a fault of `declared` has acted."""
        return self._uses[id(fault)].acted

    def _enforce(self, declared: tuple[Fault, ...]) -> None:
        if conflict := find_conflict(declared):
            raise FaultConflictError(conflict.problem)
        self._uses = {id(fault): self._uses.get(id(fault)) or _use_of(fault) for fault in declared}
        self.active = FaultSet(declared, self.seed, self._uses) if declared or self.active is not None else None


def _draw(seed: int, fault: Fault, context: FaultContext, number: int) -> tuple[int, str, str, int]:
    return (
        seed if fault.seed is None else fault.seed,
        fault.name,
        context.origin,
        number,
    )
