"""JBIG1 as signature pads use it (ITU-T T.82, T.85): header, markers, and what decoder and encoder share.

1. One plane, one resolution layer, the adaptive pixel on the current line: T.85 and a little more.
2. Everything else that a header may ask for is refused by name.
3. A header is checked before anything is allocated for its pixels.
"""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from acquirer.data.text import plural
from acquirer.errors import WireError
from acquirer.signature.bitmap import MAX_PIXELS

HEADER_BYTES: Final = 20
_HEADER: Final = struct.Struct(">BBBBIIIBBBB")

# options byte
LRLTWO: Final = 0x40  # two-line template
VLENGTH: Final = 0x20  # a NEWLEN marker may change the height
TPBON: Final = 0x08  # typical prediction
DPPRIV: Final = 0x02  # a private prediction table follows, unless DPLAST
DPLAST: Final = 0x01

# second bytes of markers; the first is FF
ESC: Final = 0xFF
STUFF: Final = 0x00
SDNORM: Final = 0x02
SDRST: Final = 0x03
ABORT: Final = 0x04
NEWLEN: Final = 0x05
ATMOVE: Final = 0x06
COMMENT: Final = 0x07

LEAST_LINE_PIXELS: Final = 32
"""What a line counts at least against the limit of pixels: its decoding costs as much before the first pixel."""

UNKNOWN_HEIGHT: Final = 0xFFFFFFFF
"""T.85: the height was not known when the header was written; a NEWLEN marker gives it."""


class JbigError(WireError, ValueError):
    """A stream whose header describes no picture that can be decoded: one sentence says why."""


class Damage(StrEnum):
    """What may be wrong with a stream that still gives a picture; values as in journals and exported files."""

    TRUNCATED = "truncated"
    TRAILING_BYTES = "trailing-bytes"
    ABORTED = "aborted"
    STRAY_MARKER = "stray-marker"
    HEIGHT_CHANGED = "height-changed"
    END_DIFFERS = "end-differs"


class DamageReport(NamedTuple):
    """One kind of damage, and where."""

    damage: Damage
    why: str


@dataclass(frozen=True, slots=True)
class JbigHeader:
    """The 20 bytes a stream begins with (BIH)."""

    width: int
    height: int  # `UNKNOWN_HEIGHT` when only a NEWLEN marker gives it
    stripe_lines: int
    reach: int  # MX: how far left the adaptive pixel may go
    order: int  # of planes, layers and stripes: without effect where there is one plane and one layer
    options: int

    @property
    def two_line(self) -> bool:
        """Contexts look at one line above instead of two."""
        return bool(self.options & LRLTWO)

    @property
    def typical(self) -> bool:
        """Lines equal to the one above cost one decision."""
        return bool(self.options & TPBON)

    def pack(self) -> bytes:
        """Return the header's bytes."""
        sizes = (self.width, self.height, self.stripe_lines)
        return _HEADER.pack(0, 0, 1, 0, *sizes, self.reach, 0, self.order, self.options)


_OTHER_IMAGES: Final = {
    b"\x89PNG": "PNG",
    b"BM": "BMP, a bitmap file",
    b"GIF8": "GIF",
    b"\xff\xd8\xff": "JPEG",
    b"\x97JB2": "JBIG2",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"P1\n": "PBM, a portable bitmap",
    b"P4\n": "PBM, a portable bitmap",
}


def _other_form(data: bytes) -> str:
    """Return what bytes are that are not JBIG as it is sent, and what to do, as the rest of a sentence; else ""."""
    kind = next((kind for start, kind in _OTHER_IMAGES.items() if data.startswith(start)), "")
    if kind:
        return f", but {kind}; {_COMPRESS}"
    for words, decode in _WRITTEN_AS_TEXT:
        try:
            begins = decode(data[:40])[:4]
        except ValueError:
            continue
        if begins == _BEGINNING:
            return f", but one as {words}; send its bytes themselves"
    return ""


_BEGINNING: Final = b"\0\0\1\0"  # of a header: one layer, one plane
_COMPRESS: Final = "compress the image by JBIG1 (ITU-T T.82)"
_WRITTEN_AS_TEXT: Final[tuple[tuple[str, Callable[[bytes], bytes]], ...]] = (
    ("hexadecimal text", lambda data: bytes.fromhex(data.decode("ascii"))),
    ("base64", lambda data: b64decode(data, validate=True)),
)


def read_header(data: bytes, max_pixels: int = MAX_PIXELS) -> JbigHeader:
    """Check a stream's header before anything is allocated for its pixels.

    Raises:
        JbigError: too short, another kind of JBIG, or more than `max_pixels`.
    """
    if len(data) < HEADER_BYTES:
        raise JbigError(
            f"{plural(len(data), 'byte is', 'bytes are')} no JBIG stream: its header alone has {HEADER_BYTES}"
        )
    if other := _other_form(data):
        raise JbigError(f"this is no JBIG stream{other}")
    first, last, planes, fill, width, height, lines, reach, vertical, order, options = _HEADER.unpack_from(data)
    if fill != 0 or first > last:
        raise JbigError(f"this is no JBIG stream: its header begins with bytes no header has; {_COMPRESS}")
    if last:
        raise JbigError(f"progressive JBIG (layers {first} to {last}) is not decoded; send one layer (D = 0)")
    if planes != 1:
        raise JbigError(f"{planes} planes, expected 1: a signature is black on white")
    if not width or not height or not lines:
        size = f"{width} × {height} pixels in stripes of {plural(lines, 'line')}"
        raise JbigError(f"a picture of {size} holds nothing; write width and height into the header")
    if options & DPPRIV and not options & DPLAST:
        raise JbigError("the stream brings a prediction table of its own, which only progressive pictures use")
    if vertical:
        raise JbigError(
            f"the adaptive pixel may move {plural(vertical, 'line')} up; only moves within the line are decoded"
        )
    if max(width, LEAST_LINE_PIXELS) * (1 if height == UNKNOWN_HEIGHT else height) > max_pixels:
        turned = [int.from_bytes(size.to_bytes(4, "little"), "big") for size in (width, height)]
        if 0 < max(turned[0], LEAST_LINE_PIXELS) * turned[1] <= max_pixels:
            raise JbigError(
                f"a picture of {width} × {height} pixels is not decoded; width and height look written low byte first, "
                f"as {turned[0]} × {turned[1]} pixels: write them high byte first"
            )
        raise JbigError(
            f"a picture of {width} × {height} pixels is not decoded; at most {max_pixels} pixels are: write the size "
            "of the pad into the header"
        )
    return JbigHeader(width, height, lines, reach, order, options)


@dataclass(frozen=True, slots=True)
class Template:
    """Which ten pixels around a pixel make its context, as a sliding window (T.82 figures 4 to 6).

    A context holds the oldest line in its highest bits; moving one pixel on shifts it by one, drops what leaves a
    line's part (`mask`) and lets the next pixel of each line in: at bit `above` the pixel `lead` to the right in the
    line above, at bit 7 the next but one line's, at bit `adaptive` the adaptive pixel when it has moved.
    """

    mask: int
    above: int
    lead: int
    two_above: bool
    adaptive: int  # bit of a moved adaptive pixel
    typical: int  # the context in which a line's typicality is coded

    def start(self, above: bytes, two_above: bytes) -> int:
        """Return the context one pixel before a line begins."""
        context = above[0] << (self.above + self.lead - 1)
        if self.lead == 2 and len(above) > 1:
            context |= above[1] << self.above
        return context | (two_above[0] << 7 if self.two_above else 0)

    def incoming(self, above: bytes, two_above: bytes) -> bytes:
        """Return, for each pixel of a line, the bits the lines above let in; rows are one byte per pixel, 0 or 1."""
        width = len(above)
        # One shift of the whole row as a number: no byte holds more than one bit, so none runs into the next.
        bits = int.from_bytes(above[self.lead :].ljust(width, b"\0"), "big") << self.above
        if self.two_above:
            bits |= int.from_bytes(two_above[1:] + b"\0", "big") << 7
        return bits.to_bytes(width, "big")


TEMPLATES: Final = {
    # (two-line?, adaptive pixel moved?)
    (False, False): Template(0x1BD, above=2, lead=2, two_above=True, adaptive=2, typical=0x0E5),
    (False, True): Template(0x1B9, above=3, lead=1, two_above=True, adaptive=2, typical=0x0E5),
    (True, False): Template(0x1F7, above=4, lead=2, two_above=False, adaptive=4, typical=0x195),
    (True, True): Template(0x1E7, above=5, lead=1, two_above=False, adaptive=4, typical=0x195),
}
