"""Frames of one direction of a connection, each with all that stands around it, as it was received."""

from __future__ import annotations

from collections.abc import Iterator

from acquirer.wire.deframer import make_deframer
from acquirer.wire.framing import Framing


class RawFrames:
    """Cuts what is received into frames and the bytes they came in.

    >>> frames = RawFrames(Framing())
    >>> list(frames.feed(b"\\x00\\x14" + bytes(20) + b"\\x00"))[0][1][:2]
    b'\\x00\\x14'
    >>> frames.rest
    b'\\x00'
    """

    __slots__ = ("_before_bytes", "_deframer", "_end_bytes", "_has_length", "rest")

    def __init__(self, framing: Framing) -> None:
        self._deframer = make_deframer(framing)
        self._before_bytes = framing.before_bytes
        self._end_bytes = len(framing.end)
        self._has_length = bool(framing.length_bytes)
        self.rest = b""  # received, and not cut yet

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield each complete frame and its raw bytes; an empty frame is a keep-alive.

        Raises:
            FrameError: what was received is no frame; `rest` is what that begins with.
        """
        if not self.rest and (whole := self._deframer.whole(data)) is not None:
            yield whole, data
            return
        self.rest += data
        self._deframer.feed(data)
        for frame in self._deframer:
            end = self._end_bytes if frame or not self._has_length else 0
            size = self._before_bytes + len(frame) + end
            raw, self.rest = self.rest[:size], self.rest[size:]
            yield frame, raw

    def take_rest(self) -> bytes:
        """Return what was received and not cut, which is not kept any more."""
        rest, self.rest = self.rest, b""
        return rest

    @property
    def pending(self) -> int:
        """Bytes kept of a frame that has begun and not ended."""
        return self._deframer.pending

    @property
    def unfinished(self) -> bytes:
        """The first bytes of that frame: for a diagnosis, never to be kept."""
        return self._deframer.unfinished
