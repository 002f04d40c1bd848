"""Deframing: the frames in one connection's bytes (rules: `wire.framing`; interface: as in h11).

1. `feed` stores what was received, iterating parses it; nothing here waits or reads.
2. A length that will not be read raises `FrameError` before any of its body is stored; the stream is then dead.
3. Until the first frame was read, the stream may still turn out to be another protocol, and is refused as that.
4. Bytes of a refused or unfinished frame are handed out for a diagnosis only, at most `LOOK_BYTES` of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from acquirer.data.text import plural
from acquirer.wire.framing import FrameError, FrameProblem, Framing
from acquirer.wire.other_protocols import TLS, may_be_other_protocol, other_protocol

LOOK_BYTES = 512
"""Of a stream that carries no frames, so many bytes are kept for a diagnosis: a whole small message, and no more."""


def make_deframer(framing: Framing) -> Deframer:
    """Return a reader for one connection."""
    return Deframer(framing) if framing.length_bytes else EndDeframer(framing)


class Deframer:
    """Reads frames from one connection's bytes.

    Iterating yields each complete frame, without what stands around it; ``b""`` is a keep-alive. A length that will not
    be read raises `FrameError` once, before any of its body is stored; from then on everything fed is dropped.
    """

    __slots__ = ("_at", "_before", "_buffer", "_dead", "_end", "_framing", "_least", "_most", "_plain_bytes", "fresh")

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._plain_bytes = framing.length_bytes if framing.plain else 0
        self._least, self._most = framing.minimum_bytes, framing.limit_bytes
        self._before = framing.before_bytes
        self._end = framing.end
        self._buffer = b""
        self._at = 0  # what stands before is read: frames are taken without moving what follows them
        self._dead = False
        self.fresh = True  # nothing has been understood yet: it may still turn out to be HTTP

    @property
    def pending(self) -> int:
        """Bytes kept of a frame that has begun and not ended."""
        return len(self._buffer) - self._at

    @property
    def unfinished(self) -> bytes:
        """The first bytes of a frame that has begun and not ended: for a diagnosis, never to be kept."""
        return self._buffer[self._at : self._at + LOOK_BYTES]

    @property
    def before(self) -> bytes:
        """What was received together with an unfinished frame, and taken for frames: for a diagnosis too."""
        return self._buffer[: self._at][-LOOK_BYTES:]

    def feed(self, data: bytes) -> None:
        """Store received bytes; call it with at most what one read of the socket gives."""
        if not self._dead:
            self._buffer = self._buffer[self._at :] + data if self.pending else data
            self._at = 0

    def whole(self, data: bytes) -> bytes | None:
        """Return the frame when `data` is exactly one and nothing is out of the ordinary; else None: then `feed` it."""
        size = self._plain_bytes
        if not size or self._at != len(self._buffer):
            return None
        length = len(data) - size
        if not self._least <= length <= self._most or int.from_bytes(data[:size], "big") != length:
            return None
        if self.fresh:
            if TLS.match(data):
                return None
            self.fresh = False
        return data[size:]

    def __iter__(self) -> Iterator[bytes]:
        before = self._before
        while self.pending >= before:
            start = self._at + before
            stop = start + self._read_length()
            if len(self._buffer) < stop:
                return
            frame = self._buffer[start:stop]
            if self._end and frame:
                after = stop + len(self._end)
                if len(self._buffer) < after:
                    return
                if self._buffer[stop:after] != self._end:
                    raise self._misplaced("ends", self._buffer[stop:after])
                stop = after
            self.fresh = False
            self._at = stop
            yield frame

    def _read_length(self) -> int:
        framing = self._framing
        at = self._at + len(framing.start)
        prefix = self._buffer[at : at + framing.length_bytes]
        length = framing.length(prefix)
        if framing.start or framing.filler:
            self._check_around(at)
        if length == 0 or (length is not None and framing.minimum_bytes <= length <= framing.limit_bytes):
            if self.fresh and TLS.match(self._buffer):
                self._refuse_other_protocol()
            return length
        self._refuse_other_protocol()
        if self.fresh and may_be_other_protocol(self._buffer):
            return framing.limit_bytes  # more than was received
        if length is None:
            raise self._refuse("bad-length", f"length {prefix.hex().upper()} is no number as it is read here")
        if length < 0:
            raise self._refuse("short-frame", f"length {prefix.hex().upper()} is less than what it counts besides")
        if length < framing.minimum_bytes:
            raise self._refuse("short-frame", _too_few(length, framing))
        raise self._refuse("too-long", f"a frame of {length} bytes is above the limit of {framing.limit_bytes}")

    def _check_around(self, at: int) -> None:
        """Raise FrameError unless `start` and `filler` stand around the length at `at`."""
        framing = self._framing
        after = at + framing.length_bytes
        if self.fresh and may_be_other_protocol(self._buffer):
            return
        if (found := self._buffer[self._at : at]) != framing.start:
            self._refuse_other_protocol()
            raise self._misplaced("begins", found)
        if (found := self._buffer[after : after + len(framing.filler)]) != framing.filler:
            self._refuse_other_protocol()
            raise self._misplaced("continues after its length", found)

    def _refuse_other_protocol(self) -> None:
        if self.fresh and (sentence := other_protocol(self._buffer)):
            raise self._refuse("not-iso8583", sentence)

    def _misplaced(self, where: str, found: bytes) -> FrameError:
        return self._refuse(
            "bad-delimiter", f"this frame {where} with {found.hex().upper()}, which is not what belongs there"
        )

    def _refuse(self, reason: FrameProblem, detail: str) -> FrameError:
        first_bytes, before = self.unfinished, self.before
        self._dead, self._plain_bytes, self._buffer, self._at = True, 0, b"", 0
        return FrameError(reason, detail, first_bytes, before)


def _too_few(size: int, framing: Framing) -> str:
    return f"{plural(size, 'byte is', 'bytes are')} too few: a message needs {framing.minimum_bytes}"


class EndDeframer(Deframer):
    """Reads frames that have an end and no length; two ends in a row are a keep-alive."""

    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        framing, end = self._framing, self._end
        least = max(self._before, 1)
        while self.pending >= least:
            start = self._at + self._before
            self._refuse_other_protocol()
            if self.fresh and may_be_other_protocol(self._buffer):
                return
            if (found := self._buffer[self._at : start]) != framing.start:
                raise self._misplaced("begins", found)
            stop = self._buffer.find(end, start, start + framing.limit_bytes + len(end))
            if stop < 0:
                if len(self._buffer) >= start + framing.limit_bytes + len(end):
                    raise self._refuse("too-long", f"no {end.hex().upper()} within {framing.limit_bytes} bytes")
                return
            if 0 < stop - start < framing.minimum_bytes:
                raise self._refuse("short-frame", _too_few(stop - start, framing))
            self.fresh = False
            self._at = stop + len(end)
            yield self._buffer[start:stop]
