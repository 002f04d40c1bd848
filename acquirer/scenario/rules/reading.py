"""How rules are written: as ``[[rule]]`` tables of a TOML document, or as dictionaries with the same keys.

Everything that can be known to be wrong is refused when a rule is read, with file, line and key: also what can never
match, and codes and elements that no dialect of the host has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any, Final

from acquirer.data.table import Table, headed_tables
from acquirer.data.toml import DataError, Document
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.expression import ALWAYS, Expression, conjunction, conjuncts, keys_of, required
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import RULE_KEYS, ConditionError
from acquirer.matcher.when import from_mapping
from acquirer.scenario.fault import LONGEST_NAME
from acquirer.scenario.possible import impossible, is_about, unserved
from acquirer.scenario.rules.reading_then import read_then
from acquirer.scenario.rules.rule import DEFAULT_PRIORITY, Rule

STATE: Final = "state"
"""The key for the state of a scenario, in `when` and beside it."""

LAST_PRIORITY: Final = 1000
MOST: Final = 1_000_000_000


def read_rules(document: Document, dialects: Collection[Dialect], known: Collection[str] = ()) -> tuple[Rule, ...]:
    """Return the ``[[rule]]`` tables of a document.

    Args:
        dialects: that the host speaks; none: what a dialect must know is not checked.
        known: names of rules that are there already.

    Raises:
        DataError: with file, line and key.
    """
    names, rules = set(known), []
    for table in headed_tables(document, "rule"):
        rule = read_rule(table, dialects)
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
        return read_rule(Table(document, (), document.data["rule"][0]), dialects)
    except DataError as exc:
        raise DataError("rule", 0, exc.key, exc.problem) from None


def read_rule(table: Table, dialects: Collection[Dialect]) -> Rule:
    """Return the rule that a table describes. Raises DataError: with file, line and key."""
    table.only(("name", "when", "then", "times", "after", "priority", "scenario", "state", "next", "seed", "enabled"))
    name = _name(table)
    after = _count(table, "after", 0) if table.has("after") else 0
    when, state = _when(table, dialects, after)
    if dialects:
        dialects = [dialect for dialect in dialects if is_about(when, dialect)]
    if not table.has("then"):
        raise table.error("then", 'is missing; say what happens, as in then = { code = "51" }')
    if not isinstance(table.raw("then"), dict):
        raise table.error("then", 'must be a table, as in then = { code = "51" }')
    then = read_then(table.table("then"), dialects, required(when, "service") or frozenset())
    times = _count(table, "times", 1) if table.has("times") else None
    scenario, next_state = _text(table, "scenario"), _text(table, "next")
    state = state or _text(table, "state")
    for key in ("state", "next"):
        if table.has(key) and not scenario:
            raise table.error(key, 'belongs to a scenario; name one, as in scenario = "morning"')
    if scenario and not (state or next_state):
        raise table.error("scenario", "changes nothing without 'state' or 'next'; add one, or leave it out")
    if table.has("seed") and then.order != "random":
        raise table.error("seed", "is of answers whose order is random, and there are none; leave it out")
    return Rule(
        name=name,
        when=when,
        then=then,
        times=times,
        after=after,
        priority=_priority(table),
        scenario=scenario,
        state=state,
        next=next_state,
        seed=table.number("seed", 0),
        enabled=table.flag("enabled", True),
    )


def _name(table: Table) -> str:
    if not table.has("name"):
        raise table.error("name", "is missing; journal and log call the rule by it")
    name = table.text("name")
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise table.error("name", f"must be a text of 1 to {LONGEST_NAME} printable characters")
    return name


def _text(table: Table, key: str) -> str:
    text = table.text(key, "")
    if table.has(key) and not text.strip():
        raise table.error(key, "is empty; name it, or leave it out")
    return text


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


def _when(table: Table, dialects: Collection[Dialect], passed: int) -> tuple[Expression, str]:
    """Return the condition, and the state of the scenario where it stands among the conditions."""
    if not table.has("when"):
        return ALWAYS, ""
    written = table.raw("when")
    state = ""
    if isinstance(written, str) and not written.strip():
        raise table.error("when", "is empty; leave it out where all exchanges are meant")
    try:
        if isinstance(written, str):
            when = parse_filter(written, RULE_KEYS)
        elif isinstance(written, dict):
            when = from_mapping(written, RULE_KEYS)
        else:
            raise table.error("when", "must be a table, or a filter as text")
        when, state = _without_state(table, when)
    except ConditionError as exc:
        raise _at(table, written, exc.key, exc.problem) from None
    for key, problem in chain(impossible(when, dialects, passed), unserved(when, dialects)):
        raise _at(table, written, key, problem)
    return when, state


def _without_state(table: Table, when: Expression) -> tuple[Expression, str]:
    """Return a condition without the state of the scenario, and that state. Raises ConditionError."""
    asking = [part for part in conjuncts(when) if STATE in keys_of(part)]
    if not asking:
        return when, ""
    state = required(asking[0], STATE)
    if len(asking) > 1 or keys_of(asking[0]) != {STATE} or state is None or len(state) != 1:
        raise ConditionError(STATE, 'names one state, as in state = "open"; for another one write another rule')
    if not table.has("scenario"):
        raise ConditionError(STATE, 'belongs to a scenario; name one, as in scenario = "morning"')
    if table.has("state"):
        raise ConditionError(STATE, "stands beside 'when' too; keep one of them")
    return conjunction(part for part in conjuncts(when) if part is not asking[0]), next(iter(state))


def _at(table: Table, written: Any, key: str, problem: str) -> DataError:
    if isinstance(written, dict) and key:
        return table.document.error((*table.path, "when", key), problem)
    return table.error("when", f"{key}: {problem}" if key else problem)
