"""A relay that runs: opened in order, closed in the opposite order, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import randbits
from typing import Any, Final, TextIO
from zoneinfo import ZoneInfo

from acquirer import __version__
from acquirer.app.build import build_parts, read_faults, wanted_terminals
from acquirer.app.compared_host import ComparedHost
from acquirer.app.comparison import ComparisonReport
from acquirer.app.dialects import served_dialect
from acquirer.app.relay_comparison import RelayComparison
from acquirer.app.relay_connection import ConnectionJournal
from acquirer.app.relay_faults import FaultyLine, RelayFaults, check_fault
from acquirer.app.relay_journal import RelayJournal
from acquirer.app.relay_trace import ConnectionTrace
from acquirer.data.text import address_text
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.inspect.differences import ignored_paths
from acquirer.net.files import make_room
from acquirer.net.limits import MOST_CONNECTIONS
from acquirer.net.relay import RelayedConnection, RelayServer
from acquirer.net.relay_socket import Direction
from acquirer.net.relay_tls import RelayTls
from acquirer.observe.faults import follow_loop
from acquirer.observe.lines import render_for
from acquirer.observe.log import Log
from acquirer.observe.trace import TraceFile
from acquirer.process.clock import Clock
from acquirer.process.signals import ending_signal
from acquirer.settings.client_tls import ClientTls
from acquirer.settings.config import Config
from acquirer.settings.listen import Address
from acquirer.settings.server_tls import load_server_tls
from acquirer.settings.terminals import demo_terminals
from acquirer.settings.tls_tables import ServerTlsTable
from acquirer.store import Store, open_store, readable_by_others

LOOK_S: Final = 1.0
"""How often requests that were not answered are looked for: people wait for the line about one, programs do not."""


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """What a relay is asked for."""

    listen: Address
    to: tuple[str, int]
    dialect: str = "unionpay-pos"
    store: str = "memory:"
    timezone: str = "Asia/Shanghai"
    log: str = "auto"
    patience_s: float | None = None  # None: as long as the dialect's terminals wait
    keep_days: int = 35
    fault: tuple[str, ...] = ()  # of what goes to the terminal
    request_fault: tuple[str, ...] = ()  # of what goes to the host
    seed: int | None = None  # of what faults draw; None: another one each time
    trace: Path | None = None  # all frames are written to it, unmasked
    trace_mib: int = 256
    tls: ServerTlsTable | None = None  # that terminals are shown; None: they speak without
    call: ClientTls | None = None  # how the host is called; None: without TLS
    compare: Config | None = None  # the settings of our host that answers too; None: it does not
    ignore: tuple[str, ...] = ()  # fields that may differ


@dataclass(slots=True)
class RunningRelay:
    """A relay that is ready."""

    address: str
    options: RelayOptions
    server: RelayServer
    journal: RelayJournal
    store: Store
    comparison: ComparisonReport | None = None

    @property
    def ready(self) -> dict[str, Any]:
        """What the ready line says."""
        return {
            "event": "ready",
            "version": __version__,
            "listen": self.address,
            "to": address_text(self.options.to),
            "dialect": self.journal.dialect.name,
            "store": self.options.store,
            **({"tls": self.options.tls.name} if self.options.tls else {}),
            "to_tls": self.options.call is not None,
        }


@asynccontextmanager
async def relaying(options: RelayOptions, stderr: TextIO | None = None) -> AsyncIterator[RunningRelay]:
    """A ready relay on the running loop, for the time of an ``async with`` block.

    Raises:
        DataError: the dialect cannot be used.
        StoreError: the store cannot be opened.
        BindError: the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    clock = Clock()
    compiled = served_dialect(options.dialect)
    faults = _faults(options, compiled.dialect)
    shown = None if options.tls is None else load_server_tls(options.tls)
    call = None if options.call is None else options.call.call(options.to[0])
    beside = _comparison(options, compiled)
    room = make_room(2 * MOST_CONNECTIONS) // 2
    store = open_store(options.store)
    log = Log(stderr, render_for(options.log, stderr, ZoneInfo(options.timezone)), clock.now_us)
    follow_loop(loop, log)
    timer: asyncio.TimerHandle | None = None
    trace: TraceFile | None = None
    try:
        if options.trace is not None:
            warn = partial(log.event, "warning")
            trace = TraceFile(options.trace, options.trace_mib << 20, clock.now_us, loop.call_soon, warn)
            warn(trace.warning)
        if loose := readable_by_others(options.store):
            log.event("warning", loose)
        store.start(loop, log.exchanges, None, options.keep_days)
        patience_s = options.patience_s or compiled.dialect.reply_timeout_s
        journal = RelayJournal(compiled, store, log, clock.now_us, loop.time, patience_s)
        edit = partial(FaultyLine, faults) if faults else None

        def watch(connection: RelayedConnection) -> ConnectionJournal:
            tracing = None if trace is None else ConnectionTrace(trace, connection)
            return ConnectionJournal(journal, connection.peer, tracing, beside)

        tls = RelayTls(shown, call, compiled.dialect.framing)
        server = RelayServer(options.to, watch, log, room, edit, tls)

        def look() -> None:
            nonlocal timer
            timer = loop.call_later(LOOK_S, look)
            journal.look()

        try:
            address = await server.listen(options.listen.host, options.listen.port)
            look()
            yield RunningRelay(address, options, server, journal, store, None if beside is None else beside.report)
        finally:
            if timer is not None:
                timer.cancel()
            await server.stop()
            store.flush()
            await asyncio.sleep(0)  # for outcomes of commits that were refused
            store.close()  # what it wrote last is logged before the end is
            counts: dict[str, Any] = dict(journal.counts)
            log.event("stopped", connections=server.accepted, **counts)
    finally:
        if trace is not None:
            trace.close()
        store.close()
        log.close()


async def relay(options: RelayOptions, stderr: TextIO | None, ready: Callable[[RunningRelay], None]) -> RunningRelay:
    """Relay until SIGTERM, SIGINT or SIGHUP; return what it came to. Bytes pass also where the store failed."""
    stop = ending_signal()
    async with relaying(options, stderr) as running:
        ready(running)
        await stop.wait()
    return running


def _comparison(options: RelayOptions, compiled: CompiledDialect) -> RelayComparison | None:
    """Return what compares replies with ours, where that was asked for. Raises DataError."""
    if options.compare is None:
        return None
    ignored = ignored_paths(compiled.dialect, options.ignore)
    config = replace(options.compare, listen=(f"127.0.0.1:0={options.dialect}",), http=None)
    parts = build_parts(config)
    return RelayComparison(ComparedHost(compiled, parts, wanted_terminals(parts) or demo_terminals()), ignored)


def _faults(options: RelayOptions, dialect: Dialect) -> RelayFaults:
    """Return the faults that were asked for. Raises DataError."""
    declared = {}
    ways = (
        ("--request-fault", options.request_fault, Direction.TO_HOST),
        ("--fault", options.fault, Direction.TO_TERMINAL),
    )
    for option, texts, direction in ways:
        found = [fault for text in texts for fault in read_faults(text, (dialect,), option)]
        for fault in found:
            check_fault(fault, direction, option)
        declared[direction] = tuple(found)
    seed = randbits(63) if options.seed is None else options.seed
    return RelayFaults(dialect, declared[Direction.TO_HOST], declared[Direction.TO_TERMINAL], seed)
