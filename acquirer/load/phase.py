"""What all phases of a plan have in common; their kinds stand in `phases`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, ClassVar, NamedTuple

from acquirer.load.parts import PlanPart
from acquirer.load.terminal_journeys import TerminalJourney


class PhaseArrival(NamedTuple):
    """One terminal that is to come.

    Args:
        at_us: since the beginning of the phase.
        terminal: its number; None: the one whose turn it is.
        tries: how often it has tried before, unheard.
    """

    at_us: int
    terminal: int | None = None
    tries: int = 0


@dataclass(frozen=True, kw_only=True)
class LoadPhase(ABC):
    """What all phases have.

    Args:
        journey: what each terminal does when it comes.
        pause_s: between the end of the phase before and the beginning of this one.
    """

    kind: ClassVar[str]

    name: str = ""
    journey: TerminalJourney = field(default_factory=TerminalJourney)
    pause_s: float = 0.0

    @property
    @abstractmethod
    def length_s(self) -> float:
        """Return how long terminals come."""

    @property
    def arrivals(self) -> int | None:
        """Return how many come, of all processes; None: it depends on the answers."""
        return None

    @property
    def terminals(self) -> int:
        """Return how many terminals it needs at least."""
        return 1

    @property
    def rate(self) -> float:
        """Return how many come a second when most do; 0: it depends on the answers."""
        return 0.0

    def at_once(self, patience_s: float) -> float:
        """Return how many terminals may be at work at a time, where each waits so long for an answer."""
        del patience_s
        return self.terminals

    @abstractmethod
    def moments(self, random: Random, terminals: int, part: PlanPart) -> Iterator[PhaseArrival]:
        """Return what comes, ascending; what is drawn of terminals is drawn now, moments when they are needed.

        Args:
            random: of the phase, alike in all processes.
            terminals: how many there are, of all processes.
            part: whose arrivals are yielded.
        """

    def next_us(self, tries: int, *, answered: bool, random: Random) -> int | None:
        """Return after what time a terminal comes again that has just ended; None: when its turn has come.

        Args:
            tries: how often it has come, or would have, without an answer since.
            answered: whether its journey went well.
        """
        del tries, answered, random
        return None

    def as_json(self) -> dict[str, Any]:
        """Return it for a header or another process."""
        values: dict[str, Any] = {"kind": self.kind}
        for one in fields(self):
            value = getattr(self, one.name)
            nested = hasattr(value, "__dataclass_fields__")
            values[one.name] = {each.name: getattr(value, each.name) for each in fields(value)} if nested else value
        return values
