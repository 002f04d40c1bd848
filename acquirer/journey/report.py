"""How a journey went, as data: for the lines of a screen, for JSON and for JUnit."""

from __future__ import annotations

from dataclasses import dataclass, field

from acquirer.journey.journey import Journey, JourneyHeader, JourneyStep
from acquirer.terminal.exchange import Exchange

HOST_SAYS = "host: "
"""How a line of a difference begins that gives the reason of our host."""


@dataclass(frozen=True, slots=True)
class JudgedExpectation:
    """One expectation and what differs, masked; "" when nothing does.

    Args:
        key: of the file, as ``expect``; "step" for a step that could not be done.
        words: what was expected, as a filter has it.
        error: whether it could not be judged, because the step could not be done.
    """

    key: str
    line: int
    words: str
    difference: str = ""
    error: bool = False

    @property
    def held(self) -> bool:
        """Whether it is as expected."""
        return not self.difference


@dataclass(slots=True)
class StepReport:
    """How one step went."""

    step: JourneyStep
    judged: list[JudgedExpectation] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    transcript: str = ""  # masked: of the terminal, and of the host's journal where it is ours
    took_s: float = 0.0


@dataclass(slots=True)
class JourneyReport:
    """How a journey went."""

    journey: Journey
    began: str  # UTC, ISO 8601
    steps: list[StepReport] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def judged(self) -> list[JudgedExpectation]:
        """All expectations in order."""
        return [one for step in self.steps for one in step.judged]

    @property
    def failures(self) -> int:
        """How many expectations do not hold."""
        return sum(not one.held for one in self.judged)

    @property
    def passed(self) -> bool:
        """Whether all hold."""
        return not self.failures


def not_run(sentence: str) -> JourneyReport:
    """Return the report of a journey that could not be run at all, with the sentence that says why."""
    failed = JudgedExpectation("step", 0, "a journey that can be run", sentence, error=True)
    step = StepReport(JourneyStep(0, 0, words="read"), [failed])
    return JourneyReport(Journey("", JourneyHeader("not run")), "", [step])
