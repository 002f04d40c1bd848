"""A name in Chinese characters as a signature in running hand: strokes linked and slanted, characters overlapping."""

from __future__ import annotations

import math
from dataclasses import dataclass

from acquirer.signature import skeleton
from acquirer.signature.letters import Curve, Knot
from acquirer.signature.seeded_random import SeededRandom
from acquirer.signature.skeleton import EM, Trace

HEIGHT = 24.0
"""A character's square in letter units: a little more than a capital."""


@dataclass(frozen=True, slots=True)
class ChineseHandwriting:
    """What is the same in all characters of one writer."""

    climb: float  # y per x: horizontal strokes rise to the right, as every brush hand's do
    slant: float  # x per y
    first: float  # how much larger the surname is
    close: float  # share of the width by which characters overlap
    link: float  # how often the pen stays down between two strokes
    smooth: float  # in skeleton pixels: detail smaller than this is not written

    @classmethod
    def of(cls, dice: SeededRandom) -> ChineseHandwriting:
        """Return the handwriting of one random writer."""
        return cls(
            climb=dice.between(0.08, 0.28),
            slant=dice.between(0.0, 0.3),
            first=dice.between(1.0, 1.5),
            close=dice.between(0.0, 0.22),
            link=dice.between(0.45, 0.9),
            smooth=dice.between(2.5, 5.0),
        )


def write_chinese(characters: str, font_bytes: bytes, dice: SeededRandom) -> list[Curve]:
    """Return the lines of a signature in letter units, y upward."""
    habit = ChineseHandwriting.of(dice)
    lines: list[Curve] = []
    x = 0.0
    for number, character in enumerate(characters):
        size = HEIGHT / EM * (habit.first if number == 0 else dice.around(0.95, 0.15))
        drop = dice.around(0, 2.5)
        drawn = [
            _line(trace, x, drop, size, habit, dice) for trace in _in_order(skeleton.traces(character, font_bytes))
        ]
        for line in drawn:
            near = bool(lines) and line is not drawn[0] and math.dist(lines[-1][-1][:2], line[0][:2]) < HEIGHT * 0.55
            if near and dice.chance(habit.link):
                lines[-1].extend(line)
            else:
                lines.append(line)
        x += EM * size * (1 - habit.close) + dice.around(0, 1)
    if lines and dice.chance(0.6):
        _run_out(lines[-1], dice)
    return lines


def _in_order(traces: list[Trace]) -> list[Trace]:
    """Return traces in writing order: those whose columns overlap form a part, and parts are written from the left."""
    parts: list[tuple[int, list[Trace]]] = []
    for trace in sorted(traces, key=lambda t: min(p[0] for p in t)):
        left, right = min(p[0] for p in trace), max(p[0] for p in trace)
        if parts and left < parts[-1][0] - 2:
            parts[-1] = (max(parts[-1][0], right), [*parts[-1][1], trace])
        else:
            parts.append((right, [trace]))
    return [trace for _, part in parts for trace in sorted(part, key=lambda t: t[0][1] * 1.2 + t[0][0])]


def _line(trace: Trace, x: float, drop: float, size: float, habit: ChineseHandwriting, dice: SeededRandom) -> Curve:
    points = _simplified([(float(px), float(py)) for px, py in trace], habit.smooth)
    line = []
    for px, py in points:
        u, v = dice.around(px, 1.6) * size, (EM - dice.around(py, 1.6)) * size + drop
        v += (u + x * 0.35) * habit.climb  # within a character the rise is steeper than along the name
        line.append(Knot(x + u + v * habit.slant, v))
    return line


def _simplified(points: list[tuple[float, float]], tolerance: float) -> list[tuple[float, float]]:
    """Return the points of a line that matter (Ramer, Douglas and Peucker), its ends always."""
    (ax, ay), (bx, by) = points[0], points[-1]
    length = math.hypot(bx - ax, by - ay)

    def off(p: tuple[float, float]) -> float:
        if not length:
            return math.hypot(p[0] - ax, p[1] - ay)
        return abs((bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax)) / length

    far = max(range(len(points)), key=lambda i: off(points[i]))
    if off(points[far]) <= tolerance:
        return [points[0], points[-1]]
    return _simplified(points[: far + 1], tolerance)[:-1] + _simplified(points[far:], tolerance)


def _run_out(line: Curve, dice: SeededRandom) -> None:
    """Lengthen the last stroke in its own direction."""
    a, b = line[-2], line[-1]
    length = math.hypot(b.x - a.x, b.y - a.y) or 1.0
    far = dice.between(6, 22)
    line.append(Knot(b.x + (b.x - a.x) / length * far, b.y + (b.y - a.y) / length * far))
