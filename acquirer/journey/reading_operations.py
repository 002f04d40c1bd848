"""Operations of terminals as a step writes them: their arguments, and a fault of the terminal's side."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from acquirer.data.table import Table
from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.journey.journey import Operate, TerminalFault
from acquirer.journey.miscounts import MISCOUNTS, Miscount
from acquirer.journey.operation import PRINTER_FAULTS, TERMINAL_FAULTS, Argument, TerminalFaultKind, TerminalOperation
from acquirer.journey.operations import SIGNATURE_SERVICES
from acquirer.journey.references import is_reference, problem_of
from acquirer.scenario.parameters import read_amount_minor
from acquirer.terminal.details import elements_of
from acquirer.terminal.kinds import KINDS, MOTO_PRE_AUTH, SALE, SALE_KINDS
from acquirer.terminal.order import OrderError
from acquirer.wire.masking import mask_card_numbers

_MOST_ROUNDS: Final = 99
"""Of uploads: terminals try three."""

_EXAMPLES: Final = {
    "amount": '"12.34"',
    "number": '"01"',
    **dict.fromkeys(("password", "new", "supervisor", "administrator"), '"1234"'),
}
"""Of arguments that must be given; of another one, a name."""

_WITHOUT_SERVICE: Final = ("wrong_batch", "late_signature", "miscount", *PRINTER_FAULTS)
"""Faults that act on no request of one service, or on those of signatures only."""


class OperationReader:
    """Reads the operations of steps.

    Args:
        cards: names of test cards.
        known: names of the steps before, and whether each is an operation.
    """

    def __init__(self, dialect: Dialect, cards: Collection[str], known: Mapping[str, bool]) -> None:
        self._dialect = dialect
        self._cards = cards
        self._known = known

    def read(self, table: Table, operation: TerminalOperation) -> Operate:
        """Return the operation of a step. Raises DataError."""
        name = operation.name
        served = any(route.service in operation.services and route.served for route in self._dialect.routes)
        if operation.service and not served:
            problem = f"{self._dialect.name} has no message for it; take it out, or choose another dialect"
            raise table.error(name, problem)
        written = table.raw(name)
        arguments: dict[str, Any] = {}
        if isinstance(written, dict):
            inner = table.table(name)
            inner.only([one.name for one in operation.arguments])
            given = [one for one in operation.arguments if one.name in written]
            arguments = {one.name: self._argument(inner, one, one.name) for one in given}
        elif written is not True:
            if not operation.arguments:
                raise table.error(name, f"takes no arguments; write {name} = true")
            first = operation.arguments[0]
            arguments = {first.name: self._argument(table, first, name)}
        for missing in sorted(operation.required - arguments.keys()):
            example = _EXAMPLES.get(missing, '"王伟"')
            problem = f"needs '{missing}', as in {name} = {example} or {name} = {{ {missing} = {example} }}"
            raise table.error(name, problem)
        if problem := self._lacking_detail(operation, arguments):
            raise table.error(name, problem)
        fault = self._fault(table, operation) if table.has("terminal_fault") else None
        return Operate(operation, arguments, fault)

    def _argument(self, table: Table, argument: Argument, key: str) -> Any:
        """Return the value of an argument, which stands under `key`. Raises DataError."""
        value = table.raw(key)
        if argument.kind == "amount" and type(value) in (int, float):
            value = f"{value:.2f}"
        if is_reference(value):
            if argument.kind != "text":
                raise table.error(key, f"'{value}' is a reference, and {argument.name} cannot be one; write the value")
            problem = problem_of(value, self._known)
        else:
            problem = self._problem(argument, value)
        if problem:
            raise table.error(key, problem)
        return value

    def _lacking_detail(self, operation: TerminalOperation, arguments: Mapping[str, Any]) -> str:
        """Return what is wrong with the details of a transaction, or missing; "" when nothing is."""
        if "details" not in (one.name for one in operation.arguments):
            return ""
        service = operation.service
        if service == SALE.service:
            service = SALE_KINDS[arguments.get("kind", service)].service
        elif arguments.get("moto"):
            service = MOTO_PRE_AUTH.service
        try:
            elements_of(KINDS[service], arguments.get("details", {}), self._dialect.forms)
        except OrderError as exc:
            return str(exc)
        return ""

    def _problem(self, argument: Argument, value: Any) -> str:
        """Return why a value cannot be an argument; "" when it can."""
        if argument.kind == "texts":
            fits = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
            return "" if fits else 'must be a table of texts, as in details = { periods = "12" }'
        if argument.kind == "flag":
            return "" if isinstance(value, bool) else "must be true or false"
        if argument.kind == "number":
            fits = type(value) is int and 0 <= value <= _MOST_ROUNDS
            return "" if fits else f"must be a whole number from 0 to {_MOST_ROUNDS}"
        if not isinstance(value, str) or not value:
            return "must be a text in quotes"
        if argument.choices and value not in argument.choices:
            return f"there is no '{mask_card_numbers(value)}'{_hint(value, argument.choices)}"
        if argument.kind == "amount":
            try:
                return "" if read_amount_minor(value) else "is nothing; write an amount like 12.34"
            except ValueError as exc:
                return str(exc)
        if argument.kind == "card" and value not in self._cards:
            return f"there is no test card '{mask_card_numbers(value)}'{_hint(value, self._cards)}"
        profile = self._dialect.terminal_profile
        if argument.kind == "entry" and profile and value not in profile.entries:
            return f"{self._dialect.name} knows no entry '{value}'{_hint(value, profile.entries)}"
        if argument.kind == "pin" and not re.fullmatch(r"[0-9]{4,12}", value):
            return "a PIN has 4 to 12 digits"
        if argument.kind == "password" and not re.fullmatch(r"[0-9]{4}", value):
            return "a password of an operator has four digits"
        if argument.name == "sign" and (profile is None or profile.signature is None):
            return f"{self._dialect.name} knows no electronic signature; take it out"
        return ""

    def _fault(self, table: Table, operation: TerminalOperation) -> TerminalFault:
        """Return the fault of the terminal's side. Raises DataError."""
        key = "terminal_fault"
        is_table = isinstance(table.raw(key), dict)
        inner, key = (table.table(key), "kind") if is_table else (table, key)
        if is_table:
            inner.only(("kind", "service", "times", "what"))
        kind = next((one for one in TERMINAL_FAULTS if one == inner.text(key)), None)
        if kind is None:
            hint = _hint(inner.text(key), TERMINAL_FAULTS, "there are")
            raise inner.error(key, f"no fault of a terminal is called '{inner.text(key)}'{hint}")
        if not operation.services and kind not in PRINTER_FAULTS:
            raise inner.error(key, f"{operation.name} sends nothing, so no fault can act; take it out")
        if kind == "power_cut" and not operation.saves:
            raise inner.error(key, f"{operation.name} saves nothing of its answer, so no power cut can lose it")
        if kind == "wrong_batch" and "batch" not in self._dialect.elements:
            raise inner.error(key, f"{self._dialect.name} has no batch numbers")
        what = self._miscount(inner, key, kind, is_table=is_table)
        services, times = operation.services, 0
        if kind == "late_signature":
            services = frozenset(SIGNATURE_SERVICES)
        for name in ("service", "times") if is_table and kind in _WITHOUT_SERVICE else ():
            if inner.has(name):
                raise inner.error(name, f"means nothing to '{kind}'; take it out")
        if is_table and inner.has("service"):
            services = frozenset({inner.choice("service", {route.service for route in self._dialect.routes})})
        if is_table and inner.has("times"):
            times = inner.number("times", least=1)
        return TerminalFault(kind, services, times, what)

    def _miscount(self, table: Table, key: str, kind: TerminalFaultKind, *, is_table: bool) -> Miscount | None:
        """Return what is counted wrong; None where the fault is another one. Raises DataError."""
        given = is_table and table.has("what")
        if kind != "miscount":
            if given:
                raise table.error("what", f"means nothing to '{kind}'; take it out")
            return None
        if not given:
            problem = 'needs to say what, as in { kind = "miscount", what = "twice" }; there are '
            raise table.error(key, problem + ", ".join(MISCOUNTS))
        chosen = table.choice("what", MISCOUNTS)
        return next(one for one in MISCOUNTS if one == chosen)


def _hint(value: str, known: Collection[str], word: str = "known:") -> str:
    return did_you_mean(value, known) or f"; {word} {', '.join(sorted(known))}"
