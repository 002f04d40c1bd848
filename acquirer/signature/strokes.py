"""Strokes: the movement of a pen on a pad, and the bitmap drawn of it.

As JSON, strokes are a list of strokes; a stroke is a list of points; a point is ``[x, y]`` or ``[x, y, t_ms]``, in
pixels of the pad from its top left corner and in milliseconds from any moment. One point alone is a dot. With times, a
quick line becomes thinner and a slow one thicker, as on a pad that records pressure.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from acquirer.data.json_text import JsonTextError, parse_json
from acquirer.errors import ConfigurationError
from acquirer.signature.bitmap import Bitmap

MAX_POINTS = 20_000
"""A pad that samples 200 times a second fills this in 100 seconds; no signature takes that long."""

MAX_COORDINATE = 100_000
"""Far beyond any pad; keeps arithmetic on strokes from files finite."""

MAX_TIME_MS = 10**14
"""Milliseconds since 1970 fit, nanoseconds do not: a file with those has mistaken the unit."""


class Point(NamedTuple):
    """Where the pen was, in pixels, and when, in milliseconds; `t_ms` is None when it was not measured."""

    x: float
    y: float
    t_ms: float | None = None


Stroke = tuple[Point, ...]


class StrokesError(ConfigurationError, ValueError):
    """Strokes that are not in the form described above: one sentence saying where and what."""


class NoStrokesError(StrokesError):
    """Strokes in that form, but none in which the pen touched the pad."""


def parse_strokes(text: str | bytes) -> tuple[Stroke, ...]:
    """Return the strokes in a JSON text; a stroke without points is left out.

    Raises:
        StrokesError: not JSON, not of this form, or more than `MAX_POINTS` points; as `NoStrokesError`, nothing drawn.

    >>> parse_strokes("[[[10, 20], [30, 20.5]], [[5, 5]]]")[0][1]
    Point(x=30.0, y=20.5, t_ms=None)
    >>> parse_strokes("[[[10, 20], [30]]]")
    Traceback (most recent call last):
    acquirer.signature.strokes.StrokesError: stroke 1, point 2: expected [x, y] or [x, y, t_ms], got [30]
    """
    try:
        data = parse_json(text)
    except JsonTextError as exc:
        raise StrokesError(f"the strokes are not JSON: {exc}") from None
    if not isinstance(data, list) or not all(isinstance(stroke, list) for stroke in data):
        raise StrokesError("strokes are a list of strokes, each a list of points [x, y] or [x, y, t_ms]")
    if sum(map(len, data)) > MAX_POINTS:
        raise StrokesError(f"the strokes have {sum(map(len, data))} points; at most {MAX_POINTS} are read")
    strokes = tuple(
        tuple(_point(value, f"stroke {s}, point {p}") for p, value in enumerate(stroke, 1))
        for s, stroke in enumerate(data, 1)
        if stroke
    )
    if not strokes:
        raise NoStrokesError("no stroke has a point in it: there is no signature")
    return strokes


def dump_strokes(strokes: Iterable[Stroke]) -> str:
    """Return the JSON text that `parse_strokes` reads; coordinates to a tenth of a pixel, times to the millisecond.

    >>> dump_strokes([(Point(1.0, 2.25), Point(3.0, 4.0))])
    '[[[1.0,2.2],[3.0,4.0]]]'
    """
    data = [
        [[round(p.x, 1), round(p.y, 1)] + ([] if p.t_ms is None else [round(p.t_ms)]) for p in stroke]
        for stroke in strokes
    ]
    return json.dumps(data, separators=(",", ":"))


def fit_strokes(strokes: Sequence[Stroke], width: int, height: int, margin: float = 4) -> tuple[Stroke, ...]:
    """Return strokes moved and scaled, proportions kept, to fill a pad of `width` × `height` up to `margin`.

    There must be a point at least, as there is after `parse_strokes`.
    """
    margin = min(margin, width / 4, height / 4)
    points = [point for stroke in strokes for point in stroke]
    left, right = min(p.x for p in points), max(p.x for p in points)
    top, bottom = min(p.y for p in points), max(p.y for p in points)
    sides = ((width - 2 * margin, right - left), (height - 2 * margin, bottom - top))
    scale = min((room / size for room, size in sides if size > _DOT), default=1.0)
    dx = (width - (right + left) * scale) / 2
    dy = (height - (bottom + top) * scale) / 2
    return tuple(tuple(Point(p.x * scale + dx, p.y * scale + dy, p.t_ms) for p in stroke) for stroke in strokes)


def draw_strokes(strokes: Iterable[Stroke], width: int, height: int, line_width: float = 2.5) -> Bitmap:
    """Return the ink of strokes on a pad of `width` × `height`, with round ends; what leaves the pad is lost.

    `line_width` is in pixels; where points have times it varies around that by `_SPREAD`.
    """
    rows = [0] * height
    for stroke in strokes:
        radii = _radii(stroke, line_width / 2)
        if len(stroke) == 1:
            _capsule(rows, width, stroke[0], stroke[0], radii[0], radii[0])
        for i in range(len(stroke) - 1):
            _capsule(rows, width, stroke[i], stroke[i + 1], radii[i], radii[i + 1])
    return Bitmap.from_rows(width, rows)


def crop(bitmap: Bitmap, margin: int = 2) -> Bitmap:
    """Return the smallest part of `bitmap` with all its ink, `margin` pixels of paper around; a blank one as it is."""
    shift = bitmap.stride * 8 - bitmap.width
    rows = [int.from_bytes(bitmap.row(y), "big") >> shift for y in range(bitmap.height)]
    inked = [y for y, row in enumerate(rows) if row]
    if not inked:
        return bitmap
    top, bottom = max(0, inked[0] - margin), min(bitmap.height, inked[-1] + 1 + margin)
    every = 0
    for row in rows:
        every |= row
    low = max(0, (every & -every).bit_length() - 1 - margin)  # empty columns on the right
    high = min(bitmap.width, every.bit_length() + margin)
    mask = (1 << (high - low)) - 1
    return Bitmap.from_rows(high - low, [(row >> low) & mask for row in rows[top:bottom]])


def _point(value: Any, where: str) -> Point:
    limits = (MAX_COORDINATE, MAX_COORDINATE, MAX_TIME_MS)
    if (
        not isinstance(value, list)
        or len(value) not in (2, 3)
        or not all(type(n) in (int, float) and abs(n) <= limit for n, limit in zip(value, limits, strict=False))
    ):
        raise StrokesError(f"{where}: expected [x, y] or [x, y, t_ms], got {json.dumps(value)[:60]}")
    return Point(float(value[0]), float(value[1]), float(value[2]) if len(value) == 3 else None)


_DOT = 0.01
"""Strokes that reach no further, in pixels, are a dot: nothing is to be gained by scaling it."""

_SPREAD = 0.35
"""A line at rest is this much wider, one at twice the usual speed this much thinner."""


def _radii(stroke: Stroke, radius: float) -> list[float]:
    """Return the line's radius at each point, from the speed around it; `radius` everywhere when times are missing."""
    speeds = [_speed(a, b) for a, b in itertools.pairwise(stroke)]
    known = sorted(speed for speed in speeds if speed is not None)
    if len(known) < len(speeds) or len(known) < 3 or not known[len(known) // 2]:
        return [radius] * len(stroke)
    usual = known[len(known) // 2]
    wide = [radius * (1 + _SPREAD * (1 - min(2.0, (speed or 0.0) / usual))) for speed in speeds]
    around = [wide[0], *wide, wide[-1]]
    return [(a + b) / 2 for a, b in itertools.pairwise(around)]


def _speed(a: Point, b: Point) -> float | None:
    if a.t_ms is None or b.t_ms is None or b.t_ms <= a.t_ms:
        return None
    return math.hypot(b.x - a.x, b.y - a.y) / (b.t_ms - a.t_ms)


def _capsule(rows: list[int], width: int, a: Point, b: Point, ra: float, rb: float) -> None:
    """Blacken the pixels whose centre is nearer to the line from `a` to `b` than its radius, `ra` growing to `rb`."""
    reach = max(ra, rb, 0.5)
    dx, dy = b.x - a.x, b.y - a.y
    length2 = dx * dx + dy * dy
    top, bottom = math.floor(min(a.y, b.y) - reach), math.ceil(max(a.y, b.y) + reach)
    for y in range(max(0, top), min(len(rows) - 1, bottom) + 1):
        py = y + 0.5 - a.y
        # Only the part of the line that comes near this row is looked at: long lines stay cheap.
        near = sorted(min(1.0, max(0.0, (py + edge) / dy)) * dx for edge in (-reach, reach)) if dy else sorted((0, dx))
        left, right = math.floor(a.x + near[0] - reach), math.ceil(a.x + near[1] + reach)
        for x in range(max(0, left), min(width - 1, right) + 1):
            px = x + 0.5 - a.x
            along = min(1.0, max(0.0, (px * dx + py * dy) / length2)) if length2 else 0.0
            radius = max(0.5, ra + (rb - ra) * along)
            if (px - along * dx) ** 2 + (py - along * dy) ** 2 <= radius * radius:
                rows[y] |= 1 << (width - 1 - x)
