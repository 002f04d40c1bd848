"""How journeys are written: ``[journey]``, then ``[[step]]`` after ``[[step]]``.

Everything that can be known to be wrong is refused when a journey is read, before anything is sent: one sentence with
file, line and key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from acquirer.data.table import Table, headed_table
from acquirer.data.toml import DataError, Document, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.journey.journey import (
    DEFAULT_DIALECT,
    DEFAULT_TID,
    JourneyHeader,
    JourneyStep,
    Operate,
    StepAction,
)
from acquirer.journey.operations import OPERATIONS
from acquirer.journey.reading_actions import ACTIONS, PlannedHost, read_action
from acquirer.journey.reading_expectations import EXPECTATIONS, read_expectations
from acquirer.journey.reading_values import duration_s, some_tables
from acquirer.journey.references import LAST
from acquirer.scenario.fault import Fault

MOST_STEPS: Final = 1_000
"""Of one journey: one that has more is several journeys, and its report is read by a person."""

MOST_TERMINALS: Final = 200
"""As many as the demo chain has; more of them at once are a load test."""

CHAIN: Final = 20_000_001
"""The first terminal of the demo chain."""

NAME_MOST: Final = 80
"""Characters of a name, which stands on a line of a report."""

HEADER_KEYS: Final = (
    "name",
    "about",
    "dialect",
    "terminals",
    "terminals_file",
    "cards",
    "packs",
    "seed",
    "timeout",
    "listen",
    "host",
    "terminal",
)

HOST_KEYS: Final = ("packs", "listen", "host")
"""Keys of ``[journey]`` that are about our host."""

STEP_KEYS: Final[Mapping[str, str]] = {
    "name": "what reports call the step, and later steps: `@name`",
    "terminal": "which terminal acts: its place in `terminals`, from 1, or its number; without it the first. "
    "Expectations then look at its exchanges only",
    "terminal_fault": "a fault of the terminal's side during the operation",
    "strict": "beside `verify_order`: nothing else may stand between",
}
"""Keys of a step beside those for what it does and what it expects."""


@dataclass(frozen=True, slots=True)
class JourneyContext:
    """What a journey is read against.

    Args:
        dialect: what both sides speak.
        cards: names of test cards.
        rules: names of those that the host has from its packs.
        faults: that it has from its packs.
        own_host: whether the host is ours; another one can only be talked to.
    """

    dialect: Dialect
    cards: Collection[str] = ()
    rules: Collection[str] = ()
    faults: Collection[Fault] = ()
    own_host: bool = True


def read_journey_header(document: Document, *, own_host: bool = True) -> JourneyHeader:
    """Return the section ``[journey]``.

    Raises:
        DataError: with file, line and key.
    """
    Table(document).only(("journey", "step"))
    table = headed_table(document, "journey")
    table.only(HEADER_KEYS)
    for key in HOST_KEYS if not own_host else ():
        if table.has(key):
            raise table.error(key, f"{_NEEDS_OURS}; take it out, or run without --host")
    name = table.text("name", "") or PurePath(document.name).stem
    if not name.isprintable() or len(name) > NAME_MOST:
        raise table.error("name", f"must be a text of 1 to {NAME_MOST} printable characters")
    return JourneyHeader(
        name=name,
        about=table.text("about", ""),
        dialect=table.text("dialect", DEFAULT_DIALECT),
        terminals=_terminals(table),
        terminals_file=table.text("terminals_file", ""),
        cards=table.text("cards", ""),
        packs=table.texts("packs", ()),
        seed=table.number("seed") if table.has("seed") else None,
        timeout_s=duration_s(table, "timeout") if table.has("timeout") else 0.0,
        listen=table.text("listen", ""),
        host=_free(table, "host"),
        terminal=_free(table, "terminal"),
    )


def read_steps(document: Document, header: JourneyHeader, context: JourneyContext) -> tuple[JourneyStep, ...]:
    """Return the steps of a journey.

    Raises:
        DataError: with file, line and key.
    """
    tables = some_tables(document, "step", MOST_STEPS, "journey")
    reader = _StepReader(header, context)
    steps = tuple(reader.read(number, table) for number, table in enumerate(tables, 1))
    if not any(step.expectations for step in steps):
        problem = 'expects nothing, so it cannot fail; give a step an expectation, as in expect = { code = "00" }'
        raise DataError(document.name, 0, "", problem)
    return steps


_NEEDS_OURS: Final = "needs a host of ours, and this journey runs against another one"


@dataclass(slots=True)
class _StepReader:
    """Reads one step after the other, and knows what the steps before have done."""

    header: JourneyHeader
    context: JourneyContext
    names: dict[str, bool] = field(default_factory=dict)  # of steps; whether each is an operation
    planned: PlannedHost = field(init=False)

    def __post_init__(self) -> None:
        self.planned = PlannedHost(self.context.dialect, self.context.rules, self.context.faults)

    def read(self, number: int, table: Table) -> JourneyStep:
        """Return the next step. Raises DataError."""
        table.only((*STEP_KEYS, *ACTIONS, *EXPECTATIONS))
        actions = [key for key in table if key in ACTIONS]
        if len(actions) > 1:
            raise table.error(actions[1], f"stands beside '{actions[0]}' in one step; write two steps")
        if not self.context.own_host:
            for key in table:
                if (key in ACTIONS and key not in OPERATIONS and key != "wait") or (
                    key in EXPECTATIONS and not EXPECTATIONS[key].of_terminal
                ):
                    raise table.error(key, f"{_NEEDS_OURS}; take it out, or run without --host")
        name = self._name(table)
        action, words = self._action(table, actions[0]) if actions else (None, "")
        self._fits(table, action)
        for key in table:
            if key in EXPECTATIONS and not EXPECTATIONS[key].of_terminal and not self.planned.serves:
                raise table.error(key, 'the host is stopped here; start it first, with host = "start"')
        if name:
            self.names[name] = isinstance(action, Operate)
        expectations = read_expectations(table, self.context.dialect, self.names, operates=isinstance(action, Operate))
        if action is None and not expectations:
            raise table.error("", f"does nothing and expects nothing; write one of {', '.join(ACTIONS)}, or 'verify'")
        return JourneyStep(
            number=number,
            line=table.document.line(table.path),
            name=name,
            terminal=self._terminal(table),
            of_one=table.has("terminal"),
            action=action,
            words=words,
            expectations=expectations,
        )

    def _action(self, table: Table, key: str) -> tuple[StepAction, str]:
        return read_action(table, key, self.context.cards, self.names, self.planned)

    def _fits(self, table: Table, action: StepAction | None) -> None:
        """Refuse what stands beside an action that has no use for it."""
        for key in ("terminal_fault", "expect"):
            if table.has(key) and not isinstance(action, Operate):
                raise table.error(key, "belongs to an operation of a terminal, and this step has none; take it out")
        if table.has("strict") and not table.has("verify_order"):
            raise table.error("strict", "belongs to 'verify_order', which this step does not have; take it out")

    def _name(self, table: Table) -> str:
        name = table.text("name", "")
        if not table.has("name"):
            return ""
        if not name.strip() or not name.isprintable() or len(name) > NAME_MOST:
            raise table.error("name", f"must be a text of 1 to {NAME_MOST} printable characters")
        if name == LAST:
            raise table.error("name", f"'{LAST}' stands for the last transaction; choose another name")
        if name in self.names:
            raise table.error("name", f"'{name}' is the name of another step; no two have the same")
        return name

    def _terminal(self, table: Table) -> int:
        if not table.has("terminal"):
            return 0
        known = self.header.terminals
        written = table.raw("terminal")
        if not isinstance(written, str | int) or isinstance(written, bool):
            raise table.error("terminal", 'must be the place of a terminal, as in "2", or its number')
        text = str(written)
        if text in known:
            return known.index(text)
        if text.isascii() and text.isdecimal() and 1 <= int(text) <= len(known):
            return int(text) - 1
        hint = did_you_mean(text, known) or f"; this journey has {_listed(known)}"
        raise table.error("terminal", f"there is no terminal '{text}'{hint}")


def _listed(terminals: tuple[str, ...]) -> str:
    """Return terminals with their places, as a sentence has them."""
    if len(terminals) == 1:
        return f"one, {terminals[0]}"
    return f"1 to {len(terminals)}, {terminals[0]} … {terminals[-1]}"


def _terminals(table: Table) -> tuple[str, ...]:
    written = table.raw("terminals")
    if written is None:
        return (DEFAULT_TID,)
    if isinstance(written, int) and not isinstance(written, bool):
        if not 1 <= written <= MOST_TERMINALS:
            raise table.error("terminals", f"must be from 1 to {MOST_TERMINALS}")
        return tuple(f"{CHAIN + place:08}" for place in range(written))
    if not isinstance(written, list):
        raise table.error("terminals", "must be a number of terminals, or a list of terminal numbers")
    numbers = table.texts("terminals")
    if not 1 <= len(numbers) <= MOST_TERMINALS:
        raise table.error("terminals", f"must name 1 to {MOST_TERMINALS} terminals")
    for place, number in enumerate(numbers):
        path = (*table.path, "terminals", place)
        if len(number) != 8:
            raise table.document.error(path, f"'{number}' is not a terminal number, which has 8 characters")
        if number in numbers[:place]:
            raise table.document.error(path, f"'{number}' is there already")
    return numbers


def _free(table: Table, key: str) -> Mapping[str, Any]:
    """Return a table whose keys are known elsewhere."""
    return {name: table.table(key).raw(name) for name in table.table(key)}
