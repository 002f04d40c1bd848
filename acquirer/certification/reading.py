"""How cases are written: ``[certification]``, then ``[[case]]`` after ``[[case]]``, each with its ``[[case.step]]``.

Everything that can be known to be wrong is refused when a file is read: one sentence with file, line and key.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from acquirer.certification.case import (
    FEATURES,
    SEVERITIES,
    CaseFile,
    CertificationCase,
    Feature,
)
from acquirer.certification.conduct import CONDUCT
from acquirer.certification.reading_steps import CaseStepReader
from acquirer.certification.texts import person_text
from acquirer.data.table import Table, headed_table
from acquirer.data.toml import Document
from acquirer.dialect.dialect import Dialect
from acquirer.journey.journey import DEFAULT_DIALECT
from acquirer.journey.reading_values import duration_s, some_tables
from acquirer.scenario.parameters import show_duration_ms

MOST_CASES: Final = 500
"""Of one file: a person who does so many is busy for days."""

MOST_STEPS: Final = 40
"""Of one case: what has more is several cases."""

TIME_S: Final = 300.0
"""How long a case may take that says nothing: a person needs a minute for a step, a terminal another one to give up."""

EARLY_S: Final = 10.0
"""`@early` is no later than this, and than half of the time that the terminal waits: a person waits with it."""

LATE_S: Final = 5.0
"""`@late` is so long after the terminal has given up: more than clocks differ, less than a person waits."""

CASE_KEYS: Final[Mapping[str, str]] = {
    "name": "What reports and `--case` call it: small letters, digits and hyphens; no two have the same.",
    "title": "What must be so, in words that a person follows.",
    "why": "What goes wrong in the field where a terminal fails it.",
    "source": "Where it is said: a section of a specification, in own words.",
    "severity": "`must` or `should`; without it, `must`. What a terminal should do is a remark, and does not fail it.",
    "time": "How long the case may take; without it, 5min.",
    "needs": "What a terminal must have for it, else it is not done: a list, see below.",
    "allows": "Rules of conduct that it breaks on purpose: a list, see below.",
    "signed_on": "Whether the terminal is signed on first, if it is not; without it, true.",
    "terminal": "Further options of our terminal, as `[journey.terminal]` has them: `{ sign_parts = 300 }`.",
    "step": "Its steps, each under a heading `[[case.step]]`.",
}
"""Keys of ``[[case]]``."""

FILE_KEYS: Final[Mapping[str, str]] = {
    "about": "A sentence about the file.",
    "dialect": f"What the host speaks: a dialect by name, or a file; without it, {DEFAULT_DIALECT}.",
}
"""Keys of ``[certification]``."""

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class CaseContext:
    """What cases are read against.

    Args:
        dialect: what the host speaks.
        cards: names of test cards.
        timeout_s: how long the terminal waits for an answer.
    """

    dialect: Dialect
    cards: Collection[str]
    timeout_s: float


def read_certification_header(document: Document) -> CaseFile:
    """Return what a file says of itself, without its cases. Raises DataError."""
    Table(document).only(("certification", "case"))
    table = headed_table(document, "certification")
    table.only(FILE_KEYS)
    return CaseFile(PurePath(document.name).stem, table.text("about", ""), table.text("dialect", DEFAULT_DIALECT))


def read_cases(document: Document, context: CaseContext) -> tuple[CertificationCase, ...]:
    """Return the cases of a file.

    Raises:
        DataError: with file, line and key.
    """
    document = replace(document, data=_with_times(document.data, _times(context.timeout_s)))
    found: dict[str, CertificationCase] = {}
    for table in some_tables(document, "case", MOST_CASES, "file"):
        case = _case(table, context)
        if case.name in found:
            problem = f"'{case.name}' is the name of the case on line {found[case.name].line}; no two have the same"
            raise table.error("name", problem)
        found[case.name] = case
    return tuple(found.values())


def _times(timeout_s: float) -> Mapping[str, str]:
    """Return the times that depend on how long a terminal waits, by the words for them."""
    times_s = {"@early": min(timeout_s / 2, EARLY_S), "@late": timeout_s + LATE_S}
    return {word: show_duration_ms(round(seconds * 1000)) for word, seconds in times_s.items()}


def _with_times(value: Any, times: Mapping[str, str]) -> Any:
    """Return a value of a file with times in place of the words for them: alone, or behind the key of a fault."""
    if isinstance(value, dict):
        return {key: _with_times(one, times) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_times(one, times) for one in value]
    if not isinstance(value, str):
        return value
    for word, time in times.items():
        value = time if value == word else value.replace(f"={word}", f"={time}")
    return value


def _case(table: Table, context: CaseContext) -> CertificationCase:
    table.only(CASE_KEYS)
    severity = table.choice("severity", SEVERITIES, "must")
    name = table.text("name")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise table.error("name", f"must be 1 to {_LONGEST_NAME} small letters, digits and hyphens, as in no-answer")
    reader = CaseStepReader(context.dialect, context.cards, severity)
    steps = _step_tables(table)
    case = CertificationCase(
        name=name,
        title=person_text(table, "title"),
        file=PurePath(table.document.name).stem,
        line=table.document.line(table.path),
        why=person_text(table, "why"),
        source=person_text(table, "source"),
        severity=severity,
        time_s=duration_s(table, "time") if table.has("time") else TIME_S,
        needs=_features(table),
        allows=table.choices("allows", CONDUCT, ()),
        signed_on=table.flag("signed_on", True),
        terminal={key: table.table("terminal").raw(key) for key in table.table("terminal")},
        steps=tuple(reader.read(number, one) for number, one in enumerate(steps, 1)),
    )
    if not any(step.expectations for step in case.steps):
        problem = "expects nothing, so it cannot fail; give a step an [[case.step.expect]]"
        raise table.error("", problem)
    return case


def _step_tables(table: Table) -> list[Table]:
    if not isinstance(table.raw("step"), list) or not table.raw("step"):
        raise table.error("step", "is missing; write each step under a heading [[case.step]]")
    steps = table.tables("step")
    if len(steps) > MOST_STEPS:
        raise steps[MOST_STEPS].error("", f"is one more than the {MOST_STEPS} steps that a case may have")
    return steps


def _features(table: Table) -> tuple[Feature, ...]:
    chosen = table.choices("needs", FEATURES, ())
    return tuple(one for one in FEATURES if one in chosen)
