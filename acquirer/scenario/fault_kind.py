"""What a kind of fault is: the base class of `acquirer.scenario.faults.<kind>`, its stages and what it can see.

1. A kind is a frozen dataclass derived from `FaultKind`, or from the base class of its stage: `reply_fault.ReplyFault`
   (before sealing), `reply_fault.MacFault` (sealing), `line_fault.LineFault` (line). Its fields are its parameters
   (`acquirer.scenario.parameters`).
2. It acts at one stage of an exchange, `FaultKind.stage`.
3. `apply` takes the effects that would be performed and yields those that replace them. So faults compose: in the order
   of their stages, each gets what the one before it yields. One that yields what it was given has not acted.
4. It is a pure function: no socket, no disk, no clock, no randomness but that of its context.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar

from acquirer.data.types import Randbytes
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.keys import Subject
from acquirer.model.effects import Effect


class Stage(IntEnum):
    """Where in an exchange a fault acts, in the order of the exchange."""

    BEFORE_DECISION = 1  # the request has been decoded, nothing has been decided
    BEFORE_SEALING = 2  # the reply is known, its MAC is not computed yet
    SEALING = 3  # its MAC
    FRAME = 4  # its bytes
    SENDING = 5  # when, how often and whether they are sent
    LINE = 6  # the connection, without regard to any exchange

    @property
    def label(self) -> str:
        """Return the stage as it is written for people.

        >>> Stage.BEFORE_DECISION.label
        'before decision'
        """
        return self.name.lower().replace("_", " ")


REPLY_STAGES: tuple[Stage, ...] = (Stage.BEFORE_SEALING, Stage.SEALING, Stage.FRAME, Stage.SENDING)
"""The stages at which the reply of a committed exchange is damaged."""


@dataclass(slots=True)
class FaultContext:
    """What is known of an exchange when faults are looked for. Not frozen: one is made per exchange."""

    tid: str
    mid: str
    service: str
    code: str  # of the reply; "" before the decision
    amount_minor: int | None
    fault: str = ""  # the name of the fault that is applied
    randbytes: Randbytes | None = None  # for kinds that need randomness: the same again for the same seed and exchange
    dialect: Dialect | None = None  # that the exchange speaks
    subject: Subject | None = None  # what the `when` of faults asks
    peer: str = ""  # "127.0.0.1:50412"
    listener: str = ""  # the address that its connection was accepted at
    draws: dict[int, tuple[int, bool]] = field(default_factory=dict)  # of `fault.FaultSet`: kept for a second decision

    @property
    def origin(self) -> str:
        """Return whose exchanges are numbered together: the terminal, or where a connection comes from."""
        return self.tid or self.peer.rpartition(":")[0]


class FaultKind(ABC):
    """One kind of fault; the file it stands in gives it its name."""

    __slots__ = ()

    stage: ClassVar[Stage]

    withholds: ClassVar[bool] = False
    """Whether nothing of the reply is sent: then no other fault can damage it."""

    claims: ClassVar[str] = ""
    """What of a reply only one fault can decide, as in "the connection it is sent on": two kinds that claim the same
    contradict each other. Several faults of one kind do not."""

    def misfit(self, dialect: Dialect) -> str:  # noqa: ARG002
        """Return why it never acts on replies of a dialect: a sentence that quotes the parameter; "" when it may."""
        return ""

    @abstractmethod
    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Yield what is performed instead of `effects`.

        Args:
            effects: what would be performed without this fault: at first one `Send` with the whole reply, or nothing
                before the decision; after another fault, what that one yields.
            context: the exchange; its `fault` is the name that this fault was declared with.
        """
