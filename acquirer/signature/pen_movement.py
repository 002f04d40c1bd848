"""The movement of a pen: smooth curves through knots, slow where they bend, sampled as a signature pad samples them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from acquirer.signature.letters import Knot
from acquirer.signature.seeded_random import SeededRandom
from acquirer.signature.strokes import Point, Stroke

_STEPS = 10
"""Points per arc between two knots: finer than any pad samples."""


@dataclass(frozen=True, slots=True)
class Tool:
    """What touches the pad, and how well the pad follows."""

    line_width: float  # in pixels, on a pad 80 high
    sample_ms: float  # between two samples
    jitter: float  # in pixels: how far a sample may be off


def curve(knots: Sequence[Knot]) -> list[tuple[float, float]]:
    """Return a cubic Hermite curve through `knots`; tangents are half the way between neighbours, zero at corners."""
    if len(knots) < 2:
        return [(k.x, k.y) for k in knots]
    tangents = [
        (0.0, 0.0) if here.corner else ((after.x - before.x) / 2, (after.y - before.y) / 2)
        for before, here, after in zip([knots[0], *knots[:-1]], knots, [*knots[1:], knots[-1]], strict=True)
    ]
    points = [(knots[0].x, knots[0].y)]
    for i in range(len(knots) - 1):
        a, b, (ax, ay), (bx, by) = knots[i], knots[i + 1], tangents[i], tangents[i + 1]
        for step in range(1, _STEPS + 1):
            t = step / _STEPS
            h1, h2, h3, h4 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, 3 * t**2 - 2 * t**3, t**3 - t**2
            points.append((h1 * a.x + h2 * ax + h3 * b.x + h4 * bx, h1 * a.y + h2 * ay + h3 * b.y + h4 * by))
    return points


def record_stroke(path: Sequence[tuple[float, float]], tool: Tool, dice: SeededRandom, start_ms: float) -> Stroke:
    """Return the stroke that a pad records when a hand follows `path` (in pixels) from `start_ms` on.

    Speed follows the two-thirds power law of handwriting: proportional to the cube root of the radius of the bend.
    """
    times = [start_ms]
    for i in range(1, len(path)):
        length = math.dist(path[i - 1], path[i])
        speed = 0.10 + 0.09 * min(_bend_radius(path, i), 60.0) ** (1 / 3)  # pixels per millisecond
        times.append(times[-1] + length / speed)
    recorded = []
    i = 0
    at = start_ms
    while at < times[-1]:
        while times[i + 1] < at:
            i += 1
        share = (at - times[i]) / max(times[i + 1] - times[i], 1e-9)
        x = path[i][0] + (path[i + 1][0] - path[i][0]) * share
        y = path[i][1] + (path[i + 1][1] - path[i][1]) * share
        recorded.append(Point(dice.around(x, tool.jitter), dice.around(y, tool.jitter), at))
        at += tool.sample_ms
    return (*recorded, Point(path[-1][0], path[-1][1], times[-1]))


def _bend_radius(path: Sequence[tuple[float, float]], i: int) -> float:
    """Return the radius of the circle through a point and its neighbours two steps away."""
    a, b, c = path[max(0, i - 2)], path[i], path[min(len(path) - 1, i + 2)]
    area = abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2
    sides = math.dist(a, b) * math.dist(b, c) * math.dist(a, c)
    return sides / (4 * area) if area > 1e-6 else 60.0
