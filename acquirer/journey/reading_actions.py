"""What a step does: an operation of a terminal, time that passes, rules and faults, events of the host."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from acquirer.data.table import Table
from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.journey.journey import (
    ChangeHost,
    HostEvent,
    Operate,
    PutInForce,
    StepAction,
    TakeAway,
    TerminalFault,
    WaitFor,
)
from acquirer.journey.operations import (
    OPERATIONS,
    SIGNATURE_SERVICES,
    TERMINAL_FAULTS,
    Argument,
    TerminalOperation,
)
from acquirer.journey.reading_values import duration_s
from acquirer.journey.references import is_reference, problem_of
from acquirer.scenario.conflicts import find_conflict
from acquirer.scenario.declaration import parse, read_fault
from acquirer.scenario.fault import Fault
from acquirer.scenario.parameters import read_amount_minor
from acquirer.scenario.rules.reading import read_rule
from acquirer.wire.masking import mask_card_numbers

HOST_ACTIONS: Final[Mapping[str, str]] = {
    "rule": "A rule for our host, in force from now on: a table with the keys of a `[[rule]]`.",
    "fault": "A fault for our host, in force from now on: a text, `silent:service=sale,times=1`, or a table.",
    "remove": "Takes away rules and faults: a name, or a list of names.",
    "host": "`stop`, `start` or `restart` our host. It keeps its books; rules and faults of earlier steps are gone.",
}

ACTIONS: Final[Mapping[str, str]] = {
    **{name: one.help for name, one in OPERATIONS.items()},
    "wait": "Lets time pass: `35s`, `250ms`.",
    **HOST_ACTIONS,
}
"""Key → what it does. A step has one of them, or none."""

_EVENTS: Final[tuple[HostEvent, ...]] = ("stop", "start", "restart")


class PlannedHost:
    """Rules and faults of the host as the steps change them, and whether it serves."""

    def __init__(self, dialect: Dialect, rules: Collection[str], faults: Collection[Fault]) -> None:
        self.dialect = dialect
        self.serves = True
        self._packed = tuple(rules), tuple(faults)
        self.begin()

    def begin(self) -> None:
        """Have what a host has when it begins."""
        rules, faults = self._packed
        self.rules = set(rules)
        self.faults = {fault.name: fault for fault in faults}

    def add(self, fault: Fault) -> str:
        """Add a fault in place of one of the same name; return why it cannot be, or ""."""
        others = [one for one in self.faults.values() if one.name != fault.name]
        if (conflict := find_conflict([*others, fault])) is not None:
            return conflict.problem
        self.faults[fault.name] = fault
        return ""

    def remove(self, name: str) -> None:
        """Forget what has this name."""
        self.rules.discard(name)
        self.faults.pop(name, None)


def read_action(
    table: Table, key: str, cards: Collection[str], known: Mapping[str, bool], planned: PlannedHost
) -> tuple[StepAction, str]:
    """Return what a step does, and how reports write it.

    Args:
        key: the one of `ACTIONS` that it has.
        cards: names of test cards.
        known: names of the steps before, and whether each is an operation.

    Raises:
        DataError: with file, line and key.
    """
    if key in OPERATIONS:
        return _operate(table, OPERATIONS[key], planned.dialect, cards, known)
    if key == "wait":
        seconds = duration_s(table, key)
        return WaitFor(seconds), f"wait {seconds:g} s"
    if key == "host":
        return _event(table, planned)
    if not planned.serves:
        raise table.error(key, 'the host is stopped here; start it first, with host = "start"')
    if key == "remove":
        return _remove(table, planned)
    return _rule(table, planned) if key == "rule" else _fault(table, planned)


# operations


def _operate(
    table: Table, operation: TerminalOperation, dialect: Dialect, cards: Collection[str], known: Mapping[str, bool]
) -> tuple[Operate, str]:
    name = operation.name
    service = operation.service
    if not any(route.service == service and route.served for route in dialect.routes):
        raise table.error(name, f"{dialect.name} has no message for it; take it out, or choose another dialect")
    written = table.raw(name)
    arguments: dict[str, Any] = {}
    if isinstance(written, dict):
        inner = table.table(name)
        inner.only([one.name for one in operation.arguments])
        arguments = {one: _argument(inner, operation, one, inner.raw(one), dialect, cards, known) for one in inner}
    elif written is not True:
        if not operation.arguments:
            raise table.error(name, f"takes no arguments; write {name} = true")
        first = operation.arguments[0].name
        arguments = {first: _argument(table, operation, first, written, dialect, cards, known, key=name)}
    for missing in sorted(operation.required - arguments.keys()):
        example = '"12.34"' if missing == "amount" else '"王伟"'
        raise table.error(name, f"needs '{missing}', as in {name} = {example} or {name} = {{ {missing} = {example} }}")
    fault = _terminal_fault(table, operation, dialect) if table.has("terminal_fault") else None
    return Operate(operation, arguments, fault), _words(operation, arguments, fault)


def _words(operation: TerminalOperation, arguments: Mapping[str, Any], fault: TerminalFault | None) -> str:
    """Return an operation as reports show it: a PIN by its length."""
    shown = []
    for one in operation.arguments:
        if one.name in arguments:
            value = "*" * len(arguments[one.name]) if one.kind == "pin" else str(arguments[one.name])
            shown.append(value if one is operation.arguments[0] else f"{one.name} {value}")
    words = f"{operation.name} {mask_card_numbers(', '.join(shown))}".rstrip()
    return f"{words} ({fault.kind})" if fault else words


def _argument(
    table: Table,
    operation: TerminalOperation,
    name: str,
    value: Any,
    dialect: Dialect,
    cards: Collection[str],
    known: Mapping[str, bool],
    key: str = "",
) -> Any:
    """Return the value of an argument; `key` is where it stands, if not under its own name."""
    key = key or name
    argument = operation.argument(name)
    assert argument is not None
    if is_reference(value):
        if argument.kind != "text":
            raise table.error(key, f"'{value}' is a reference, and {name} cannot be one; write the value")
        if problem := problem_of(value, known):
            raise table.error(key, problem)
        return value
    if problem := _problem(argument, value, dialect, cards):
        raise table.error(key, problem)
    return f"{value:.2f}" if argument.kind == "amount" and isinstance(value, float) else _plain(argument, value)


def _plain(argument: Argument, value: Any) -> Any:
    return value if argument.kind in ("flag", "number") else str(value)


def _problem(argument: Argument, value: Any, dialect: Dialect, cards: Collection[str]) -> str:
    """Return why a value cannot be an argument; "" when it can."""
    if argument.kind == "flag":
        return "" if isinstance(value, bool) else "must be true or false"
    if argument.kind == "number":
        return "" if type(value) is int and 0 <= value <= 99 else "must be a whole number from 0 to 99"
    if argument.kind == "amount" and type(value) in (int, float):
        value = f"{value:.2f}"
    if not isinstance(value, str) or not value:
        return "must be a text in quotes"
    if argument.kind == "amount":
        try:
            return "" if read_amount_minor(value) else "is nothing; write an amount like 12.34"
        except ValueError as exc:
            return str(exc)
    if argument.kind == "card" and value not in cards:
        hint = did_you_mean(value, cards) or f"; known: {_list(cards)}"
        return f"there is no test card '{mask_card_numbers(value)}'{hint}"
    profile = dialect.terminal_profile
    if argument.kind == "entry" and profile and value not in profile.entries:
        hint = did_you_mean(value, profile.entries) or f"; known: {_list(profile.entries)}"
        return f"{dialect.name} knows no entry '{value}'{hint}"
    if argument.kind == "pin" and not re.fullmatch(r"[0-9]{4,12}", value):
        return "a PIN has 4 to 12 digits"
    if argument.name == "sign" and (profile is None or profile.signature is None):
        return f"{dialect.name} knows no electronic signature; take it out"
    return ""


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def _terminal_fault(table: Table, operation: TerminalOperation, dialect: Dialect) -> TerminalFault:
    key = "terminal_fault"
    written = table.raw(key)
    inner, place = (table.table(key), "kind") if isinstance(written, dict) else (table, key)
    if isinstance(written, dict):
        inner.only(("kind", "service", "times"))
    kind = inner.text(place)
    if kind not in TERMINAL_FAULTS:
        hint = did_you_mean(kind, TERMINAL_FAULTS) or f"; there are {', '.join(TERMINAL_FAULTS)}"
        raise inner.error(place, f"no fault of a terminal is called '{kind}'{hint}")
    if kind == "power_cut" and not operation.saves:
        raise inner.error(place, f"{operation.name} saves nothing of its answer, so no power cut can lose it")
    if kind == "wrong_batch" and "batch" not in dialect.elements:
        raise inner.error(place, f"{dialect.name} has no batch numbers")
    services = frozenset(SIGNATURE_SERVICES if kind == "late_signature" else (operation.service,))
    times = 0
    if isinstance(written, dict):
        for name in ("service", "times"):
            if inner.has(name) and kind in ("wrong_batch", "late_signature"):
                raise inner.error(name, f"means nothing to '{kind}'; take it out")
        if inner.has("service"):
            known = {route.service for route in dialect.routes}
            services = frozenset({inner.choice("service", known)})
        times = inner.number("times", 0, 1) if inner.has("times") else 0
    return TerminalFault(next(one for one in TERMINAL_FAULTS if one == kind), services, times)


# the host


def _event(table: Table, planned: PlannedHost) -> tuple[ChangeHost, str]:
    event = table.choice("host", _EVENTS)
    if planned.serves == (event == "start"):
        raise table.error("host", "the host serves already" if planned.serves else "the host is stopped already")
    planned.serves = event != "stop"
    if planned.serves:
        planned.begin()
    chosen = next(one for one in _EVENTS if one == event)
    return ChangeHost(chosen), f"host {event}"


def _rule(table: Table, planned: PlannedHost) -> tuple[PutInForce, str]:
    if not isinstance(table.raw("rule"), dict):
        raise table.error("rule", 'must be a table, as in rule = { name = "poor", then = { code = "51" } }')
    rule = read_rule(table.table("rule"), (planned.dialect,))
    if rule.name in planned.rules:
        raise table.table("rule").error("name", f"'{rule.name}' is the name of a rule in force; no two have the same")
    planned.rules.add(rule.name)
    return PutInForce(rule), f"rule '{rule.name}'"


def _fault(table: Table, planned: PlannedHost) -> tuple[PutInForce, str]:
    written, dialects = table.raw("fault"), (planned.dialect,)
    if isinstance(written, dict):
        fault = read_fault(table.document, (*table.path, "fault"), written, dialects)
    elif isinstance(written, str):
        try:
            fault = parse(written, dialects)
        except ValueError as exc:
            raise table.error("fault", str(exc).removeprefix("fault ")) from None
    else:
        raise table.error("fault", 'must be a text, as in "silent:service=sale", or a table')
    if problem := planned.add(fault):
        raise table.error("fault", problem)
    return PutInForce(fault), f"fault {written if isinstance(written, str) else fault.name}"


def _remove(table: Table, planned: PlannedHost) -> tuple[TakeAway, str]:
    names = table.texts("remove")
    known = planned.rules | set(planned.faults)
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or (f"; there are {_list(known)}" if known else "; none is in force")
            raise table.error("remove", f"no rule or fault in force is called '{name}'{hint}")
    action = TakeAway(
        tuple(name for name in names if name in planned.rules),
        tuple(name for name in names if name in planned.faults),
    )
    for name in names:
        planned.remove(name)
    return action, f"remove {', '.join(names)}"
