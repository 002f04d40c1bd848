"""How the ``then`` of a rule is written; see `acquirer.scenario.rules.reading`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from acquirer.data.table import Table
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.when import flattened
from acquirer.model.reasons import Reason
from acquirer.scenario.declaration import parse
from acquirer.scenario.fault import Fault, contradiction
from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.parameters import read_duration_ms
from acquirer.scenario.rules.reply_edits import misplaced
from acquirer.scenario.rules.rule import Then

FOR_A_PERSON: Final = "for a person"
ASKABLE: Final = ("sign_on",)
REASONS: Final = tuple(sorted({*Reason} - {Reason.CHOSEN}))


def read_then(table: Table, dialects: Collection[Dialect]) -> Then:
    """Return the ``then`` of a rule. Raises DataError."""
    table.only(("code", "reason", "approve", "answers", "order", "hold", "set", "drop", "ask", "faults"))
    decisions = [key for key in ("code", "reason", "approve", "answers") if table.has(key)]
    if len(decisions) > 1:
        raise table.error(decisions[1], f"decides, as '{decisions[0]}' does; a rule decides once: keep one of them")
    if table.has("order") and not table.has("answers"):
        raise table.error("order", "is the order of 'answers', which are missing")
    then = Then(
        code=_codes(table, "code", (table.text("code"),), dialects)[0] if table.has("code") else "",
        reason=Reason(table.choice("reason", REASONS)) if table.has("reason") else None,
        approve=_approve(table),
        answers=_codes(table, "answers", table.texts("answers"), dialects) if table.has("answers") else (),
        order="random" if table.choice("order", ("in turn", "random"), "in turn") == "random" else "in turn",
        hold_ms=_hold(table),
        set=_set(table, dialects),
        drop=_drop(table, dialects),
        ask=table.choice("ask", ASKABLE) if table.has("ask") else "",
        faults=_faults(table, dialects),
    )
    if not (then.decides or then.changes):
        raise table.error("", 'is empty; say what happens, as in then = { code = "51" }')
    return then


def _codes(table: Table, key: str, codes: tuple[str, ...], dialects: Collection[Dialect]) -> tuple[str, ...]:
    if not codes:
        raise table.error(key, "is an empty list; name at least one response code")
    for i, code in enumerate(codes):
        if not code:
            raise table.error(key, 'is empty; name a response code, as in "51"')
        if dialects and not any(code in dialect.codes for dialect in dialects):
            named = ", ".join(sorted({dialect.name for dialect in dialects}))
            path = (*table.path, key, *((i,) if key == "answers" else ()))
            problem = f"{named} knows no response code '{code}'; 'acquirer dialect show' lists them"
            raise table.document.error(path, problem)
    return codes


def _approve(table: Table) -> bool:
    if table.has("approve") and not table.flag("approve", True):
        raise table.error("approve", 'is true or left out; to decline, name a code, as in code = "05"')
    return table.has("approve")


def _hold(table: Table) -> int | None:
    if not table.has("hold"):
        return None
    if not isinstance(table.raw("hold"), str):
        raise table.error("hold", f'must be a text in quotes, as in "5s" or "{FOR_A_PERSON}"')
    written = table.text("hold")
    if written == FOR_A_PERSON:
        return 0
    try:
        held_ms = read_duration_ms(written)
    except ValueError as exc:
        raise table.error("hold", f'{exc}; or "{FOR_A_PERSON}"') from None
    if not held_ms:
        raise table.error("hold", "must be longer than nothing; leave it out to hold nothing")
    return held_ms


def _set(table: Table, dialects: Collection[Dialect]) -> dict[str, str]:
    if not table.has("set"):
        return {}
    written = table.raw("set")
    if not isinstance(written, dict) or not written:
        raise table.error("set", 'must be a table of values, as in set = { "de.44" = "…" }')
    values = dict(flattened(written))
    for name, value in values.items():
        path = (*table.path, "set", name)
        if not isinstance(value, str):
            raise table.document.error(path, "must be a text in quotes")
        if problem := misplaced(name, value, dialects):
            raise table.document.error(path, problem)
    return values


def _drop(table: Table, dialects: Collection[Dialect]) -> tuple[str, ...]:
    if not table.has("drop"):
        return ()
    names = table.texts("drop")
    if not names:
        raise table.error("drop", 'is an empty list; name elements or fields, as in "de.37"')
    for i, name in enumerate(names):
        if problem := misplaced(name, None, dialects):
            raise table.document.error((*table.path, "drop", i), problem)
    if table.has("set") and (both := [name for name in names if name in table.raw("set")]):
        raise table.error("drop", f"'{both[0]}' is set by the same rule; keep one of them")
    return names


def _faults(table: Table, dialects: Collection[Dialect]) -> tuple[Fault, ...]:
    if not table.has("faults"):
        return ()
    texts = table.texts("faults")
    if not texts:
        raise table.error("faults", 'is an empty list; name at least one, as in "late:after=3s"')
    faults = tuple(_fault(table, i, text, dialects) for i, text in enumerate(texts))
    if problem := contradiction(faults):
        raise table.error("faults", problem)
    return faults


def _fault(table: Table, place: int, text: str, dialects: Collection[Dialect]) -> Fault:
    path = (*table.path, "faults", place)
    try:
        fault = parse(text, dialects)
    except ValueError as exc:
        raise table.document.error(path, str(exc)) from None
    for stage, acts in ((Stage.BEFORE_DECISION, "before anything is decided"), (Stage.LINE, "on connections")):
        if fault.stage is stage:
            problem = f"'{text}' acts {acts}, a rule on what is decided; declare it as a fault of its own"
            raise table.document.error(path, problem)
    return fault
