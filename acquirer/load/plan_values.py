"""Values in plans: durations, shares, rates and numbers within bounds; what is none is one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from acquirer.data.table import Table
from acquirer.scenario.parameters import read_amount_minor, read_duration_ms

MOST_TERMINALS: Final = 1_000_000
MOST_RATE: Final = 100_000.0  # a second: ten times what one process begins


T = TypeVar("T")


def parsed_text(table: Table, key: str, read: Callable[[str], T]) -> T:
    """Return what a text says, which must be there. Raises DataError.

    Args:
        read: raises ValueError, with a sentence, where a text says nothing.
    """
    text = table.text(key)
    try:
        return read(text)
    except ValueError as exc:
        raise table.error(key, str(exc)) from None


def duration_of(table: Table, key: str, default: float | None = None) -> float:
    """Return a duration in seconds; without a default it must be there. Raises DataError."""
    value = table.raw(key)
    if value is None and default is not None:
        return default
    milliseconds = parsed_text(table, key, read_duration_ms)
    if not milliseconds:
        raise table.error(key, f"'{table.text(key)}' is no time; write it like 5s or 250ms")
    return milliseconds / 1000


def count_of(table: Table) -> int:
    """Return how many terminals come. Raises DataError."""
    return whole_of(table, "count", most=MOST_TERMINALS)


def whole_of(table: Table, key: str, default: int | None = None, *, least: int = 1, most: int) -> int:
    """Return a whole number within bounds. Raises DataError."""
    value = table.number(key, default, least)
    if value > most:
        raise table.error(key, f"must be at most {most}")
    return value


def rate_of(table: Table, key: str, *, least: float = 0.001) -> float:
    """Return how many come a second. Raises DataError."""
    return number_of(table, key, None, least=least, most=MOST_RATE)


def number_of(table: Table, key: str, default: float | None, *, least: float, most: float) -> float:
    """Return a number within bounds; without a default it must be there. Raises DataError."""
    value = table.raw(key)
    if value is None:
        if default is None:
            raise table.error(key, "is missing")
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise table.error(key, "must be a number")
    if not least <= value <= most:  # not a number (nan) is neither
        raise table.error(key, f"must be from {least:g} to {most:g}")
    return float(value)


def read_amounts(text: str) -> tuple[int, int]:
    """Return the least and the largest amount, in minor units. Raises ValueError.

    >>> read_amounts("1.00..49.90"), read_amounts("5")
    ((100, 4990), (500, 500))
    """
    least, dots, most = text.partition("..")
    try:
        found = read_amount_minor(least.strip()), read_amount_minor((most if dots else least).strip())
    except ValueError:
        raise ValueError(f"'{text}' is no amount; write it like 12.34 or 1.00..50.00") from None
    if found[1] < found[0]:
        raise ValueError(f"'{text}' ends before it begins; write the smaller amount first")
    return found


def share_of(table: Table, key: str, default: float) -> float:
    """Return a share of 1, written as a number or in percent. Raises DataError."""
    value = table.raw(key)
    if isinstance(value, str):
        found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%", value)
        if found is None or float(found[1]) > 100:
            raise table.error(key, f"'{value}' is no share; write it like 0.1 or 10%")
        return float(found[1]) / 100
    return number_of(table, key, default, least=0.0, most=1.0)
