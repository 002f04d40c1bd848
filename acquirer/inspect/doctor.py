"""A diagnosis: which dialect a capture speaks, in which framing, how sure that is and why; and every message in it."""

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

STREAMS_LIMIT = 500  # of one capture are looked at: more connections than anybody reads through


@dataclass(frozen=True, slots=True)
class CapturedMessage:
    """One message of a capture."""

    stream: CapturedStream
    frame: bytes
    at_s: float | None  # seconds since 1970, if the capture says
    message: Message | None  # None: it could not be decoded
    explanation: Explanation

    @property
    def problem(self) -> str:
        """Why it could not be decoded."""
        return self.explanation.error


@dataclass(frozen=True, slots=True)
class StreamDiagnosis:
    """What is said of streams that speak alike."""

    streams: tuple[CapturedStream, ...]
    guess: Guess | None  # None: it is another protocol, as `why` says
    certainty: str  # "sure", "likely", "a guess", "unknown"
    why: tuple[str, ...]  # sentences
    findings: tuple[CapturedMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class CaptureDiagnosis:
    """What is said of a capture."""

    form: str
    notes: tuple[str, ...]
    verdicts: tuple[StreamDiagnosis, ...]


def diagnose_capture(data: bytes, dialects: Sequence[Dialect]) -> CaptureDiagnosis:
    """Look at a capture in every form and dialect, and say the best of it; `data` must not be empty.

    Raises:
        ValueError: it is a packet capture, and damaged.
    """
    return max((_diagnose(reading, dialects) for reading in read_capture(data)), key=_worth)


def _worth(diagnosis: CaptureDiagnosis) -> float:
    """How well a form explains the capture: by its worst part, because a wrong form often yields one lucky message."""
    return min((_speaks(verdict) for verdict in diagnosis.verdicts), default=-1)


def _speaks(verdict: StreamDiagnosis) -> float:
    points = verdict.guess.points / len(verdict.streams) if verdict.guess else 0
    seen = sniff(verdict.streams[0].data) if verdict.certainty == "unknown" else None
    return points + (seen.points if seen else 0)


def _diagnose(reading: CaptureReading, dialects: Sequence[Dialect]) -> CaptureDiagnosis:
    groups: dict[int, list[CapturedStream]] = {}
    for stream in reading.streams[:STREAMS_LIMIT]:
        groups.setdefault(stream.group, []).append(stream)
    notes = list(reading.notes)
    if (more := len(reading.streams) - STREAMS_LIMIT) > 0:
        notes.append(f"{more} more streams were not looked at")
    return CaptureDiagnosis(
        reading.form, tuple(notes), tuple(_verdict(tuple(group), dialects) for group in groups.values())
    )


def _verdict(streams: tuple[CapturedStream, ...], dialects: Sequence[Dialect]) -> StreamDiagnosis:
    try:
        guesses = guess_together([stream.data for stream in streams], dialects)
    except FrameError as stranger:
        return StreamDiagnosis(streams, None, "sure", (stranger.detail,))
    findings = [found for stream, one in zip(streams, guesses, strict=True) for found in _findings(stream, one)]
    if all(found.at_s is not None for found in findings):
        findings.sort(key=lambda found: found.at_s or 0)
    right = sum(found.message is not None for found in findings)
    sure = all(one.sure and one.left_over == 0 for one in guesses)
    certainty = "sure" if sure and right == len(findings) else "likely" if right * 2 > len(findings) else "a guess"
    best = guesses[0]
    why = [f"{best.dialect.name}: {best.why}", f"{right} of {_count(len(findings), 'message')} can be read"]
    if best.also and right:
        why.append(f"{enumerated(best.also)} {'read' if len(best.also) > 1 else 'reads'} it as well")
    if not right:
        certainty, sight = "unknown", sniff(streams[0].data)
        seems = f"this looks like a message with {describe_form(sight)}" if sight else "nothing looks like ISO 8583"
        why = [seems, f"{best.dialect.name} comes closest, and cannot read it: {findings[0].problem}"]
    return StreamDiagnosis(streams, best, certainty, tuple(why), tuple(findings))


def _findings(stream: CapturedStream, guess: Guess) -> Iterator[CapturedMessage]:
    at = 0
    for frame in guess.frames:
        at = max(0, stream.data.find(frame, at))
        at_s = next((time for offset, time in reversed(stream.times) if offset <= at), None)
        at += len(frame)
        try:
            message = guess.dialect.decode(frame)
        except DecodeError as wrong:
            yield CapturedMessage(stream, frame, at_s, None, explain_failure(guess.dialect, frame, wrong))
        else:
            yield CapturedMessage(stream, frame, at_s, message, explain(guess.dialect, message))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
