"""How rules are written: as ``[[rule]]`` tables of a TOML document, or as dictionaries with the same keys.

Everything that can be known to be wrong is refused when a rule is read, with file, line and key: also what can never
match, and codes and elements that no dialect of the host has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from acquirer.data.table import Table
from acquirer.data.toml import DataError, Document, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.expression import ALWAYS, Expression, Not, conjuncts, keys_of, required
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import RULE_KEYS, ConditionError
from acquirer.matcher.when import from_mapping
from acquirer.model.reasons import Reason
from acquirer.scenario.declaration import parse
from acquirer.scenario.fault import Fault
from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.parameters import read_duration_ms
from acquirer.scenario.rules.engine import COUNTED
from acquirer.scenario.rules.reply_edits import misplaced
from acquirer.scenario.rules.rule import DEFAULT_PRIORITY, Rule, Then

FOR_A_PERSON: Final = "for a person"
ASKABLE: Final = ("sign_on",)
REASONS: Final = tuple(sorted({*Reason} - {Reason.CHOSEN}))
LAST_PRIORITY: Final = 1000
MOST: Final = 1_000_000_000
_SIZES: Final = {"tid": (8, "terminal number"), "mid": (15, "merchant number")}


def read_rules(document: Document, dialects: Collection[Dialect], known: Collection[str] = ()) -> tuple[Rule, ...]:
    """Return the ``[[rule]]`` tables of a document.

    Args:
        dialects: that the host speaks; none: what a dialect must know is not checked.
        known: names of rules that are there already.

    Raises:
        DataError: with file, line and key.
    """
    if not isinstance(document.data.get("rule", []), list):
        raise document.error(("rule",), "write each rule under a heading [[rule]], in double brackets")
    names, rules = set(known), []
    for table in Table(document).tables("rule"):
        rule = _rule(table, dialects)
        if rule.name in names:
            raise table.error("name", f"'{rule.name}' is the name of another rule; no two have the same")
        names.add(rule.name)
        rules.append(rule)
    return tuple(rules)


def make_rule(values: Mapping[str, Any], dialects: Collection[Dialect] = ()) -> Rule:
    """Return the rule that a dictionary describes, with the keys of a ``[[rule]]`` table.

    >>> make_rule({"name": "poor", "when": {"amount": ">10.00"}, "then": {"code": "51"}}).then.code
    '51'

    Raises:
        DataError: with the key that cannot be used.
    """
    document = Document("rule", {"rule": [dict(values)]}, {})
    try:
        return _rule(Table(document, (), document.data["rule"][0]), dialects)
    except DataError as exc:
        raise DataError("rule", 0, exc.key, exc.problem) from None


def _rule(table: Table, dialects: Collection[Dialect]) -> Rule:
    table.only(("name", "when", "then", "times", "after", "priority", "scenario", "state", "next", "seed"))
    name = _name(table)
    when, state = _when(table, dialects)
    if not table.has("then"):
        raise table.error("then", 'is missing; say what happens, as in then = { code = "51" }')
    then = _then(table.table("then"), dialects)
    times = _count(table, "times", 1) if table.has("times") else None
    scenario = table.text("scenario", "")
    state = state or table.text("state", "")
    for key in ("state", "next"):
        if table.has(key) and not scenario:
            raise table.error(key, 'belongs to a scenario; name one, as in scenario = "morning"')
    return Rule(
        name=name,
        when=when,
        then=then,
        times=times,
        after=_count(table, "after", 0) if table.has("after") else 0,
        priority=_priority(table),
        scenario=scenario,
        state=state,
        next=table.text("next", ""),
        seed=table.number("seed", 0),
    )


def _name(table: Table) -> str:
    if not table.has("name"):
        raise table.error("name", "is missing; journal and log call the rule by it")
    name = table.text("name")
    if not name.strip() or not name.isprintable() or len(name) > 80:
        raise table.error("name", "must be a text of 1 to 80 printable characters")
    return name


def _count(table: Table, key: str, least: int) -> int:
    number = table.number(key)
    if not least <= number <= MOST:
        raise table.error(key, f"must be a number from {least}" + (" (leave it out for no limit)" if least else ""))
    return number


def _priority(table: Table) -> int:
    priority = table.number("priority", DEFAULT_PRIORITY)
    if not 1 <= priority <= LAST_PRIORITY:
        raise table.error("priority", f"must be a number from 1, which is asked first, to {LAST_PRIORITY}")
    return priority


# when


def _when(table: Table, dialects: Collection[Dialect]) -> tuple[Expression, str]:
    """Return the condition, and the state of the scenario where it stands among the conditions."""
    if not table.has("when"):
        return ALWAYS, ""
    written = table.raw("when")
    state = ""
    try:
        if isinstance(written, str):
            when = parse_filter(written, RULE_KEYS)
        elif isinstance(written, dict):
            flat = dict(_flattened(written))
            if "state" in flat:
                state = table.table("when").text("state")
                if not table.has("scenario"):
                    raise ConditionError("state", 'belongs to a scenario; name one, as in scenario = "morning"')
                del flat["state"]
            when = from_mapping(flat, RULE_KEYS)
        else:
            raise table.error("when", "must be a table, or a filter as text")
    except ConditionError as exc:
        raise _at(table, written, exc.key, exc.problem) from None
    for key, problem in _impossible(when, dialects):
        raise _at(table, written, key, problem)
    return when, state


def _flattened(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield conditions; of a field without quotes, ``de.60.3``, TOML makes tables inside each other."""
    for key, value in values.items():
        if key == "de" and isinstance(value, dict):
            for number, inner in value.items():
                if isinstance(inner, dict):
                    yield from ((f"de.{number}.{part}", one) for part, one in inner.items())
                else:
                    yield f"de.{number}", inner
        else:
            yield key, value


def _at(table: Table, written: Any, key: str, problem: str) -> DataError:
    if isinstance(written, dict) and key:
        return table.document.error((*table.path, "when", key), problem)
    return table.error("when", f"{key}: {problem}" if key else problem)


def _impossible(when: Expression, dialects: Collection[Dialect]) -> Iterator[tuple[str, str]]:
    """Yield the keys of which no value can ever fit, and why."""
    for key, (size, noun) in _SIZES.items():
        for value in sorted(required(when, key) or ()):
            if len(value) != size:
                yield key, f"'{value}' is not a {noun}, which has {size} characters: it can never match"
    for part in conjuncts(when):
        if COUNTED in keys_of(part) and len(keys_of(part)) > 1:
            yield COUNTED, "counts what fits everything else; it cannot be an alternative to another key"
    if not dialects:
        return
    services = {route.service for dialect in dialects for route in dialect.routes if route.served}
    named = {dialect.name for dialect in dialects}
    codes = {code for dialect in dialects for code in dialect.codes}
    for key, known in (("service", services), ("dialect", named), ("code", codes), ("reason", {*Reason})):
        for value in sorted(_named(when, key) - known):
            hint = did_you_mean(value, known) or (f"; there are {', '.join(sorted(known))}" if key != "code" else "")
            yield key, f"this host has no {key} '{value}'{hint}"


def _named(when: Expression, key: str) -> frozenset[str]:
    """Return the values with which a key is compared as a whole, in what must hold or must not."""
    parts = [part.part if isinstance(part, Not) else part for part in conjuncts(when)]
    return frozenset(value for part in parts for value in required(part, key) or ())


# then


def _then(table: Table, dialects: Collection[Dialect]) -> Then:
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
        faults=_faults(table),
    )
    if not (then.decides or then.changes):
        raise table.error("", 'is empty; say what happens, as in then = { code = "51" }')
    return then


def _codes(table: Table, key: str, codes: tuple[str, ...], dialects: Collection[Dialect]) -> tuple[str, ...]:
    if not codes:
        raise table.error(key, "is an empty list; name at least one response code")
    for i, code in enumerate(codes):
        if dialects and not any(code in dialect.codes for dialect in dialects):
            named = ", ".join(sorted({dialect.name for dialect in dialects}))
            path = (*table.path, key, *((i,) if key == "answers" else ()))
            problem = f"{named} knows no response code '{code}'; 'acquirer dialect show' lists them"
            raise table.document.error(path, problem)
        if not code:
            raise table.error(key, 'is empty; name a response code, as in "51"')
    return codes


def _approve(table: Table) -> bool:
    if table.has("approve") and not table.flag("approve", True):
        raise table.error("approve", 'is true or left out; to decline, name a code, as in code = "05"')
    return table.has("approve")


def _hold(table: Table) -> int | None:
    if not table.has("hold"):
        return None
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
    values = dict(_flattened(written))
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


def _faults(table: Table) -> tuple[Fault, ...]:
    if not table.has("faults"):
        return ()
    texts = table.texts("faults")
    if not texts:
        raise table.error("faults", 'is an empty list; name at least one, as in "late:after=3s"')
    return tuple(_fault(table, i, text) for i, text in enumerate(texts))


def _fault(table: Table, place: int, text: str) -> Fault:
    path = (*table.path, "faults", place)
    try:
        fault = parse(text)
    except ValueError as exc:
        raise table.document.error(path, str(exc)) from None
    if fault.stage is Stage.BEFORE_DECISION:
        problem = f"'{text}' acts before anything is decided, a rule afterwards; declare it as a fault of its own"
        raise table.document.error(path, problem)
    return fault


def names_of(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the names of rules."""
    return frozenset(rule.name for rule in rules)
