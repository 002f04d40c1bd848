"""What a step does: an operation of a terminal, time that passes, rules and faults, events of the host."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from acquirer.data.table import Table
from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.journey.journey import (
    ChangeHost,
    HostEvent,
    PutInForce,
    StepAction,
    TakeAway,
    WaitFor,
)
from acquirer.journey.operations import (
    OPERATIONS,
)
from acquirer.journey.reading_operations import OperationReader
from acquirer.journey.reading_values import duration_s
from acquirer.scenario.conflicts import find_conflict
from acquirer.scenario.declaration import parse, read_fault
from acquirer.scenario.fault import Fault
from acquirer.scenario.rules.reading import read_rule

HOST_ACTIONS: Final[Mapping[str, str]] = {
    "rule": "A rule for our host, in force from now on: a table with the keys of a `[[rule]]`.",
    "fault": "A fault for our host, in force from now on: a text, `silent:service=sale,times=1`, or a table.",
    "remove": "Takes away rules and faults: a name, or a list of names.",
    "host": "`stop`, `start` or `restart` our host: it keeps its books; rules and faults of earlier steps are gone. "
    "`rotate_keys`: it gives the step's terminal other working keys without telling it.",
}

ACTIONS: Final[Mapping[str, str]] = {
    **{name: one.help for name, one in OPERATIONS.items()},
    "wait": "Lets time pass: `35s`, `250ms`.",
    **HOST_ACTIONS,
}
"""Key → what it does. A step has one of them, or none."""

_EVENTS: Final[tuple[HostEvent, ...]] = ("stop", "start", "restart", "rotate_keys")


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
        action = OperationReader(planned.dialect, cards, known).read(table, OPERATIONS[key])
        return action, action.words
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


def _event(table: Table, planned: PlannedHost) -> tuple[ChangeHost, str]:
    written = table.choice("host", _EVENTS)
    event = next(one for one in _EVENTS if one == written)
    if planned.serves == (event == "start"):
        raise table.error("host", "the host serves already" if planned.serves else "the host is stopped already")
    if event != "rotate_keys":
        planned.serves = event != "stop"
    if event in ("start", "restart"):
        planned.begin()
    return ChangeHost(event), f"host {event}"


def _rule(table: Table, planned: PlannedHost) -> tuple[PutInForce, str]:
    if not isinstance(table.raw("rule"), dict):
        raise table.error("rule", 'must be a table, as in rule = { name = "poor", then = { code = "51" } }')
    rule = read_rule(table.table("rule"), (planned.dialect,))
    if rule.name in planned.rules:
        raise table.table("rule").error("name", f"'{rule.name}' is the name of a rule in force; no two have the same")
    if rule.then.hold_ms == 0:
        problem = 'holds an exchange for a person, and a journey has none; give it a time, as in hold = "30s"'
        raise table.table("rule").table("then").error("hold", problem)
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
            others = f"; there are {', '.join(sorted(known))}" if known else "; none is in force"
            hint = did_you_mean(name, known) or others
            raise table.error("remove", f"no rule or fault in force is called '{name}'{hint}")
    action = TakeAway(
        tuple(name for name in names if name in planned.rules),
        tuple(name for name in names if name in planned.faults),
    )
    for name in names:
        planned.remove(name)
    return action, f"remove {', '.join(names)}"
