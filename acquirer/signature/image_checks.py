"""Checks of a signature's image: for the flags a host sets, and for a terminal that asks to sign again.

Nothing here judges whose signature it is; the checks find images that cannot be meant as a signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from acquirer.data.text import plural
from acquirer.signature.bitmap import Bitmap

BLANK_PIXELS = 12
"""Fewer black pixels than a full stop of a fine pen on an empty pad."""

SMALL_PIXELS = 24
"""Ink that is nowhere wider or higher than this: a third of the lowest pads in the field (64), no name fits."""

WIDE_PIXELS = 384
"""Slips are 384 dots wide, and no pad in the field makes more."""

HIGH_PIXELS = 384
"""The highest bitmaps in the field have 288 rows; more than a square of paper width is a photograph."""

LINE_PIXELS = 12
"""A stroke is longer; a tap of a fingertip, and a dot or digit of the watermark, is shorter."""

MIN_STREAM_BYTES = 150
"""Terminals ask to sign again below this: dots and strokes by accident compress to less, names do not."""

MAX_STREAM_BYTES = 900
"""Terminals ask to sign again above this; DE62 ends at 999, and a message has other fields."""

_INK: Final = "let 1 be black, the ink"
_AGAIN: Final = "ask the cardholder to sign again"


class ImageFlag(StrEnum):
    """One way in which a signature's image is unusual; values as in journals, tables and exported files."""

    BLANK = "blank"
    INVERTED = "inverted"
    TOO_SMALL = "too-small"
    TOO_LARGE = "too-large"
    DOTS_ONLY = "dots-only"
    SHORT_STREAM = "short-stream"
    LONG_STREAM = "long-stream"


@dataclass(frozen=True, slots=True)
class ImageFinding:
    """A flag and the sentence that says what was seen."""

    flag: ImageFlag
    why: str


def check_image(bitmap: Bitmap) -> tuple[ImageFinding, ...]:
    """Return what is unusual about the pixels of `bitmap`; an inverted one is checked the right way round as well."""
    found = []
    if bitmap.width > WIDE_PIXELS or bitmap.height > HIGH_PIXELS:
        size = f"{bitmap.width} × {bitmap.height} pixels"
        found.append(ImageFinding(ImageFlag.TOO_LARGE, f"{size}; a slip takes {WIDE_PIXELS} × {HIGH_PIXELS} at most"))
    black, pixels = bitmap.black(), bitmap.width * bitmap.height
    if black * 2 > pixels:
        share = 100 * black // pixels
        found.append(
            ImageFinding(ImageFlag.INVERTED, f"{share} % of the pixels are black: paper and ink are exchanged; {_INK}")
        )
        bitmap = inverted(bitmap)
    found += _ink(bitmap)
    return tuple(found)


def check_stream_size(length_bytes: int) -> tuple[ImageFinding, ...]:
    """Return what a terminal would say about the size of a compressed signature."""
    if length_bytes < MIN_STREAM_BYTES:
        why = f"{plural(length_bytes, 'byte')} compressed; signatures have {MIN_STREAM_BYTES} at least"
        return (ImageFinding(ImageFlag.SHORT_STREAM, why),)
    if length_bytes > MAX_STREAM_BYTES:
        why = f"{plural(length_bytes, 'byte')} compressed; an upload holds {MAX_STREAM_BYTES} at most"
        return (ImageFinding(ImageFlag.LONG_STREAM, why),)
    return ()


def inverted(bitmap: Bitmap) -> Bitmap:
    """Return the bitmap with ink and paper exchanged."""
    shift, full = bitmap.stride * 8 - bitmap.width, (1 << bitmap.width) - 1
    rows = ((int.from_bytes(bitmap.row(y), "big") >> shift) ^ full for y in range(bitmap.height))
    return Bitmap.from_rows(bitmap.width, rows)


def _ink(bitmap: Bitmap) -> list[ImageFinding]:
    black = bitmap.black()
    if black < BLANK_PIXELS:
        return [ImageFinding(ImageFlag.BLANK, f"{black} black pixels: there is no signature; {_AGAIN}")]
    found = []
    boxes = _blots(bitmap)
    width = max(b.right for b in boxes) - min(b.left for b in boxes)
    height = max(b.bottom for b in boxes) - min(b.top for b in boxes)
    if max(width, height) < SMALL_PIXELS:
        found.append(ImageFinding(ImageFlag.TOO_SMALL, f"all ink is within {width} × {height} pixels"))
    longest = max(max(b.right - b.left, b.bottom - b.top) for b in boxes)
    if longest < LINE_PIXELS:
        why = f"{plural(len(boxes), 'dot')}, none longer than {longest} pixels: taps, or the watermark alone"
        found.append(ImageFinding(ImageFlag.DOTS_ONLY, why))
    return found


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int


def _blots(bitmap: Bitmap) -> list[_Box]:
    """Return the boxes around connected ink (corners touch), right and bottom exclusive, joining runs row by row."""
    boxes: list[_Box] = []
    parent: list[int] = []

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    before: list[tuple[int, int, int]] = []  # left, right, blot
    for y in range(bitmap.height):
        now = []
        at = 0
        for left, right in _runs(bitmap, y):
            blot = len(boxes)
            boxes.append(_Box(left, y, right, y + 1))
            parent.append(blot)
            while at < len(before) and before[at][1] < left:
                at += 1
            touching = at
            while touching < len(before) and before[touching][0] <= right:
                parent[root(before[touching][2])] = blot
                touching += 1
            now.append((left, right, blot))
        before = now
    joined: dict[int, _Box] = {}
    for i, box in enumerate(boxes):
        whole = joined.get(root(i), box)
        joined[root(i)] = _Box(*map(min, whole[:2], box[:2]), *map(max, whole[2:], box[2:]))
    return list(joined.values())


def _runs(bitmap: Bitmap, y: int) -> list[tuple[int, int]]:
    """Return where ink begins and ends in row `y`."""
    bits = f"{int.from_bytes(bitmap.row(y), 'big'):0{bitmap.stride * 8}b}"
    runs = []
    left = bits.find("1")
    while left >= 0:
        right = bits.find("0", left)
        right = bitmap.width if right < 0 else right
        runs.append((left, right))
        left = bits.find("1", right)
    return runs
