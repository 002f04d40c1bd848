"""What a journey is, as data: its terminals and host, its steps, and what is expected of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from acquirer.journal.expected_count import ExpectedCount
from acquirer.journey.miscounts import Miscount
from acquirer.journey.operation import ArgumentKind, TerminalFaultKind, TerminalOperation
from acquirer.matcher.expression import Expression
from acquirer.scenario.fault import Fault
from acquirer.scenario.rules import Rule
from acquirer.terminal.details import SECRET
from acquirer.wire.masking import mask_card_numbers

DEFAULT_TID: Final = "10000161"
DEFAULT_DIALECT: Final = "unionpay-pos"

HostEvent = Literal["stop", "start", "restart", "rotate_keys"]


@dataclass(frozen=True, slots=True)
class JourneyHeader:
    """The section ``[journey]``.

    Args:
        name: What reports call it; without it, the name of the file.
        about: A sentence about it.
        dialect: What both sides speak: a dialect by name, or a file.
        terminals: A list of terminal numbers; or a number: so many of the demo chain, from 20000001 on. Without it,
            10000161.
        terminals_file: File of `[[terminal]]` tables with their keys; without it, the demo terminals.
        cards: File of test cards; without it, the shipped one.
        packs: Packs that the host has: `day-end`, or files.
        seed: Makes all that is drawn repeatable, keys too.
        timeout: How long a terminal waits for an answer; without it, as the dialect says. Against a host of ours this
            time is skipped, and passes in no time.
        listen: Where our host listens, for a terminal of your own; then time passes as it does for that. Without it, at
            a free port of this machine.
        host: Further settings of our host, as `acquirer serve` has them: `{ trigger_amounts = true }`.
        terminal: Further options of the terminals, as in Python: `{ sign_upload = "at-once", keep_open = true }`.
    """

    name: str
    about: str = ""
    dialect: str = DEFAULT_DIALECT
    terminals: tuple[str, ...] = (DEFAULT_TID,)
    terminals_file: str = ""
    cards: str = ""
    packs: tuple[str, ...] = ()
    seed: int | None = None
    timeout_s: float = 0.0
    listen: str = ""
    host: Mapping[str, Any] = field(default_factory=dict)
    terminal: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TerminalFault:
    """A fault of the terminal's side, for the time of one operation.

    Args:
        services: whose requests it acts on.
        times: on how many of them; 0: all.
        what: is counted wrong.
    """

    kind: TerminalFaultKind
    services: frozenset[str] = frozenset()
    times: int = 0
    what: Miscount | None = None  # of a miscount


@dataclass(frozen=True, slots=True)
class Operate:
    """An operation of the step's terminal. Texts of `arguments` that begin with ``@`` are references."""

    operation: TerminalOperation
    arguments: Mapping[str, Any]
    fault: TerminalFault | None = None

    @property
    def words(self) -> str:
        """How reports write it: masked, a PIN and what is secret of a person by their length."""
        shown = []
        for place, one in enumerate(self.operation.arguments):
            if one.name in self.arguments:
                value = _shown(one.kind, self.arguments[one.name])
                shown.append(f"{one.name} {value}" if place else value)
        fault = f" ({self.fault.kind})" if self.fault else ""
        return f"{self.operation.name} {mask_card_numbers(', '.join(shown))}".rstrip() + fault


def _shown(kind: ArgumentKind, value: Any) -> str:
    """Return an argument as reports write it."""
    if kind == "texts":
        return ", ".join(f"{name} {'*' * len(one) if name in SECRET else one}" for name, one in value.items())
    return "*" * len(value) if kind in ("pin", "password") else str(value)


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Time passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class PutInForce:
    """A rule or a fault is put in force at our host."""

    declared: Rule | Fault


@dataclass(frozen=True, slots=True)
class TakeAway:
    """Rules and faults of these names are no longer in force."""

    rules: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeHost:
    """Our host ends, begins, or does both."""

    event: HostEvent


StepAction = Operate | WaitFor | PutInForce | TakeAway | ChangeHost


@dataclass(frozen=True, slots=True)
class OperationExpected:
    """What the operation of the step must be."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class CountExpected:
    """How many exchanges the journal must have."""

    condition: Expression
    count: ExpectedCount = field(default_factory=ExpectedCount)
    within_s: float = 0.0
    quiet_s: float | None = None


@dataclass(frozen=True, slots=True)
class OrderOfExchanges:
    """Which exchanges the journal must have one after another."""

    steps: tuple[Expression, ...]
    strict: bool = False
    within_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BooksExpected:
    """What a transaction of the terminal must be in the host's books."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class OwedExpected:
    """What the terminal must owe."""

    condition: Expression


Expected = OperationExpected | CountExpected | OrderOfExchanges | BooksExpected | OwedExpected


@dataclass(frozen=True, slots=True)
class StepExpectation:
    """One expectation of a step: its key, the line it stands on, and what it asks in the words of a filter."""

    key: str
    line: int
    words: str
    expected: Expected


@dataclass(frozen=True, slots=True)
class JourneyStep:
    """One step: at most one action, then what is expected.

    Args:
        name: What later steps and reports call it; "": only its number.
        terminal: Which of the journey's terminals acts, from 0.
        of_one: whether the file names it: then only its exchanges are looked at.
    """

    number: int  # from 1
    line: int
    name: str = ""
    terminal: int = 0
    of_one: bool = False
    action: StepAction | None = None
    words: str = ""  # the action as the file has it
    expectations: tuple[StepExpectation, ...] = ()

    @property
    def title(self) -> str:
        """What reports call it, masked."""
        return mask_card_numbers(": ".join(filter(None, (self.name, self.words)))) or "look"


@dataclass(frozen=True, slots=True)
class Journey:
    """A whole journey."""

    file: str
    header: JourneyHeader
    steps: tuple[JourneyStep, ...] = ()

    @property
    def events(self) -> bool:
        """Whether the host ends or begins in it."""
        return any(isinstance(step.action, ChangeHost) and step.action.event != "rotate_keys" for step in self.steps)
