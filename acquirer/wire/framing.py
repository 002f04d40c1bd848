"""Framing: from a stream of bytes to frames, and back.

A frame is a length and so many bytes. How the length is written is data: two or four bytes binary (jPOS
``NACChannel``), two bytes BCD (``NCCChannel``), four ASCII digits (``ASCIIChannel``), counting itself or not.
Feed stores, iteration parses (as h11 does); nothing here waits or reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

CHARSETS = {"ascii": "latin-1", "ebcdic": "cp500"}
"""Python codecs of text on the wire; both map all 256 bytes one to one, so nothing is lost."""

LengthEncoding = Literal["binary", "bcd", "ascii", "ebcdic"]

LIMIT_BYTES = 8192
"""Default for the longest frame: twice the largest message a 64-field dialect with LLLVAR fields can make."""

Reason = Literal["too-long", "short-frame", "not-iso8583", "bad-length"]

# What else connects to an open port, by the first two bytes: as a length they are absurd, so two are enough to tell,
# and the answer does not depend on how the stream was cut.
STRANGERS = {
    **dict.fromkeys((b"GE", b"PU", b"HE", b"PO", b"PR", b"PA", b"TR", b"DE", b"OP", b"CO"), "an HTTP request"),
    b"HT": "an HTTP response",
    b"SS": "an SSH banner",
}
# A TLS record begins with a plausible length (0x1603), but no TPDU begins with a TLS version.
TLS = re.compile(rb"\x16\x03[\x00-\x04]")


class FrameError(ValueError):
    """A stream that carries no frames, or none that will be read; the connection is of no further use.

    `reason` is for counters and the journal, `detail` is a sentence for a person.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Framing:
    """How frames are told apart; `deframer()` reads them, `wrap` writes them."""

    length_encoding: LengthEncoding = "binary"
    length_bytes: int = 2
    includes_itself: bool = False  # does the length count its own bytes?
    minimum_bytes: int = 1  # of a frame: TPDU, head, MTI and bitmap; anything shorter cannot be a message
    limit_bytes: int = LIMIT_BYTES

    @property
    def extra(self) -> int:
        """What the length counts beyond the frame."""
        return self.length_bytes if self.includes_itself else 0

    @property
    def name(self) -> str:
        """As dialects write it: ``binary2``, ``ascii4``."""
        return f"{self.length_encoding}{self.length_bytes}"

    @property
    def largest(self) -> int:
        """The largest length this indicator can tell."""
        if self.length_encoding == "binary":
            return int(256**self.length_bytes) - 1
        return int(10 ** (2 * self.length_bytes if self.length_encoding == "bcd" else self.length_bytes)) - 1

    def wrap(self, frame: bytes) -> bytes:
        """Put the length before `frame`; an empty one is the keep-alive. Raises FrameError when it does not fit."""
        length = len(frame) + self.extra if frame else 0
        if length > self.largest:
            raise FrameError("too-long", f"a frame of {len(frame)} bytes does not fit a {self.name} length")
        if self.length_encoding == "binary":
            return length.to_bytes(self.length_bytes, "big") + frame
        if self.length_encoding == "bcd":
            return bytes.fromhex(str(length).zfill(2 * self.length_bytes)) + frame
        return str(length).zfill(self.length_bytes).encode(CHARSETS[self.length_encoding]) + frame

    def length(self, prefix: bytes) -> int | None:
        """What a complete length indicator says, its own size not counted; None when it is no number."""
        if self.length_encoding == "binary":
            told = int.from_bytes(prefix, "big")
        else:
            bcd = self.length_encoding == "bcd"
            digits = prefix.hex() if bcd else prefix.decode(CHARSETS[self.length_encoding])
            if not digits.isdecimal():
                return None
            told = int(digits)
        return told - self.extra if told else 0

    def deframer(self) -> Deframer:
        """A reader for one connection."""
        return Deframer(self)


class Deframer:
    """Reads frames from one connection's bytes.

    Iterating yields each complete frame, without its length; ``b""`` is a keep-alive. A length that will not be
    read raises `FrameError` once, before any of its body is stored; from then on everything fed is dropped.
    """

    __slots__ = ("_at", "_buffer", "_dead", "_framing", "_fresh")

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._buffer = b""
        self._at = 0  # what stands before is read: frames are taken without moving what follows them
        self._fresh = True  # nothing has been understood yet: it may still turn out to be HTTP
        self._dead = False

    @property
    def pending(self) -> int:
        """Bytes kept of a frame that has begun and not ended."""
        return len(self._buffer) - self._at

    def feed(self, data: bytes) -> None:
        """Store what came; call it with at most what one read of the socket gives."""
        if not self._dead:
            self._buffer = self._buffer[self._at :] + data if self.pending else data
            self._at = 0

    def __iter__(self) -> Iterator[bytes]:
        size = self._framing.length_bytes
        while self.pending >= size:
            start = self._at + size
            length = self._read_length()
            if len(self._buffer) < start + length:
                return
            self._fresh = False
            self._at = start + length
            yield self._buffer[start : start + length]

    def _read_length(self) -> int:
        framing = self._framing
        prefix = self._buffer[self._at : self._at + framing.length_bytes]
        length = framing.length(prefix)
        if self._fresh and TLS.match(self._buffer):
            raise self._refuse("not-iso8583", "this is a TLS handshake on a plain port")
        if length == 0 or (length is not None and framing.minimum_bytes <= length <= framing.limit_bytes):
            return length
        if self._fresh and (who := STRANGERS.get(self._buffer[:2])):
            raise self._refuse("not-iso8583", f"this is {who}, not ISO 8583")
        if length is None:
            raise self._refuse("bad-length", f"length {prefix.hex().upper()} is not {framing.length_encoding} digits")
        if length < framing.minimum_bytes:
            raise self._refuse("short-frame", f"{length} bytes are too few: a message needs {framing.minimum_bytes}")
        hint = "; this looks like a length in ASCII digits" if prefix.isdigit() else ""
        raise self._refuse("too-long", f"a frame of {length} bytes is above the limit of {framing.limit_bytes}{hint}")

    def _refuse(self, reason: Reason, detail: str) -> FrameError:
        self._dead, self._buffer, self._at = True, b"", 0
        return FrameError(reason, detail)
