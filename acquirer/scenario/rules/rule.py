"""One rule as data: when it fires, what it does then, how often, and its place in a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

from acquirer.matcher.expression import ALWAYS, Expression
from acquirer.model.reasons import Reason
from acquirer.scenario.fault import Fault
from acquirer.scenario.parameters import show_duration_ms

START: Final = "start"
"""The state in which every scenario begins."""

DEFAULT_PRIORITY: Final = 5

AnswerOrder = Literal["in turn", "random"]


@dataclass(frozen=True, slots=True)
class Then:
    """What a rule does: at most one decision, and any number of changes.

    Args:
        code: Decline, or approve, with this response code.
        reason: The same by a symbol, `funds_insufficient` …, to which the dialect gives the code.
        approve: Approve what the host would decline.
        answers: Response codes, one for each exchange; the last one goes on.
        order: Of `answers`: `in turn`, or `random`, drawn from `seed`, the rule's name, the terminal and the number of
            its exchange, so that a run can be repeated.
        hold_ms: Decide after this time (`30s`), or when a person resumes the exchange (`for a person`). It keeps its
            terminal waiting; others go on. What is held until the terminal has given up is not booked.
        set: Values of elements (`rrn`) or fields (`de.44`) of the reply, bytes in hex. The books keep their own.
        drop: Elements or fields that the reply leaves out.
        ask: `sign_on` asks the terminal to sign on, in the header of the reply; `parameters`, `capk`, `aid` … ask for a
            download.
        faults: Faults that act on the reply, each as its short text with parameters alone: `late:after=3s`.
    """

    code: str = ""
    reason: Reason | None = None
    approve: bool = False
    answers: tuple[str, ...] = ()
    order: AnswerOrder = "in turn"
    hold_ms: int | None = None  # 0: until it is resumed
    set: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    ask: str = ""
    faults: tuple[Fault, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Return all response codes that it names."""
        return (*((self.code,) if self.code else ()), *self.answers)

    @property
    def decides(self) -> bool:
        """Return whether it chooses the answer itself."""
        return bool(self.codes or self.approve or self.reason is not None)

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what it changes beside the decision, in words."""
        words = [f"sets {name}" for name in self.set] + [f"drops {name}" for name in self.drop]
        if self.ask:
            words.append("asks for a sign-on" if self.ask == "sign_on" else f"asks for the download of {self.ask}")
        if self.hold_ms is not None:
            words.append(f"holds it for {show_duration_ms(self.hold_ms)}" if self.hold_ms else "holds it for a person")
        return (*words, *(f"lets fault {fault.name} act" for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Args:
        name: What journal, log and `why` call it; no two rules have the same.
        when: Which exchanges: a table or a filter, as described below. Without it, all.
        then: What happens.
        times: Fires so often, then never again. Without it, without limit.
        after: Lets so many exchanges that fit pass first.
        priority: 1 is asked first, 5 unless another is given. Of equal ones, the later declared goes before the
            earlier. One rule fires for an exchange: the first that fits.
        scenario: Its scenario. Each one has a state, begins in `start`, and is one for all terminals.
        state: Fires only in this state of its scenario. Without it, in any.
        next: The state of its scenario once it has fired.
        seed: Of `order = "random"`.
        enabled: `false`: it is declared, and does not fire.
    """

    name: str
    when: Expression = ALWAYS
    then: Then = Then()
    times: int | None = None
    after: int = 0
    priority: int = DEFAULT_PRIORITY
    scenario: str = ""
    state: str = ""
    next: str = ""
    seed: int = 0
    enabled: bool = True

    def answer(self, use: int, tid: str, of_tid: int) -> str:
        """Return the response code for one firing; "" when the rule names none.

        Args:
            use: how often it has fired before.
            of_tid: the same, for this terminal alone.
        """
        then = self.then
        if not then.answers:
            return then.code
        if then.order == "in turn":
            return then.answers[min(use, len(then.answers) - 1)]
        drawn = sha256(f"{self.seed}\0{self.name}\0{tid}\0{of_tid}".encode()).digest()
        return then.answers[int.from_bytes(drawn[:8], "big") % len(then.answers)]

    def used(self, use: int) -> str:
        """Return how often it has fired, in words, the firing number `use` (from 0) included."""
        return f"{use + 1} used" if self.times is None else f"{use + 1} of {self.times} used"
