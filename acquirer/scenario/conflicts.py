"""Faults that cannot be in force together, because they contradict each other on one reply."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product
from typing import NamedTuple

from acquirer.errors import ConfigurationError
from acquirer.scenario.fault import Fault
from acquirer.scenario.fault_kind import REPLY_STAGES, FaultKind


class FaultConflictError(ConfigurationError, ValueError):
    """Faults that cannot be in force together: one sentence."""


class FaultConflict(NamedTuple):
    """Two faults that contradict each other, and why in a sentence."""

    pair: tuple[Fault, Fault]
    problem: str


def find_conflict(faults: Iterable[Fault]) -> FaultConflict | None:
    """Return two of some faults that may meet on one reply and contradict each other; None when none do."""
    by_kind: dict[type[FaultKind], list[Fault]] = {}
    for fault in faults:
        if fault.enabled:
            by_kind.setdefault(type(fault.kind), []).append(fault)
    for one, other in combinations(by_kind.values(), 2):
        if not _clash(one[0], other[0]):
            continue
        for pair in product(one, other):
            if pair[0].may_meet(pair[1]):
                return FaultConflict(pair, _clash(*pair))
    return None


def _clash(fault: Fault, other: Fault) -> str:
    """Return why the kinds of two faults contradict each other, in a sentence with their names; "" when they do not."""
    head = f"faults '{fault.name}' and '{other.name}' contradict each other: "
    for first, second in ((fault, other), (other, fault)):
        if first.kind.withholds and second.stage in REPLY_STAGES:
            return (
                f"{head}'{first.name}' lets no reply be sent that '{second.name}' could damage; give them other "
                "conditions, or take one out"
            )
    if fault.kind.claims and fault.kind.claims == other.kind.claims:
        return f"{head}both decide {fault.kind.claims}; give them other conditions, or take one out"
    return ""
