"""A whole host in the background of a test: on a free port, in a thread of its own, gone at the end of the block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from acquirer.app.serve import Running, serving
from acquirer.model.effects import Hold
from acquirer.model.rows import Session, Signature, TerminalConfig, Transaction
from acquirer.settings.config import make_config
from acquirer.testing.background import Background, in_background
from acquirer.testing.faults import RunningFaults
from acquirer.testing.journal import Journal
from acquirer.testing.rules import RunningRules


class RunningHost:
    """A host that is ready; reach it at `address`, query its `journal`."""

    def __init__(self, background: Background[Running]) -> None:
        self._background = background
        self._running = background.value
        listener = self._running.server.listeners[0]
        self.host: str = listener.host
        self.port: int = listener.port
        self.address: str = listener.address
        self.addresses = [one.address for one in self._running.server.listeners]
        self.store_url = self._running.store.url
        parts = self._running.parts
        dialects = {dialect.name: dialect for dialect in parts.dialects}
        self.journal = Journal(self._running.store, self._running.journal_changes, parts.timezone, dialects.get)
        self.rules = RunningRules(background)
        self.faults = RunningFaults(background)

    @property
    def terminals(self) -> dict[str, tuple[TerminalConfig, Session]]:
        """Registered terminals with their state, by tid."""
        with self._running.store.reader() as reader:
            return {config.tid: (config, session) for config, session in reader.terminals()}

    @property
    def transactions(self) -> list[Transaction]:
        """What was booked, refused, reversed, in the order of arrival."""
        with self._running.store.reader() as reader:
            return reader.transactions()

    @property
    def signatures(self) -> list[Signature]:
        """Signatures that were uploaded, in the order of their arrival; the last one of a sale counts."""
        with self._running.store.reader() as reader:
            return reader.signatures()

    @property
    def held(self) -> tuple[Hold, ...]:
        """What rules hold at the moment, in the order of its coming."""
        return self._background.call(lambda: self._running.driver.held.listed)

    def resume(self, *, tid: str = "", rule: str = "") -> int:
        """Let go on what rules hold: all, or of one terminal or rule; return how many exchanges that were."""
        return self._background.call(lambda: self._running.driver.held.resume(tid, rule))

    @property
    def counters(self) -> dict[str, int]:
        """What the host counted so far: connections, frames, closes by reason …"""
        return self._background.call(lambda: self._running.counters)


@contextmanager
def running_host(*, log: TextIO | None = None, **settings: Any) -> Iterator[RunningHost]:
    """Run a host for the time of a ``with`` block, from when it is ready; several may run in one process.

    It listens on a free loopback port and keeps its store in memory. `settings` are those of ``acquirer serve``
    (``store=``, ``terminals=``, ``pack=["day-end"]``, ``fault=["silent:tid=10000001"]``, ``seed=``, ``clock=`` …);
    files and environment are not read. `log` takes its lines; by default they are dropped.

    >>> with running_host() as host:
    ...     host.journal.list()
    []

    Raises:
        TypeError: there is no such setting.
        DataError, StoreError, BindError: as ``acquirer serve`` would refuse to start.
    """
    config = make_config(**{"listen": "127.0.0.1:0", "store": "memory:", **settings})
    with in_background(lambda: serving(config, log)) as background:
        yield RunningHost(background)
