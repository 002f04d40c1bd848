"""What faults make of a reply that is ready: worked out before the commit, performed once it is done.

So nothing can fail between a booking and its answer, and the journal names exactly the faults that act. The reply that
is stored and replayed is the right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.fault_subject import FaultSubject
from acquirer.host.request import Request
from acquirer.host.sealing import Reply, asking_nibble
from acquirer.matcher.keys import BETWEEN_NAMES
from acquirer.model.effects import Effect, Restart, Send
from acquirer.scenario.active_faults import FaultSet
from acquirer.scenario.fault import Fault
from acquirer.scenario.fault_kind import REPLY_STAGES, FaultContext, Stage
from acquirer.scenario.reply_fault import MacFault, OtherKeys, ReplyDraft, ReplyFault, Sealing
from acquirer.security.ciphers import CipherError
from acquirer.security.packages import PackageError
from acquirer.security.secret import Secret
from acquirer.security.vault import VaultError
from acquirer.security.working import WorkingKeys
from acquirer.wire.message import EncodeError


class DamagedReply:
    """What is performed instead of sending a reply, and the faults that make it so.

    Args:
        notes: why faults that were to act did not.
    """

    __slots__ = ("_at_us", "_host", "effects", "faults", "notes")

    def __init__(
        self, host: Host, at_us: int, effects: list[Effect], faults: tuple[Fault, ...], notes: tuple[str, ...]
    ) -> None:
        self._host = host
        self._at_us = at_us
        self.effects = effects
        self.faults = faults
        self.notes = notes

    @property
    def names(self) -> str:
        """Return the names of the faults that act, in the order in which they do."""
        return BETWEEN_NAMES.join(fault.name for fault in self.faults)

    def perform(self) -> Iterator[Effect]:
        """Yield the effects; the faults have acted from when the first one is asked for."""
        for fault in self.faults:
            self._host.faults.applied(fault)
        for effect in self.effects:
            if isinstance(effect, Restart) and effect.forget:
                self._host.faults.forgotten_us = self._at_us
            yield effect

    def release(self) -> None:
        """Give the faults back: what they were to damage is not sent."""
        for fault in self.faults:
            self._host.faults.release(fault)


def damage(
    host: Host,
    active: FaultSet | None,
    context: FaultContext,
    request: Request,
    decision: Decision,
    reply: Reply,
    others: Iterable[Fault] = (),
) -> DamagedReply | None:
    """Return what the faults that match make of a reply; those that act are reserved. None when none matches.

    Args:
        others: faults that act besides, without regard to their conditions.
    """
    context.code = reply.code
    if isinstance(context.subject, FaultSubject):
        context.subject.code, context.subject.decision = reply.code, decision
    matching = () if active is None else active.reserve(REPLY_STAGES, context)
    found = sorted((*matching, *others), key=lambda fault: fault.stage)
    if not found:
        return None
    maker = _ReplyMaker(host, request, decision, reply)
    effects: list[Effect] = []
    acted: list[Fault] = []
    notes: list[str] = []
    for fault in found:
        own = host.faults.context_of(fault, context)
        if fault.stage < Stage.FRAME:
            try:
                acts = maker.act(fault, own)
            except EncodeError as exc:
                acts = False
                notes.append(f"fault '{fault.name}' did not act: {exc}")
        else:
            before = effects or [Send(maker.frame)]
            effects = list(fault.apply(before, own))
            acts = effects != before
        if acts:
            acted.append(fault)
        else:
            host.faults.release(fault)
    at_us = request.arrival.at_us
    return DamagedReply(host, at_us, effects or [Send(maker.frame)], tuple(acted), tuple(notes))


class _ReplyMaker:
    """Makes a reply anew, as faults change its fields and its MAC."""

    def __init__(self, host: Host, request: Request, decision: Decision, reply: Reply) -> None:
        self.frame = reply.frame
        self._host = host
        self._request = request
        self._decision = decision
        self._envelope = host.plans.envelope(request.message.raw, asking_nibble(host, request, decision))
        self._keys = reply.keys
        session = decision.session
        selector = session.current.package if session is not None and session.current is not None else ""
        package = host.suite.packages.get(selector)
        self._draft = ReplyDraft(host.dialect, reply.mti, reply.fields, package, self._other_keys)

    def act(self, fault: Fault, context: FaultContext) -> bool:
        """Have a fault change fields or MAC; return whether it did. Raises EncodeError."""
        before, kind = self.frame, fault.kind
        if isinstance(kind, ReplyFault):
            changed = kind.change(self._draft, context)
            if changed is not None:
                self.frame = self._encoded(changed, self._keys)
                self._draft = changed
        elif isinstance(kind, MacFault) and self._keys is not None:
            self.frame = self._sealed(kind, context, self._keys)
        return self.frame != before

    def _encoded(self, draft: ReplyDraft, keys: WorkingKeys | None) -> bytes:
        """Return the frame of a reply, with its right MAC."""
        if keys is None:
            return self._host.dialect.encode_in(self._envelope, draft.mti, draft.fields)
        return self._host.suite.seal_reply(keys, self._unsealed(draft))

    def _unsealed(self, draft: ReplyDraft) -> bytes:
        dialect = self._host.dialect
        place = dialect.mac_de(draft.fields)
        fields = {**draft.fields, place: bytes(dialect.security.mac_bytes)}
        return dialect.encode_in(self._envelope, draft.mti, fields)

    def _sealed(self, kind: MacFault, context: FaultContext, keys: WorkingKeys) -> bytes:
        host, draft = self._host, self._draft
        dialect, key, unsealed = host.dialect, keys.reply_mak, self._unsealed(draft)

        def under(key: Secret) -> bytes:
            return host.suite.mac_algorithm(key, dialect.covered(unsealed), dialect.security.mac_bytes)

        def under_another_key() -> bytes:
            assert context.randbytes is not None
            return under(Secret(context.randbytes(len(key)), key.cipher))

        mac = kind.mac(Sealing(lambda: under(key), under_another_key), context)
        if mac is None:
            return dialect.encode_in(self._envelope, draft.mti, draft.fields)
        return dialect.with_mac(unsealed, mac)

    def _other_keys(self, which: OtherKeys) -> bytes | None:
        """Return a package of keys that are not those of this sign-on; None when there are none."""
        host, terminal, session = self._host, self._request.terminal, self._decision.session
        if terminal is None or session is None or session.current is None:
            return None
        pinned: WorkingKeys | None = None
        try:
            if which == "previous":
                if session.previous is None:
                    return None
                pinned = host.ring.previous(terminal.tid, session.previous)
            master = host.ring.master(terminal)
            return host.suite.issue(session.current.package, master, terminal.mak, host.randbytes, pinned).wire
        except (PackageError, CipherError, VaultError):
            return None
