"""Our host beside a real one: it answers the same requests, in memory, and its books follow the real host's.

1. A request is answered as it passes, with rows in dictionaries; nothing of them outlives the relay.
2. What a host draws or counts is taken from the real reply: working keys, batch, reference number, authorisation code.
   So MACs are checked under the keys that the terminal really has, and a void or a refund finds its sale here too.
3. Where the real host decided otherwise, the books here follow it: what it declined is not booked, what it approved is.
   So one difference does not make others of all that comes after it.
4. To which certificate a terminal is bound is not looked at: the real host is shown that of the relay.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Final

from acquirer.app.build import Parts, build_host
from acquirer.app.in_memory import drive
from acquirer.app.in_memory_store import InMemoryStore
from acquirer.app.known_keys import KnownKeys
from acquirer.app.relay_messages import SeenMessage, approves, text_of
from acquirer.dialect.compiled import CompiledDialect
from acquirer.errors import SecurityError
from acquirer.host.exchange import exchange
from acquirer.host.keys import context
from acquirer.model.effects import (
    NO_DEADLINE,
    Arrival,
    Changes,
    Commit,
    CommitOutcome,
    Effect,
    EffectResult,
    Send,
)
from acquirer.model.evidence import Evidence
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Generation, Session, Transaction
from acquirer.scenario.faults import Faults
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.store.registry import sealed_terminal
from acquirer.wire.message import DecodeError, Message

UNKNOWN_HERE: Final = frozenset({Reason.TERMINAL_UNKNOWN, Reason.SIGN_ON_REQUIRED})
"""Reasons that our host has because it was not there before: it does not know the terminal, or its keys."""


@dataclass(slots=True)
class OwnReply:
    """What our host answers to a request that passes."""

    message: Message | None = None  # None: it does not answer
    evidence: Evidence | None = None
    changes: Changes | None = None  # that it committed
    before: tuple[Session | None, Transaction | None, Transaction | None, Card | None] = (None, None, None, None)
    keys: WorkingKeys | None = None  # that the request is under, as far as they are known
    keys_before: WorkingKeys | None = None  # those before them, which may have been under way
    problem: str = ""  # why it has none

    @property
    def approved(self) -> bool:
        """Whether it approves."""
        return self.evidence is not None and self.evidence.reason == Reason.APPROVED

    @property
    def why(self) -> str:
        """Why it answers so, or does not."""
        return self.problem or (self.evidence.why if self.evidence is not None else "it does not say why")


class ComparedHost:
    """A host of one dialect that answers what passes.

    Args:
        parts: what settings name for it: rules, cards, options; faults play no role.
    """

    def __init__(self, compiled: CompiledDialect, parts: Parts, terminals: list[Registration]) -> None:
        self.compiled = compiled
        self.known = KnownKeys(compiled.suite, terminals)
        self.store = InMemoryStore()
        self._vault = Vault(secrets.token_bytes(32))
        self._host = build_host(replace(parts, faults=Faults(())), compiled, self._vault)
        for one in terminals:
            unbound = replace(one, certificate="")
            self.store.terminals[one.tid] = sealed_terminal(unbound, self._vault, secrets.token_bytes)

    def answer(self, request: SeenMessage, peer: str) -> OwnReply:
        """Return what our host answers."""
        own = OwnReply()
        if request.message is not None:
            own.keys, own.keys_before = self.known.of(request.message), self.known.before(request.message)

        def perform(effect: Effect) -> EffectResult:
            if isinstance(effect, Commit):
                return self._commit(own, effect)
            if isinstance(effect, Send) and own.message is None:
                own.message = self.compiled.dialect.decode(effect.frame)
            return self.store.read(effect)  # images are not decoded: no check of ours asks for their pixels

        try:
            drive(exchange(self._host, Arrival(request.frame, request.at_us, NO_DEADLINE, peer)), perform)
        except DecodeError as exc:
            own.problem = f"our own reply cannot be decoded: {exc}"
        return own

    def follow(self, request: SeenMessage, reply: SeenMessage, own: OwnReply) -> str:
        """Have keys and books follow a real reply; return a sentence about keys that do not open, or ""."""
        problem = ""
        approved = approves(self.compiled.dialect, reply)
        if own.approved and not approved:
            self._undo(own)
        if reply.message is not None and approved:
            try:
                keys = self.known.learn(request.route, request.fields, reply.message)
            except SecurityError as exc:
                keys, problem = None, f"the working keys of the reply cannot be used: {exc}"
            self._follow_session(request, reply, own, keys)
        changes = own.changes
        if changes is not None and changes.transaction is not None:
            self._follow_transaction(reply, changes.transaction, own.approved, approved)
        return problem

    def _follow_session(
        self, request: SeenMessage, reply: SeenMessage, own: OwnReply, keys: WorkingKeys | None
    ) -> None:
        """Give a terminal the keys and the batch that the real host gave it."""
        route, dialect = request.route, self.compiled.dialect
        tid = text_of(dialect, request.fields, "tid")
        if route is None or route.service not in ("sign_on", "key_change") or tid not in self.store.terminals:
            return
        session = self.store.sessions.get(tid) or Session(tid)
        before = own.before[0] if own.approved else session
        previous = None if before is None else before.current
        current = session.current
        if keys is not None:
            number = 1 if previous is None else previous.number + 1
            sealed = self._vault.seal_keys(context(tid, number), keys, secrets.token_bytes)
            current = Generation(number, "", sealed, keys.kcvs, request.at_us)
        batch = text_of(dialect, reply.fields, "batch") or session.batch
        if route.service == "sign_on" and not own.approved:  # what ours would have noted
            session = replace(session, signed_on_us=request.at_us, signed_on_day=self._day(request), signed_off=False)
        self.store.sessions[tid] = replace(session, current=current, previous=previous, batch=batch, bad_macs=0)

    def _day(self, request: SeenMessage) -> str:
        return self._host.calendar.stamp(request.at_us).day

    def _undo(self, own: OwnReply) -> None:
        """Take back what our host booked."""
        changes = own.changes
        assert changes is not None
        session, _, original, card = own.before
        if changes.session is not None:
            tid = changes.session.tid
            self.store.sessions[tid] = replace(session or Session(tid), version=self.store.sessions[tid].version)
        if changes.original is not None and original is not None:
            kept = self.store.transactions[original.key]
            self.store.transactions[original.key] = replace(original, version=kept.version)
        if changes.card is not None:
            kept_card = self.store.cards[changes.card.token]
            restored = card if card is not None else Card(changes.card.token)
            self.store.cards[changes.card.token] = replace(restored, version=kept_card.version)

    def _follow_transaction(
        self, reply: SeenMessage, booked: Transaction, ours_approved: bool, theirs_approved: bool
    ) -> None:
        dialect = self.compiled.dialect
        row = self.store.transactions.get(booked.key)
        if row is None:
            return
        if ours_approved != theirs_approved:
            row = replace(row, code=text_of(dialect, reply.fields, "code"))
            if row.state in ("approved", "declined"):
                row = replace(row, state="approved" if theirs_approved else "declined", reason=Reason.CHOSEN)
        elements = {name: text_of(dialect, reply.fields, name) or value for name, value in row.reply_elements.items()}
        rrn = text_of(dialect, reply.fields, "rrn") or row.rrn
        auth_id = text_of(dialect, reply.fields, "auth_id") or row.auth_id
        self.store.transactions[booked.key] = replace(row, rrn=rrn, auth_id=auth_id, reply_elements=elements)

    def _commit(self, own: OwnReply, wanted: Commit) -> CommitOutcome:
        changes, store = wanted.changes, self.store
        own.before = (
            None if changes.session is None else store.sessions.get(changes.session.tid),
            None if changes.transaction is None else store.transactions.get(changes.transaction.key),
            None if changes.original is None else store.transactions.get(changes.original.key),
            None if changes.card is None else store.cards.get(changes.card.token),
        )
        outcome = store.commit(wanted)
        if outcome is CommitOutcome.DONE:
            own.evidence, own.changes = changes.evidence, changes
            store.journal.clear()  # the relay's journal has it
        return outcome
