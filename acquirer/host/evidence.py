"""Evidence of exchanges: what came, what was answered, why. References only; masking is done when it is rendered."""

from __future__ import annotations

from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import exchange as why
from acquirer.host.request import Request
from acquirer.host.sealing import Reply
from acquirer.model.effects import Arrival
from acquirer.model.evidence import Evidence
from acquirer.scenario.faults import Fault
from acquirer.wire.message import DecodeError, Message


def of_request(host: Host, request: Request, decision: Decision, reply: Reply | None, fault: Fault | None) -> Evidence:
    """The exchange of a decoded request; `reply` is None when nothing is answered."""
    arrival, message = request.arrival, request.message
    code, fields, mti = (reply.code, reply.fields, reply.mti) if reply is not None else ("", None, "")
    return Evidence(  # by place: naming each would take three times as long, and this is done for every exchange
        arrival.at_us,
        host.dialect,
        arrival.peer,
        message,
        None,
        b"",
        len(arrival.frame),
        request.tid,
        request.mid,
        request.batch,
        request.stan,
        message.mti,
        request.service,
        code,
        decision.reason,
        decision.why,
        decision.notes,
        decision.rrn,
        request.amount_minor,
        decision.pan_masked,
        decision.replayed,
        fault.name if fault is not None else "",
        fields,
        mti,
    )


def of_stray(host: Host, arrival: Arrival, message: Message) -> Evidence:
    """A message that is never answered: a response that came from a terminal."""
    read, came = host.read, message.fields
    return Evidence(
        at_us=arrival.at_us,
        dialect=host.dialect,
        peer=arrival.peer,
        message=message,
        frame_bytes=len(arrival.frame),
        tid=read.tid(came),
        mid=read.mid(came),
        batch=read.batch(came),
        stan=read.stan(came),
        mti=message.mti,
        reason="stray_response",
        why=why.stray_response(message.mti),
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
    )


def _read(dialect: Dialect, failure: DecodeError, element: str) -> str:
    value = dialect.get_from(failure.fields, element)
    return value if isinstance(value, str) else ""
