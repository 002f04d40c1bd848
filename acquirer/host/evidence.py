"""Evidence of exchanges: what came, what was answered, why. References only; masking is done when it is rendered."""

from __future__ import annotations

from acquirer.exchange.effects import Arrival
from acquirer.host import why
from acquirer.host.decision import Decision
from acquirer.host.request import Request
from acquirer.host.seal import Reply
from acquirer.host.setup import Host
from acquirer.journal.evidence import Evidence
from acquirer.scenario.faults import Fault
from acquirer.wire.dialect import Dialect
from acquirer.wire.message import DecodeError, Message


def of_request(request: Request, decision: Decision, reply: Reply | None, fault: Fault | None) -> Evidence:
    """The exchange of a decoded request; `reply` is None when nothing is answered."""
    arrival, message = request.arrival, request.message
    return Evidence(
        at_us=arrival.at_us,
        dialect=message.dialect,
        peer=arrival.peer,
        message=message,
        frame_bytes=len(arrival.frame),
        tid=request.tid,
        mid=request.mid,
        batch=request.batch,
        stan=request.stan,
        mti=message.mti,
        service=request.service,
        code=reply.code if reply is not None else "",
        reason=decision.reason,
        why=decision.why,
        notes=decision.notes,
        rrn=decision.rrn,
        amount_minor=request.amount_minor,
        pan_masked=decision.pan_masked,
        replayed=decision.replayed,
        fault=fault.name if fault is not None else "",
        reply=reply.fields if reply is not None else None,
        reply_mti=reply.mti if reply is not None else "",
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
