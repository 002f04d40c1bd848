"""What a cardholder leaves on the pad, from what the caller gives: a name to be written, a PNG, or strokes as JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from acquirer.settings.specs import slip_font
from acquirer.settings.text_file import read_file
from acquirer.signature import pen, png, strokes
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.terminal.signature_pad import Pad

FILES = (".png", ".json")
"""A text that ends like this names a file, every other one is a name to be written."""

OTHER_PICTURES = (".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".svg", ".pdf", ".jbg")
"""No one is called like this: a picture that is not read."""

EASY_BYTES = (160, 640)
"""Compressed, a signature that every pad takes: above the least a terminal accepts as a name (150), and with room for
the feature code burnt into it (some 200) below the most an upload holds (900)."""

TRIES = 8
"""How often a name is written until it fits: most fit at once, all others soon."""

MODES: tuple[str, ...] = get_args(pen.PenMode)


def read_pad(sign: str | Path, mode: str, size: tuple[int, int], randbytes: Callable[[int], bytes]) -> Pad:
    """Return the pad after `sign` was drawn on it: a name by the built-in pen, or what a file holds.

    A file without any ink gives an empty pad. No two signatures of one name are alike.

    Raises:
        ValueError: an unknown mode, a file that is missing, damaged or something else, a name that cannot be written.
    """
    if mode not in MODES:
        raise ValueError(f"there is no way to sign '{mode}'; known: {', '.join(MODES)}")
    if str(sign).lower().endswith(OTHER_PICTURES):
        raise ValueError(f"{sign}: a signature is read from a .png, or from a .json of strokes: convert it to one")
    if not str(sign).lower().endswith(FILES):
        return Pad(_written(str(sign), mode, size, randbytes), mode)
    try:
        data = read_file(Path(sign), png.MAX_BYTES)
    except OSError as error:
        raise ValueError(f"{sign}: the signature cannot be read: {(error.strerror or str(error)).lower()}") from None
    try:
        picture = str(sign).lower().endswith(".png")
        return Pad(png.signature_from_png(data, *size) if picture else _strokes(data, mode, size), mode)
    except (png.NoInkError, strokes.NoStrokesError):
        return Pad(Bitmap(*size, bytes((size[0] + 7) // 8 * size[1])), mode)
    except ValueError as error:
        raise ValueError(f"{sign}: {error}") from None


def _written(name: str, mode: str, size: tuple[int, int], randbytes: Callable[[int], bytes]) -> Bitmap:
    """Return a name as written by hand; one that is too small or too busy for an upload is written again."""
    font = b"" if name.isascii() else slip_font()  # Latin letters need none, and it is large
    chosen = next(one for one in get_args(pen.PenMode) if one == mode)
    written: list[tuple[int, Bitmap]] = []  # how far from easy, and what it looks like
    while not written or (written[-1][0] and len(written) < TRIES):
        seed = int.from_bytes(randbytes(4), "big")
        bitmap = pen.draw_signature(name, seed, mode=chosen, width=size[0], height=size[1], font_bytes=font)
        count = len(encode_jbig(bitmap))
        written.append((max(EASY_BYTES[0] - count, count - EASY_BYTES[1], 0), bitmap))
    return min(written, key=lambda one: one[0])[1]


def _strokes(data: bytes, mode: str, size: tuple[int, int]) -> Bitmap:
    """Return strokes as they are if they keep to the pad, else scaled to fit it."""
    drawn = strokes.parse_strokes(data)
    width, height = size
    if not all(0 <= point.x <= width and 0 <= point.y <= height for stroke in drawn for point in stroke):
        drawn = strokes.fit_strokes(drawn, width, height)
    line_width = pen.TOOLS[mode].line_width if mode in pen.TOOLS else pen.TOOLS["touch"].line_width
    return strokes.draw_strokes(drawn, width, height, line_width)
