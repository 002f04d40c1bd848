"""Framing: from a stream of bytes to frames, and back.

A frame is a length and so many bytes. How it is written is data: a length of some bytes, binary, BCD, or digits of
text, that counts itself or not; fixed bytes before it, after it, at the end of the frame; or an end and no length.
``docs/framings.md`` shows the bytes of each, with the names other programs have for them.
Feed stores, iteration parses (as h11 does); nothing here waits or reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from acquirer.errors import WireError

CHARSETS = {"ascii": "latin-1", "ebcdic": "cp500"}
"""Python codecs of text on the wire; both map all 256 bytes one to one, so nothing is lost."""

LengthEncoding = Literal["binary", "bcd", "ascii", "hex", "ebcdic", "none"]
"""``hex``: hexadecimal digits as ASCII text. ``none``: frames have an end and no length."""

LIMIT_BYTES = 8192
"""Default for the longest frame: twice the largest message a 64-field dialect with LLLVAR fields can make."""

LOOK_BYTES = 512
"""Of a stream that carries no frames, so many bytes are kept for a diagnosis: a whole small message, and no more."""

Reason = Literal["too-long", "short-frame", "not-iso8583", "bad-length", "bad-delimiter"]

HTTP_METHODS = ("GET", "PUT", "PRI", "HEAD", "POST", "PATCH", "TRACE", "DELETE", "OPTIONS", "CONNECT", "PROPFIND")

STRANGERS = {
    **{f"{method} ".encode(): "this is an HTTP request, not ISO 8583" for method in HTTP_METHODS},
    b"HTTP/": "this is an HTTP response, not ISO 8583",
    b"SSH-": "this is an SSH banner, not ISO 8583",
    b"\x16\x03": "this is a TLS handshake on a plain port",
}
"""What else connects to an open port, by its first bytes. As a length they are absurd; so many of them are waited for
that the answer does not depend on how the stream was cut."""

# Where a TLS record begins with a plausible length (0x1603), its third byte tells: no TPDU begins with a TLS version.
TLS = re.compile(rb"\x16\x03[\x00-\x04]")


def stranger(data: bytes) -> str:
    """Who begins a stream with `data`, as a sentence; "" when it is nobody we know, or cannot be told yet.

    >>> stranger(b"GET / HTTP/1.1"), stranger(b"HEA"), stranger(b"HELLO")
    ('this is an HTTP request, not ISO 8583', '', '')
    """
    return next((who for word, who in STRANGERS.items() if data.startswith(word)), "")


def may_be_stranger(data: bytes) -> bool:
    """Whether `data` is the beginning of what strangers begin with, so that more of it will tell.

    >>> may_be_stranger(b"HEA"), may_be_stranger(b"HEL")
    (True, False)
    """
    return any(word.startswith(data) for word in STRANGERS)


class FrameError(WireError, ValueError):
    """A stream that carries no frames, or none that will be read; the connection is of no further use.

    `reason` is for counters and the journal, `detail` is a sentence for a person, `data` are the first bytes that did
    not fit: for a diagnosis, never to be kept.
    """

    def __init__(self, reason: Reason, detail: str, data: bytes = b"") -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail
        self.data = data


@dataclass(frozen=True, slots=True)
class Framing:
    """How frames are told apart; `deframer()` reads them, `wrap` writes them.

    On the wire: `start`, the length, `filler`, the frame, `end`. A keep-alive has a length of zero and no `end`.
    """

    length_encoding: LengthEncoding = "binary"
    length_bytes: int = 2
    includes_itself: bool = False  # does the length count its own bytes?
    minimum_bytes: int = 1  # of a frame: TPDU, head, MTI and bitmap; anything shorter cannot be a message
    limit_bytes: int = LIMIT_BYTES
    start: bytes = b""  # before the length, like STX; never counted
    filler: bytes = b""  # between the length and the frame, like CSChannel's two zeros; never counted
    end: bytes = b""  # after the frame, like ETX
    includes_end: bool = False  # does the length count the end?

    @property
    def itself(self) -> int:
        """How many of its own bytes the length counts."""
        return self.length_bytes if self.includes_itself else 0

    @property
    def plain(self) -> bool:
        """Whether there is nothing but a binary length before each frame, of the frame alone."""
        return self.length_encoding == "binary" and not (self.start or self.filler or self.end or self.includes_itself)

    @property
    def extra(self) -> int:
        """What the length counts beyond the frame."""
        return self.itself + (len(self.end) if self.includes_end else 0)

    @property
    def before_bytes(self) -> int:
        """Size of all that stands before a frame."""
        return len(self.start) + self.length_bytes + len(self.filler)

    @property
    def name(self) -> str:
        """As dialects write it: ``binary2``, ``ascii4``, ``none``."""
        return f"{self.length_encoding}{self.length_bytes or ''}"

    @property
    def spelling(self) -> str:
        """All that stands on the wire, in few words: ``binary2``, ``ascii4+itself``, ``binary2+start 02+end 03``."""
        around = [
            f"{what} {part.hex().upper()}" for what in ("start", "filler", "end") if (part := getattr(self, what))
        ]
        return "+".join((self.name, *["itself"] * self.includes_itself, *around, *["counted"] * self.includes_end))

    @property
    def bare(self) -> Framing:
        """The same without a listener's limits: only what stands on the wire."""
        return replace(self, minimum_bytes=1, limit_bytes=LIMIT_BYTES)

    @property
    def largest(self) -> int:
        """The largest length this indicator can tell."""
        if self.length_encoding == "none":
            return self.limit_bytes
        digits = 2 * self.length_bytes if self.length_encoding == "bcd" else self.length_bytes
        return int({"binary": 256, "hex": 16}.get(self.length_encoding, 10) ** digits) - 1

    def wrap(self, frame: bytes) -> bytes:
        """Put all around `frame` that belongs there; an empty one is the keep-alive. Raises FrameError when it does
        not fit."""
        length = len(frame) + self.extra if frame else 0
        if length > self.largest:
            raise FrameError("too-long", f"a frame of {len(frame)} bytes does not fit a {self.name} length")
        encoding = self.length_encoding
        if encoding == "binary":
            told = length.to_bytes(self.length_bytes, "big")
        elif encoding == "bcd":
            told = bytes.fromhex(str(length).zfill(2 * self.length_bytes))
        elif encoding == "none":
            if self.end in frame:
                raise FrameError("bad-delimiter", f"a frame that holds {self.end.hex().upper()} would end there")
            return self.start + frame + self.end
        else:
            digits = f"{length:X}" if encoding == "hex" else str(length)
            told = digits.zfill(self.length_bytes).encode(CHARSETS.get(encoding, "ascii"))
        return self.start + told + self.filler + frame + (self.end if frame else b"")

    def wrapper(self) -> Callable[[bytes], bytes]:
        """`wrap`, made ready for one connection's many frames."""
        if not self.plain:
            return self.wrap
        size, largest = self.length_bytes, self.largest

        def wrap(frame: bytes) -> bytes:
            length = len(frame)
            return length.to_bytes(size, "big") + frame if length <= largest else self.wrap(frame)

        return wrap

    def length(self, prefix: bytes) -> int | None:
        """What a complete length indicator says of the frame alone; 0: a keep-alive, None: it is no number.

        Negative when it says less than what it counts besides the frame.
        """
        encoding = self.length_encoding
        if encoding == "binary":
            told = int.from_bytes(prefix, "big")
        elif encoding == "hex":
            if not HEX_DIGITS.fullmatch(prefix):
                return None
            told = int(prefix, 16)
        else:
            digits = prefix.hex() if encoding == "bcd" else prefix.decode(CHARSETS[encoding])
            if not digits.isdecimal():
                return None
            told = int(digits)
        if self.includes_itself or self.includes_end:
            return 0 if told in (0, self.itself) else told - self.extra or -1
        return told

    def deframer(self) -> Deframer:
        """A reader for one connection."""
        return Deframer(self) if self.length_bytes else EndDeframer(self)


HEX_DIGITS = re.compile(rb"[0-9A-Fa-f]+")


class Deframer:
    """Reads frames from one connection's bytes.

    Iterating yields each complete frame, without what stands around it; ``b""`` is a keep-alive. A length that will not
    be read raises `FrameError` once, before any of its body is stored; from then on everything fed is dropped.
    """

    __slots__ = ("_at", "_before", "_buffer", "_dead", "_end", "_framing", "_plain_bytes", "fresh")

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._plain_bytes = framing.length_bytes if framing.plain else 0
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

    def feed(self, data: bytes) -> None:
        """Store what came; call it with at most what one read of the socket gives."""
        if not self._dead:
            self._buffer = self._buffer[self._at :] + data if self.pending else data
            self._at = 0

    def whole(self, data: bytes) -> bytes | None:
        """The frame, when what came is exactly one and nothing is out of the ordinary; else None: then `feed` it.

        The first one never is: it may still turn out to be HTTP.
        """
        size = self._plain_bytes
        if not size or self.fresh or self._at != len(self._buffer):
            return None
        length = len(data) - size
        framing = self._framing
        if not framing.minimum_bytes <= length <= framing.limit_bytes or int.from_bytes(data[:size], "big") != length:
            return None
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
                    raise self._misplaced("ends", self._end, self._buffer[stop:after])
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
                self._refuse_strangers()
            return length
        self._refuse_strangers()
        if self.fresh and may_be_stranger(self._buffer):
            return framing.limit_bytes  # more than has come
        if length is None:
            raise self._refuse("bad-length", f"length {prefix.hex().upper()} is not {framing.length_encoding} digits")
        if length < 0:
            raise self._refuse("short-frame", f"length {prefix.hex().upper()} is less than what it counts besides")
        if length < framing.minimum_bytes:
            raise self._refuse("short-frame", f"{length} bytes are too few: a message needs {framing.minimum_bytes}")
        raise self._refuse("too-long", f"a frame of {length} bytes is above the limit of {framing.limit_bytes}")

    def _check_around(self, at: int) -> None:
        """Hold what stands before and after the length to what must."""
        framing = self._framing
        after = at + framing.length_bytes
        if self.fresh and may_be_stranger(self._buffer):
            return
        if (came := self._buffer[self._at : at]) != framing.start:
            self._refuse_strangers()
            raise self._misplaced("begins", framing.start, came)
        if (came := self._buffer[after : after + len(framing.filler)]) != framing.filler:
            self._refuse_strangers()
            raise self._misplaced("continues after its length", framing.filler, came)

    def _refuse_strangers(self) -> None:
        if self.fresh and (who := stranger(self._buffer)):
            raise self._refuse("not-iso8583", who)

    def _misplaced(self, where: str, expected: bytes, came: bytes) -> FrameError:
        return self._refuse(
            "bad-delimiter", f"a frame {where} with {expected.hex().upper()}, this one with {came.hex().upper()}"
        )

    def _refuse(self, reason: Reason, detail: str) -> FrameError:
        looked = self.unfinished
        self._dead, self._plain_bytes, self._buffer, self._at = True, 0, b"", 0
        return FrameError(reason, detail, looked)


class EndDeframer(Deframer):
    """Reads frames that have an end and no length; two ends in a row are a keep-alive."""

    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        framing, end = self._framing, self._end
        least = max(self._before, 1)
        while self.pending >= least:
            start = self._at + self._before
            self._refuse_strangers()
            if self.fresh and may_be_stranger(self._buffer):
                return
            if (came := self._buffer[self._at : start]) != framing.start:
                raise self._misplaced("begins", framing.start, came)
            stop = self._buffer.find(end, start, start + framing.limit_bytes + len(end))
            if stop < 0:
                if len(self._buffer) >= start + framing.limit_bytes + len(end):
                    raise self._refuse("too-long", f"no {end.hex().upper()} within {framing.limit_bytes} bytes")
                return
            if 0 < stop - start < framing.minimum_bytes:
                raise self._refuse(
                    "short-frame", f"{stop - start} bytes are too few: a message needs {framing.minimum_bytes}"
                )
            self.fresh = False
            self._at = stop + len(end)
            yield self._buffer[start:stop]
