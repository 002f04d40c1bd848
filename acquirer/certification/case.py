"""What a case of a certification is, as data: what a person does, what the host does, what is expected, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from acquirer.journey.journey import CountExpected, Operate, OrderOfExchanges, PutInForce, TakeAway
from acquirer.matcher.expression import Expression

Severity = Literal["must", "should"]
"""Whether a terminal that fails a case is not certified, or only has a remark in its report."""

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

Feature = Literal["balance", "operators", "power-switch", "refund", "sign-off", "signature", "signature-parts", "void"]

FEATURES: Final[Mapping[Feature, str]] = {
    "balance": "asks for the balance of a card",
    "operators": "has operators, who log on",
    "power-switch": "can be switched off in the middle of a transaction",
    "refund": "refunds a sale",
    "sign-off": "signs off",
    "signature": "has the cardholder sign on its pad, and uploads the picture",
    "signature-parts": "uploads a picture in several messages",
    "void": "voids a sale",
}
"""What a terminal may lack (`--without`): cases that need it are then not done."""


@dataclass(frozen=True, slots=True)
class AnswerExpected:
    """What a person must answer to a question about what no wire shows.

    Args:
        yes: the answer that is expected.
        operation: the same, asked of an operation of our terminal, which answers by it; None: it cannot answer.
    """

    question: str
    yes: bool
    operation: Expression | None = None


@dataclass(frozen=True, slots=True)
class CaseExpectation:
    """One expectation of a step.

    Args:
        what: it in words, for a report.
        words: as the file has it: conditions as a filter.
        whole_case: whether exchanges count from the beginning of the case, not only those of the step.
    """

    what: str
    line: int
    words: str
    severity: Severity
    expected: CountExpected | OrderOfExchanges | AnswerExpected
    whole_case: bool = False


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One step: the host prepares, the person does something, and what follows is judged.

    Args:
        do: what the person is to do, in words.
        host: what the host does then, in words; "": what it always does.
        name: what later steps call the message that this one brings.
        prepares: rules and faults that are put in force before, or taken away.
        rotates_keys: whether the host gives the terminal other working keys before, without telling it.
        operation: the same as `do`, for our terminal and for programs that play the person; None: only wait.
        arrives: the message that shows that it was done; None: only the person knows.
        quiet_s: how long nothing more may happen before it is judged.
    """

    number: int  # from 1
    line: int
    do: str
    host: str = ""
    name: str = ""
    prepares: tuple[PutInForce | TakeAway, ...] = ()
    rotates_keys: bool = False
    operation: Operate | None = None
    arrives: Expression | None = None
    quiet_s: float = 0.0
    expectations: tuple[CaseExpectation, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificationCase:
    """One case.

    Args:
        file: the name of the file that it stands in; its group.
        why: what goes wrong in the field where a terminal fails it.
        source: where it is said, in own words.
        time_s: how long the case may take.
        needs: what a terminal must have for it.
        allows: rules of conduct (`conduct.CONDUCT`) that it breaks on purpose.
        signed_on: whether the terminal is signed on before its first step, if it is not yet.
        terminal: further options of our terminal.
    """

    name: str
    title: str
    file: str
    line: int
    why: str
    source: str
    severity: Severity = "must"
    time_s: float = 0.0
    needs: tuple[Feature, ...] = ()
    allows: tuple[str, ...] = ()
    signed_on: bool = True
    terminal: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[CaseStep, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of cases.

    Args:
        dialect: what the host speaks.
    """

    name: str
    about: str
    dialect: str
    cases: tuple[CertificationCase, ...] = ()
