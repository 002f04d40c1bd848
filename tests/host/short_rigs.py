"""Two hosts of the same terminals: one that decides everything the general way, one that is asked for its short way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from acquirer.dialect.dialect import Dialect
from acquirer.host.short_transaction import KeptRows
from acquirer.host.short_way import NOT_SHORT, SHORT_AFTER, ShortWay
from acquirer.journal.packed import PackedExchange
from acquirer.journal.render import Facts, collect, pack_thoroughly
from acquirer.journal.shapes import RECORD_NAMES, ExchangeShape
from acquirer.model.effects import Send
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.model.rows import Session, TerminalConfig, TransactionKey
from acquirer.testing.rig import PEER, Rig
from acquirer.wire.codec import COMPILE_AFTER
from acquirer.wire.message import Message

TIDS = ("90000001", "90000002", "90000003")
WARM = COMPILE_AFTER + SHORT_AFTER


Taken = tuple[bytes, ReadyExchange]


def take(way: ShortWay, frame: bytes, at_us: int) -> Taken | None:
    """Take a frame the short way to its end; return what was decided, None where there is no such way."""
    decided: list[Taken] = []
    try:
        steps = way.begin(frame, PEER, at_us, 0.0, lambda *taken: decided.append(taken))
        if steps is None:
            return None
        tid, *pauses = steps
    except NOT_SHORT:
        assert not decided
        return None
    assert tid
    assert set(pauses) == {None}
    [taken] = decided
    return taken


class GeneralRig(Rig):
    """A rig that keeps the facts of exchanges."""

    def __init__(self, dialect: str, **options: Any) -> None:
        super().__init__(dialect, **options)
        self.facts: list[Facts] = []

    def answer(self, frame: bytes) -> bytes | None:
        """Return the reply of the general way."""
        reply = next((effect.frame for effect in self.send(frame).effects if isinstance(effect, Send)), None)
        self.facts.append(collect(self.journal[-1]))
        return reply


class ShortRig(GeneralRig):
    """The same, whose host is asked for its short way first."""

    def __init__(self, dialect: str, **options: Any) -> None:
        super().__init__(dialect, **options)
        self.kept = KeptRows(self.is_new, self.store.cards.get, lambda: f"{next(self.store.numbers):012}")
        self.short = ShortWay(self.host, self.load_kept, self.kept, lambda: 0.0)
        self.taken = 0
        self.rows: list[PackedExchange | None] = []  # of those that took it
        self.named: list[tuple[str, str]] = []

    def load_kept(self, tid: str) -> tuple[TerminalConfig, Session] | None:
        terminal, session = self.store.terminals.get(tid), self.store.sessions.get(tid)
        return None if terminal is None or session is None else (terminal, session)

    def is_new(self, key: TransactionKey) -> bool:
        return all(key.stan > one.stan for one in self.store.transactions if one[:3] == key[:3])

    def answer(self, frame: bytes) -> bytes | None:
        taken = take(self.short, frame, self.now_us)
        if taken is None:
            return super().answer(frame)
        reply, ready = taken
        session, transaction = ready.session, ready.transaction
        if ready.only_stan:
            assert session is self.store.sessions[ready.tid]
            session = replace(session, last_stan=ready.stan)
        assert (ready.facts is None) == (ready.row is not None)
        self.taken += 1
        self.facts.append(ready.facts or ())
        self.rows.append(ready.row)
        self.named.append((ready.tid, ready.stan))
        if session is not None:
            session.version += 1
            self.store.sessions[ready.tid] = session
        if transaction is not None:
            transaction.version += 1
            self.store.transactions[transaction.key] = transaction
        return reply


def sign_on_of(dialect: Dialect) -> Message:
    for sample in dialect.samples:
        message = dialect.decode(bytes.fromhex(sample.hex)[dialect.framing.before_bytes :])
        route = dialect.route(message)
        if route is not None and route.service == "sign_on":
            return message
    raise LookupError(dialect.name)


def pair(dialect: str, **options: Any) -> tuple[GeneralRig, ShortRig, Message]:
    """Return a host of each way, to which the same terminals are known, and a sign-on."""
    general, short = GeneralRig(dialect, **options), ShortRig(dialect, **options)
    for rig in (general, short):
        rig.register(TIDS[0])
        rig.register(TIDS[1])
        rig.register(TIDS[2], **({"policy": {"required": "per-batch"}} if rig.host.has_batch else {}))
    message = sign_on_of(general.dialect)
    fields = dict(message.fields)
    general.dialect.put(fields, "mid", general.terminals[TIDS[0]].mid)
    return general, short, Message(message.raw, message.mti, fields)


def frame_of(rig: Rig, message: Message, **elements: str) -> bytes:
    fields = dict(message.fields)
    for element, value in elements.items():
        if element in rig.dialect.elements:
            rig.dialect.put(fields, element, value)
    return rig.dialect.encode(message.mti, fields)


def pack_thoroughly_of(rig: GeneralRig) -> PackedExchange:
    """Return the row of the last exchange; each of its values is looked at."""
    facts = rig.facts[-1]
    mti, reply_mti = (facts[RECORD_NAMES.index(name)] for name in ("mti", "reply_mti"))
    *_, request, _, reply = facts
    shape = ExchangeShape((rig.dialect, mti, tuple(request), reply_mti, tuple(reply)))
    return pack_thoroughly(facts, rig.dialect, shape)


def both(general: GeneralRig, short: ShortRig, frame: bytes) -> None:
    assert short.answer(frame) == general.answer(frame)
    if facts := short.facts[-1]:
        assert facts == general.facts[-1]
    else:
        row, named = pack_thoroughly_of(general), short.named[-1]
        assert short.rows[-1] == row
        assert named == (general.journal[-1].tid, general.journal[-1].stan)
    assert short.sessions == general.sessions
    assert short.transactions == general.transactions
    assert short.store.cards == general.store.cards
