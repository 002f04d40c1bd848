"""Framing: how frames stand in a stream of bytes, as data, and how one is written.

1. A frame is a length and so many bytes, or bytes up to an end.
2. The length is so many bytes of binary, BCD, or digits of text; it counts itself, and the end, or not.
3. Fixed bytes may stand before the length (`start`), after it (`filler`), and after the frame (`end`).
4. A length of zero is a keep-alive; where there is no length, two ends in a row are one.

``docs/framings.md`` shows the bytes of each, with the names other programs have for them. `wire.deframer` reads frames.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from acquirer.errors import WireError
from acquirer.wire.grammar import CHARSETS

LengthEncoding = Literal["binary", "little", "bcd", "ascii", "hex", "ebcdic", "none"]
"""``little``: binary, lowest byte first. ``hex``: hexadecimal digits as ASCII text. ``none``: frames have an end and no
length."""

LIMIT_BYTES = 8192
"""Default for the longest frame: twice the largest message a 64-field dialect with LLLVAR fields can make."""

FrameProblem = Literal["too-long", "short-frame", "not-iso8583", "bad-length", "bad-delimiter"]
"""Why a stream is not read on, as counters and the journal name it."""

EMPTY_START: Final = "empty-start"
"""Why first bytes are reported that are frames all the same, and may be a longer length: the stream is read on."""

_HEX_DIGITS = re.compile(rb"[0-9A-Fa-f]+")


class FrameError(WireError, ValueError):
    """A stream that carries no frames, or none that will be read; the connection is of no further use.

    `reason` is for counters and the journal, `detail` is a sentence for a person, `data` are the first bytes that did
    not fit, `before` those that were received with them and taken for frames: for a diagnosis, never to be kept.
    """

    def __init__(self, reason: FrameProblem, detail: str, data: bytes = b"", before: bytes = b"") -> None:
        super().__init__(detail)
        self.reason: FrameProblem = reason
        self.detail = detail
        self.data = data
        self.before = before


@dataclass(frozen=True, slots=True)
class Framing:
    """How frames are delimited: `wrap` writes one, `wire.deframer.make_deframer` reads them.

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
    counts_digits: bool = False  # two for each byte: a mistake of senders that a diagnosis names; no dialect has it

    @property
    def itself_bytes(self) -> int:
        """How many of its own bytes the length counts."""
        return self.length_bytes if self.includes_itself else 0

    @property
    def plain(self) -> bool:
        """Whether there is nothing but a binary length before each frame, of the frame alone."""
        return self.length_encoding == "binary" and not (
            self.start or self.filler or self.end or self.includes_itself or self.counts_digits
        )

    @property
    def extra_bytes(self) -> int:
        """How many bytes the length counts beyond the frame."""
        return self.itself_bytes + (len(self.end) if self.includes_end else 0)

    @property
    def before_bytes(self) -> int:
        """Size of all that stands before a frame."""
        return len(self.start) + self.length_bytes + len(self.filler)

    @property
    def name(self) -> str:
        """The length as dialects write it: ``binary2``, ``ascii4``, ``none``."""
        return f"{self.length_encoding}{self.length_bytes or ''}"

    @property
    def spelling(self) -> str:
        """All that stands on the wire, in few words: ``binary2``, ``ascii4+itself``, ``binary2+start 02+end 03``."""
        around = [
            f"{what} {part.hex().upper()}" for what in ("start", "filler", "end") if (part := getattr(self, what))
        ]
        counted = ("itself", self.includes_itself), ("digits", self.counts_digits)
        before = [word for word, applies in counted if applies]
        return "+".join((self.name, *before, *around, *["counted"] * self.includes_end))

    @property
    def bare(self) -> Framing:
        """The same without a listener's limits: only what stands on the wire."""
        return replace(self, minimum_bytes=1, limit_bytes=LIMIT_BYTES)

    @property
    def largest(self) -> int:
        """The largest value this length indicator can hold."""
        if self.length_encoding == "none":
            return self.limit_bytes
        digits = 2 * self.length_bytes if self.length_encoding == "bcd" else self.length_bytes
        return int({"binary": 256, "little": 256, "hex": 16}.get(self.length_encoding, 10) ** digits) - 1

    def starts_empty(self, data: bytes) -> bool:
        """Return whether a stream begins with an empty frame and more behind it: zeros of a longer length, perhaps."""
        return 0 < 2 * self.length_bytes < len(data) and not any(data[: self.length_bytes])

    def wrap(self, frame: bytes) -> bytes:
        """Return `frame` with all that belongs around it; an empty frame gives the keep-alive.

        Raises:
            FrameError: the length indicator cannot hold its length, or the frame holds the end that delimits frames.
        """
        length = len(frame) * (1 + self.counts_digits) + self.extra_bytes if frame else 0
        if length > self.largest:
            raise FrameError("too-long", f"a frame of {len(frame)} bytes does not fit a {self.name} length")
        encoding = self.length_encoding
        if encoding in ("binary", "little"):
            value = length.to_bytes(self.length_bytes, "little" if encoding == "little" else "big")
        elif encoding == "bcd":
            value = bytes.fromhex(str(length).zfill(2 * self.length_bytes))
        elif encoding == "none":
            if self.end in frame:
                raise FrameError("bad-delimiter", f"a frame that holds {self.end.hex().upper()} would end there")
            return self.start + frame + self.end
        else:
            digits = f"{length:X}" if encoding == "hex" else str(length)
            value = digits.zfill(self.length_bytes).encode(CHARSETS.get(encoding, "ascii"))
        return self.start + value + self.filler + frame + (self.end if frame else b"")

    def wrapper(self) -> Callable[[bytes], bytes]:
        """Return `wrap`, specialised for the many frames of one connection."""
        if not self.plain:
            return self.wrap
        size, largest = self.length_bytes, self.largest

        def wrap(frame: bytes) -> bytes:
            length = len(frame)
            return length.to_bytes(size, "big") + frame if length <= largest else self.wrap(frame)

        return wrap

    def length(self, prefix: bytes) -> int | None:
        """Return the size of the frame alone that a complete length indicator announces.

        Returns:
            0 for a keep-alive; None when `prefix` is no number; negative when it is less than what it counts besides
            the frame.
        """
        encoding = self.length_encoding
        if encoding in ("binary", "little"):
            value = int.from_bytes(prefix, "little" if encoding == "little" else "big")
        elif encoding == "hex":
            if not _HEX_DIGITS.fullmatch(prefix):
                return None
            value = int(prefix, 16)
        else:
            digits = prefix.hex() if encoding == "bcd" else prefix.decode(CHARSETS[encoding])
            if not digits.isdecimal():
                return None
            value = int(digits)
        if self.includes_itself or self.includes_end:
            return 0 if value in (0, self.itself_bytes) else value - self.extra_bytes or -1
        if self.counts_digits:
            return None if value % 2 else value // 2
        return value
