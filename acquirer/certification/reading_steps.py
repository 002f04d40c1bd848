"""How the steps of a case are written: what the person does, what the host prepares, what is expected."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from acquirer.certification.case import SEVERITIES, AnswerExpected, CaseExpectation, CaseStep, Severity
from acquirer.certification.texts import person_text
from acquirer.data.table import Table
from acquirer.dialect.dialect import Dialect
from acquirer.journey.journey import CountExpected, Operate, OperationExpected, OrderOfExchanges, PutInForce, TakeAway
from acquirer.journey.operations import OPERATIONS
from acquirer.journey.reading_actions import PlannedHost, read_action
from acquirer.journey.reading_expectations import read_exchange, read_expectations
from acquirer.journey.reading_values import duration_s
from acquirer.journey.references import LAST
from acquirer.scenario.fault import Fault

QUIET_S: Final = 2.0
"""How long nothing more may happen before a step is judged: a terminal that sends twice does so at once."""

STEP_KEYS: Final[Mapping[str, str]] = {
    "do": "What the person is to do, in words.",
    "host": "What the host does then, in words; needed beside `fault`, `rule`, `remove` and `rotate_keys`.",
    "name": "What later conditions call the message that `arrives`: `@sale` is its STAN, `@sale.de.4` a field of it.",
    "arrives": "The message that shows that it was done: a service, a filter or a table. Without it, only the person "
    "knows.",
    "fault": "A fault of the host, in force from this step to the end of the case: a text or a table "
    "([faults](faults.md)). In it, `@late` is a time after which the terminal has given up, "
    "`@early` one at which it still waits.",
    "rule": "A rule of the host, in force from this step to the end of the case: a table ([rules](rules.md)).",
    "remove": "Takes away rules and faults of steps before: a name, or a list of names.",
    "rotate_keys": "The host gives the terminal other working keys before this step, without telling it.",
    "quiet": "How long nothing more may happen before the step is judged; without it, 2s.",
    "terminal_fault": "A fault of our terminal's side ([journeys](journeys.md)), where the person has a switch or a "
    "plug.",
    "expect": "What is expected, each under a heading `[[case.step.expect]]`.",
}
"""Keys of ``[[case.step]]`` beside the operation of a terminal (`sale = "1.00"`, as journeys have them)."""

EXPECTATION_KEYS: Final[Mapping[str, str]] = {
    "what": "What is expected, in words.",
    "verify": "How many messages of the step there must be: a table, a filter or a service, with a `count`.",
    "verify_order": "Which messages there must be one after another: a list of the same.",
    "strict": "Beside `verify_order`: nothing else may stand between.",
    "since": "`step`, or `case`: from when on messages count. Without it, `step`.",
    "ask": "A question to the person, about what no wire shows.",
    "answer": "The answer that is expected: `yes` or `no`.",
    "expect": "The same asked of an operation of our terminal, so that it can answer: `{ receipt = false }`.",
    "severity": "`must` or `should`; without it, that of the case.",
}
"""Keys of ``[[case.step.expect]]``. Each has one of `verify`, `verify_order` and `ask`."""

_NAME_MOST: Final = 40


class CaseStepReader:
    """Reads the steps of one case one after the other, and knows what those before have done.

    Args:
        cards: names of test cards.
        severity: of the case.
    """

    def __init__(self, dialect: Dialect, cards: Collection[str], severity: Severity) -> None:
        self._dialect = dialect
        self._cards = cards
        self._severity: Severity = severity
        self._names: dict[str, bool] = {}
        self._planned = PlannedHost(dialect, (), ())

    def read(self, number: int, table: Table) -> CaseStep:
        """Return the next step. Raises DataError."""
        table.only((*STEP_KEYS, *OPERATIONS))
        operations = [key for key in table if key in OPERATIONS]
        if len(operations) > 1:
            raise table.error(operations[1], f"stands beside '{operations[0]}' in one step; write two steps")
        prepares = tuple(self._prepared(table, key) for key in ("remove", "rule", "fault") if table.has(key))
        operation = self._operation(table, operations[0]) if operations else None
        if table.has("terminal_fault") and operation is None:
            raise table.error("terminal_fault", "belongs to an operation, and this step has none; take it out")
        rotates = table.flag("rotate_keys", False)
        if (prepares or rotates) and not table.has("host"):
            raise table.error("host", "is missing; say in words what the host does in this step")
        arrives = read_exchange(table, "arrives", self._dialect, self._names) if table.has("arrives") else None
        name = self._name(table)
        if name:
            if arrives is None:
                raise table.error("name", "is the name of a message, and this step has no 'arrives'")
            self._names[name] = True
        return CaseStep(
            number=number,
            line=table.document.line(table.path),
            do=person_text(table, "do"),
            host=person_text(table, "host") if table.has("host") else "",
            name=name,
            prepares=prepares,
            rotates_keys=rotates,
            operation=operation,
            arrives=arrives,
            quiet_s=duration_s(table, "quiet") if table.has("quiet") else QUIET_S,
            expectations=tuple(
                self._expectation(one, operates=operation is not None) for one in table.tables("expect")
            ),
        )

    def _prepared(self, table: Table, key: str) -> PutInForce | TakeAway:
        action, _ = read_action(table, key, self._cards, self._names, self._planned)
        if isinstance(action, TakeAway):
            return action
        assert isinstance(action, PutInForce)
        declared = action.declared
        if not isinstance(declared, Fault) and declared.then.hold_ms is not None:
            raise (
                table.table("rule").table("then").error("hold", "holds an exchange, and a case needs none; take it out")
            )
        return action

    def _operation(self, table: Table, key: str) -> Operate:
        action, _ = read_action(table, key, self._cards, self._names, self._planned)
        assert isinstance(action, Operate)
        return action

    def _name(self, table: Table) -> str:
        if not table.has("name"):
            return ""
        name = person_text(table, "name")
        if name == LAST or len(name) > _NAME_MOST or "." in name:
            raise table.error("name", f"must be a text of 1 to {_NAME_MOST} characters without a dot, and not '{LAST}'")
        if name in self._names:
            raise table.error("name", f"'{name}' is the name of another step; no two have the same")
        return name

    def _expectation(self, table: Table, *, operates: bool) -> CaseExpectation:
        table.only(EXPECTATION_KEYS)
        kinds = [key for key in ("verify", "verify_order", "ask") if table.has(key)]
        if len(kinds) != 1:
            raise table.error("", "must have one of 'verify', 'verify_order' and 'ask'")
        (kind,) = kinds
        for key, belongs_to in (("strict", "verify_order"), ("answer", "ask"), ("expect", "ask")):
            if table.has(key) and kind != belongs_to:
                raise table.error(key, f"belongs to '{belongs_to}', which this expectation does not have; take it out")
        if kind == "verify" and isinstance(table.raw("verify"), dict):
            for key in ("within", "for"):
                if table.table("verify").has(key):
                    problem = "is a time, and a case has one of its own: 'time', and 'quiet' of a step; take it out"
                    raise table.table("verify").error(key, problem)
        read = read_expectations(table, self._dialect, self._names, operates=operates)
        severity = table.choice("severity", SEVERITIES, self._severity)
        since = table.choice("since", ("step", "case"), "step")
        expected: CountExpected | OrderOfExchanges | AnswerExpected
        if kind == "ask":
            condition = next((one.expected for one in read if isinstance(one.expected, OperationExpected)), None)
            if condition is not None and not operates:
                raise table.error("expect", "asks for an operation, and this step has none; take it out")
            question = person_text(table, "ask")
            yes = table.choice("answer", ("yes", "no")) == "yes"
            expected = AnswerExpected(question, yes, condition.condition if condition else None)
            words = f"{question} {'yes' if yes else 'no'}"
        else:
            (found,) = read
            assert isinstance(found.expected, CountExpected | OrderOfExchanges)
            expected, words = found.expected, found.words
        return CaseExpectation(
            what=person_text(table, "what"),
            line=table.document.line(table.path),
            words=words,
            severity=severity,
            expected=expected,
            whole_case=since == "case",
        )
