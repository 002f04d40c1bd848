"""What an operation of a terminal is, and its arguments, as journeys write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ArgumentKind = Literal["text", "amount", "card", "pin", "password", "entry", "flag", "number", "texts"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an operation, named as `acquirer.app.terminal_operations` has it."""

    name: str
    kind: ArgumentKind
    help: str


@dataclass(frozen=True, slots=True)
class TerminalOperation:
    """One operation; its first argument may stand alone: ``sale = "12.34"``.

    Args:
        service: what the message asks for that the operation is about; "": it needs none.
        required: arguments that must be given.
        saves: whether the terminal saves what its answer means: nothing is lost otherwise when the power fails.
        others: services that it may ask for instead, by its arguments or by what is kept.
    """

    name: str
    service: str
    help: str
    arguments: tuple[Argument, ...] = ()
    required: frozenset[str] = frozenset()
    saves: bool = True
    others: tuple[str, ...] = ()

    @property
    def services(self) -> frozenset[str]:
        """What its message may ask for."""
        return frozenset(filter(None, (self.service, *self.others)))
