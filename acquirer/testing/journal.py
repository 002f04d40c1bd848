"""The journal of a running host, to assert on: what was exchanged, and the nearest exchanges when none fits.

A condition is a service with keys (``"sale", code="00", amount=">10.00"``, docs/journal.md), or the same as a text
(``"service=sale & amount>10"``).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from acquirer.app.journal_queries import JournalChanges, StoreSource
from acquirer.data.text import plural
from acquirer.journal.entry import Entry
from acquirer.journal.expected_count import ExpectedCount, read_count
from acquirer.journal.search import Bounds, FoundEntries, JournalSearch
from acquirer.journal.sequence import ExpectedOrder, verify_order
from acquirer.journal.transcript import transcript_of
from acquirer.journal.verification import ExpectedExchanges, Verification, Waiter, verify_count
from acquirer.journal.wording import look_around, scope_of
from acquirer.matcher.near import NearMiss
from acquirer.store import Store
from acquirer.testing.conditions import (
    EVERYTHING,
    Condition,
    JournalScope,
    condition_and_fields,
    condition_of,
    is_exactly,
)
from acquirer.testing.durations import Duration, seconds_of
from acquirer.testing.remote_journal import RemoteSource

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect

WAIT_S: Final = 5.0
"""How long `wait` and `verify` wait: commits take milliseconds."""


_UNBOUNDED: Final = Bounds(sys.maxsize, None)


class Journal:
    """Exchanges of one host, oldest first.

    Args:
        store: that has it, or what reads it.
        changes: says that the journal has grown.
        timezone: in which conditions name times.
        dialect_of: finds a dialect by its name, for parts of fields.
    """

    def __init__(
        self,
        store: Store | RemoteSource,
        changes: JournalChanges | None = None,
        timezone: tzinfo = UTC,
        dialect_of: Callable[[str], Dialect | None] = lambda _name: None,
        scope: JournalScope = EVERYTHING,
    ) -> None:
        self._changes = changes or JournalChanges()
        self._scope = scope
        self._store = store
        self._dialect_of = dialect_of
        source = store if isinstance(store, RemoteSource) else StoreSource(store.reader)
        make = partial(JournalSearch, source, timezone, time.monotonic, dialect_of)
        self._whole = make(_UNBOUNDED)
        self._search = make(Bounds(seconds=None))

    def within(self, scope: JournalScope) -> Journal:
        """Return the same journal, of which only a part is looked at."""
        return Journal(self._store, self._changes, self.timezone, self._dialect_of, scope)

    @property
    def timezone(self) -> tzinfo:
        """Return the zone of local times."""
        return self._search.timezone

    def newest(self) -> int:
        """Return the number of the last exchange; 0 when there is none."""
        return self._search.newest()

    def list(
        self, service: Condition = None, /, *, limit: int | None = None, before: int | None = None, **when: Any
    ) -> FoundEntries:
        """Return all exchanges that fit; with `limit`, the latest ones; with `before`, of those with a lower number."""
        condition, exactly = condition_and_fields(service, when)
        entries = self._whole.list(self._scope.of_all(condition), None if exactly else limit, before)
        if exactly:
            fitting = [entry for entry in entries if is_exactly(entry, exactly)]
            entries = FoundEntries(fitting if limit is None else fitting[-limit:] if limit else [])
        self._scope.found(entries)
        return entries

    def find(self, service: Condition = None, /, **when: Any) -> Entry:
        """Return the latest exchange that fits.

        Raises:
            AssertionError: none does; says how the nearest ones differ.
        """
        __tracebackhide__ = True
        condition, exactly = condition_and_fields(service, when)
        found = [] if exactly else self._search.find(self._scope.of_all(condition))
        if not found:
            return self.wait(service, timeout_s=0.0, **when)
        self._scope.found(found[-1:])
        return found[-1]

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
        __tracebackhide__ = True
        if isinstance(service, int | float):
            service, timeout_s = None, service
        limit_s = seconds_of(timeout) if timeout_s is None else timeout_s
        if condition_and_fields(service, when)[1]:
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
        __tracebackhide__ = True
        quiet_s = None if for_ is None else seconds_of(for_)
        return self._verified(service, when, read_count(count), seconds_of(within), quiet_s, after)

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
        __tracebackhide__ = True
        conditions = [condition_of(step, {}) for step in steps]
        wanted = condition_of(None, when)
        after = max(after, self._scope.after_of(wanted))
        expected = ExpectedOrder(conditions, strict, self._scope.of(wanted), seconds_of(within), after)
        return self._asserted(verify_order(self._search, self._waiter(), expected))

    def near_misses(self, service: Condition = None, /, **when: Any) -> Sequence[NearMiss]:
        """Return the exchanges that come nearest without fitting, at most three."""
        wanted = condition_of(service, when)
        condition = self._scope.of(wanted)
        return look_around(self._search, condition, scope_of(condition), self._scope.after_of(wanted)).nearest

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
        __tracebackhide__ = True
        wanted = condition_of(service, when)
        after = max(after, self._scope.after_of(wanted))
        expected = ExpectedExchanges(self._scope.of(wanted), count, within_s, quiet_s, after)
        return self._asserted(verify_count(self._search, self._waiter(), expected))

    def _waiter(self) -> Waiter:
        return self._scope.make_waiter(self._changes)

    def _asserted(self, found: Verification) -> Verification:
        __tracebackhide__ = True
        if not found.met:
            raise AssertionError(found.text)
        self._scope.found(found.entries)
        return found

    def _wait_exactly(self, service: Condition, when: dict[str, Any], count: int, limit_s: float) -> Entry:
        """Wait for exchanges with fields for which there is no key."""
        __tracebackhide__ = True
        waiter = self._waiter()
        end_s = waiter.now_s() + limit_s
        while len(found := self.list(service, **when)) < count:
            if waiter.now_s() >= end_s:
                wanted = ", ".join(f"{name}={value!r}" for name, value in when.items())
                raise AssertionError(f"saw {plural(len(found), 'exchange')} with {wanted} of {len(self.list())}")
            waiter.wait(end_s - waiter.now_s())
        return found[-1]
