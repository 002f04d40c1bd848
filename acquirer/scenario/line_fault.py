"""Faults of connections: the base class of their kinds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from acquirer.model.effects import Effect
from acquirer.model.line import LineState
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage


class LineFault(FaultKind):
    """A kind that says how a connection behaves, from when it is accepted and without regard to exchanges."""

    __slots__ = ()

    stage: ClassVar[Stage] = Stage.LINE

    @abstractmethod
    def line(self, state: LineState) -> LineState:
        """Return the state of a connection with this fault.

        Args:
            state: what the faults before it have made of the connection.
        """

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:  # noqa: ARG002
        """Pass all effects on: no exchange is damaged."""
        yield from effects
