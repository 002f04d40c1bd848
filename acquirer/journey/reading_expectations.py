"""What a step expects: of its operation, of the journal, of the books, of what the terminal owes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from acquirer.data.table import Table
from acquirer.data.toml import DataError, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.journal.expected_count import CountError, read_count
from acquirer.journal.sequence import MOST_STEPS as MOST_OF_ORDER
from acquirer.journey.journey import (
    BooksExpected,
    CountExpected,
    Expected,
    OperationExpected,
    OrderOfExchanges,
    OwedExpected,
    StepExpectation,
)
from acquirer.journey.operation import POWER_CUT
from acquirer.journey.reading_values import duration_s
from acquirer.journey.references import problem_of, references_of
from acquirer.journey.subjects import NOT_BOOKED
from acquirer.matcher.expression import Atom, Expression, conjunction, conjuncts, keys_of
from acquirer.matcher.filter_text import as_filter, parse_filter
from acquirer.matcher.keys import BOOKED_KEYS, JOURNAL_KEYS, OPERATION_KEYS, OWED_KEYS, ConditionError, field_place
from acquirer.matcher.when import flattened, from_mapping
from acquirer.model.rows import TransactionState
from acquirer.scenario.possible import impossible, named_values
from acquirer.terminal.exchange import Outcome, Signed
from acquirer.wire.masking import mask_card_numbers

WITHIN_S: Final = 1.0
"""How long an expectation of the journal waits: a commit takes milliseconds, and the terminal has its answer."""


@dataclass(frozen=True, slots=True)
class ExpectationKind:
    """One key of a step that expects something.

    Args:
        of_terminal: whether it looks at the terminal alone, so that the host may be another one.
    """

    help: str
    of_terminal: bool = False


EXPECTATIONS: Final[Mapping[str, ExpectationKind]] = {
    "expect": ExpectationKind("What the operation of this step must be: its outcome, code, reply.", True),
    "owed": ExpectationKind("What the terminal must owe: a reversal, a refund, a slip, uploads, signatures.", True),
    "books": ExpectationKind(
        "What a transaction of the terminal must be in the host's books; without `stan` the last one."
    ),
    "verify": ExpectationKind("How many exchanges the host's journal must have: a table, a filter, or a service."),
    "verify_order": ExpectationKind("Which exchanges the journal must have one after another: a list of the same."),
}

VERIFY_KEYS: Final[Mapping[str, str]] = {
    "count": 'How many: `2`, `">=2"`, `"1..3"`, `0`; without it, at least one.',
    "within": "How long to wait until there are enough; without it, 1s.",
    "for": "How long there must be no more; without it only the past is judged.",
}
"""Keys of ``verify`` beside those of the condition."""

_WORDS: Final[Mapping[str, Collection[str]]] = {
    "outcome": (*map(str, Outcome), POWER_CUT),
    "signature": tuple(map(str, Signed)),
    "reversal": ("done", "owed"),
}
"""Values that a key of an operation can have."""

_STATES: Final = (*get_args(TransactionState), NOT_BOOKED)


def read_expectations(
    table: Table, dialect: Dialect, known: Mapping[str, bool], *, operates: bool
) -> tuple[StepExpectation, ...]:
    """Return what a step expects, in the order of the file.

    Args:
        known: names of the steps until here, and whether each is an operation.
        operates: whether the step itself is an operation.

    Raises:
        DataError: with file, line and key.
    """
    reader = _Reader(table, dialect, known, operates)
    return tuple(reader.read(key) for key in table if key in EXPECTATIONS)


def read_exchange(table: Table, key: str, dialect: Dialect, known: Mapping[str, bool]) -> Expression:
    """Return a condition of one exchange, written like the steps of ``verify_order``. Raises DataError."""
    return _Reader(table, dialect, known, False)._exchanges((key,), table.raw(key))


@dataclass(frozen=True, slots=True)
class _Reader:
    table: Table
    dialect: Dialect
    known: Mapping[str, bool]
    operates: bool

    def read(self, key: str) -> StepExpectation:
        """Return one expectation."""
        expected, words = {"verify": self._verify, "verify_order": self._order}.get(key, lambda: self._looked_at(key))()
        line = self.table.document.line((*self.table.path, key))
        return StepExpectation(key, line, mask_card_numbers(words), expected)

    def _looked_at(self, key: str) -> tuple[Expected, str]:
        if not isinstance(self.table.raw(key), dict) or not self.table.raw(key):
            example = {"expect": 'code = "00"', "owed": 'reversal_of = ""', "books": 'state = "approved"'}[key]
            raise self.table.error(key, f"must be a table that asks for something, as in {key} = {{ {example} }}")
        keys = {"expect": OPERATION_KEYS, "owed": OWED_KEYS, "books": BOOKED_KEYS}[key]
        condition = self._condition((key,), self.table.raw(key), keys)
        if key == "expect":
            return OperationExpected(condition), as_filter(condition)
        return (OwedExpected if key == "owed" else BooksExpected)(condition), as_filter(condition)

    def _verify(self) -> tuple[Expected, str]:
        written = self.table.raw("verify")
        rest = written
        count, within_s, quiet_s = read_count(None), WITHIN_S, None
        counted = ""
        if isinstance(written, dict):
            inner = self.table.table("verify")
            rest = {key: value for key, value in written.items() if key not in VERIFY_KEYS}
            if inner.has("count"):
                try:
                    count = read_count(inner.raw("count"))
                except CountError as exc:
                    raise inner.error("count", str(exc)) from None
                counted = f" · {inner.raw('count')}×"
            within_s = duration_s(inner, "within") if inner.has("within") else WITHIN_S
            quiet_s = duration_s(inner, "for") if inner.has("for") else None
        keys = (*JOURNAL_KEYS, *VERIFY_KEYS) if isinstance(written, dict) else JOURNAL_KEYS
        condition = self._exchanges(("verify",), rest, keys)
        return CountExpected(condition, count, within_s, quiet_s), f"{_short(condition) or 'exchanges'}{counted}"

    def _order(self) -> tuple[Expected, str]:
        written = self.table.raw("verify_order")
        if not isinstance(written, list) or not 0 < len(written) <= MOST_OF_ORDER:
            problem = f'must be a list of 1 to {MOST_OF_ORDER} exchanges, as in ["sale", "reversal"]'
            raise self.table.error("verify_order", problem)
        steps = tuple(self._exchanges(("verify_order", place), one) for place, one in enumerate(written))
        words = ", then ".join(_short(one) for one in steps)
        return OrderOfExchanges(steps, self.table.flag("strict", False), WITHIN_S), words

    def _exchanges(
        self, path: tuple[str | int, ...], written: Any, known: Collection[str] = JOURNAL_KEYS
    ) -> Expression:
        """Return a condition of the journal: a table, a filter, or a service alone."""
        if isinstance(written, str) and written.replace("_", "").isalnum():
            written = {"service": written}
        if not isinstance(written, str | dict) or written == "":
            raise self._error(path, 'must be a service, as in "sale", a filter, or a table')
        condition = self._condition(path, written, known)
        plain = conjunction(part for part in conjuncts(condition) if not references_of(part))
        for key, problem in impossible(plain, (self.dialect,)):
            raise self._error((*path, key) if isinstance(written, dict) else path, problem, key)
        return condition

    def _condition(self, path: tuple[str | int, ...], written: Any, keys: Collection[str]) -> Expression:
        try:
            found = parse_filter(written, keys) if isinstance(written, str) else from_mapping(written, keys)
        except ConditionError as exc:
            raise self._error((*path, exc.key) if isinstance(written, dict) else path, exc.problem, exc.key) from None
        for key, problem in self._impossible(found):
            raise self._error((*path, key) if isinstance(written, dict) else path, problem, key)
        for reference in references_of(found):
            if problem := problem_of(reference, self.known):
                place = self._key_of(written, reference)
                raise self._error((*path, place) if place else path, problem)
        return found

    def _impossible(self, condition: Expression) -> Iterator[tuple[str, str]]:
        """Yield the keys of which no value can ever fit, and why."""
        for key in sorted(keys_of(condition)):
            if (place := field_place(key)) is not None and place[0] not in self.dialect.fields:
                yield key, f"{self.dialect.name} has no DE {place[0]}"
        words = {**_WORDS, "state": _STATES}
        for key, known in words.items():
            for value in sorted(named_values(condition, key) - set(known)):
                hint = did_you_mean(value, known) or f"; it is one of {', '.join(known)}"
                yield key, f"can never be '{value}'{hint}"
        if "code" in keys_of(condition):
            for value in sorted(named_values(condition, "code") - {*self.dialect.codes}):
                yield "code", f"{self.dialect.name} has no code '{value}'; 'acquirer dialect show' lists them"

    @staticmethod
    def _key_of(written: Any, reference: str) -> str:
        if not isinstance(written, dict):
            return ""
        pairs = dict(flattened(written))
        return next((key for key, value in pairs.items() if value == reference or _holds(value, reference)), "")

    def _error(self, path: tuple[str | int, ...], problem: str, key: str = "") -> DataError:
        """Return an error about what stands at a path of the step; `key` is named where the path does not end in it."""
        document = self.table.document
        whole = (*self.table.path, *path)
        return document.error(whole, problem if not key or whole[-1] == key else f"{key}: {problem}")


def _short(condition: Expression) -> str:
    """Return a condition as a filter, or the service alone where it asks for no more."""
    if isinstance(condition, Atom) and (condition.key, condition.operator) == ("service", "equal"):
        return condition.operand
    return as_filter(condition)


def _holds(value: Any, reference: str) -> bool:
    return isinstance(value, list) and reference in value
