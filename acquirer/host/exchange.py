"""One exchange, from frame to reply: decode, load, decide, commit, send.

`exchange` is a generator: it yields effects and is resumed with their results; a driver performs them. Whatever a
frame holds, it ends with replies sent, a connection closed, or silence, and it never raises for what a peer did. The
reply is made before the commit, so that nothing can fail between a booking and its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Final

from acquirer.host.admission import check_format
from acquirer.host.core import Host
from acquirer.host.decide import decide
from acquirer.host.decision import Decision
from acquirer.host.evidence import of_request, of_stray
from acquirer.host.explain import exchange as why
from acquirer.host.request import Request
from acquirer.host.sealing import Reply, seal
from acquirer.host.undecodable import refuse_frame, refuse_nobody
from acquirer.model.effects import (
    PAUSE,
    Arrival,
    Changes,
    Commit,
    CommitOutcome,
    DecodeImage,
    Effect,
    EffectResult,
    Load,
    Loaded,
    RenderPicture,
    Send,
    Silence,
)
from acquirer.model.evidence import Evidence
from acquirer.model.reasons import Reason
from acquirer.model.rows import Picture
from acquirer.scenario.faults import Fault, Occasion
from acquirer.wire.message import DecodeError, EncodeError

ExchangeSteps = Generator[Effect, EffectResult, Effect | None]

CONFLICTS_MAX: Final = 8
"""Decisions overtaken by another host process before we give up; each time somebody else got on, so two are rare."""

NO_DEADLINE: Final = float("inf")

_SILENT: Final = Fault(name="magic amount", kind="silent")


def exchange(host: Host, arrival: Arrival) -> ExchangeSteps:
    """The whole way of a request."""
    try:
        message = host.dialect.decode(arrival.frame)
    except DecodeError as failure:
        yield from refuse_frame(host, arrival, failure)
        return None
    if host.dialect.is_response(message.mti, message.fields):
        evidence = of_stray(host, arrival, message)
        yield Commit(Changes(evidence), NO_DEADLINE)
        return Silence("response")
    request = Request(host, arrival, message)
    if not (request.tid and request.stan) and not host.dialect.request_mti_known(message.mti):
        yield from refuse_nobody(host, request)  # an unknown message that does not say who asks, and about what
        return None
    refusal = check_format(host, request)
    fault: Fault | None = None
    turns = 0
    while True:
        turns += 1
        decision = refusal
        if decision is None:
            loaded = yield Load(request.tid, request.key, request.card or None, request.alone, request.upload)
            assert isinstance(loaded, Loaded)
            decision = decide(host, request, loaded, request.card)
            if decision.wants_card:
                token = decision.wants_card
                loaded = yield Load(request.tid, request.key, token, decision.alone)
                assert isinstance(loaded, Loaded)
                decision = decide(host, request, loaded, token)
            elif decision.wants_look:
                decision = yield from _looked(host, request, loaded, decision.wants_look)
            yield PAUSE
        try:
            reply = seal(host, request, decision)
        except EncodeError as wrong:
            decision = Decision(Reason.SYSTEM_FAULT, f"the reply cannot be written in this dialect: {wrong}")
            reply = seal(host, request, decision)
        if turns == 1:
            fault = _fault(host, request, decision, reply)
        evidence = of_request(host, request, decision, reply, fault)
        changes = Changes(evidence, decision.session, decision.transaction, decision.card, decision.upload)
        outcome = yield Commit(changes, arrival.deadline_s)
        if outcome is CommitOutcome.DONE:
            if decision.upload is not None:
                yield RenderPicture()
            return damage(reply.frame, fault)
        assert isinstance(outcome, CommitOutcome)
        if outcome is CommitOutcome.CONFLICT and turns < CONFLICTS_MAX:
            continue
        return (yield from _not_committed(host, request, decision, evidence, outcome))


def _looked(host: Host, request: Request, loaded: Loaded, stream: bytes) -> Generator[Effect, EffectResult, Decision]:
    """Decide with the pixels of a signature known."""
    picture = yield DecodeImage(stream)
    if picture is None:
        return Decision(Reason.OVERLOADED, "more signatures wait to be decoded than can be in time: nothing was kept")
    assert isinstance(picture, Picture)
    loaded.picture = picture
    return decide(host, request, loaded)


def damage(frame: bytes, fault: Fault | None) -> Effect:
    """What becomes of a reply that is ready: sent, or whatever a fault makes of it."""
    return Send(frame) if fault is None else _DAMAGE[fault.kind](frame, fault)


def _silent(_frame: bytes, fault: Fault) -> Effect:
    return Silence(f"fault {fault.name}")


_DAMAGE: Final[Mapping[str, Callable[[bytes, Fault], Effect]]] = {"silent": _silent}


def _fault(host: Host, request: Request, decision: Decision, reply: Reply) -> Fault | None:
    if decision.silent and not decision.replayed:
        return _SILENT
    if not host.faults:
        return None
    occasion = Occasion(request.tid, request.mid, request.service, reply.code, request.amount_minor)
    return host.faults.strike(occasion, host.randbytes)


def _not_committed(
    host: Host, request: Request, decision: Decision, evidence: Evidence, outcome: CommitOutcome
) -> ExchangeSteps:
    """Nothing was written, or nobody knows: never say what is not durable."""
    if outcome is CommitOutcome.EXPIRED:
        late = Decision(decision.reason, why.expired(decision.why), notes=("expired: nothing was changed",))
        yield Commit(Changes(of_request(host, request, late, None, None)), NO_DEADLINE)
        return Silence("expired")
    reason = Reason.OVERLOADED if outcome is CommitOutcome.OVERLOADED else Reason.SYSTEM_FAULT
    refusal = Decision(reason, why.not_committed(outcome.value))
    reply = seal(host, request, refusal)
    if outcome is CommitOutcome.CONFLICT:
        yield Commit(Changes(of_request(host, request, refusal, reply, None)), NO_DEADLINE)
    else:  # the store takes nothing more, but whoever watches shall not read that this was approved
        evidence.reason, evidence.code, evidence.why = reason, reply.code, refusal.why
        evidence.reply, evidence.reply_mti, evidence.rrn = reply.fields, reply.mti, ""
    if outcome is CommitOutcome.FAILED and decision.transaction is not None:
        # It may be booked. A decline would make the terminal forget it; hearing nothing, it reverses.
        evidence.code, evidence.reply, evidence.reply_mti = "", None, ""
        return Silence("store failed")
    return Send(reply.frame)
