"""A host and its terminals without sockets, threads, database or real time: whole conversations in a function.

    rig = Rig(seed=1)
    terminal = rig.terminal()
    assert terminal.sale("12.34").ok
    assert rig.transactions[-1].amount_minor == 1234

The host is the one that `acquirer serve` runs; only what surrounds it is in memory. An exchange may be taken step by
step (`Rig.start`), so that others come between its load and its commit. Faults of connections play no role: there are
none.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final, Unpack
from zoneinfo import ZoneInfo

from acquirer.app.in_memory_store import InMemoryStore
from acquirer.app.terminal_options import TerminalOptions
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host, HostOptions
from acquirer.host.exchange import exchange
from acquirer.model.effects import (
    Arrival,
    Commit,
    CommitOutcome,
    DecodeImage,
    Effect,
    EffectResult,
)
from acquirer.model.evidence import Evidence
from acquirer.model.rows import Session, TerminalConfig, Transaction
from acquirer.process.clock import fixed_clock
from acquirer.process.picture_worker import decode_image
from acquirer.scenario.faults import Fault, Faults, parse
from acquirer.scenario.rules import Rule, Rules
from acquirer.scenario.rules.reading import make_rule
from acquirer.security.vault import Vault
from acquirer.settings.cards import load_cards
from acquirer.settings.config import make_config
from acquirer.settings.downloads import load_downloads
from acquirer.settings.registration import Registration
from acquirer.settings.specs import load_dialect
from acquirer.store.registry import sealed_terminal
from acquirer.testing.durations import Duration, seconds_of
from acquirer.testing.enrolment import FIRST_TID, make_terminal
from acquirer.testing.rig_exchange import Loading, RigExchange, RigReply
from acquirer.testing.rig_terminal import RigTerminal
from acquirer.testing.rules import Written

AT: Final = "2026-01-02T08:00:00"
PATIENCE_S: Final = 60.0
"""How long a terminal that is played by hand waits for its answer: past it nothing is booked."""

PEER: Final = "127.0.0.1:5000"


class Rig:
    """A host, its rows in dictionaries, and a clock that only tests move.

    Args:
        at: local time at which it begins.
        seed: of everything that is drawn: the same seed gives the same bytes.
        rules: each a `Rule` or a dictionary; faults: each a `Fault` or its short text.
        downloads: a folder of what terminals download; None: as shipped.
        options: of `acquirer.host.core.HostOptions`.
    """

    def __init__(
        self,
        dialect: str = "unionpay-pos",
        *,
        at: str | datetime = AT,
        timezone: str = "Asia/Shanghai",
        seed: int = 1,
        rules: Iterable[Written] = (),
        faults: Iterable[Fault | str] = (),
        downloads: Path | None = None,
        **options: Any,
    ) -> None:
        compiled = CompiledDialect(load_dialect(dialect))
        spoken = [compiled.dialect]
        config = make_config(clock=at, timezone=timezone)
        assert isinstance(config.clock, datetime)
        self.compiled = compiled
        self.faults = Faults([one if isinstance(one, Fault) else parse(one, spoken) for one in faults], seed)
        self.rules = Rules([one if isinstance(one, Rule) else make_rule(one, spoken) for one in rules])
        self.store = InMemoryStore()
        self.looks = 0  # images that were decoded before an answer
        self.busy = False  # too many wait to be decoded
        self._numbers = 0
        self._known: dict[str, Registration] = {}
        self._zone = zone = ZoneInfo(timezone)
        self.now_us = fixed_clock(config.clock, zone).now_us()
        self._randbytes = Random(seed).randbytes  # noqa: S311  the same bytes each time, which tests ask for
        self._options = HostOptions(**options)
        self._downloads = load_downloads(downloads)
        self.restart()

    def restart(self) -> None:
        """Stop the host and start it again: it has its rows, and nothing else of before."""
        self.host = Host(
            self.compiled,
            vault=Vault(bytes(range(32))),
            randbytes=self._randbytes,
            issuer=load_cards(),
            faults=self.faults,
            rules=self.rules,
            timezone=self._zone,
            options=self._options,
            downloads=self._downloads,
        )

    # terminals

    def terminal(
        self, tid: str = "", *, timeout: Duration | None = None, **options: Unpack[TerminalOptions]
    ) -> RigTerminal:
        """Return a terminal of ours; the host knows it under test keys, unless it was registered otherwise.

        Args:
            tid: its number; "": the next free one.
            timeout: how long it waits for an answer; None: as its dialect says.
            options: of `acquirer.app.terminal.Terminal`.
        """
        if not tid:
            tid = f"{FIRST_TID + self._numbers}"
            self._numbers += 1
        known = self._known.get(tid) or self.register(tid)
        usual: TerminalOptions = {
            "dialect": self.host.dialect.name,
            "mid": known.mid,
            "name": known.name,
            "now": self.local_time,
            "randbytes": self.host.randbytes,
        }
        if known.tmk is not None:
            usual["tmk"] = known.tmk
        if known.bdk is not None:
            usual["bdk"] = known.bdk
        if timeout is not None:
            usual["timeout_s"] = seconds_of(timeout)
        merged: TerminalOptions = {**usual, **options}
        return RigTerminal(tid, self, **merged)

    def register(self, tid: str, **values: Any) -> Registration:
        """Register a terminal under test keys, unless `values` (keys of a ``[[terminal]]`` table) bring others.

        Raises:
            DataError: a value cannot be used.
        """
        known = make_terminal(tid, self.compiled, "", **values).registration
        self._known[tid] = known
        self.store.terminals[tid] = sealed_terminal(known, self.host.vault, self.host.randbytes)
        return known

    # exchanges

    def start(self, frame: bytes, patience_s: float = PATIENCE_S) -> RigExchange:
        """Begin the exchange of a frame, which is then taken step by step."""
        arrival = Arrival(frame, self.now_us, self.now_us / 1_000_000 + patience_s, PEER, 1)
        return RigExchange(self, exchange(self.host, arrival))

    def send(self, frame: bytes) -> RigReply:
        """Return what a frame gets."""
        return self.start(frame).finish()

    def exchange(self, frame: bytes, patience_s: float) -> Iterable[Effect]:
        """Return what the host does about a frame; see `rig_terminal.RigHost`."""
        return self.start(frame, patience_s).finish().effects

    def load(self, wanted: Loading) -> EffectResult:
        """Return what an exchange asks for."""
        if not isinstance(wanted, DecodeImage):
            return self.store.read(wanted)
        self.looks += 1
        return None if self.busy else decode_image(wanted.stream)

    def commit(self, wanted: Commit) -> CommitOutcome:
        """Write all changes, or none when a row has changed since it was read."""
        return self.store.commit(wanted)

    @property
    def dialect(self) -> Dialect:
        """Return what the host speaks."""
        return self.host.dialect

    # time and rows

    def advance(self, duration: Duration) -> None:
        """Let so much time pass."""
        self.now_us += round(seconds_of(duration) * 1_000_000)

    def local_time(self) -> datetime:
        """Return the host's local time."""
        return datetime.fromtimestamp(self.now_us / 1_000_000, self._zone)

    @property
    def terminals(self) -> dict[str, TerminalConfig]:
        """Return registered terminals, by number."""
        return self.store.terminals

    @property
    def sessions(self) -> dict[str, Session]:
        """Return what changes about them."""
        return self.store.sessions

    @property
    def transactions(self) -> list[Transaction]:
        """Return what was booked, refused, reversed, in the order of arrival."""
        return list(self.store.transactions.values())

    @property
    def journal(self) -> list[Evidence]:
        """Return what was exchanged, in order."""
        return self.store.journal
