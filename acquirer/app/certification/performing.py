"""Who does what a step asks of a person: a person at a screen, a program, or our own terminal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from acquirer.certification.case import AnswerExpected, CaseStep, CertificationCase
from acquirer.certification.report import CaseResult
from acquirer.errors import PeerError


class Wish(Enum):
    """What a person wants instead of waiting on."""

    GO_ON = "n"  # the step is done: judge it; after a case: the next one
    SKIP = "s"  # do not do this case
    REPEAT = "r"  # begin this case again
    QUIT = "q"  # end here; the run can be gone on with


@dataclass(frozen=True, slots=True)
class StepTask:
    """A step to be performed.

    Args:
        arguments: of its operation, with values in place of references.
        host: where the host listens: ``HOST:PORT``.
        left_s: how long the case may still take.
    """

    case: CertificationCase
    step: CaseStep
    arguments: dict[str, object]
    host: str
    tid: str
    left_s: float


class CannotPerform(PeerError):
    """A step that this performer cannot do.

    Args:
        skip: whether the case is then not done; else it could not be judged.
    """

    def __init__(self, sentence: str, *, skip: bool = False) -> None:
        super().__init__(sentence)
        self.skip = skip


class StepPerformer(Protocol):
    """Performs steps, answers questions, and says how to go on."""

    waits: bool
    """Whether what a step brings may still arrive after `perform` has returned: then there is waiting for it."""

    tells_when_done: bool
    """Whether a step is done once `perform` has returned; else it waits for its message, or for a wish."""

    def begin(self, task: StepTask, /) -> None:
        """Bring the terminal to rest: it owes nothing of the case before. Raises CannotPerform."""

    def perform(self, task: StepTask) -> None:
        """Do what a step asks for, or ask for it. Raises CannotPerform."""

    def pause(self, seconds: float) -> Wish | None:
        """Let so much time pass, or less when there is a wish."""

    def answer(self, task: StepTask, question: AnswerExpected, /) -> bool | Wish | None:
        """Return the answer to a question; None when there is none."""

    def end(self, result: CaseResult, /) -> Wish:
        """A case is over; return how to go on."""

    def close(self) -> None:
        """All cases are over."""
