"""A replay that is asked for: whose keys are known, whose terminals sign on first, what is new in the requests."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from acquirer.app.known_keys import KnownKeys
from acquirer.app.recording import RecordedExchange, Recording
from acquirer.app.relay_messages import text_of
from acquirer.app.replaying import ReplayedExchange, Replayer
from acquirer.app.resealing import Renewal, Resealer
from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import HostAddress
from acquirer.dialect.compiled import CompiledDialect
from acquirer.errors import PeerError
from acquirer.inspect.differences import ignored_paths
from acquirer.security.working import WorkingKeys
from acquirer.settings.client_tls import ClientTls, ClientTlsOptions
from acquirer.settings.registration import Registration
from acquirer.settings.terminals import named_or_demo_terminals, read_terminals


class SignOnFailedError(PeerError, RuntimeError):
    """A terminal that could not sign on before its requests are sent: one sentence."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What is asked of a replay.

    Args:
        terminals: file of the terminals at the host that requests go to; None: the demo terminals.
        recorded_terminals: of the recording, where they are others.
        keys, recorded_keys: working keys by name, for who has no master keys.
        sign_on: terminals sign on before their first request.
    """

    to: HostAddress
    terminals: Path | None = None
    recorded_terminals: Path | None = None
    keys: WorkingKeys | None = None
    recorded_keys: WorkingKeys | None = None
    sign_on: bool = False
    renewal: Renewal = field(default_factory=Renewal)
    timeout_s: float = 0  # 0: as long as the dialect's terminals wait
    ignore: tuple[str, ...] = ()
    timezone: str = "Asia/Shanghai"
    tls: ClientTls | None = None  # how the host is called; None: not over TLS


def replay(compiled: CompiledDialect, recording: Recording, options: ReplayOptions) -> Iterator[ReplayedExchange]:
    """Send the requests of a recording again; yield each exchange once it is over.

    Raises:
        DataError: a file of terminals or certificates, or a field that may differ, cannot be used.
        SignOnFailedError: a terminal cannot sign on.
    """
    suite, dialect = compiled.suite, compiled.dialect
    ignored = ignored_paths(dialect, options.ignore)
    terminals = named_or_demo_terminals(options.terminals)
    others = options.recorded_terminals
    recorded = KnownKeys(suite, terminals if others is None else read_terminals(others), options.recorded_keys)
    target = KnownKeys(suite, terminals, options.keys)
    zone = ZoneInfo(options.timezone)
    resealer = Resealer(compiled, recorded, target, options.renewal, lambda: datetime.now(zone), secrets.token_bytes)
    resealer.begin_after([one.entry.stan for one in recording.exchanges])
    timeout_s = options.timeout_s or dialect.reply_timeout_s
    before = _signing_on(compiled, terminals, options, resealer) if options.sign_on else _nothing
    to = _calls(compiled, recording, options)
    of_each = options.tls is not None and options.tls.of_each
    replayer = Replayer(compiled, to.__getitem__, resealer, timeout_s, ignored, before, of_each=of_each)
    yield from replayer.replay(recording)


def _calls(compiled: CompiledDialect, recording: Recording, options: ReplayOptions) -> Mapping[str, HostAddress]:
    """Return how the host is called for each terminal, before anything is sent; under "" where it is one for all."""
    tls = options.tls
    if tls is None:
        return {"": options.to}
    if not tls.of_each:
        return {"": options.to._replace(tls=tls.call(options.to.host))}
    requests = [one.request for one in recording.exchanges if one.request is not None]
    tids = {text_of(compiled.dialect, request.fields, "tid") for request in requests}
    return {tid: options.to._replace(tls=tls.of(tid).call(options.to.host)) for tid in sorted(tids)}


def _nothing(_one: RecordedExchange) -> None:
    """No terminal signs on beforehand."""


def _signing_on(
    compiled: CompiledDialect, terminals: list[Registration], options: ReplayOptions, resealer: Resealer
) -> Callable[[RecordedExchange], None]:
    """Return what signs a terminal on before its first request, unless that is its sign-on."""
    known = {one.tid for one in terminals}
    done: set[str] = set()

    def before(one: RecordedExchange) -> None:
        assert one.request is not None
        tid = text_of(compiled.dialect, one.request.fields, "tid")
        if tid in done or not tid:
            return
        done.add(tid)
        if one.entry.service == "sign_on":
            return
        if tid not in known:
            raise SignOnFailedError(f"terminal {tid} cannot sign on: name its master key, --terminals FILE.toml")
        where = str(options.terminals) if options.terminals is not None else None
        tls: ClientTlsOptions = {} if options.tls is None else options.tls.options
        with Terminal(
            tid, host=str(options.to), terminals=where, dialect=compiled.dialect.name, state=None, **tls
        ) as terminal:
            result = terminal.sign_on()
            keys, batch = terminal.state.keys, terminal.state.batch
        if result.outcome != "approved":
            detail = result.exchange.detail if result.exchange is not None else result.sentence
            raise SignOnFailedError(f"terminal {tid} cannot sign on: {result.code or result.outcome} {detail}".rstrip())
        if keys is not None:
            resealer.target.give(tid, keys)
        resealer.give_batch(tid, batch)

    return before
