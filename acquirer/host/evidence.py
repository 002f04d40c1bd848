"""Evidence of exchanges: request, reply, and why. References only; masking is done when it is rendered."""

from __future__ import annotations

from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import exchange as why
from acquirer.host.request import Request
from acquirer.host.sealing import Reply
from acquirer.model.effects import Arrival
from acquirer.model.evidence import Evidence
from acquirer.wire.message import DecodeError, Message


def of_request(host: Host, request: Request, decision: Decision, reply: Reply | None, fault: str = "") -> Evidence:
    """Return the exchange of a decoded request; `reply` is None when nothing is answered, `fault` names one."""
    arrival, message = request.arrival, request.message
    notes = decision.notes if not arrival.before else (*decision.notes, why.empty_before(host.dialect))
    ruling = decision.ruling
    code, fields, reply_mti = ("", None, "") if reply is None else (reply.code, reply.fields, reply.mti)
    return Evidence(  # by place: naming each takes three times as long, and this is done for every exchange
        arrival.at_us,
        arrival.peer,
        message.mti,
        request.service,
        request.tid,
        request.mid,
        request.batch,
        request.stan,
        decision.rrn,
        code,
        decision.reason,
        fault,
        decision.why,
        notes,
        request.amount_minor,
        decision.pan_masked,
        decision.replayed,
        reply_mti,
        len(arrival.frame),
        0,
        ruling.rule.name if ruling is not None and ruling.rule is not None else "",
        request.generation,
        request.operator,
        "",
        message,
        None,
        b"",
        fields,
        dialect=host.dialect,
    )


def of_stray(host: Host, arrival: Arrival, message: Message) -> Evidence:
    """A message that is never answered: a response that came from a terminal."""
    read, fields = host.read, message.fields
    return Evidence(
        at_us=arrival.at_us,
        dialect=host.dialect,
        peer=arrival.peer,
        message=message,
        frame_bytes=len(arrival.frame),
        tid=read.tid(fields),
        mid=read.mid(fields),
        batch=read.batch(fields),
        stan=read.stan(fields),
        mti=message.mti,
        reason="stray_response",
        why=why.stray_response(message.mti),
        generation=host.rules.generation.number,
    )


def of_failure(host: Host, arrival: Arrival, failure: DecodeError, reason: str, sentence: str) -> Evidence:
    """A frame that is no message of the dialect, with what could be read of it."""
    dialect = host.dialect
    return Evidence(
        at_us=arrival.at_us,
        dialect=dialect,
        peer=arrival.peer,
        failure=failure,
        frame=arrival.frame,
        frame_bytes=len(arrival.frame),
        tid=_read(dialect, failure, "tid"),
        mid=_read(dialect, failure, "mid"),
        batch=_read(dialect, failure, "batch"),
        stan=_read(dialect, failure, "stan"),
        mti=failure.mti or "",
        reason=reason,
        why=sentence,
        generation=host.rules.generation.number,
        notes=(why.empty_before(dialect),) if arrival.before else (),
    )


def _read(dialect: Dialect, failure: DecodeError, element: str) -> str:
    value = dialect.get_from(failure.fields, element)
    return value if isinstance(value, str) else ""
