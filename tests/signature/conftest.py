"""Pictures of every sort, for the tests of the JBIG1 codec."""

from __future__ import annotations

import math
import random

import pytest

from acquirer.signature.bitmap import Bitmap

SIZES = ((1, 1), (7, 3), (9, 40), (33, 17), (64, 128), (123, 59), (240, 80))


def noise(width: int, height: int, black: float) -> Bitmap:
    dice = random.Random(width * height)
    rows = ([dice.random() < black for _ in range(width)] for _ in range(height))
    return Bitmap.from_rows(width, [int("".join("01"[dot] for dot in row), 2) for row in rows])


def dither(width: int, height: int, period: int) -> Bitmap:
    """A screen of dots that only its own line foretells: what makes encoders move the adaptive pixel."""
    dice = random.Random(period)
    rows = []
    for _ in range(height):
        phase = dice.randrange(period)
        rows.append([((x + phase) % period < period // 3) ^ (dice.random() < 0.01) for x in range(width)])
    return Bitmap.from_rows(width, [int("".join("01"[dot] for dot in row), 2) for row in rows])


def scrawl(width: int, height: int) -> Bitmap:
    """Three loops of a pen."""
    rows = [0] * height
    for loop in range(3):
        for step in range(1500):
            turn = step / 1500 * 12
            x = int(width * (0.1 + 0.7 * step / 1500 + 0.1 * math.cos(turn + loop)))
            y = int(height * (0.5 + 0.4 * math.sin(turn + 2 * loop)))
            for dot in range(9):
                if x + dot % 3 < width and y + dot // 3 < height:
                    rows[y + dot // 3] |= 1 << (width - 1 - x - dot % 3)
    return Bitmap.from_rows(width, rows)


@pytest.fixture(scope="session")
def pictures() -> list[Bitmap]:
    """Scrawls, noise, dither, blank and black, in odd sizes."""
    return [
        picture
        for width, height in SIZES
        for picture in (
            scrawl(width, height),
            noise(width, height, 0.5),
            noise(width, height, 0.03),
            dither(width, height, 13),
            dither(width, height, 5),
            Bitmap.from_rows(width, [0] * height),
            Bitmap.from_rows(width, [2**width - 1] * height),
        )
    ]
