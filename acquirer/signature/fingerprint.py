"""A fingerprint in place of a signature: a whorl of ridges, as a pad with a sensor hands it over.

Ridges are the level lines of one phase, that of the distance to the core; every ridge that ends or forks is a point
around which the phase gains one turn (the model of Larkin and Fletcher, 2007).
"""

from __future__ import annotations

import math

from acquirer.signature.bitmap import Bitmap
from acquirer.signature.seeded_random import SeededRandom

_RIDGE = 6.0
"""Pixels from ridge to ridge: some ten ridges across a pad 80 high, and lines a coder can follow."""

_MINUTIAE = 9
"""Ridge ends and forks; a real print of this size shows ten to twenty, fewer survive the resolution."""


def draw_fingerprint(dice: SeededRandom, width: int, height: int) -> Bitmap:
    """Return a fingertip pressed in the middle of a pad of `width` × `height` pixels."""
    rb = height * dice.between(0.44, 0.48)
    ra = min(rb * dice.between(0.72, 0.85), width * 0.48)
    cx, cy = dice.around(width / 2, max(0.0, width / 2 - ra) * 0.3), height / 2
    core = (cx + dice.around(0, ra * 0.12), cy + rb * dice.between(-0.15, 0.1))
    turn = dice.between(-0.5, 0.5)  # how far the finger is rotated
    twist = 1 if dice.chance(0.5) else -1  # a whorl winds: one spiral arm, left or right
    period = _RIDGE * max(1.0, (height / 80) ** 0.6)
    spots = [
        (cx + ra * r * math.cos(a), cy + rb * r * math.sin(a), 1 if dice.chance(0.5) else -1)
        for r, a in ((dice.between(0.3, 0.9), dice.between(0, 2 * math.pi)) for _ in range(_MINUTIAE))
    ]
    edge = [dice.between(0, 2 * math.pi) for _ in range(3)]
    bend, press_at = dice.between(0, 2 * math.pi), dice.between(0, 2 * math.pi)

    def inked(x: float, y: float) -> bool:
        around = math.atan2(y - cy, x - cx)
        reach = math.hypot((x - cx) / ra, (y - cy) / rb)
        ragged = 0.96 + 0.03 * sum(math.sin((k + 2) * around + e) for k, e in enumerate(edge))
        if reach > ragged:
            return False
        dx, dy = x - core[0], y - core[1]
        u = dx * math.cos(turn) + dy * math.sin(turn)
        v = dy * math.cos(turn) - dx * math.sin(turn)
        # Ridges are rounder at the core and follow the fingertip's length outside of it.
        distance = math.hypot(u * 1.25, v) + 1.6 * math.sin(u / 17 + bend) * min(1.0, reach * 2)
        phase = 2 * math.pi * distance / period + twist * math.atan2(v, u)
        phase += sum(sign * math.atan2(y - sy, x - sx) for sx, sy, sign in spots)
        # The middle is pressed harder, its ridges are broader; towards the edge they thin out.
        return math.cos(phase) > 0.05 + 0.55 * (reach / ragged) ** 4 + 0.15 * math.sin(x / 11 + press_at)

    rows = [sum(1 << (width - 1 - x) for x in range(width) if inked(x + 0.5, y + 0.5)) for y in range(height)]
    return Bitmap.from_rows(width, rows)
