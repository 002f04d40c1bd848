"""The strokes of a character, found again in its printed form: its outline thinned to lines, crossings undone.

A font knows outlines, a hand knows strokes. Zhang and Suen's thinning (1984) leaves lines one pixel wide; where three
or more meet, the two that run straightest through belong together.
"""

from __future__ import annotations

import math
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

Pixel = tuple[int, int]
Trace = list[Pixel]

EM = 72
"""Pixels of a character's square: strokes are some five pixels wide, enough to thin, little enough to be quick."""

_AROUND = ((0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1))


def knows(character: str, font_bytes: bytes) -> bool:
    """Return whether the font has an outline of `character` and not just its box for missing ones."""
    return _ink(character, font_bytes) not in (set(), _ink("\U0010ffff", font_bytes))


def traces(character: str, font_bytes: bytes) -> list[Trace]:
    """Return the strokes of `character` in an `EM` square, y downward, each from its upper left end.

    Raises:
        OSError: `font_bytes` is not a font.
    """
    ink = _thin(_ink(character, font_bytes))
    return sorted((_from_upper_left(t) for t in _join(_edges(ink))), key=lambda t: t[0][1] * 1.2 + t[0][0])


def _ink(character: str, font_bytes: bytes) -> set[Pixel]:
    font = ImageFont.truetype(BytesIO(font_bytes), EM, layout_engine=ImageFont.Layout.BASIC)
    picture = Image.new("L", (EM, EM), 0)
    ImageDraw.Draw(picture).text((EM / 2, EM * 0.88), character, fill=255, font=font, anchor="ms")
    pixels = picture.tobytes()
    return {(i % EM, i // EM) for i, level in enumerate(pixels) if level > 127}


def _thin(ink: set[Pixel]) -> set[Pixel]:
    border = ink
    while border:
        gone_once: set[Pixel] = set()
        for first in (True, False):
            gone = {pixel for pixel in ink if _may_go(pixel, ink, first)}
            ink = ink - gone
            gone_once |= gone
        border = gone_once
    return ink


def _may_go(pixel: Pixel, ink: set[Pixel], first: bool) -> bool:
    x, y = pixel
    ring = [(x + dx, y + dy) in ink for dx, dy in _AROUND]
    if not 2 <= sum(ring) <= 6 or sum(b and not a for a, b in zip(ring, ring[1:] + ring[:1], strict=True)) != 1:
        return False
    north, _, east, _, south, _, west, _ = ring
    if first:
        return not (north and east and south) and not (east and south and west)
    return not (north and east and west) and not (north and south and west)


def _edges(ink: set[Pixel]) -> list[Trace]:
    """Return the lines between ends and crossings of a skeleton; each takes the middle of the crossing it ends in."""
    near = {p: [q for dx, dy in _AROUND if (q := (p[0] + dx, p[1] + dy)) in ink] for p in ink}
    knots = {p for p in ink if len(near[p]) != 2 and _branches(p, ink) != 2}
    middle: dict[Pixel, Pixel] = {}
    for knot in sorted(knots):
        if knot not in middle:
            cluster = _cluster(knot, knots)
            centre = (sum(p[0] for p in cluster) // len(cluster), sum(p[1] for p in cluster) // len(cluster))
            middle |= dict.fromkeys(cluster, centre)
    seen = set(knots)
    edges = []
    starts = [(k, n) for k in sorted(knots) for n in near[k] if n not in knots]
    for knot, first in [*starts, *((p, p) for p in sorted(ink))]:  # the rest are rings without any knot
        if first in seen:
            continue
        edge = [middle.get(knot, knot)] if knot != first else []
        here: Pixel | None = first
        while here is not None:
            seen.add(here)
            edge.append(here)
            end = next((n for n in near[here] if n in knots and (n != knot or len(edge) > 3)), None)
            here = next((n for n in near[here] if n not in seen), None) if end is None else None
            if end is not None:
                edge.append(middle[end])
        edges.append(edge)
    return edges


def _branches(pixel: Pixel, ink: set[Pixel]) -> int:
    ring = [(pixel[0] + dx, pixel[1] + dy) in ink for dx, dy in _AROUND]
    return sum(b and not a for a, b in zip(ring, ring[1:] + ring[:1], strict=True))


def _cluster(start: Pixel, knots: set[Pixel]) -> set[Pixel]:
    found, wait = {start}, [start]
    while wait:
        x, y = wait.pop()
        more = {(x + dx, y + dy) for dx, dy in _AROUND} & knots - found
        found |= more
        wait += more
    return found


_SPUR = 5
"""A free end shorter than a stroke is wide is an artefact of thinning, not ink."""


def _join(edges: list[Trace]) -> list[Trace]:
    """Return lines joined at every crossing: the two that bend least, if they bend less than a right angle."""
    meets: dict[Pixel, int] = {}
    for edge in edges:
        for end in (edge[0], edge[-1]):
            meets[end] = meets.get(end, 0) + 1
    lines = [e for e in edges if len(e) > _SPUR or (meets[e[0]] > 1 and meets[e[-1]] > 1)]
    while True:
        best = (math.pi / 3, -1, -1)
        for i, a in enumerate(lines):
            for j in range(i + 1, len(lines)):
                for p in (a, a[::-1]):
                    for q in (lines[j], lines[j][::-1]):
                        if p[-1] == q[0] and (bend := _bend(p, q)) < best[0]:
                            best = (bend, i, j)
        if best[1] < 0:
            return [line for line in lines if len(line) > 2]
        a, b = lines[best[1]], lines.pop(best[2])
        ways = [(p, q) for p in (a, a[::-1]) for q in (b, b[::-1]) if p[-1] == q[0]]
        p, q = min(ways, key=lambda way: _bend(*way))
        lines[best[1]] = p + q[1:]


def _bend(p: Trace, q: Trace) -> float:
    before, at, after = p[max(0, len(p) - 9)], p[-1], q[min(8, len(q) - 1)]
    turn = math.atan2(after[1] - at[1], after[0] - at[0]) - math.atan2(at[1] - before[1], at[0] - before[0])
    return abs(math.remainder(turn, 2 * math.pi))


def _from_upper_left(trace: Trace) -> Trace:
    (ax, ay), (bx, by) = trace[0], trace[-1]
    return trace if ax + 2 * ay <= bx + 2 * by else trace[::-1]
