"""The journal of a running host, to assert on: what was exchanged, and the nearest exchanges when none fits.

A condition is a service with keys (``"sale", code="00", amount=">10.00"``, docs/journal.md), or the same as a text
(``"service=sale & amount>10"``).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from acquirer.app.journal_queries import CommitWaiter, JournalChanges, StoreSource
from acquirer.data.text import plural
from acquirer.journal.entry import Entry
from acquirer.journal.expected_count import ExpectedCount, read_count
from acquirer.journal.search import Bounds, FoundEntries, JournalSearch
from acquirer.journal.sequence import ExpectedOrder, verify_order
from acquirer.journal.transcript import transcript_of
from acquirer.journal.verification import ExpectedExchanges, Verification, verify_count
from acquirer.journal.wording import look_around, scope_of
from acquirer.matcher.expression import Atom, Expression, conjunction, value_text
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS, KEYS, field_place
from acquirer.matcher.near import NearMiss
from acquirer.matcher.when import from_mapping
from acquirer.scenario.parameters import read_duration_ms
from acquirer.store import Store

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect

WAIT_S: Final = 5.0
"""How long `wait` and `verify` wait: commits take milliseconds."""

Condition = str | Mapping[str, Any] | None
"""A service, a filter, or a table of conditions."""

Duration = str | float
"""``"5s"``, ``"250ms"``, or seconds."""

_FILTER: Final = frozenset("=~<>!&|()")
_FIELDS: Final = {"amount_minor": "amount", "pan_masked": "pan"}
"""Fields of an entry that a key stands for; others are compared as they are."""

_UNBOUNDED: Final = Bounds(sys.maxsize, None)


class Journal:
    """Exchanges of one host, oldest first.

    Args:
        changes: says that the journal has grown.
        timezone: in which conditions name times.
        dialect_of: finds a dialect by its name, for parts of fields.
    """

    def __init__(
        self,
        store: Store,
        changes: JournalChanges | None = None,
        timezone: tzinfo = UTC,
        dialect_of: Callable[[str], Dialect | None] = lambda _name: None,
    ) -> None:
        self._changes = changes or JournalChanges()
        make = partial(JournalSearch, StoreSource(store.reader), timezone, time.monotonic, dialect_of)
        self._whole = make(_UNBOUNDED)
        self._search = make(Bounds(seconds=None))

    def list(
        self, service: Condition = None, /, *, limit: int | None = None, before: int | None = None, **when: Any
    ) -> FoundEntries:
        """Return all exchanges that fit; with `limit`, the latest ones; with `before`, of those with a lower number."""
        condition, exactly = _condition(service, when)
        if not exactly:
            return self._whole.list(condition, limit, before)
        found = [entry for entry in self._whole.list(condition, None, before) if _is_exactly(entry, exactly)]
        return FoundEntries(found if limit is None else found[-limit:] if limit else [])

    def find(self, service: Condition = None, /, **when: Any) -> Entry:
        """Return the latest exchange that fits.

        Raises:
            AssertionError: none does; says how the nearest ones differ.
        """
        condition, exactly = _condition(service, when)
        found = [] if exactly else self._search.find(condition)
        return found[-1] if found else self.wait(service, timeout_s=0.0, **when)

    def count(self, service: Condition = None, /, **when: Any) -> int:
        """Return how many exchanges fit."""
        return len(self.list(service, **when))

    def wait(
        self,
        service: Condition | float = None,
        /,
        *,
        count: int = 1,
        timeout: Duration = WAIT_S,
        after: int = 0,
        timeout_s: float | None = None,
        **when: Any,
    ) -> Entry:
        """Return the latest exchange that fits, as soon as there are `count` of them: at once if there are.

        Args:
            after: only exchanges with a higher number count.
            timeout_s: the same as `timeout`; a number in place of the service is that too.

        Raises:
            AssertionError: there were not; says how the nearest ones differ.
        """
        if isinstance(service, int | float):
            service, timeout_s = None, service
        limit_s = _seconds(timeout) if timeout_s is None else timeout_s
        if _condition(service, when)[1]:
            return self._wait_exactly(service, when, count, limit_s)
        return self._verified(service, when, ExpectedCount(count), limit_s, after=after).entries[-1]

    def verify(
        self,
        service: Condition = None,
        /,
        *,
        count: int | str | None = None,
        within: Duration = WAIT_S,
        for_: Duration | None = None,
        after: int = 0,
        **when: Any,
    ) -> Verification:
        """Verify how many exchanges fit, as soon as there are enough, or too many.

        Args:
            count: ``2``, ``">=2"``, ``"1..3"``, ``0``; without it, at least one.
            within: how long to wait until there are enough.
            for_: how long there must be no more: without it only the past is judged.
            after: only exchanges with a higher number count.

        Returns:
            How many they are, which, and a text about it.

        Raises:
            AssertionError: it is not so; says what came nearest, and which rules and faults acted.
        """
        quiet_s = None if for_ is None else _seconds(for_)
        return self._verified(service, when, read_count(count), _seconds(within), quiet_s, after)

    def verify_order(
        self, *steps: Condition, strict: bool = False, within: Duration = WAIT_S, after: int = 0, **when: Any
    ) -> Verification:
        """Verify that exchanges happened one after another; others may stand between them unless it is `strict`.

        Args:
            steps: each a service, a filter or a table of conditions.
            when: of which exchanges; all others are not looked at.

        Raises:
            AssertionError: they did not; says which step is missing.
        """
        conditions = [_only_keys(step, {}) for step in steps]
        expected = ExpectedOrder(conditions, strict, _only_keys(None, when), _seconds(within), after)
        return _asserted(verify_order(self._search, CommitWaiter(self._changes), expected))

    def near_misses(self, service: Condition = None, /, **when: Any) -> Sequence[NearMiss]:
        """Return the exchanges that come nearest without fitting, at most three."""
        condition = _only_keys(service, when)
        return look_around(self._search, condition, scope_of(condition), 0).nearest

    def transcript(self, service: Condition = None, /, **when: Any) -> str:
        """Return the exchanges that fit as a text, masked: a line for each with its why, its fields below."""
        return transcript_of(self.list(service, **when), self._search.timezone)

    def _verified(
        self,
        service: Condition,
        when: Mapping[str, Any],
        count: ExpectedCount,
        within_s: float,
        quiet_s: float | None = None,
        after: int = 0,
    ) -> Verification:
        expected = ExpectedExchanges(_only_keys(service, when), count, within_s, quiet_s, after)
        return _asserted(verify_count(self._search, CommitWaiter(self._changes), expected))

    def _wait_exactly(self, service: Condition, when: dict[str, Any], count: int, limit_s: float) -> Entry:
        """Wait for exchanges with fields for which there is no key."""
        waiter = CommitWaiter(self._changes)
        end_s = waiter.now_s() + limit_s
        while len(found := self.list(service, **when)) < count:
            if waiter.now_s() >= end_s:
                wanted = ", ".join(f"{name}={value!r}" for name, value in when.items())
                raise AssertionError(f"saw {plural(len(found), 'exchange')} with {wanted} of {len(self.list())}")
            waiter.wait(end_s - waiter.now_s())
        return found[-1]


def _condition(service: Condition, when: Mapping[str, Any]) -> tuple[Expression, dict[str, Any]]:
    """Return the condition, and what fields of an entry must be that no key stands for."""
    parts: list[Expression] = []
    if isinstance(service, str):
        parts.append(
            parse_filter(service, JOURNAL_KEYS) if _FILTER.intersection(service) else Atom("service", "equal", service)
        )
    elif service is not None:
        parts.append(from_mapping(service, JOURNAL_KEYS))
    keys: dict[str, Any] = {}
    exactly: dict[str, Any] = {}
    for name, value in when.items():
        if name in KEYS or field_place(name) is not None:
            keys[name] = value
        elif name not in _ENTRY_FIELDS:
            raise TypeError(f"an exchange has no '{name}'; it has {', '.join(JOURNAL_KEYS)}, de.N")
        elif name in _FIELDS:
            keys[_FIELDS[name]] = "" if value in (None, "") else f"={value_text(_FIELDS[name], value)}"
        else:
            exactly[name] = value
    return conjunction([*parts, from_mapping(keys, JOURNAL_KEYS)]), exactly


def _only_keys(service: Condition, when: Mapping[str, Any]) -> Expression:
    """Return a condition of keys. Raises TypeError: a field of an entry is named for which there is no key."""
    condition, exactly = _condition(service, when)
    if exactly:
        raise TypeError(f"'{next(iter(exactly))}' is no key of a condition; keys are {', '.join(JOURNAL_KEYS)}, de.N")
    return condition


_ENTRY_FIELDS: Final = frozenset(one.name for one in fields(Entry))


def _is_exactly(entry: Entry, exactly: Mapping[str, Any]) -> bool:
    return all(getattr(entry, name) == value for name, value in exactly.items())


def _seconds(duration: Duration) -> float:
    return read_duration_ms(duration) / 1000 if isinstance(duration, str) else float(duration)


def _asserted(found: Verification) -> Verification:
    if not found.met:
        raise AssertionError(found.text)
    return found
