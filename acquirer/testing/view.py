"""One test's view of a host: terminals of its own, and the rules, faults and exchanges of these terminals.

Several views share a host. What a view puts in force acts on its own terminals only, and what it sees are their
exchanges, from its beginning on; `close` takes everything back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Unpack

from acquirer.app.terminal_options import TerminalOptions
from acquirer.journal.wording import in_words
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import RULE_KEYS
from acquirer.matcher.when import from_mapping
from acquirer.settings.packs import read_pack
from acquirer.testing.applied_fault import AppliedFault
from acquirer.testing.background import HostEndedError
from acquirer.testing.durations import Duration, seconds_of
from acquirer.testing.enrolment import EnrolledTerminal
from acquirer.testing.explained import AsyncExplainedTerminal, ExplainedTerminal, HostSide
from acquirer.testing.host_under_test import HostUnderTest
from acquirer.testing.scenario import Scenario
from acquirer.testing.terminal_slice import TerminalSlice
from acquirer.testing.view_clock import ViewClock
from acquirer.testing.view_expectation import ViewExpectation
from acquirer.testing.viewed_exchanges import ViewedExchanges

TERMINALS: Final = 8
"""Numbers that are set apart for one view unless more are wanted: its rules name them all."""

SHOWN: Final = 50
"""Exchanges of a transcript: more is not read, and fills the reports of a long run."""


class View(ViewedExchanges):
    """What one test sees and does of a host.

    Args:
        terminals: how many it may have.
        virtual: terminals of ours do not wait in real time.
        fixed_keys: each of its terminals is given the same working keys at each sign-on.
        file: of terminals that the host was given, where ours find their keys.
    """

    def __init__(
        self,
        host: HostUnderTest,
        *,
        terminals: int = TERMINALS,
        virtual: bool = True,
        fixed_keys: bool = False,
        file: Path | str | None = None,
        usual: TerminalOptions | None = None,
    ) -> None:
        super().__init__(host, TerminalSlice(host, terminals, fixed_keys=fixed_keys), self._skips)
        self._virtual = virtual
        self._file = file
        self._usual = usual or TerminalOptions()
        self._enrolled: list[str] = []  # terminals that are not ours
        self.address = host.address
        self.port = host.port
        self.clock = ViewClock(host.clock, self._enrolled)
        self._expectations: list[ViewExpectation] = []
        self._closing = ExitStack()

    # terminals

    def terminal(
        self, tid: str = "", *, timeout: Duration | None = None, **options: Unpack[TerminalOptions]
    ) -> ExplainedTerminal:
        """Return a terminal of ours that the host knows; it hangs up at the end.

        Args:
            tid: of one that this view has already: the same terminal once more, as after a power cut. Or of one that
                the host was given by its settings.
            timeout: how long it waits for an answer; None: as its dialect says.
            options: of `acquirer.app.terminal.Terminal`.

        Raises:
            LookupError: there are no numbers left, or the host does not speak its dialect.
        """
        tid, host_side, merged = self._prepared(tid, timeout, options)
        terminal = ExplainedTerminal(tid, host_side, **merged)
        self._closing.callback(terminal.close)
        return terminal

    def async_terminal(
        self, tid: str = "", *, timeout: Duration | None = None, **options: Unpack[TerminalOptions]
    ) -> AsyncExplainedTerminal:
        """Return a terminal of ours whose methods are awaited; see `terminal`."""
        tid, host_side, merged = self._prepared(tid, timeout, options)
        terminal = AsyncExplainedTerminal(tid, host_side, **merged)
        self._closing.callback(terminal.hang_up)
        return terminal

    def enroll(self, tid: str = "", *, dialect: str = "", **values: Any) -> EnrolledTerminal:
        """Register the terminal under test, and return what is to be loaded into it.

        From then on no time is skipped: such a terminal waits in real time.

        Args:
            tid: its number; "": one of this view.
            values: keys of a ``[[terminal]]`` table: `mid`, `tmk`, `mak`, `policy` …

        Raises:
            DataError: a value cannot be used.
            LookupError: there are no numbers left, the host does not speak the dialect, or it comes after rules.
        """
        enrolled = self._slice.terminal(tid, dialect, **values)
        self._enrolled.append(enrolled.tid)
        return enrolled

    @property
    def tids(self) -> tuple[str, ...]:
        """Return the numbers of its terminals."""
        return self._slice.tids

    # what happens

    def expect(self, service: str = "", /, **when: Any) -> ViewExpectation:
        """Expect exchanges of this test's terminals, and say how they are answered.

        Args:
            service: `sale`, `reversal`, `sign_on` …, or a whole condition as text: ``service=sale & amount>10``.
            when: further keys: ``amount=">10.00"``, ``**{"de.22": "051"}``.

        Raises:
            ConditionError: a key or a value cannot be used.
        """
        written: dict[str, Any] | str = service
        if service.replace("_", "").isalnum() or not service:
            written = {"service": service, **when} if service else when
        elif when:
            raise TypeError(f"'{service}' is a whole condition: write {', '.join(when)} into it")
        condition = parse_filter(written, RULE_KEYS) if isinstance(written, str) else from_mapping(written, RULE_KEYS)
        noun, rest = in_words(condition)
        name = self._host.name_rule(f"{noun}{rest}")
        expectation = ViewExpectation(self._slice, self._journal, name, written, (noun, rest))
        self._expectations.append(expectation)
        return expectation

    @contextmanager
    def fault(
        self, kind: str, /, *, when: Mapping[str, Any] | str | None = None, **attributes: Any
    ) -> Iterator[AppliedFault]:
        """Have a fault act on this test's terminals for the time of a ``with`` block.

        Args:
            kind: as ``acquirer faults list`` names them.
            when: on which exchanges; None: all.
            attributes: `times`, `after`, `probability`, `seed`, and the parameters of the kind.

        Raises:
            DataError: a parameter or a condition cannot be used.
            FaultConflictError: another fault in force contradicts it.
        """
        condition = {} if when is None else {"when": dict(when) if isinstance(when, Mapping) else when}
        name = self._slice.put_fault({"kind": kind, **attributes, **condition})
        applied = AppliedFault(self._host.faults, name)
        try:
            yield applied
        finally:
            with suppress(HostEndedError):
                applied.end()
                self._slice.remove_fault(name)

    def use_pack(self, name: str) -> None:
        """Put the rules and faults of a pack in force for this test's terminals.

        Raises:
            DataError: there is no such pack, or it brings cards or terminals, which belong to the whole host.
        """
        self._slice.put_pack(read_pack(name))

    def scenario(self, name: str) -> Scenario:
        """Return a scenario of the rules in force, to look at its state or change it."""
        return Scenario(self._host.rules, name)

    def resume(self) -> int:
        """Let go on what rules hold of this test's terminals; return how many exchanges that were."""
        return self._slice.resume()

    # its end

    def problems(self, *, strict: bool = False) -> Sequence[str]:
        """Return what a test that went well does not leave behind: unmet expectations, frames that could not be read.

        Args:
            strict: exchanges that no step of the test asked about are problems too.
        """
        unmet = [sentence for one in self._expectations if (sentence := one.unmet)]
        return [*unmet, *super().problems(strict=strict)]

    def close(self) -> None:
        """Take rules and faults out of force, let go on what is held, and hang up."""
        with suppress(HostEndedError):  # then there is nothing to take back
            self._slice.clear()  # first, so that a terminal of another thread hears its answer
            self._closing.close()
            self._kept = self._seen()  # the host may end before they are shown

    # inside

    def _prepared(
        self, tid: str, timeout: Duration | None, options: TerminalOptions
    ) -> tuple[str, HostSide, TerminalOptions]:
        clock = self._host.clock
        dialect = self._host.compiled_of(options.get("dialect", "")).dialect.name
        usual: TerminalOptions = {
            "host": self._host.address_of(dialect),
            "dialect": dialect,
            "now": lambda: clock.now,
            "terminals": self._file,
        }
        if not self._slice.adopt(tid):
            known = self._slice.terminal(tid, dialect)
            tid = known.tid
            usual |= {"mid": known.mid, "name": known.registration.name}
            if known.registration.tmk is not None:
                usual["tmk"] = known.registration.tmk
            if known.registration.bdk is not None:
                usual["bdk"] = known.registration.bdk
        if timeout is not None:
            usual["timeout_s"] = seconds_of(timeout)
        return tid, HostSide(clock, self._skips, self._entries_of), {**usual, **self._usual, **options}

    def _skips(self) -> bool:
        return self._virtual and not self._enrolled

    def __repr__(self) -> str:
        return f"<view of the host at {self.address}: {', '.join(self.tids) or 'no terminal yet'}>"
