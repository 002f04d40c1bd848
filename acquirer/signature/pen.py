"""The built-in pen: signs a name on a pad, by finger, by digital pen or by fingerprint, the same for the same seed.

Its signatures look like real ones and compress like real ones: 200 to 500 bytes of JBIG1 on a pad of 240 × 80.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal

from acquirer.errors import ConfigurationError
from acquirer.signature import cursive, fingerprint, running, skeleton
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.letters import Knot, letter
from acquirer.signature.pen_movement import Tool, curve, record_stroke
from acquirer.signature.seeded_random import SeededRandom
from acquirer.signature.strokes import Point, Stroke, draw_strokes, fit_strokes

PenMode = Literal["touch", "pen", "fingerprint"]

TOOLS = {
    "touch": Tool(
        line_width=3.0, sample_ms=12, jitter=0.55
    ),  # a fingertip: broad, and screens report it 80 times a second
    "pen": Tool(line_width=2.1, sample_ms=5, jitter=0.2),  # a digital pen: fine, 200 times a second
}

MAX_NAME = 40
"""Letters; more would leave each one less than a few pixels of a pad."""

MIN_WIDTH, MIN_HEIGHT = 64, 32
"""Below this a name is a smudge; the smallest pads of the field have twice as much."""

_LIFT_MS = 90
"""Between two strokes the pen is in the air this long."""

_STRETCH = 1.5
"""A long name is stretched at most this much in height: people write it narrow on a flat pad."""


class PenError(ConfigurationError, ValueError):
    """A name the pen cannot write: one sentence."""


def draw_signature(
    name: str, seed: int, *, mode: PenMode = "touch", width: int = 240, height: int = 80, font_bytes: bytes = b""
) -> Bitmap:
    """Return `name` signed on a pad of `width` × `height` pixels; `seed` decides whose hand it is.

    `font_bytes` is the slip's font; Latin letters and fingerprints do without it.

    Raises:
        PenError: a pad too small to write on, an empty or too long name, or a character that the pen cannot write.
    """
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        raise PenError(f"a pad of {width} × {height} pixels is too small, {MIN_WIDTH} × {MIN_HEIGHT} is the least")
    if mode == "fingerprint":
        return fingerprint.draw_fingerprint(SeededRandom(seed, name), width, height)
    tool = TOOLS[mode]
    scale = min(width / 240, height / 80)
    return draw_strokes(
        write_strokes(name, seed, mode=mode, width=width, height=height, font_bytes=font_bytes),
        width,
        height,
        tool.line_width * scale**0.5,
    )


def write_strokes(
    name: str, seed: int, *, mode: Literal["touch", "pen"], width: int = 240, height: int = 80, font_bytes: bytes = b""
) -> tuple[Stroke, ...]:
    """Return a signature's strokes, with times, as a pad of that mode records them. Raises like `draw_signature`."""
    dice = SeededRandom(seed, name)
    tool = TOOLS[mode]
    lines = _lines(name, font_bytes, dice)
    clock_ms = 0.0
    strokes = []
    for path in _placed(lines, width, height):
        stroke = record_stroke([(p.x, p.y) for p in path], tool, dice, clock_ms)
        clock_ms = (stroke[-1].t_ms or 0.0) + _LIFT_MS
        strokes.append(stroke)
    return tuple(strokes)


def _lines(name: str, font_bytes: bytes, dice: SeededRandom) -> Sequence[Sequence[Knot]]:
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(c for c in decomposed if unicodedata.category(c)[0] != "M")  # é is written as e
    written = [c for c in plain if unicodedata.category(c)[0] in "LN"]
    if not written or len(written) > MAX_NAME:
        raise PenError(f"the pen writes names of 1 to {MAX_NAME} letters, {name[:MAX_NAME]!r} has {len(written)}")
    if all(letter(c) for c in written):
        return cursive.write_latin(plain.split(), dice)
    missing = [c for c in written if not (font_bytes and skeleton.knows(c, font_bytes))]
    if missing:
        raise PenError(
            f"the pen cannot write {missing[0]!r}: it knows the letters A to Z and the characters of the slip's font; "
            "give a PNG or strokes instead"
        )
    return running.write_chinese("".join(written), font_bytes, dice)


def _placed(lines: Sequence[Sequence[Knot]], width: int, height: int) -> tuple[Stroke, ...]:
    """Return curves through `lines`, on the pad: y downward, in pixels."""
    paths = [tuple(Point(x, -y) for x, y in curve(line)) for line in lines]
    xs, ys = [p.x for path in paths for p in path], [p.y for path in paths for p in path]
    flat = (max(xs) - min(xs)) / (max(ys) - min(ys) or 1.0)
    tall = min(_STRETCH, max(1.0, 1.1 * flat * height / width))
    return fit_strokes([tuple(Point(p.x, p.y * tall) for p in path) for path in paths], width, height)
