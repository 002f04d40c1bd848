"""One exchange, from frame to reply: decode, load, decide, commit, send.

`exchange` is a generator: it yields effects and is resumed with their results; a driver performs them.

1. A frame that is no message, a response, or a message that names no terminal is not decided (`undecodable`).
2. A fault before the decision loses the request: nothing is booked, only the journal knows.
3. The service of the message's route decides on the loaded rows; a conflict loads and decides again.
4. The reply is sealed before the commit, so that nothing can fail between a booking and its answer.
5. What is not durable is never said: an expired commit is silent, a failed one never approves.
6. Where rows cannot be read nothing is decided, and the answer says so. What may be undone is not answered: it may be a
   repeat of what is booked, and a terminal that hears nothing reverses.
7. Every other fault damages the reply once the commit is done, and is counted only then (`damage`).

It ends with effects that send, close or stay silent, and never raises for what a peer did.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from acquirer.errors import StoreError
from acquirer.host import services
from acquirer.host.admission import check_format, identify
from acquirer.host.case import Case, Deciding
from acquirer.host.core import Host
from acquirer.host.damage import DamagedReply, damage
from acquirer.host.decision import Decided, Decision
from acquirer.host.diagnosis_budget import NOT_LOOKED_FOR
from acquirer.host.evidence import of_request, of_stray
from acquirer.host.explain import exchange as why
from acquirer.host.fault_subject import FaultSubject
from acquirer.host.request import Request
from acquirer.host.ruling import overrule
from acquirer.host.sealing import seal
from acquirer.host.undecodable import refuse_frame, refuse_unaddressed
from acquirer.model.effects import (
    LONG_PAUSE,
    NO_DEADLINE,
    PAUSE,
    SLICE_PAUSE,
    Arrival,
    Changes,
    Commit,
    CommitOutcome,
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
from acquirer.model.rows import under_own_key
from acquirer.scenario.fault import Fault
from acquirer.scenario.fault_kind import FaultContext, Stage
from acquirer.scenario.rules import Ruling
from acquirer.security.candidates import CauseSearch
from acquirer.wire.message import DecodeError, EncodeError

ExchangeSteps = Generator[Effect, EffectResult, Effect | None]

CONFLICTS_MAX: Final = 8
"""Decisions overtaken by another host process before we give up; each time another one got on, so two are rare."""

TRIGGER: Final = "trigger amount"
"""What stands in the journal in place of a fault's name when an amount asks for no reply."""


def exchange(host: Host, arrival: Arrival) -> ExchangeSteps:
    """Take a request from its frame to its reply."""
    try:
        message = host.dialect.decode(arrival.frame)
    except DecodeError as failure:
        yield from refuse_frame(host, arrival, failure)
        return None
    if host.dialect.is_response(message.mti, message.fields):
        yield Commit(Changes(of_stray(host, arrival, message)), NO_DEADLINE)
        return Silence("response")
    request = Request(host, arrival, message)
    if not (request.tid and request.stan) and not host.dialect.request_mti_known(message.mti):
        yield from refuse_unaddressed(host, request)
        return None
    active, context = host.faults.active, None
    if active is not None:
        context = _context(host, request)
        if lost := active.reserve(Stage.BEFORE_DECISION, context):
            return (yield from _lose(host, request, lost, context))
    refusal = check_format(host, request)
    ruling: Ruling | None = None
    turns = 0
    while True:
        turns += 1
        decision = refusal
        if decision is None:
            try:
                decision = yield from decide(host, request, ruling)
            except StoreError as exc:
                if ruling is not None:
                    ruling.release()
                return (yield from _not_loaded(host, request, exc))
            ruling = decision.ruling
            yield PAUSE
        try:
            reply = seal(host, request, decision)
        except EncodeError as exc:
            if ruling is not None:
                ruling.release()
                ruling = None
            decision = Decision(Reason.SYSTEM_FAULT, f"the reply cannot be written in this dialect: {exc}")
            reply = seal(host, request, decision)
        own = () if ruling is None or ruling.rule is None else ruling.rule.then.faults
        damaged: DamagedReply | None = None  # of this turn: what faults look for may be another thing now
        if context is not None or own:
            damaged = damage(host, active, context or _context(host, request), request, decision, reply, own)
        withheld = decision.silent and not decision.replayed  # a trigger amount asks for no reply; a repeat is answered
        name = TRIGGER if withheld else ""
        evidence = of_request(host, request, decision, reply, name)
        if damaged is not None:
            evidence.fault = damaged.names or name
            evidence.notes = (*evidence.notes, *damaged.notes)
        changes = Changes(
            evidence,
            decision.session,
            decision.transaction,
            decision.original,
            decision.card,
            decision.upload,
            decision.settlement,
            decision.details,
            authorisation=decision.authorisation,
        )
        outcome = yield Commit(changes, arrival.deadline_s)
        if outcome is CommitOutcome.DONE or outcome is CommitOutcome.SHED:
            if ruling is not None:
                ruling.apply()
            if decision.upload is not None:
                yield RenderPicture()
            if damaged is not None and damaged.faults:
                yield from damaged.perform()
                return None
            return Silence(TRIGGER) if withheld else Send(reply.frame)
        assert isinstance(outcome, CommitOutcome)
        if damaged is not None:
            damaged.release()
        if outcome is CommitOutcome.CONFLICT and turns < CONFLICTS_MAX:
            continue
        if ruling is not None:
            ruling.release()
        return (yield from _not_committed(host, request, decision, evidence, outcome))


def decide(host: Host, request: Request, ruling: Ruling | None = None) -> Deciding:
    """Load what a request is about, have its service decide, and the rules after it.

    Args:
        ruling: what the rules said when it was decided before.
    """
    service = services.SERVICES.get(request.service)
    if service is not None:
        request.key = service.key(host, request)
    loaded = yield Load(request.tid, request.key)
    assert isinstance(loaded, Loaded)
    if loaded.terminal is not None and loaded.session is not None:
        loaded.terminal, request.downloads = under_own_key(loaded.terminal, loaded.session), loaded.session.downloads
    request.terminal = loaded.terminal
    refusal = identify(host, request, loaded)
    if refusal is not None or service is None:
        assert refusal is not None  # a route without a service is not served: `CompiledDialect` has seen to it
        return refusal
    case = Case(host, request, loaded)
    try:
        deciding = service.decide(case)
        decision = deciding if isinstance(deciding, Decision) else (yield from deciding)
        if decision.cause is not None:
            yield from _explain(host, request, decision, decision.cause)
        if request.rules is not None and not decision.replayed:
            decision = yield from overrule(case, decision, request.rules, ruling)
            ruling = None
    except Decided as end:
        decision = end.decision
        if decision.cause is not None:
            yield from _explain(host, request, decision, decision.cause)
    if ruling is not None:  # it fitted a decision that is not the one of this turn
        ruling.release()
    if case.verified.note:
        decision.notes = (*decision.notes, case.verified.note)
        if case.verified.addition:
            decision.why = f"{decision.why}; {case.verified.addition}"
    return decision


def _explain(
    host: Host, request: Request, decision: Decision, cause: CauseSearch
) -> Generator[Effect, EffectResult, None]:
    """Look for what explains a refusal, with pauses, unless too many are looked for; say what is found behind `why`."""
    decision.cause = None
    found = NOT_LOOKED_FOR
    if host.diagnoses.take(request.arrival.deadline_s, request.arrival.peer) and (yield LONG_PAUSE) is not True:
        search = cause()
        while True:
            try:
                next(search)
            except StopIteration as end:
                found = end.value
                break
            yield SLICE_PAUSE
    decision.why = f"{decision.why}; {found}"


def _context(host: Host, request: Request) -> FaultContext:
    context = FaultContext(request.tid, request.mid, request.service, "", request.amount_minor)
    context.dialect = host.dialect
    context.peer, context.listener = request.arrival.peer, request.arrival.listener
    context.subject = FaultSubject(host, request)
    return context


def _lose(host: Host, request: Request, faults: tuple[Fault, ...], context: FaultContext) -> ExchangeSteps:
    """Treat a request as if it had never arrived: nothing is decided, the journal alone knows.

    The first of several faults loses it; there is nothing left to lose for the others.
    """
    fault, *others = faults
    for other in others:
        host.faults.release(other)
    evidence = of_request(host, request, Decision(Reason.CHOSEN, why.lost(fault.name)), None, fault.name)
    yield Commit(Changes(evidence), NO_DEADLINE)
    host.faults.applied(fault)
    yield from fault.apply([], host.faults.context_of(fault, context))
    return None


def _not_loaded(host: Host, request: Request, error: StoreError) -> ExchangeSteps:
    """Answer when rows cannot be read."""
    refusal = Decision(Reason.OVERLOADED if error.busy else Reason.SYSTEM_FAULT, why.not_loaded(str(error)))
    service = services.SERVICES.get(request.service)
    undoable = service is not None and service.undo is not None
    reply = None if undoable and not error.busy else seal(host, request, refusal)
    yield Commit(Changes(of_request(host, request, refusal, reply)), NO_DEADLINE)
    return Silence("store failed") if reply is None else Send(reply.frame)


def _not_committed(
    host: Host, request: Request, decision: Decision, evidence: Evidence, outcome: CommitOutcome
) -> ExchangeSteps:
    """Answer when nothing was written, or when it is unknown: never say what is not durable."""
    if outcome is CommitOutcome.EXPIRED:
        late = Decision(decision.reason, why.expired(decision.why), notes=("expired: nothing was changed",))
        yield Commit(Changes(of_request(host, request, late, None)), NO_DEADLINE)
        return Silence("expired")
    busy = outcome in (CommitOutcome.OVERLOADED, CommitOutcome.LOCKED)
    reason = Reason.OVERLOADED if busy else Reason.SYSTEM_FAULT
    refusal = Decision(reason, why.not_committed(outcome.value))
    reply = seal(host, request, refusal)
    if outcome is CommitOutcome.CONFLICT:
        yield Commit(Changes(of_request(host, request, refusal, reply)), NO_DEADLINE)
    else:  # the store takes nothing more, but a reader of the log must not read that this was approved
        evidence.reason, evidence.code, evidence.why = reason, reply.code, refusal.why
        evidence.reply, evidence.reply_mti, evidence.rrn = reply.fields, reply.mti, ""
    if outcome is CommitOutcome.FAILED and decision.transaction is not None:
        # It may be booked. A decline would make the terminal forget it; hearing nothing, it reverses.
        evidence.code, evidence.reply, evidence.reply_mti = "", None, ""
        return Silence("store failed")
    return Send(reply.frame)
