"""Rules and faults as they are written: the tables that reading them again makes the same of."""

from __future__ import annotations

from typing import Any, Final

from acquirer.matcher.expression import ALWAYS, value_text
from acquirer.matcher.filter_text import as_filter
from acquirer.scenario.fault import Fault
from acquirer.scenario.fault_kind import FaultKind
from acquirer.scenario.parameters import show_duration_ms
from acquirer.scenario.registry import PACKAGE, find_kind, known_names
from acquirer.scenario.rules.reading_then import FOR_A_PERSON
from acquirer.scenario.rules.rule import DEFAULT_PRIORITY, Rule, Then

_PLAIN: Final = ("tid", "mid", "service", "code", "peer", "listener", "count", "seed")


def kind_name(kind: FaultKind) -> str:
    """Return what a kind of fault is called.

    Raises:
        LookupError: no distribution offers it.
    """
    package, _, module = type(kind).__module__.rpartition(".")
    if package == PACKAGE:
        return module
    for name in known_names():
        if find_kind(name).type is type(kind):
            return name
    raise LookupError(f"no distribution offers the kind {type(kind).__name__}")


def fault_table(fault: Fault) -> dict[str, Any]:
    """Return a fault as a ``[[fault]]`` table.

    >>> from acquirer.scenario.declaration import parse
    >>> fault_table(parse("late:after=1s,service=sale,amount=13.13,count=2"))
    {'name': 'late', 'kind': 'late', 'service': 'sale', 'count': 2, 'amount': '13.13', 'after': '1s'}
    """
    table: dict[str, Any] = {"name": fault.name, "kind": kind_name(fault.kind)}
    table |= {name: value for name in _PLAIN if (value := getattr(fault, name)) is not None}
    if fault.amount_minor is not None:
        table["amount"] = value_text("amount", fault.amount_minor)
    if fault.probability < 1.0:
        table["probability"] = fault.probability
    if fault.skip:
        table["skip"] = fault.skip
    if fault.when is not None and fault.when != ALWAYS:
        table["when"] = as_filter(fault.when)
    if not fault.enabled:
        table["enabled"] = False
    return table | _parameters(fault.kind)


def fault_text(fault: Fault) -> str:
    """Return a fault of a rule as one text: its kind and its parameters.

    >>> from acquirer.scenario.declaration import parse
    >>> fault_text(parse("late:after=1s,name=tunnel"))
    'late:name=tunnel,after=1s'
    """
    kind = kind_name(fault.kind)
    values: dict[str, Any] = {} if fault.name == kind else {"name": fault.name}
    if fault.seed is not None:
        values["seed"] = fault.seed
    pairs = ",".join(f"{name}={value}" for name, value in (values | _parameters(fault.kind)).items())
    return f"{kind}:{pairs}" if pairs else kind


def rule_table(rule: Rule) -> dict[str, Any]:
    """Return a rule as a ``[[rule]]`` table.

    >>> from acquirer.scenario.rules.reading import make_rule
    >>> rule_table(make_rule({"name": "poor", "when": {"amount": ">10.00"}, "then": {"code": "51"}, "times": 1}))
    {'name': 'poor', 'when': 'amount>10.00', 'then': {'code': '51'}, 'times': 1}
    """
    table: dict[str, Any] = {"name": rule.name}
    if rule.when != ALWAYS:
        table["when"] = as_filter(rule.when)
    table["then"] = _then(rule.then)
    if rule.times is not None:
        table["times"] = rule.times
    if rule.after:
        table["after"] = rule.after
    if rule.priority != DEFAULT_PRIORITY:
        table["priority"] = rule.priority
    table |= {name: value for name in ("scenario", "state", "next", "seed") if (value := getattr(rule, name))}
    return table if rule.enabled else {**table, "enabled": False}


def _then(then: Then) -> dict[str, Any]:
    table: dict[str, Any] = {}
    if then.code:
        table["code"] = then.code
    if then.reason is not None:
        table["reason"] = str(then.reason)
    if then.approve:
        table["approve"] = True
    if then.answers:
        table["answers"] = list(then.answers)
    if then.order != "in turn":
        table["order"] = then.order
    if then.hold_ms is not None:
        table["hold"] = show_duration_ms(then.hold_ms) if then.hold_ms else FOR_A_PERSON
    if then.set:
        table["set"] = dict(then.set)
    if then.drop:
        table["drop"] = list(then.drop)
    if then.ask:
        table["ask"] = then.ask
    if then.faults:
        table["faults"] = [fault_text(fault) for fault in then.faults]
    return table


def _parameters(kind: FaultKind) -> dict[str, Any]:
    """Return the parameters of a kind that are not as they are by default."""
    found: dict[str, Any] = {}
    for parameter in find_kind(kind_name(kind)).parameters:
        value = getattr(kind, parameter.field)
        if value is not None and (parameter.required or value != parameter.default):
            found[parameter.name] = parameter.type.show(value)
    return found
