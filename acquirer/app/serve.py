"""A host that serves: opened in order, closed in the opposite order, however it ends.

Opening: settings, store, terminals, listeners; then it is ready. Closing: stop accepting, let what was requested be
committed and answered, close connections, flush the store, log what was counted.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, TextIO

from acquirer import __version__
from acquirer.app.build import Parts, build_host, build_parts, doubts, register_terminals
from acquirer.app.driver import Driver
from acquirer.app.journal_queries import JournalChanges
from acquirer.app.line_faults import LineFaults
from acquirer.data.toml import DataError
from acquirer.host.core import Host
from acquirer.host.exchange import exchange
from acquirer.host.undecodable import refuse_stream
from acquirer.net.files import bounds_too_low, make_room
from acquirer.net.limits import MOST_CONNECTIONS
from acquirer.net.reactor import running_reactor
from acquirer.net.server import Server
from acquirer.observe.faults import follow_loop, follow_twisted
from acquirer.observe.lines import render_for
from acquirer.observe.log import Log
from acquirer.observe.trace import TraceFile
from acquirer.observe.watcher import LoggingWatcher
from acquirer.process.clock import Clock
from acquirer.process.key_generator import KeyGenerator
from acquirer.process.parent import following_parent, has_ended
from acquirer.process.pictures import Pictures
from acquirer.process.signals import call_on_hangup, ending_signal
from acquirer.process.store_writer import process_writer
from acquirer.scenario.faults import Faults
from acquirer.security.vault import Vault
from acquirer.settings.config import Config
from acquirer.store import Store, begins_anew, open_store, readable_by_others

GC_THRESHOLDS = (20_000, 20, 100)
"""An exchange makes some hundred objects that live until its commit, and no cycles: the default of 700 looks through
all that wait again and again, for a quarter of a sign-on's processor time. Cycles are still found, after some 10 MB."""

SWITCH_S = 0.0005
"""How long the loop may keep the interpreter from threads, one of which writes a store in memory: with the default of
5 ms a group of commits waits longer for its turn than for anything else."""

USUAL_CONNECTIONS = 1_000
"""Connections that a host without `--connections` should have room for: less deserves a warning."""


@dataclass(slots=True)
class Running:
    """A host that is ready."""

    parts: Parts
    store: Store
    server: Server
    driver: Driver
    log: Log
    terminals: int
    line_faults: LineFaults
    hosts: list[Host]  # one for each address
    journal_changes: JournalChanges
    """Notices what is journalled, in whichever process it is written."""

    @property
    def ready(self) -> dict[str, Any]:
        """What the ready line says."""
        listeners = [
            {"address": listener.address, "dialect": dialect.name} | ({"tls": address.tls} if address.tls else {})
            for listener, dialect, address in zip(
                self.server.listeners, self.parts.dialects, self.parts.addresses, strict=True
            )
        ]
        return {
            "event": "ready",
            "version": __version__,
            "listen": listeners[0]["address"],
            "listeners": listeners,
            "store": self.store.url,
            "dialects": sorted({dialect.name for dialect in self.parts.dialects}),
            "terminals": self.terminals,
        }

    def change_faults(self, change: Callable[[Faults], int]) -> int:
        """Change which faults are in force, between two exchanges; return the generation of those that follow.

        Raises:
            FaultConflictError: one contradicts another; everything stays as it was.
        """
        generation = change(self.parts.faults)
        self.line_faults.look()
        return generation

    @property
    def counters(self) -> dict[str, int]:
        """Sums since the host began."""
        driver = self.driver
        own = {
            "exchanges": driver.exchanges,
            "undelivered": driver.undelivered,
            "not_journalled": driver.shed_refusals.total,
            "locked_out": self.store.locked_out,
            "lines_dropped": self.log.dropped,
        }
        return {**own, **self.server.counters.as_dict()}


@asynccontextmanager
async def serving(
    config: Config, stderr: TextIO | None = None, *, child_processes: bool = False, clock: Clock | None = None
) -> AsyncIterator[Running]:
    """A ready host on the running loop, for the time of an ``async with`` block.

    Args:
        stderr: gets the log.
        child_processes: whether the store and the log are written, and keys made ahead of need, by processes of their
            own: for a host that has this one to itself.
        clock: in place of the one that settings ask for.

    Raises:
        DataError: settings, or a file they name, are wrong.
        StoreError: the store cannot be opened.
        BindError: an address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    parts = build_parts(config, clock)
    anew = begins_anew(config.store)
    store = open_store(config.store, shared=child_processes)
    render = render_for(config.log, stderr, parts.timezone)
    log = Log(stderr, render, parts.clock.now_us)
    changes = JournalChanges()
    follow_loop(loop, log)
    trace = None
    try:
        vault = Vault(store.master_key, system=config.seed is None)
        warn = partial(log.event, "warning")
        for note in config.notes:
            log.event("note", note)
        shown = [sentence for tls in parts.tls.values() for sentence in tls.warnings]
        for sentence in filter(None, (anew, readable_by_others(config.store), *shown)):
            warn(sentence)
        trace = _trace(config, parts, loop, warn)
        terminals = register_terminals(parts, store, vault, warn)
        for sentence in doubts(parts, store):
            warn(sentence)
        sources = [address.dialect or config.dialect for address in parts.addresses]
        spoken = list(zip(sources, parts.dialects, strict=True))
        with (
            _key_generator(config, loop, warn, child_process=child_processes) as generator,
            running_reactor() as reactor,
        ):

            def group_answered() -> None:
                driver.advance()
                changes.notify()

            recorder = process_writer(spoken, stderr, render) if child_processes else None
            store.start(loop, log.exchanges, recorder, config.keep_days, group_answered)
            server = Server(reactor, parts.limits, LoggingWatcher(log), trace)
            pictures = Pictures(store, parts.clock, log, parts.dialects, parts.checks.pixels, changes.notify)
            driver = Driver(store, server, parts.clock, log, pictures)
            line_faults = LineFaults(parts.faults, server, log)
            running = Running(parts, store, server, driver, log, terminals, line_faults, [], changes)
            ready = False
            try:
                for address, compiled in zip(parts.addresses, parts.compiled, strict=True):
                    host, dialect = build_host(parts, compiled, vault), compiled.dialect
                    running.hosts.append(host)
                    if generator is not None:
                        host.suite.use_ready_keys(generator.ready_keys)
                    patience_s = config.patience_s or dialect.reply_timeout_s
                    receive = driver.receiver(partial(exchange, host), patience_s, driver.short_way(host))
                    refuse = driver.refuser(partial(refuse_stream, host))
                    tls = parts.tls.get(address.tls)
                    await server.listen(address.host, address.port, dialect.framing, receive, refuse, tls)
                running.line_faults.look()
                pictures.resume()
                ready = True
                yield running
            finally:
                driver.held.stop()
                await server.stop()
                driver.stop()
                try:
                    await loop.run_in_executor(None, pictures.stop)
                except RuntimeError:  # there is no memory for one more thread
                    pictures.stop()
                store.flush()
                await asyncio.sleep(0)  # for outcomes of commits that were refused
                driver.advance()  # and notes what became of the replies
                store.close()
                counted: dict[str, Any] = {name: n for name, n in running.counters.items() if n}
                if ready:
                    log.event("stopped", **counted)
    finally:
        if trace is not None:
            trace.close()
        store.close()
        log.close()


def _trace(
    config: Config, parts: Parts, loop: asyncio.AbstractEventLoop, warn: Callable[[str], None]
) -> TraceFile | None:
    """Return the trace that was asked for, said aloud. Raises DataError."""
    if config.trace is None:
        return None
    trace = TraceFile(config.trace, config.trace_mib << 20, parts.clock.now_us, loop.call_soon, warn)
    warn(trace.warning)
    return trace


Door = Callable[[Running], AbstractAsyncContextManager[dict[str, Any]]]
"""Opens another way to reach a host that is ready, for the time of an ``async with`` block: what the ready line says of
it."""


async def serve(
    config: Config,
    stderr: TextIO | None,
    ready: Callable[[dict[str, Any]], None],
    door: Door | None = None,
    parent: int = 0,
) -> str:
    """Serve until SIGTERM, SIGINT or SIGHUP, or until the store fails; return why the store failed, or "".

    Where TLS is spoken SIGHUP does not end it: certificates are read anew, for connections that come from then on.

    Args:
        ready: is called with what the ready line says.
        door: is opened before, and closed while exchanges still go on.
        parent: the process that started this one, whose end ends the host too where settings ask for that.
    """
    loop = asyncio.get_running_loop()
    stop = ending_signal()
    room = make_room(config.connections or MOST_CONNECTIONS)
    async with AsyncExitStack() as stack:
        if config.exit_with_parent:
            stack.enter_context(following_parent(parent, stop.set))
            if stop.is_set():  # there is none to serve for
                return ""
        running = await stack.enter_async_context(serving(config, stderr, child_processes=True))
        follow_twisted(running.log)
        for sentence in bounds_too_low(config.connections or USUAL_CONNECTIONS, room, running.parts.limits.backlog):
            running.log.event("warning", sentence)
        if config.seed is not None:
            running.log.event("warning", f"--seed {config.seed}: every key of this host can be computed by anyone")
        if running.parts.tls:
            call_on_hangup(partial(_reload_certificates, running))
        fields = running.ready | (await stack.enter_async_context(door(running)) if door else {})
        gc.freeze()  # what was made until here stays until the end; collecting before would free next to nothing
        gc.set_threshold(*GC_THRESHOLDS)
        sys.setswitchinterval(SWITCH_S)
        ready(fields)
        # Events may have to be logged when no file can be opened any more, and an import opens files. Not in another
        # thread: while the loop waits, no connection is accepted that could take the last descriptor.
        import_module("acquirer.observe.event_lines")
        stopped, failed = loop.create_task(stop.wait()), loop.create_task(running.driver.failed.wait())
        await asyncio.wait([stopped, failed], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        failed.cancel()
        if config.exit_with_parent and has_ended(parent):
            running.log.event("parent-ended", "the process that started this host has ended, so the host ends too")
    return running.store.fatal_error or ("the store does not answer" if running.driver.failed.is_set() else "")


def _reload_certificates(running: Running) -> None:
    """Read all certificates anew; what cannot be used is left as it was."""
    for tls in running.parts.tls.values():
        try:
            tls.reload()
        except DataError as exc:
            running.log.event("warning", f"certificates stay as they were: {exc}")
        else:
            running.log.event("certificates-read", f"{tls.table.where}: connections from now on are shown these")
            for sentence in tls.warnings:
                running.log.event("warning", sentence)


@contextmanager
def _key_generator(
    config: Config, loop: asyncio.AbstractEventLoop, warn: Callable[[str], None], *, child_process: bool
) -> Iterator[KeyGenerator | None]:
    """What makes keys ahead of need; None where they shall come from a seed, or from this process."""
    if config.seed is not None or not child_process:
        yield None
        return
    with closing(KeyGenerator(loop, warn)) as generator:
        yield generator
