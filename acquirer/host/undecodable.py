"""Frames that cannot be decoded, and streams that carry no frames: answered 30 or 12 if they say which terminal asks.

A known request MTI is answered 30 with what was decoded before the failure; an unknown one 12 when it said which
terminal and which STAN; everything else ends the connection. Responses are never answered.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Final

from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.diagnosis_budget import NOT_LOOKED_FOR
from acquirer.host.evidence import of_failure, of_request
from acquirer.host.explain import exchange as why
from acquirer.host.request import Request
from acquirer.inspect.framing_causes import stream_cause
from acquirer.model.effects import (
    LONG_PAUSE,
    NO_DEADLINE,
    Arrival,
    Changes,
    Close,
    Commit,
    Effect,
    EffectResult,
    Send,
    Silence,
)
from acquirer.model.evidence import Evidence
from acquirer.model.reasons import Reason
from acquirer.wire.framing import EMPTY_START
from acquirer.wire.message import DecodeError, EncodeError

_CUT: Final = ("cut-off", "frame-timeout")
"""Reasons of streams that end within a frame, whose beginning may be read."""


def refuse_frame(host: Host, arrival: Arrival, failure: DecodeError) -> Generator[Effect, EffectResult, None]:
    """Answer a frame that is no message, as far as it said who asks; else close."""
    dialect, mti = host.dialect, failure.mti
    if host.diagnoses.take(arrival.deadline_s, arrival.peer) and (yield LONG_PAUSE) is not True:
        sentence = why.undecodable_because(failure, dialect, arrival.frame)
    else:
        sentence = f"{why.undecodable(failure)}; {NOT_LOOKED_FOR}"
    if mti is not None and dialect.is_response(mti, failure.fields):
        sentence = f"{sentence}; {why.stray_response(mti)}"
        yield Commit(Changes(of_failure(host, arrival, failure, "stray_response", sentence)), NO_DEADLINE)
        yield Silence("response")
        return
    known = mti is not None and dialect.request_mti_known(mti)
    reason = Reason.FORMAT_ERROR if known else Reason.MTI_UNKNOWN
    evidence = of_failure(host, arrival, failure, reason, sentence)
    frame = None
    if mti is not None and (known or (evidence.tid and evidence.stan)):
        frame = _refusal(host, arrival, failure, mti, evidence)
    yield Commit(Changes(evidence), NO_DEADLINE)
    yield Close("undecodable") if frame is None else Send(frame)


def refuse_unaddressed(host: Host, request: Request) -> Generator[Effect, EffectResult, None]:
    """End the connection of a message that is unknown and says neither which terminal nor which STAN."""
    dialect, message = host.dialect, request.message
    sentence = why.mti_unknown(dialect, message.mti)
    if host.diagnoses.take(request.arrival.deadline_s, request.arrival.peer) and (yield LONG_PAUSE) is not True:
        sentence = why.looks_otherwise(sentence, dialect, dialect.framing.wrap(message.raw))
    refusal = Decision(Reason.MTI_UNKNOWN, sentence)
    yield Commit(Changes(of_request(host, request, refusal, None)), NO_DEADLINE)
    yield Close("undecodable")


def refuse_stream(host: Host, arrival: Arrival, reason: str, detail: str) -> Generator[Effect, EffectResult, None]:
    """Note why a connection is ended whose bytes are no frames at all (`reason` and `detail` of a FrameError).

    `arrival.frame` are its first bytes, `arrival.before` those before them: the sentence says what they look like, they
    themselves are not kept.
    """
    looked_for = host.stream_diagnoses.take(arrival.deadline_s, arrival.peer)
    if looked_for and reason != EMPTY_START:  # the frame behind it is decided now
        looked_for = (yield LONG_PAUSE) is not True
    if reason == EMPTY_START and not (looked_for and stream_cause(host.dialect, arrival.frame)):
        yield Silence(reason)
        return
    if looked_for:
        sentence = why.refused_stream(detail, host.dialect, arrival.frame, arrival.before)
    else:
        sentence = f"{detail}; {NOT_LOOKED_FOR}"
    rest = why.rest_missing(host.dialect, arrival.frame) if sentence == detail and reason in _CUT else ""
    evidence = _cut_frame(host, arrival, reason, sentence, rest) if reason in _CUT else None
    if evidence is None:
        evidence = Evidence(
            at_us=arrival.at_us,
            dialect=host.dialect,
            peer=arrival.peer,
            frame_bytes=len(arrival.frame),
            reason=reason,
            why=f"{sentence}{rest}",
        )
    yield Commit(Changes(evidence), NO_DEADLINE)
    yield Silence(reason) if reason == EMPTY_START else Close(reason)


def _cut_frame(host: Host, arrival: Arrival, reason: str, sentence: str, rest: str) -> Evidence | None:
    """Return what a frame says that was cut by the end of its connection; None when not even its MTI can be read.

    `rest`: what to do, where no other cause was found.
    """
    dialect = host.dialect
    cut = replace(arrival, frame=arrival.frame[dialect.framing.before_bytes :], before=b"")
    try:
        message = dialect.decode(cut.frame)
    except DecodeError as exc:
        failure = exc
        problem = f"DE {exc.field} is cut" if isinstance(exc.field, int) else "its fields are cut"
    else:  # all fields are there: the length before them says more
        problem = "all its fields are there, and its length says that more follows"
        failure = DecodeError(problem, field="end", position=len(cut.frame), mti=message.mti, fields=message.fields)
    if failure.mti is None or not dialect.request_mti_known(failure.mti):
        return None
    if rest:
        sentence = f"{sentence}: of a message {failure.mti}, {problem}{rest}"
    evidence = of_failure(host, cut, failure, reason, sentence)
    evidence.service = _service(host, cut.frame, failure)
    return evidence


def _service(host: Host, frame: bytes, failure: DecodeError) -> str:
    """Return which service was asked for, where MTI and bitmap say so without the fields that are cut; else ""."""
    dialect = host.dialect
    services = {route.service for route in dialect.routes if route.mti == failure.mti}
    if "signature" not in services or "image" not in dialect.elements:
        return services.pop() if len(services) == 1 else ""
    if failure.field == "bitmap":
        return ""
    de = dialect.elements["image"].de
    start, stop = failure.spans.get("bitmap", (0, 0))
    grammar, bitmap = dialect.grammar, frame[start:stop]
    digits = bitmap.hex() if grammar.bitmap_encoding == "binary" else bitmap.decode(grammar.bitmap_charset)
    bits = int(digits, 16) if digits else 0
    has_image = de in failure.fields or (de <= 4 * len(digits) and bits >> (4 * len(digits) - de) & 1)
    return "signature" if has_image else ""


def _refusal(host: Host, arrival: Arrival, failure: DecodeError, mti: str, evidence: Evidence) -> bytes | None:
    """The reply frame; None when even the envelope is not whole. Fills in the evidence of it."""
    dialect = host.dialect
    stamp = host.calendar.stamp(arrival.at_us)
    code = host.code_of(Reason(evidence.reason), None)
    elements: dict[str, str | bytes] = {"code": code, **stamp.clock}
    fields = host.plans.plan(None, accepted=False).fields(failure.fields, elements)
    reply_mti = dialect.response_mti(mti)
    try:
        frame = dialect.encode(reply_mti, fields, *dialect.reply_envelope(arrival.frame))
    except EncodeError:
        return None
    evidence.code, evidence.reply, evidence.reply_mti = code, fields, reply_mti
    return frame
