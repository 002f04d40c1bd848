"""A declared fault: damage of one kind, and the conditions under which it acts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from acquirer.matcher.contradiction import contradictions
from acquirer.matcher.counted import COUNTED
from acquirer.matcher.expression import Expression, conjunction, conjuncts, keys_of
from acquirer.model.effects import Effect
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage

LONGEST_NAME: Final = 80
"""Characters of a name: it stands in every line of the log that tells of it."""


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
    peer: str | None = None  # "127.0.0.1:50412"; * stands for anything
    listener: str | None = None  # "127.0.0.1:8583"; * stands for anything
    probability: float = 1.0
    count: int | None = None  # acts this often, then never again; None: without limit
    skip: int = 0  # lets so many exchanges that match pass first
    seed: int | None = None  # of its draws; None: the host's
    when: Expression | None = None  # asks for more than the conditions above
    enabled: bool = True  # False: it is declared, and does not act

    @property
    def stage(self) -> Stage:
        """Return the stage of the fault's kind."""
        return self.kind.stage

    def matches(self, context: FaultContext) -> bool:
        """Return whether every condition that depends neither on probability nor on counts holds."""
        return (
            self.tid in (None, context.tid)
            and self.mid in (None, context.mid)
            and self.service in (None, context.service)
            and self.code in (None, context.code)
            and self.amount_minor in (None, context.amount_minor)
            and (self.peer is None or fnmatchcase(context.peer, self.peer))
            and (self.listener is None or fnmatchcase(context.listener, self.listener))
        )

    def may_meet(self, other: Fault) -> bool:
        """Return whether there may be an exchange that both match."""
        plain = (
            (self.tid, other.tid),
            (self.mid, other.mid),
            (self.service, other.service),
            (self.code, other.code),
            (self.amount_minor, other.amount_minor),
            (_exactly(self.peer), _exactly(other.peer)),
            (_exactly(self.listener), _exactly(other.listener)),
        )
        if any(mine is not None and its is not None and mine != its for mine, its in plain):
            return False
        whens = (one.when for one in (self, other) if one.when is not None)
        parts = (part for when in whens for part in conjuncts(when) if COUNTED not in keys_of(part))
        return next(contradictions(conjunction(parts)), None) is None

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


def _exactly(address: str | None) -> str | None:
    """Return an address; None where it stands for several."""
    return None if address is None or any(sign in address for sign in "*?[") else address
