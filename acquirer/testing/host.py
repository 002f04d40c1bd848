"""A whole host in the background of a test: on a free port, in a thread of its own, gone at the end of the block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any, Final, TextIO

from acquirer.app.build import configured_clock
from acquirer.app.serve import Running, serving
from acquirer.app.skipping import virtual_time_of
from acquirer.app.terminal_keys import rotate_keys
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.model.effects import Hold
from acquirer.model.rows import Session, Signature, TerminalConfig, Transaction
from acquirer.process.virtual_time import VirtualClock, VirtualLoop, VirtualTime
from acquirer.security.vault import Vault
from acquirer.settings.config import make_config
from acquirer.settings.registration import Registration
from acquirer.settings.terminal_values import read_downloads
from acquirer.testing.background import Background, in_background
from acquirer.testing.clock import HostClock
from acquirer.testing.enrolment import FIRST_TID
from acquirer.testing.faults import RunningFaults
from acquirer.testing.journal import Journal
from acquirer.testing.rules import RunningRules

RULE_WORDS: Final = 60
"""Characters of what a rule is about, within its name, which has at most 80."""


class Transactions(list[Transaction]):
    """Transactions in the order of their arrival."""

    def of(self, tid: str) -> Transactions:
        """Return those of one terminal."""
        return Transactions(one for one in self if one.key.tid == tid)


class RunningHost:
    """A host that is ready; reach it at `address`, query its `journal`, set its `clock` ahead."""

    def __init__(self, background: Background[Running], time: VirtualTime) -> None:
        self._background = background
        self._running = background.value
        listener = self._running.server.listeners[0]
        self.host: str = listener.host
        self.port: int = listener.port
        self.address: str = listener.address
        self.addresses = [one.address for one in self._running.server.listeners]
        self.store_url = self._running.store.url
        parts = self._running.parts
        self._numbering = Lock()
        self._set_apart = 0
        self._rules_named = 0
        self.clock = HostClock(background, time, parts.timezone)
        self.changes = self._running.journal_changes
        self.journal = Journal(self._running.store, self.changes, parts.timezone, self._dialect_named)
        self.rules = RunningRules(background)
        self.faults = RunningFaults(background)

    @property
    def terminals(self) -> dict[str, tuple[TerminalConfig, Session]]:
        """Registered terminals with their state, by tid."""
        with self._running.store.reader() as reader:
            return {config.tid: (config, session) for config, session in reader.terminals()}

    @property
    def transactions(self) -> Transactions:
        """What was booked, refused, reversed, in the order of arrival."""
        with self._running.store.reader() as reader:
            return Transactions(reader.transactions())

    @property
    def signatures(self) -> list[Signature]:
        """Signatures that were uploaded, in the order of their arrival; the last one of a sale counts."""
        with self._running.store.reader() as reader:
            return reader.signatures()

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """What its listeners speak."""
        return self._running.parts.dialects

    def compiled_of(self, dialect: str = "") -> CompiledDialect:
        """Return a dialect that it speaks, the first one without a name. Raises LookupError."""
        for one in self._running.parts.compiled:
            if dialect in ("", one.dialect.name):
                return one
        spoken = ", ".join(sorted(one.name for one in self.dialects))
        raise LookupError(f"this host does not speak '{dialect}'; it speaks {spoken}")

    def set_apart(self, count: int) -> int:
        """Set terminal numbers apart for one test; return how many were before."""
        with self._numbering:
            first, self._set_apart = self._set_apart, self._set_apart + count
        return first

    def is_set_apart(self, tid: str) -> bool:
        """Return whether a terminal number was set apart."""
        return tid.isdigit() and FIRST_TID <= int(tid) < FIRST_TID + self._set_apart

    def name_rule(self, words: str) -> str:
        """Return a name for a rule about something, which no other rule had."""
        with self._numbering:
            self._rules_named += 1
        return f"expect {words[:RULE_WORDS]} #{self._rules_named}"

    def address_of(self, dialect: str) -> str:
        """Return where a dialect is spoken. Raises LookupError: nowhere."""
        at = self.dialects.index(self.compiled_of(dialect).dialect)
        return self._running.server.listeners[at].address

    def register(self, *terminals: Registration) -> None:
        """Register terminals, or register them anew, while the host serves."""
        store = self._running.store
        vault = Vault(store.master_key)
        self._background.call(lambda: store.register(terminals, vault))

    def rotate_keys(self, tid: str) -> str:
        """Give a terminal other working keys without telling it, so that its MACs and PIN blocks are under old ones.

        Returns:
            The KCVs of the new ones.

        Raises:
            LookupError: no such terminal is registered, or it has no working keys.
        """
        return self._background.call(lambda: rotate_keys(self._running, tid))

    def fetch(self, tid: str, kinds: str | Iterable[str]) -> None:
        """Have the host ask a terminal to download, from its next reply on: ``"capk aid"``, ``["rates"]``, ``"all"``.

        Raises:
            LookupError: no such terminal is registered.
            ValueError: there is no such download.
        """
        wanted = read_downloads(kinds if isinstance(kinds, str) else list(kinds))
        store = self._running.store
        self._background.call(lambda: store.change_session(tid, lambda one: replace(one, downloads=wanted)))

    @property
    def held(self) -> tuple[Hold, ...]:
        """What rules hold at the moment, in the order of its coming."""
        return self._background.call(lambda: self._running.driver.held.listed)

    def resume(self, *, tid: str = "", rule: str = "") -> int:
        """Let go on what rules hold: all, or of one terminal or rule; return how many exchanges that were."""
        return self._background.call(lambda: self._running.driver.held.resume(tid, rule))

    def end_restart(self) -> None:
        """Accept connections again, if a fault has it behave like a host that restarts."""
        self._background.call(self._running.server.end_restart)

    @property
    def counters(self) -> dict[str, int]:
        """What the host counted so far: connections, frames, closes by reason …"""
        return self._background.call(lambda: self._running.counters)

    def _dialect_named(self, name: str) -> Dialect | None:
        return next((dialect for dialect in self.dialects if dialect.name == name), None)


@contextmanager
def running_host(*, log: TextIO | None = None, **settings: Any) -> Iterator[RunningHost]:
    """Run a host for the time of a ``with`` block, from when it is ready; several may run in one process.

    It listens on a free loopback port and keeps its store in memory. `settings` are those of ``acquirer serve``
    (``store=``, ``terminals=``, ``pack=["day-end"]``, ``fault=["silent:tid=10000001"]``, ``seed=``, ``clock=`` …);
    files and environment are not read. `log` takes its lines; by default they are dropped. The time of such a host may
    be set ahead (`RunningHost.clock`).

    >>> with running_host() as host:
    ...     host.journal.list()
    []

    Raises:
        TypeError: there is no such setting.
        DataError, StoreError, BindError: as ``acquirer serve`` would refuse to start.
    """
    config = make_config(**{"listen": "127.0.0.1:0", "store": "memory:", **settings})
    clock = VirtualClock(configured_clock(config).fixed_us)
    with in_background(lambda: serving(config, log, clock=clock), VirtualLoop) as background:
        yield RunningHost(background, _time_of(background.value))


def _time_of(running: Running) -> VirtualTime:
    time = virtual_time_of(running)
    assert time is not None  # its loop and its clock are made above
    return time
