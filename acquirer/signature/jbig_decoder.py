"""The JBIG1 decoder (ITU-T T.82 §6): from a stream, however damaged, to the picture that is in it.

1. A header that cannot be decoded raises; after it nothing does.
2. Damage is reported in `DecodedImage.problems`, beside the lines that could be read; missing lines are white.
3. Memory and time stay in proportion to the limit of pixels, not to the size that the stream claims.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from acquirer.data.text import plural
from acquirer.signature.bitmap import MAX_PIXELS, Bitmap
from acquirer.signature.jbig import (
    ABORT,
    ATMOVE,
    COMMENT,
    ESC,
    HEADER_BYTES,
    LEAST_LINE_PIXELS,
    NEWLEN,
    SDNORM,
    SDRST,
    STUFF,
    TEMPLATES,
    UNKNOWN_HEIGHT,
    VLENGTH,
    Damage,
    DamageReport,
    JbigError,
    JbigHeader,
    Template,
    read_header,
)
from acquirer.signature.jbig_arithmetic import ArithmeticDecoder
from acquirer.signature.jbig_table import CONTEXTS

OVERRUN_MAX: Final = 5
"""Bytes behind the end of a stripe that its lines may take as zeros: registers hold three, and an encoder leaves out
zeros at the end. Of 32 000 stripes of all kinds none took more than four; lines of another stripe take hundreds, or
leave some over."""


EXCHANGED_PIXELS_MOST: Final = 1 << 18
"""Of a damaged image that is decoded a second time, with width and height exchanged: pads have half as many."""


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A picture and the damage of its stream; lines that were not received are white."""

    header: JbigHeader
    bitmap: Bitmap
    lines: int  # how many of its lines were received
    problems: tuple[DamageReport, ...]
    exact: bool = True  # each stripe ends as an encoder of its lines must end it, bit for bit


def decode_jbig(data: bytes, max_pixels: int = MAX_PIXELS) -> DecodedImage:
    """Decode one stream of one plane and one layer.

    Raises:
        JbigError: the header describes no picture that can be decoded, or the stream leaves it without a line.
    """
    header = read_header(data, max_pixels)
    stream = _Stream(data, header, max_pixels // max(header.width, LEAST_LINE_PIXELS))
    stream.read()
    rows = stream.picture.rows[: stream.height]
    height = len(rows) if stream.height == UNKNOWN_HEIGHT else stream.height
    if not height:
        raise JbigError(
            "the stream leaves the picture no line: write its height into the header, or lines before NEWLEN"
        )
    bitmap = Bitmap.from_rows(header.width, rows + [0] * (height - len(rows)))
    problems = _exchanged(data, header, max_pixels) if stream.problems else ()
    return DecodedImage(header, bitmap, len(rows), problems or tuple(stream.problems), stream.picture.exact)


def _exchanged(data: bytes, header: JbigHeader, max_pixels: int) -> tuple[DamageReport, ...]:
    """Return that width and height are exchanged, where the stream is whole once they are exchanged back."""
    if header.width == header.height or header.width * header.height > EXCHANGED_PIXELS_MOST:
        return ()
    turned = replace(header, width=header.height, height=header.width)
    stream = _Stream(data, turned, max_pixels // max(turned.width, LEAST_LINE_PIXELS))
    stream.read()
    if stream.problems or not stream.picture.exact:
        return ()
    sizes = f"{header.width} × {header.height} pixels, and the stream is whole as {turned.width} × {turned.height}"
    why = f"the header says {sizes}: width and height are exchanged; write the width first"
    return (DamageReport(Damage.END_DIFFERS, why),)


class _Stream:
    """Walks over markers and stripes; what belongs to a picture goes to `picture`, what is odd to `problems`."""

    def __init__(self, data: bytes, header: JbigHeader, max_lines: int) -> None:
        self.data = data
        self.header = header
        self.height = header.height
        self.max_lines = max_lines
        self.picture = _Picture(header)
        self.problems: list[DamageReport] = []
        self.height_changed = False  # has a marker changed the height?
        self.at = HEADER_BYTES
        self.moves: dict[int, int] = {}  # line of the coming stripe → where the adaptive pixel goes

    def read(self) -> None:
        """Read stripes until the picture is complete or nothing more can be read."""
        while len(self.picture.rows) < self.height:
            self._floating()
            if not self._stripe():
                return
        self._floating()
        if self.height_changed and self.data[self.at : self.at + 2] in (b"\xff\x02", b"\xff\x03"):
            self.at += 2  # encoders that write the height behind the last stripe end with an empty one
        if self.at < len(self.data):
            self._note(Damage.TRAILING_BYTES, f"{len(self.data) - self.at} bytes follow the last stripe")

    def _stripe(self) -> bool:
        """Decode the stripe that begins here; return False when nothing after it can be read."""
        end = self._end_of_stripe()
        coded = self.data[self.at : end].replace(b"\xff\x00", b"\xff")
        marker = self.data[end + 1] if end + 1 < len(self.data) else None
        ended = marker in (SDNORM, SDRST)
        self.at = end + 2 if ended else end
        if ended and self.data[self.at : self.at + 2] == bytes((ESC, NEWLEN)):
            self._floating()  # a new height right behind a stripe may mean this very stripe
        done = len(self.picture.rows)
        lines = min(self.header.stripe_lines, self.height - done, self.max_lines - done)
        received = self.picture.stripe(coded, lines, self.moves, whole=ended)
        if ended and received == lines < self.max_lines - done and not -1 < self.picture.overrun <= OVERRUN_MAX:
            self._note(Damage.END_DIFFERS, _end_differs(self.picture.overrun, end, done + received))
        self.moves = {}
        if marker == SDRST:
            self.picture.reset()
        if ended and done + received < self.max_lines:
            return True
        where = f"at byte {end}, after {done + received} lines"
        if ended:
            self._note(Damage.TRUNCATED, f"more lines follow {where}, and no more fit")
        elif marker is None:
            whole = "send the whole image, to its end FF 02"
            self._note(Damage.TRUNCATED, f"the stream ends {where} of {self._lines()}; {whole}")
        elif marker == ABORT:
            self._note(Damage.ABORTED, f"the sender gave up (marker FF 04) {where}")
        else:
            self._note(Damage.STRAY_MARKER, f"marker FF {marker:02X} inside a stripe {where}")
        return False

    def _end_of_stripe(self) -> int:
        """Return where the marker after the coded data stands, or the end of the stream."""
        at = self.data.find(ESC, self.at)
        while at >= 0 and self.data[at + 1 : at + 2] == bytes((STUFF,)):
            at = self.data.find(ESC, at + 2)
        return len(self.data) if at < 0 else at

    def _floating(self) -> None:
        """Read the markers that may stand between stripes; one that is cut off is left where it is."""
        while self.data[self.at : self.at + 1] == bytes((ESC,)):
            kind = int.from_bytes(self.data[self.at + 1 : self.at + 2], "big")
            value = self.data[self.at + 2 : self.at + 6]
            size = _SIZES.get(kind, 0) + (int.from_bytes(value, "big") if kind == COMMENT else 0)
            if kind not in _SIZES or len(value) < 4 or self.at + size > len(self.data):
                return
            if kind == NEWLEN:
                self._new_height(int.from_bytes(value, "big"))
            elif kind == ATMOVE:
                self._move(int.from_bytes(value, "big"), *self.data[self.at + 6 : self.at + 8])
            self.at += size

    def _new_height(self, height: int) -> None:
        if not self.header.options & VLENGTH:
            self._note(
                Damage.HEIGHT_CHANGED, f"a new height of {plural(height, 'line')}, which the header did not announce"
            )
        if height > self.height:
            self._note(
                Damage.HEIGHT_CHANGED, f"a new height of {plural(height, 'line')}, more than the {self.height} before"
            )
        else:
            self.height, self.height_changed = height, True

    def _move(self, line: int, left: int, up: int) -> None:
        if up or left > 127:  # the distance to the left is signed; to the right of a pixel nothing is known yet
            self._note(
                Damage.STRAY_MARKER, f"the adaptive pixel moves by ({left}, {up}), which the header did not announce"
            )
        else:
            self.moves[line] = left

    def _lines(self) -> str:
        return "an unknown number" if self.height == UNKNOWN_HEIGHT else str(self.height)

    def _note(self, damage: Damage, why: str) -> None:
        self.problems.append(DamageReport(damage, why))


_SIZES: Final = {NEWLEN: 6, ATMOVE: 8, COMMENT: 6}
"""Bytes of a floating marker segment; a comment's text comes on top."""


class _Picture:
    """The lines so far, and what their decoding has learnt."""

    def __init__(self, header: JbigHeader) -> None:
        self.header = header
        self.rows: list[int] = []
        self.overrun = 0  # bytes that the last stripe's lines took behind its end; below 0: left, and not zeros
        self.exact = True  # so far: see `DecodedImage`
        self.reset()

    def reset(self) -> None:
        """Reset to the state at the top of a picture."""
        self.states = [0] * CONTEXTS
        self.above = self.two_above = bytes(self.header.width)
        self.changing = True  # was the line above other than its own line above (LNTP)?
        self.adaptive = 0  # how far left the adaptive pixel is; 0: at its usual place

    def stripe(self, coded: bytes, lines: int, moves: dict[int, int], *, whole: bool) -> int:
        """Decode `lines` lines; of a stripe that is not `whole`, as many as its bytes are sure to say."""
        header, states = self.header, self.states
        decoder = ArithmeticDecoder(coded)
        for line in range(lines):
            self.adaptive = moves.get(line, self.adaptive)
            template = TEMPLATES[header.two_line, self.adaptive > 0]
            if header.typical:
                self.changing = decoder.bit(states, template.typical) == self.changing
            row = self.above if header.typical and not self.changing else self._line(decoder, template)
            if not whole and decoder.overrun() > 1:
                return line
            self.above, self.two_above = row, self.above
            self.rows.append(int(row.translate(_DIGITS), 2))
        self.exact = self.exact and decoder.flushed()
        unread = coded[max(len(coded) + decoder.overrun(), 0) :] if decoder.overrun() < 0 else b""
        self.overrun = decoder.overrun() if unread.strip(b"\0") else max(decoder.overrun(), 0)
        return lines

    def _line(self, decoder: ArithmeticDecoder, template: Template) -> bytes:
        start = template.start(self.above, self.two_above)
        incoming = template.incoming(self.above, self.two_above)
        return decoder.bits(self.states, start, template.mask, incoming, self.adaptive, template.adaptive)


def _end_differs(overrun: int, end: int, lines: int) -> str:
    """Return what it means that a stripe's lines do not end where its bytes do."""
    where = f"the stripe that ends at byte {end}, after {plural(lines, 'line')}"
    if overrun < 0:
        return f"{where}, has {-overrun} bytes that its lines do not need: part of another image?"
    return f"{where}, lacks {plural(overrun, 'byte')} that its lines need: part of another image?"


_DIGITS: Final = b"01" + bytes(254)
