"""A name in Latin letters as a signature: letters joined, slanted, flattened along the word, and underlined."""

from __future__ import annotations

import math
from dataclasses import dataclass

from acquirer.signature.letters import Curve, Knot, letter
from acquirer.signature.seeded_random import SeededRandom

_LEAST_HEIGHT = 0.25
"""In a long name too, this share of a small letter's height remains: a wave."""


@dataclass(frozen=True, slots=True)
class LatinHandwriting:
    """What is the same in all letters of one writer."""

    slant: float  # x per y
    rise: float  # y per x: the base line climbs
    capital: float  # how much larger the first letter is
    wear: float  # each small letter keeps this share of the height of the one before
    wide: float  # letters are stretched
    wave: float  # how far the base line swings

    @classmethod
    def of(cls, dice: SeededRandom) -> LatinHandwriting:
        """Return the handwriting of one random writer."""
        return cls(
            slant=dice.between(0.1, 0.75),
            rise=dice.between(-0.02, 0.16),
            capital=dice.between(1.25, 2.1),
            wear=dice.between(0.74, 0.93),
            wide=dice.between(0.85, 1.35),
            wave=dice.between(0.0, 1.4),
        )


def write_latin(words: list[str], dice: SeededRandom) -> list[Curve]:
    """Return the lines of a signature in letter units, y upward; characters without a letter are passed over."""
    habit = LatinHandwriting.of(dice)
    lines: list[Curve] = []
    x = 0.0
    for number, word in enumerate(words):
        short = number < len(words) - 1 and len(word) > 3 and dice.chance(0.3)
        x = _word(word[:1] + "." if short else word, x, habit, dice, lines) + dice.between(-3.0, 7.0)
    if lines and dice.chance(0.85):
        _flourish(lines, dice)
    return [[_lean(knot, habit) for knot in line] for line in lines]


def _word(word: str, x: float, habit: LatinHandwriting, dice: SeededRandom, lines: list[Curve]) -> float:
    """Append the lines of `word` from `x` on; return the x at which the next word begins."""
    marks: list[Curve] = []
    pen_down = False
    height = 1.0
    for character in word:
        shape = letter(character)
        if character == ".":
            marks.append([Knot(x + 1, 0), Knot(x + 1.8, 0.4)])
        if shape is None:
            pen_down = False
            x += 4
            continue
        capital = character.isupper()
        tall = habit.capital if capital else height
        wide = (habit.capital * 0.85 if capital else habit.wide * (0.55 + 0.45 * height)) * dice.around(1, 0.2)
        lift = dice.around(0, 0.6)

        def place(knot: Knot, x: float = x, wide: float = wide, tall: float = tall, lift: float = lift) -> Knot:
            # Ascenders and loops wear down less than the small letters between them.
            kept = tall if abs(knot.y) <= 11 else max(tall, 0.75)
            return Knot(
                x + knot.x * wide + dice.around(0, 0.35), knot.y * kept + lift + dice.around(0, 0.35), knot.corner
            )

        body = [place(knot) for knot in shape.body]
        if pen_down and not capital:
            lines[-1].extend(body[1:])
        else:
            lines.append(body)
        marks += [[place(knot) for knot in mark] for mark in shape.marks]
        pen_down = shape.joins
        x = max(k.x for k in body[-1:]) if shape.joins else max(k.x for k in body) - 2
        if not capital:
            height = max(_LEAST_HEIGHT, height * habit.wear)
    lines += marks
    return x


def _flourish(lines: list[Curve], dice: SeededRandom) -> None:
    """Append one of the `_FLOURISHES` to the name; u runs along the name, v is in letter units."""
    last = max(lines, key=lambda line: line[-1].x)
    end = last[-1]
    left = min(knot.x for line in lines for knot in line)
    path, joined = _FLOURISHES[int(dice.between(0, len(_FLOURISHES)))]
    line = [
        Knot(left + (end.x - left) * dice.around(u, 0.06) + shift, end.y + dice.around(v, 1.5), corner)
        for u, shift, v, corner in path
    ]
    if joined:
        last += line
    else:
        lines.append(line)


_FLOURISHES: tuple[tuple[tuple[tuple[float, float, float, bool], ...], bool], ...] = (
    # back under the name and out again
    (
        (
            (1, 8, 1, False),
            (1, 8, -6, False),
            (0.5, 0, -13, False),
            (0.15, 0, -15, False),
            (0.2, 0, -18, False),
            (0.7, 0, -16, False),
            (1, 14, -11, False),
        ),
        True,
    ),
    # a tail that runs away
    (((1, 8, -1, False), (1, 20, 2, False), (1, 42, 6, False)), True),
    # a zigzag under the second half
    (
        (
            (1, 9, -1, False),
            (1, 6, -10, False),
            (0.45, 0, -12, True),
            (1, 0, -14, True),
            (0.6, 0, -18, True),
            (0.95, 0, -19, False),
        ),
        True,
    ),
    # down, round, and up through the last letters
    (
        (
            (1, 6, -4, False),
            (1, 0, -14, False),
            (0.75, 0, -13, False),
            (0.7, 0, -4, False),
            (0.9, 0, 10, False),
            (1, 22, 24, False),
        ),
        True,
    ),
    # one quick line beneath, lifted from left to right
    (((0.1, 0, -12, False), (0.5, 0, -13, False), (1, 10, -8, False)), False),
    # over the name and back, as a roof
    (((1, 12, 6, False), (1, 6, 22, False), (0.5, 0, 27, False), (0.3, 0, 23, False), (0.6, 0, 19, False)), True),
)
"""Points (u, shift, v, corner), and whether they go on from the last letter; modelled on real signatures."""


def _lean(knot: Knot, habit: LatinHandwriting) -> Knot:
    y = knot.y + habit.wave * math.sin(knot.x / 14)
    return Knot(knot.x + habit.slant * y, y + habit.rise * knot.x, knot.corner)
