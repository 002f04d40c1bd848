"""The diagnosis of a capture: its dialect and framing, how sure they are and why, and every message in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from acquirer.dialect.dialect import Dialect
from acquirer.inspect.capture import CapturedStream, CaptureReading, read_capture
from acquirer.inspect.explain import Explanation, explain, explain_failure
from acquirer.inspect.guess import Guess, guess_together
from acquirer.inspect.sniff import describe_form, enumerated, sniff
from acquirer.wire.framing import FrameError
from acquirer.wire.message import DecodeError, Message

STREAMS_LIMIT = 500  # of one capture are looked at: more connections than a person reads through


class CapturedMessage:
    """One message of a capture; explained when that is asked for, because most readings of a capture are not shown."""

    __slots__ = ("_decoded", "_dialect", "_explanation", "at_s", "frame", "stream")

    def __init__(self, stream: CapturedStream, frame: bytes, at_s: float | None, dialect: Dialect) -> None:
        self.stream = stream
        self.frame = frame
        self.at_s = at_s  # seconds since 1970, if the capture says
        self._dialect = dialect
        self._explanation: Explanation | None = None
        try:
            self._decoded: Message | DecodeError = dialect.decode(frame)
        except DecodeError as exc:
            self._decoded = exc

    @property
    def message(self) -> Message | None:
        """The message; None: it could not be decoded."""
        return self._decoded if isinstance(self._decoded, Message) else None

    @property
    def problem(self) -> str:
        """Why it could not be decoded; "" if it could."""
        return self.explanation.error if self.message is None else ""

    @property
    def explanation(self) -> Explanation:
        """What stands in it."""
        if self._explanation is None:
            decoded = self._decoded
            if isinstance(decoded, Message):
                self._explanation = explain(self._dialect, decoded)
            else:
                self._explanation = explain_failure(self._dialect, self.frame, decoded)
        return self._explanation


@dataclass(frozen=True, slots=True)
class StreamDiagnosis:
    """The diagnosis of streams of one dialect."""

    streams: tuple[CapturedStream, ...]
    guess: Guess | None  # None: it is another protocol, as `why` says
    certainty: str  # "sure", "likely", "a guess", "unknown"
    why: tuple[str, ...]  # sentences
    messages: tuple[CapturedMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class CaptureDiagnosis:
    """The diagnosis of a capture."""

    form: str
    notes: tuple[str, ...]
    groups: tuple[StreamDiagnosis, ...]


def diagnose_capture(data: bytes, dialects: Sequence[Dialect]) -> CaptureDiagnosis:
    """Return the best diagnosis of a capture in any form and dialect; `data` must not be empty.

    Raises:
        CaptureError: it is a packet capture, and damaged.
    """
    return max((_diagnose(reading, dialects) for reading in read_capture(data)), key=_worth)


def _worth(diagnosis: CaptureDiagnosis) -> float:
    """Return how well a form explains the capture, by its worst part: a wrong form often yields one lucky message."""
    return min((_points(group) for group in diagnosis.groups), default=-1)


def _points(group: StreamDiagnosis) -> float:
    points = group.guess.points / len(group.streams) if group.guess else 0
    seen = sniff(group.streams[0].data) if group.certainty == "unknown" else None
    return points + (seen.points if seen else 0)


def _diagnose(reading: CaptureReading, dialects: Sequence[Dialect]) -> CaptureDiagnosis:
    groups: dict[int, list[CapturedStream]] = {}
    for stream in reading.streams[:STREAMS_LIMIT]:
        groups.setdefault(stream.group, []).append(stream)
    notes = list(reading.notes)
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
    certainty = "sure" if sure and right == len(messages) else "likely" if right * 2 > len(messages) else "a guess"
    best = guesses[0]
    why = [f"{best.dialect.name}: {best.why}", f"{right} of {_count(len(messages), 'message')} can be read"]
    if best.also and right:
        why.append(f"{enumerated(best.also)} {'read' if len(best.also) > 1 else 'reads'} it as well")
    if not right:
        certainty, form = "unknown", sniff(streams[0].data)
        seems = f"this looks like a message with {describe_form(form)}" if form else "nothing looks like ISO 8583"
        why = [seems, f"{best.dialect.name} comes closest, and cannot read it: {messages[0].problem}"]
    return StreamDiagnosis(streams, best, certainty, tuple(why), tuple(messages))


def _messages_of(stream: CapturedStream, guess: Guess) -> Iterator[CapturedMessage]:
    at = 0
    for frame in guess.frames:
        at = max(0, stream.data.find(frame, at))
        at_s = next((time for offset, time in reversed(stream.times) if offset <= at), None)
        at += len(frame)
        yield CapturedMessage(stream, frame, at_s, guess.dialect)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
