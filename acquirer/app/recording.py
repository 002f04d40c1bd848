"""Recordings: what terminals and hosts have said to each other, as exchanges with whole messages and masked entries.

A capture in any form that `inspect` reads, a trace, or exchanges of a journal with their trace: all are looked at as a
relay looks at what passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from acquirer.app.relay_connection import ConnectionJournal
from acquirer.app.relay_journal import RelayJournal
from acquirer.app.relay_messages import SeenMessage
from acquirer.data.text import plural
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.errors import WireError
from acquirer.inspect.capture_forms import CaptureError
from acquirer.inspect.doctor import CaptureDiagnosis, StreamDiagnosis, diagnose_capture
from acquirer.inspect.framings import enumerated
from acquirer.inspect.guess import guess_dialect
from acquirer.inspect.trace_text import FIRST_LINE, TracedFrame, read_trace
from acquirer.journal.entry import Entry
from acquirer.journal.render import entry_of
from acquirer.model.effects import Commit, CommitOutcome
from acquirer.model.evidence import Evidence
from acquirer.net.relay_socket import Direction
from acquirer.store.interface import OnOutcome
from acquirer.wire.framing import FrameError
from acquirer.wire.raw_frames import RawFrames

NEVER_S: Final = float("inf")
"""How long a recorded request waits for its reply: to the end of its recording."""


FRAMES_LOOKED_AT: Final = 50
"""Of a trace, to find out its dialect: all kinds of messages of a terminal's morning."""


class RecordingError(WireError, ValueError):
    """A recording that cannot be used: one sentence."""


@dataclass(slots=True)
class RecordedExchange:
    """One exchange of a recording."""

    entry: Entry  # masked, as a journal has it
    request: SeenMessage | None = None  # None: only the journal has it, masked
    reply: SeenMessage | None = None  # None: there was none, or only the journal has it
    in_clear: bool = False  # the request was put together from a journal, with test data that is not sealed yet


@dataclass(slots=True)
class Recording:
    """Exchanges of one dialect, in their order."""

    dialect: Dialect
    exchanges: list[RecordedExchange]
    notes: list[str] = field(default_factory=list)  # what is not among them, and why
    others: list[RecordedExchange] = field(default_factory=list)  # that are not asked for: their keys count

    @property
    def in_time_order(self) -> list[RecordedExchange]:
        """Return all exchanges as they came, those that are not asked for among them."""
        return sorted([*self.exchanges, *self.others], key=lambda one: one.entry.at_us)


def read_recording(data: bytes, dialects: Sequence[Dialect]) -> Recording:
    """Return what a capture or a trace holds; its dialect is the one of those given that reads it best.

    Raises:
        RecordingError: nothing in it can be read, or it holds messages of several dialects.
    """
    if data.startswith(FIRST_LINE.encode()):
        frames = read_trace(data)
        dialect = _dialect_of(frames, dialects)
        return Recording(dialect, trace_exchanges(dialect, frames))
    try:
        diagnosis = diagnose_capture(data, dialects)
    except CaptureError as exc:
        raise RecordingError(str(exc)) from None
    groups = [group for group in diagnosis.groups if group.certainty != "unknown" and group.guess is not None]
    if not groups:
        raise RecordingError(f"holds no message that can be read: {_why_none(diagnosis)}")
    names = list(dict.fromkeys(group.guess.dialect.name for group in groups if group.guess is not None))
    if len(names) > 1:
        raise RecordingError(f"holds messages of {enumerated(names)}: name the one that is meant, --dialect NAME")
    dialect = next(one for one in dialects if one.name == names[0])
    notes = list(diagnosis.notes)
    first = groups[0]
    if first.certainty != "sure":
        notes.append(f"{dialect.name} is {first.certainty}: {first.why[0]}")
    if (more := len(diagnosis.groups) - len(groups)) > 0:
        notes.append(f"{plural(more, 'stream')} of other bytes left out")
    exchanges = [one for group in groups for one in _of_group(dialect, group)]
    if any(found.problem for group in groups for found in group.messages):
        broken = sum(bool(found.problem) for group in groups for found in group.messages)
        notes.append(f"{plural(broken, 'message')} cannot be decoded")
    return Recording(dialect, _numbered(exchanges), notes)


def trace_exchanges(dialect: Dialect, frames: Iterable[TracedFrame]) -> list[RecordedExchange]:
    """Return the exchanges of a trace in their order, connection by connection: who spoke first is the terminal."""
    connections: dict[frozenset[str], tuple[str, _Collector]] = {}
    for frame in frames:
        ends = frozenset((frame.source, frame.target))
        terminal, collector = connections.setdefault(ends, (frame.source, _Collector(dialect)))
        collector.at_us = frame.at_us
        collector.raw(Direction.TO_HOST if frame.source == terminal else Direction.TO_TERMINAL, frame.data)
    return _numbered(one for _, collector in connections.values() for one in collector.end())


def with_frames(entry: Entry, frames: Sequence[TracedFrame], dialect: Dialect) -> RecordedExchange:
    """Return an exchange of a journal with its frames, which a trace has kept.

    Raises:
        RecordingError: they cannot be read.
    """
    collector = _Collector(dialect)
    for frame in frames:
        collector.at_us = frame.at_us
        direction = Direction.TO_HOST if frame.source == entry.peer else Direction.TO_TERMINAL
        collector.raw(direction, frame.data)
    found = collector.end()
    if not found or found[0].request is None:
        raise RecordingError(f"the frames of exchange {entry.id} hold no message of {dialect.name}")
    return RecordedExchange(entry, found[0].request, found[0].reply)


def _dialect_of(frames: Sequence[TracedFrame], dialects: Sequence[Dialect]) -> Dialect:
    """Return the dialect of a trace, by its first frames. Raises RecordingError."""
    if not frames:
        raise RecordingError("is a trace of no frame: nothing passed while it was written")
    if len(dialects) == 1:
        return dialects[0]
    first = frames[0]
    sample = b"".join(frame.data for frame in frames[:FRAMES_LOOKED_AT] if frame.source == first.source)
    guess = guess_dialect(sample, dialects)
    if not guess.sure:
        raise RecordingError(
            f"it is not sure which dialect it holds ({guess.dialect.name}: {guess.why}); --dialect NAME"
        )
    return next(one for one in dialects if one.name == guess.dialect.name)


def _numbered(exchanges: Iterable[RecordedExchange]) -> list[RecordedExchange]:
    """Return exchanges in their order, numbered from 1."""
    found = sorted(exchanges, key=lambda one: one.entry.at_us)
    for number, one in enumerate(found, 1):
        one.entry.id = number
    return found


def _why_none(diagnosis: CaptureDiagnosis) -> str:
    return diagnosis.groups[0].why[0] if diagnosis.groups else "it is empty"


def _of_group(dialect: Dialect, group: StreamDiagnosis) -> Iterator[RecordedExchange]:
    """Yield the exchanges of streams that belong together: which side sent a message, its type says."""
    collector = _Collector(dialect)
    for found in group.messages:
        if found.at_s is not None:
            collector.at_us = round(found.at_s * 1_000_000)
        direction = Direction.TO_TERMINAL if found.is_reply else Direction.TO_HOST
        collector.frame(direction, _in_envelope(dialect, found.guess.dialect, found.frame, direction))
    yield from collector.end()


def _in_envelope(dialect: Dialect, captured: Dialect, frame: bytes, direction: Direction) -> bytes:
    """Return a frame with TPDU and head as its dialect has them, where the capture is without: logs often are."""
    if captured.grammar.envelope_bytes == dialect.grammar.envelope_bytes:
        return frame
    envelope = dialect.whole_envelope(*captured.envelope_of(frame))
    if direction is Direction.TO_TERMINAL and not captured.envelope.tpdu:
        envelope = b"".join(dialect.reply_envelope(envelope))
    return envelope + frame[captured.grammar.envelope_bytes :]


class _Collector:
    """Looks at messages as a relay does, and keeps exchanges with whole messages; see `relay_connection.Beside`."""

    fatal_error = ""

    def __init__(self, dialect: Dialect) -> None:
        self.at_us = 0
        self._found: list[tuple[SeenMessage | None, SeenMessage | None, Evidence]] = []
        self._seen: dict[int, tuple[SeenMessage, SeenMessage | None]] = {}  # by the identity of evidence
        self._frames = {direction: RawFrames(dialect.framing) for direction in Direction}
        journal = RelayJournal(CompiledDialect(dialect, checked=True), self, None, self._now_us, float, NEVER_S)
        self._connection = ConnectionJournal(journal, "", None, self)

    def frame(self, direction: Direction, frame: bytes) -> None:
        """Take one frame."""
        self._connection.frame(direction, frame, frame)

    def raw(self, direction: Direction, data: bytes) -> None:
        """Take raw bytes; what is no frame is left out."""
        frames = self._frames[direction]
        try:
            for frame, _ in frames.feed(data):
                if frame:
                    self.frame(direction, frame)
        except FrameError:
            frames.take_rest()

    def end(self) -> list[RecordedExchange]:
        """Return what was found, in the order of the requests."""
        self._connection.ended("the recording ends")
        return [
            RecordedExchange(entry_of(evidence), request, reply)
            for request, reply, evidence in sorted(self._found, key=lambda one: one[2].at_us)
        ]

    def _now_us(self) -> int:
        return self.at_us

    # what a relay's journal writes to, and has beside it

    def commit(self, wanted: Commit, on_outcome: OnOutcome) -> None:
        evidence = wanted.changes.evidence
        request, reply = self._seen.pop(id(evidence), (None, None))
        self._found.append((request, reply, evidence))
        on_outcome(CommitOutcome.DONE)

    def delivered(self, exchange_id: int, outcome: str) -> None:
        """Nothing was withheld."""

    def check_files(self) -> None:
        """There are none."""

    def request(self, request: SeenMessage, peer: str) -> None:
        """Its reply, or its end, will be noted."""

    def answered(self, request: SeenMessage, reply: SeenMessage, evidence: Evidence) -> None:
        self._seen[id(evidence)] = request, reply

    def unanswered(self, request: SeenMessage, evidence: Evidence) -> None:
        self._seen[id(evidence)] = request, None
