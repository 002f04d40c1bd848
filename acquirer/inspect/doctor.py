"""The diagnosis of a capture: its dialect and framing, how sure they are and why, and every message in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.inspect.capture import CapturedStream, CaptureReading, read_capture
from acquirer.inspect.doubts import EBCDIC_HINT, has_ebcdic
from acquirer.inspect.explain import Explanation, explain, explain_failure
from acquirer.inspect.field_causes import field_cause
from acquirer.inspect.filling import filling_notes
from acquirer.inspect.forms import TEXT_FORMS
from acquirer.inspect.framings import enumerated
from acquirer.inspect.guess import STREAMS_WEIGHED, Guess, guess_together
from acquirer.inspect.sniff import USUAL, WireForm, describe_form, sniff
from acquirer.wire.framing import FrameError
from acquirer.wire.message import DecodeError, Message

STREAMS_LIMIT = 500  # of one capture are looked at: more connections than a person reads through


class CapturedMessage:
    """One message of a capture; explained when that is asked for, because most readings of a capture are not shown."""

    __slots__ = ("_decoded", "_dialect", "_explanation", "at_s", "frame", "guess", "stream")

    def __init__(self, stream: CapturedStream, frame: bytes, at_s: float | None, guess: Guess) -> None:
        self.stream = stream
        self.frame = frame
        self.at_s = at_s  # seconds since 1970, if the capture says
        self.guess = guess  # how its stream is read
        self._dialect = dialect = guess.dialect
        self._explanation: Explanation | None = None
        try:
            self._decoded: Message | DecodeError = dialect.decode(frame)
        except DecodeError as exc:
            self._decoded = exc.with_traceback(None)  # it would keep copies of the frame for as long as it is kept
            exc.__context__ = None

    @property
    def message(self) -> Message | None:
        """The message; None: it could not be decoded."""
        return self._decoded if isinstance(self._decoded, Message) else None

    @property
    def is_reply(self) -> bool:
        """Whether it could be decoded, and is the answer to another."""
        message = self.message
        return message is not None and self._dialect.is_response(message.mti, message.fields)

    @property
    def problem(self) -> str:
        """Why it could not be decoded; "" if it could."""
        return str(self._decoded) if isinstance(self._decoded, DecodeError) else ""

    @property
    def field_cause(self) -> str:
        """Which field is written otherwise, if that is why it could not be decoded; else ""."""
        if isinstance(self._decoded, Message):
            return ""
        return field_cause(self._dialect, self.frame, self._decoded)

    @property
    def explanation(self) -> Explanation:
        """What stands in it."""
        if self._explanation is None:
            self._explanation = self.explained()
        return self._explanation

    def explained(self, unsafe_show: bool = False) -> Explanation:
        """Return what stands in it; `unsafe_show` lifts the mask."""
        if isinstance(self._decoded, Message):
            return explain(self._dialect, self._decoded, unsafe_show)
        return explain_failure(self._dialect, self.frame, self._decoded, unsafe_show)


@dataclass(frozen=True, slots=True)
class StreamDiagnosis:
    """The diagnosis of streams of one dialect."""

    streams: tuple[CapturedStream, ...]
    guess: Guess | None  # None: it is another protocol, as `why` says
    certainty: str  # "sure", "likely", "a guess", "unknown"
    why: tuple[str, ...]  # sentences
    messages: tuple[CapturedMessage, ...] = ()
    form: WireForm | None = None  # what the bytes look like, where no dialect reads them


@dataclass(frozen=True, slots=True)
class CaptureDiagnosis:
    """The diagnosis of a capture."""

    form: str
    notes: tuple[str, ...]
    groups: tuple[StreamDiagnosis, ...]

    @property
    def messages(self) -> list[tuple[StreamDiagnosis, CapturedMessage]]:
        """All messages, each with the streams it belongs to."""
        return [(group, found) for group in self.groups for found in group.messages]


def diagnose_capture(data: bytes, dialects: Sequence[Dialect]) -> CaptureDiagnosis:
    """Return the best diagnosis of a capture in any form and dialect; `data` must not be empty.

    Raises:
        CaptureError: it is a packet capture, and damaged.
    """
    found: list[CaptureDiagnosis] = []
    for reading in read_capture(data):  # the likeliest first: behind one that is sure, others are luck
        first = replace(reading, streams=reading.streams[:1])
        diagnosis = _diagnose(first, dialects) if _may_be_hex(reading) else None
        if diagnosis is None or diagnosis.groups[0].certainty != "unknown":
            diagnosis = _diagnose(reading, dialects)
        found.append(diagnosis)
        if diagnosis.groups and all(
            group.certainty == "sure" and group.guess and not group.guess.unknown_head for group in diagnosis.groups
        ):
            break
    return max(found, key=_worth)


def _may_be_hex(reading: CaptureReading) -> bool:
    """Return whether this takes for text what may well be hex: then its first stream tells."""
    return reading.form in TEXT_FORMS and bool(_HEX_WITH_LETTERS.fullmatch(reading.streams[0].data))


def _worth(diagnosis: CaptureDiagnosis) -> float:
    """Return how well a form explains the capture, by its worst part: a wrong form often yields one lucky message."""
    return min((_points(diagnosis, group) for group in diagnosis.groups), default=-1)


def _points(diagnosis: CaptureDiagnosis, group: StreamDiagnosis) -> float:
    if group.guess is None:
        return OTHER_PROTOCOL
    points = group.guess.points / min(len(group.streams), STREAMS_WEIGHED)
    if group.certainty != "unknown":
        return points
    data, seen = group.streams[0].data, group.form
    digits = _HEX_WITH_LETTERS if seen else _HEX
    digits_only = diagnosis.form in (*TEXT_FORMS, "bytes") and digits.fullmatch(data)
    return points + (seen.points if seen else 0) - HEX_AS_TEXT * bool(digits_only)


OTHER_PROTOCOL = 60
"""Points for bytes that begin as another protocol does."""

HEX_AS_TEXT = 60
"""Points off for a text that is no message, could be hex, and has letters where messages of text have digits, or does
not look like a message at all."""

_HEX = re.compile(rb"\s*(?:[0-9A-Fa-f]{2}\s*){10,}")
_HEX_WITH_LETTERS = re.compile(rb"\s*[0-9A-Fa-f]{20,}[A-Fa-f][0-9A-Fa-f]*\s*")


def _diagnose(reading: CaptureReading, dialects: Sequence[Dialect]) -> CaptureDiagnosis:
    groups: dict[int, list[CapturedStream]] = {}
    for stream in reading.streams[:STREAMS_LIMIT]:
        groups.setdefault(stream.group, []).append(stream)
    notes = list(reading.notes)
    if reading.form.startswith("hex in hex"):
        notes.append(
            "the bytes are hexadecimal digits themselves: a message was sent as text instead of bytes; "
            "send its bytes, not their digits"
        )
    if (more := len(reading.streams) - STREAMS_LIMIT) > 0:
        notes.append(f"{more} more streams were not looked at")
    return CaptureDiagnosis(
        reading.form, tuple(notes), tuple(_diagnose_group(tuple(group), dialects) for group in groups.values())
    )


def _diagnose_group(streams: tuple[CapturedStream, ...], dialects: Sequence[Dialect]) -> StreamDiagnosis:
    try:
        guesses = guess_together([stream.data for stream in streams], dialects)
    except FrameError as exc:  # another protocol
        return StreamDiagnosis(streams, None, "sure", (exc.detail,))
    messages = [found for stream, one in zip(streams, guesses, strict=True) for found in _messages_of(stream, one)]
    if all(found.at_s is not None for found in messages):
        messages.sort(key=lambda found: found.at_s or 0)
    right = sum(found.message is not None for found in messages)
    sure = all(one.sure and one.left_over == 0 for one in guesses)
    cut_off = any(one.left_over < 0 for one in guesses)
    likely = right * 2 > len(messages) and not cut_off
    certainty = "sure" if sure and right == len(messages) else "likely" if likely else "a guess"
    best, form = guesses[0], None
    why = [f"{best.dialect.name}: {best.why}", f"{right} of {plural(len(messages), 'message')} can be read"]
    why += dict.fromkeys(doubt for one in guesses for doubt in one.doubts)
    if best.also and right:
        why.append(f"{enumerated(best.also)} {'read' if len(best.also) > 1 else 'reads'} it as well")
    if not right:
        certainty, form = "unknown", sniff(streams[0].data) or sniff(streams[0].data, USUAL)
        seems = f"this looks like a message with {describe_form(form)}" if form else "nothing looks like ISO 8583"
        why = [seems, f"{best.dialect.name} comes closest ({best.why}), and cannot read it: {messages[0].problem}"]
        if has_ebcdic(streams[0].data) and best.dialect.grammar.mti_encoding != "ebcdic":
            why.append(EBCDIC_HINT)
    why += _field_sentences(best.dialect, messages)
    return StreamDiagnosis(streams, best, certainty, tuple(why), tuple(messages), form)


def _field_sentences(dialect: Dialect, messages: Sequence[CapturedMessage]) -> list[str]:
    """Return which field keeps the first broken message from being read, and which fields look filled otherwise."""
    found: dict[str, None] = {}
    broken = next((one for one in messages if one.message is None), None)
    if broken is not None and (cause := broken.field_cause):
        found[cause] = None
    for one in messages[:FILLED_OTHERWISE_MOST]:
        if one.message is not None:
            found |= dict.fromkeys(filling_notes(dialect, one.message, dialect.spans(one.message)))
    return list(found)[:3]


FILLED_OTHERWISE_MOST = 100
"""Messages of a capture that are looked through for fields that are filled on the other side."""


def _messages_of(stream: CapturedStream, guess: Guess) -> Iterator[CapturedMessage]:
    at = 0
    for frame in guess.frames:
        at = max(0, stream.data.find(frame, at))
        at_s = next((time for offset, time in reversed(stream.times) if offset <= at), None)
        at += len(frame)
        yield CapturedMessage(stream, frame, at_s, guess)
