"""The host that journeys are run against: one of this process, whose time is skipped where nothing happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import Any

from acquirer.app.terminal import Asking
from acquirer.app.terminal_connection import HostAddress, TerminalConnection
from acquirer.model.rows import Transaction
from acquirer.settings.registration import Registration
from acquirer.testing.conditions import JournalScope
from acquirer.testing.explained import HostSide, SkippingConnection
from acquirer.testing.faults import RunningFaults
from acquirer.testing.host import RunningHost, running_host
from acquirer.testing.journal import Journal
from acquirer.testing.rules import RunningRules
from acquirer.wire.framing import Framing


@contextmanager
def journey_host(*, virtual: bool, register: Sequence[Registration] = (), **settings: Any) -> Iterator[HostOfJourney]:
    """Run a host for the time of a ``with`` block; see `acquirer.app.journeys.host.OpenHost`.

    Args:
        register: terminals that it registers beside those of its settings.
    """
    with running_host(**settings) as host:
        host.register(*register)
        yield HostOfJourney(host, virtual=virtual)


class HostOfJourney:
    """A host as a journey uses it; see `acquirer.app.journeys.host.TestedHost`.

    Args:
        virtual: whether time is skipped; else all wait in real time, for a terminal that is not ours.
    """

    def __init__(self, host: RunningHost, *, virtual: bool) -> None:
        self._host = host
        self._virtual = virtual
        scope = JournalScope(make_waiter=host.clock.waiter) if virtual else JournalScope()
        self.journal: Journal = host.journal.within(scope)

    @property
    def address(self) -> str:
        """Where it listens."""
        return self._host.address

    @property
    def rules(self) -> RunningRules:
        """Rules in force."""
        return self._host.rules

    @property
    def faults(self) -> RunningFaults:
        """Faults in force."""
        return self._host.faults

    @property
    def transactions(self) -> list[Transaction]:
        """What its books hold."""
        return self._host.transactions

    @property
    def now(self) -> datetime:
        """Its local time."""
        return self._host.clock.now

    @property
    def ahead_s(self) -> float:
        """How much time was skipped."""
        return self._host.clock.time.clock.ahead_us / 1_000_000

    def advance(self, seconds: float) -> None:
        """Skip so much time."""
        self._host.clock.advance(seconds)

    def rotate_keys(self, tid: str) -> str:
        """Give a terminal other working keys without telling it. Raises LookupError."""
        return self._host.rotate_keys(tid)

    def is_signed_on(self, tid: str) -> bool:
        """Return whether a terminal has signed on, and has not signed off since."""
        session = self._host.terminals[tid][1]
        return bool(session.signed_on_us) and not session.signed_off

    def arrived(self, condition: str, after: int, within_s: float) -> None:
        """Wait in real time until an exchange fits, or the time is over."""
        with suppress(AssertionError):
            self._host.journal.verify(condition, within=within_s, after=after)

    def line(self, to: HostAddress, framing: Framing, *, keep_open: bool) -> Asking:
        """Return a line to it for a terminal of ours."""
        if not self._virtual:
            return TerminalConnection(to, framing, keep_open=keep_open)
        side = HostSide(self._host.clock, lambda: True, lambda _tid, _stan: [])
        return SkippingConnection(to, framing, side, keep_open=keep_open)

    def operating(self) -> AbstractContextManager[None]:
        """Have no time skipped while a terminal of ours is at work and does not wait."""
        return self._host.clock.time.operating()
