"""What a host saw of the terminals of one test, since the test began."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from acquirer.app.journal_queries import CommitWaiter, JournalChanges
from acquirer.journal.entry import Entry
from acquirer.journal.transcript import transcript_of
from acquirer.journal.verification import Verification, Waiter
from acquirer.testing.conditions import Condition, JournalScope
from acquirer.testing.durations import Duration
from acquirer.testing.explained_text import explain_entries
from acquirer.testing.host import RunningHost
from acquirer.testing.host_under_test import HostUnderTest
from acquirer.testing.terminal_slice import TerminalSlice

SHOWN: Final = 50
"""Exchanges of a transcript: more is not read, and fills the reports of a long run."""


class ViewedExchanges:
    """Exchanges of one test's terminals.

    Args:
        skips: returns whether waiting may skip time.
    """

    def __init__(self, host: HostUnderTest, terminals: TerminalSlice, skips: Callable[[], bool]) -> None:
        self._host = host
        self.host = cast(RunningHost, host)  # one in another process has the same members, as far as there are routes
        self._slice = terminals
        self._may_skip = skips
        self._after = host.journal.newest()
        served = {route.service for dialect in host.dialects for route in dialect.routes}
        self._journal = host.journal.within(
            JournalScope(self._tids_looked_at, terminals.borrowed, self._after, self._waiter, self._found, served)
        )
        self._spoken: set[int] = set()  # numbers of exchanges that the test asked about
        self._kept: Sequence[Entry] | None = None  # once it is closed: all of them

    def find(self, service: Condition = None, /, **when: Any) -> Entry:
        """Return the latest exchange that fits. Raises AssertionError: none does; says what came nearest."""
        __tracebackhide__ = True
        return self._journal.find(service, **when)

    def list(self, service: Condition = None, /, **when: Any) -> Sequence[Entry]:
        """Return all exchanges that fit, oldest first."""
        return self._journal.list(service, **when)

    def wait(self, service: Condition = None, /, *, count: int = 1, timeout: Duration = "5s", **when: Any) -> Entry:
        """Return the latest exchange that fits as soon as there are `count`. Raises AssertionError: there were not."""
        __tracebackhide__ = True
        return self._journal.wait(service, count=count, timeout=timeout, **when)

    async def await_(self, service: Condition = None, /, **arguments: Any) -> Entry:
        """Return what `wait` does, and leave the loop to others meanwhile."""
        return await asyncio.to_thread(lambda: self.wait(service, **arguments))

    def verify(
        self,
        service: Condition = None,
        /,
        *,
        count: int | str | None = None,
        within: Duration = "5s",
        for_: Duration | None = None,
        **when: Any,
    ) -> Verification:
        """Verify how many exchanges fit; waits until there are enough. See `Journal.verify`."""
        __tracebackhide__ = True
        return self._journal.verify(service, count=count, within=within, for_=for_, **when)

    def verify_order(
        self, *steps: Condition, strict: bool = False, within: Duration = "5s", **when: Any
    ) -> Verification:
        """Verify that exchanges happened one after another. See `Journal.verify_order`."""
        __tracebackhide__ = True
        return self._journal.verify_order(*steps, strict=strict, within=within, **when)

    def transcript(self) -> str:
        """Return what the host saw since this view began, masked: each exchange with its why and its fields.

        Those of terminals that are not its own are among them: a wrong terminal number is a mistake too.
        """
        entries = self._seen()
        left_out = max(len(entries) - SHOWN, 0)
        head = f"({left_out} earlier exchanges are left out)\n" if left_out else ""
        return head + transcript_of(entries[left_out:], self._host.journal.timezone)

    def problems(self, *, strict: bool = False) -> Sequence[str]:
        """Return what a test that went well does not leave behind: frames that could not be read.

        Args:
            strict: exchanges that no step of the test asked about are problems too.
        """
        found = []
        for entry in self._seen():
            if entry.id in self._spoken or entry.fault or entry.rule:
                continue
            if not entry.mti:
                found.append(f"a frame could not be read, and no step of the test asked about it: {entry!r}")
            elif strict and entry.tid in self._slice.tids:
                found.append(f"no step of the test asked about an exchange, and the test is strict: {entry!r}")
        return found

    def _tids_looked_at(self) -> Sequence[str]:
        return self._slice.tids or self._slice.owned

    def _waiter(self, changes: JournalChanges) -> Waiter:
        return self._host.clock.waiter(changes) if self._may_skip() else CommitWaiter(changes)

    def _entries_of(self, tid: str, stan: str) -> Sequence[Entry]:
        return self._host.journal.list(tid=tid, stan=stan, id=f">{self._after}")

    def _seen(self) -> Sequence[Entry]:
        """Return all exchanges since the beginning that are not another view's."""
        if self._kept is not None:
            return self._kept
        self._host.clock.settle()
        return [entry for entry in self._host.journal.list(id=f">{self._after}") if not self._is_anothers(entry)]

    def _is_anothers(self, entry: Entry) -> bool:
        return self._host.is_set_apart(entry.tid) and entry.tid not in self._slice.owned

    def _found(self, entries: Sequence[Entry]) -> None:
        explain_entries(entries)
        self._spoken.update(entry.id for entry in entries)
