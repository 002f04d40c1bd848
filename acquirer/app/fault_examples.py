"""What each kind of fault does to an exchange, shown by a host in memory: the bytes before and after."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from acquirer.app.dialects import served_dialect
from acquirer.app.in_memory import drive
from acquirer.host.core import Host
from acquirer.host.exchange import exchange
from acquirer.model.effects import (
    NO_DEADLINE,
    Arrival,
    Close,
    Commit,
    CommitOutcome,
    Effect,
    EffectResult,
    Load,
    Loaded,
    Restart,
    Send,
    SendBytes,
    SendElsewhere,
    SendWithNext,
    Silence,
)
from acquirer.model.rows import Session, TerminalConfig
from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.faults import Faults, parse
from acquirer.scenario.parameters import show_duration_ms
from acquirer.scenario.registry import KindEntry
from acquirer.security.vault import Vault
from acquirer.settings.cards import load_cards
from acquirer.settings.terminals import demo_terminals
from acquirer.store.registry import sealed_terminal
from acquirer.wire.framing import Framing
from acquirer.wire.message import Value, as_bytes

REQUIRED: Final = {"missing": "de=39", "extra": "de=48,value=1234", "delay": "median=200ms,p99=2s"}
"""Parameters of the examples of kinds that need some."""

_SEED: Final = 1
_AT_US: Final = 1_767_322_800_000_000  # 2026-01-02 11:00 in Shanghai
_PAN: Final = "6212345678901232"  # of the test card `standard`
_LINE_BYTES: Final = 24


def example(entry: KindEntry) -> str:
    """Return what a kind makes of a reply, in Markdown; "" for a kind that another distribution adds or of a line.

    It is the reply to the first request that the kind acts on: an echo test, a sign-on, or a sale.
    """
    if entry.type.stage is Stage.LINE or not entry.type.__module__.startswith("acquirer."):
        return ""
    parameters = REQUIRED.get(entry.name, "")
    fault = f"{entry.name}:{parameters}" if parameters else entry.name
    for service in ("echo", "sign_on", "sale"):
        before, after = _Conversation(""), _Conversation(fault)
        effects = [conversation.reply(service) for conversation in (before, after)]
        if after.acted:
            framing = before.framing
            title = f"`{fault}`, on the reply to {_TITLES[service]}:"
            return "\n".join((title, "", "```diff", *_difference(*(_written(one, framing) for one in effects)), "```"))
    return ""


_TITLES: Final = {"echo": "an echo test", "sign_on": "a sign-on", "sale": "a sale"}


class _Conversation:
    """A terminal and a host, both in memory: the same bytes each time."""

    def __init__(self, fault: str) -> None:
        compiled = served_dialect("unionpay-pos")
        randbytes = Random(_SEED).randbytes  # noqa: S311  an example, the same each time
        self._dialect, self._suite = compiled.dialect, compiled.suite
        vault = Vault(bytes(32))
        known = next(one for one in demo_terminals() if one.tmk is not None)
        self._tmk = known.tmk
        self._terminal: TerminalConfig = sealed_terminal(known, vault, randbytes)
        self._session = Session(known.tid)
        self._faults = Faults([parse(fault)] if fault else (), _SEED)
        self._host = Host(compiled, vault, randbytes, load_cards(), self._faults, ZoneInfo("Asia/Shanghai"))
        self._numbers = iter(range(1, 1000))

    @property
    def framing(self) -> Framing:
        return self._dialect.framing

    @property
    def acted(self) -> bool:
        return any(self._faults.acted(fault) for fault in self._faults.declared)

    def reply(self, service: str) -> list[Effect]:
        """Return what the host sends in reply to a request."""
        if service == "sale":
            (sent,) = self._ask(self._request("sign_on"))
            return self._ask(self._sale(sent))
        return self._ask(self._request(service))

    def _request(self, service: str) -> bytes:
        for sample in self._dialect.samples:
            message = self._dialect.decode(bytes.fromhex(sample.hex)[self.framing.before_bytes :])
            route = self._dialect.route(message)
            if route is not None and route.service == service and message.mti == route.mti:
                fields = dict(message.fields)
                self._dialect.put(fields, "tid", self._terminal.tid)
                self._dialect.put(fields, "mid", self._terminal.mid)
                return self._dialect.encode(message.mti, fields)
        raise LookupError(service)

    def _sale(self, sign_on: Effect) -> bytes:
        assert isinstance(sign_on, Send)
        assert self._tmk is not None
        message = self._dialect.decode(sign_on.frame)
        wire = self._dialect.get(message, "keys")
        assert wire is not None
        keys = self._suite.accept(self._dialect.text(message, "function"), self._tmk, as_bytes(wire))
        request = self._dialect.decode(self._request("sale"))
        fields: dict[int, Value] = dict(request.fields)
        self._dialect.put(fields, "batch", self._dialect.text(message, "batch"))
        self._dialect.put(fields, "pan", _PAN)
        return self._suite.seal(keys, self._dialect.encode(request.mti, fields))

    def _ask(self, frame: bytes) -> list[Effect]:
        sent: list[Effect] = []

        def perform(effect: Effect) -> EffectResult:
            if isinstance(effect, Load):
                return Loaded(self._terminal, self._session, None, f"{next(self._numbers):012}")
            if isinstance(effect, Commit):
                self._session = effect.changes.session or self._session
                return CommitOutcome.DONE
            if isinstance(effect, Send | SendBytes | SendWithNext | SendElsewhere | Restart | Close | Silence):
                sent.append(effect)
            return None

        drive(exchange(self._host, Arrival(frame, _AT_US, NO_DEADLINE, "127.0.0.1:50412")), perform)
        return sent


def _written(effects: list[Effect], framing: Framing) -> list[str]:
    return [line for effect in effects for line in _lines(effect, framing)]


def _lines(effect: Effect, framing: Framing) -> Iterator[str]:
    if isinstance(effect, Send | SendBytes):
        if effect.delay_ms:
            yield f"(after {show_duration_ms(effect.delay_ms)})"
        yield from _hex(framing.wrap(effect.frame) if isinstance(effect, Send) else effect.data)
    elif isinstance(effect, SendWithNext):
        where = "in front of" if effect.place == "before" else "behind"
        yield f"({where} the next reply, or alone after {show_duration_ms(effect.wait_ms)})"
        yield from _hex(effect.data)
    elif isinstance(effect, SendElsewhere):
        yield "(on another connection)"
        yield from _hex(effect.data)
    elif isinstance(effect, Restart):
        yield f"(all connections are reset, new ones too for {show_duration_ms(effect.down_ms)})"
    else:
        yield "(nothing is sent)"


def _hex(data: bytes) -> Iterator[str]:
    for at in range(0, len(data), _LINE_BYTES):
        yield data[at : at + _LINE_BYTES].hex(" ").upper()


def _difference(before: list[str], after: list[str]) -> Iterator[str]:
    for what, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield from (f"  {line}" for line in before[i:j])
        else:
            yield from (f"- {line}" for line in before[i:j])
            yield from (f"+ {line}" for line in after[k:m])
