"""How the ``then`` of a rule is written; see `acquirer.scenario.rules.reading`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from acquirer.data.table import Table
from acquirer.dialect.dialect import Dialect
from acquirer.downloads.kinds import ORDER
from acquirer.matcher.keys import field_place
from acquirer.matcher.when import flattened
from acquirer.model.reasons import Reason
from acquirer.scenario.conflicts import find_conflict
from acquirer.scenario.declaration import parse
from acquirer.scenario.fault import Fault
from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.parameters import read_duration_ms
from acquirer.scenario.placement import answering, field_of, is_declined
from acquirer.scenario.rules.reply_edits import misplaced
from acquirer.scenario.rules.rule import Then

FOR_A_PERSON: Final = "for a person"
ASKABLE: Final = ("sign_on", *(kind for kind in ORDER if kind != "bins"))  # the BIN tables have no digit
REASONS: Final = tuple(sorted({*Reason} - {Reason.CHOSEN}))


def read_then(table: Table, dialects: Collection[Dialect], services: frozenset[str] = frozenset()) -> Then:
    """Return the ``then`` of a rule.

    Args:
        services: that it is about; none: any.

    Raises:
        DataError: with the key that cannot be used.
    """
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
        drop=_drop(table, [answering(one, services) for one in dialects] if services else dialects),
        ask=table.choice("ask", ASKABLE) if table.has("ask") else "",
        faults=_faults(table, dialects),
    )
    if not (then.decides or then.changes):
        raise table.error("", 'is empty; say what happens, as in then = { code = "51" }')
    _refuse_twice(table, then, dialects)
    if any(fault.stage is Stage.SEALING for fault in then.faults) and is_declined(then.codes, dialects):
        raise table.error("faults", "damages a MAC, which no decline has: it would never act")
    if then == Then(ask=then.ask) and dialects and not any(one.envelope.processing_digit for one in dialects):
        problem = f"changes nothing: {_names(dialects)} has no place in its header to ask in; choose a code"
        raise table.error("ask", problem)
    return then


def _codes(table: Table, key: str, codes: tuple[str, ...], dialects: Collection[Dialect]) -> tuple[str, ...]:
    if not codes:
        raise table.error(key, "is an empty list; name at least one response code")
    for i, code in enumerate(codes):
        if not code:
            raise table.error(key, 'is empty; name a response code, as in "51"')
        if dialects and not any(code in dialect.codes for dialect in dialects):
            path = (*table.path, key, *((i,) if key == "answers" else ()))
            problem = f"{_names(dialects)} knows no response code '{code}'; 'acquirer dialect show' lists them"
            raise table.document.error(path, problem)
    return codes


def _names(dialects: Collection[Dialect]) -> str:
    return ", ".join(sorted({dialect.name for dialect in dialects}))


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
    return names


def _refuse_twice(table: Table, then: Then, dialects: Collection[Dialect]) -> None:
    """Refuse a second change of a field: one that is dropped, or set as a whole, cannot be changed besides."""
    changes = [(("set", name), name) for name in then.set] + [(("drop", i), name) for i, name in enumerate(then.drop)]
    for number, (path, name) in enumerate(changes):
        for _, other in changes[:number]:
            is_whole = path[0] == "drop" or field_place(name) is not None or field_place(other) is not None
            same = any(field_of(dialect, name) == field_of(dialect, other) for dialect in dialects)
            if name == other or (is_whole and same):
                problem = f"names the same field as '{other}', which this rule changes too; keep one of them"
                raise table.document.error((*table.path, *path), problem)


def _faults(table: Table, dialects: Collection[Dialect]) -> tuple[Fault, ...]:
    if not table.has("faults"):
        return ()
    texts = table.texts("faults")
    if not texts:
        raise table.error("faults", 'is an empty list; name at least one, as in "late:after=3s"')
    faults = tuple(_fault(table, i, text, dialects) for i, text in enumerate(texts))
    names = [fault.name for fault in faults]
    for i, fault in enumerate(faults):
        if fault.name in names[:i]:
            problem = f"'{fault.name}' is the name of another one of this rule; give it one, as in name=second"
            raise table.document.error((*table.path, "faults", i), problem)
    if conflict := find_conflict(faults):
        raise table.error("faults", conflict.problem)
    return faults


def _fault(table: Table, place: int, text: str, dialects: Collection[Dialect]) -> Fault:
    path = (*table.path, "faults", place)
    try:
        fault = parse(text, dialects)
    except ValueError as exc:
        raise table.document.error(path, str(exc)) from None
    if fault != Fault(fault.name, fault.kind, seed=fault.seed):
        problem = f"'{text}': the rule says when it acts, in its own 'when', 'times' and 'after'; name parameters only"
        raise table.document.error(path, problem)
    for stage, acts in ((Stage.BEFORE_DECISION, "before anything is decided"), (Stage.LINE, "on connections")):
        if fault.stage is stage:
            problem = f"'{text}' acts {acts}, a rule on what is decided; declare it as a fault of its own"
            raise table.document.error(path, problem)
    return fault
