"""Numbers as people write many of them: ``1-3,9``."""

from __future__ import annotations

from collections.abc import Iterable

from acquirer.errors import ConfigurationError


class RangeError(ConfigurationError, ValueError):
    """A list of numbers that is written otherwise."""


def as_ranges(numbers: Iterable[int]) -> str:
    """Return numbers as text, ascending, neighbours together.

    >>> as_ranges([9, 1, 2, 3])
    '1-3,9'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)


def read_ranges(text: str) -> tuple[int, ...]:
    """Return the numbers of a text.

    >>> read_ranges("1-3,9")
    (1, 2, 3, 9)

    Raises:
        RangeError: it is no list of numbers and ranges.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isascii() and first.isdigit() and (not dash or (last.isascii() and last.isdigit()))):
            raise RangeError(f"'{part}' is no number of a part; write numbers and ranges, as in 1-3,9")
        if dash and int(last) - int(first) >= 100_000:  # no plan has so many parts
            raise RangeError(f"'{part}' has more numbers than any plan has parts")
        numbers.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(numbers))
