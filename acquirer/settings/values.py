"""Readers of single values, as a TOML file, the environment, a flag or a program gives them.

A reader takes such a value and returns the typed one, or raises ValueError with the rest of a sentence about it
(``is not a number; write it like 60 or 2.5``). Who calls it puts in front where the value stands and, unless it is a
key, the value itself (`quoted`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date, datetime, time
from pathlib import Path
from typing import Final, Literal, TypeVar

T = TypeVar("T")
ValueReader = Callable[[object], T]

_BOOLEANS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on", "y", "t"), True),
    **dict.fromkeys(("false", "0", "no", "off", "n", "f"), False),
}
_SHOWN_MAX: Final = 60
"""Characters of a value that an error repeats: enough to recognise it, short enough for one line."""


def quoted(value: object) -> str:
    """Return a value as an error repeats it.

    >>> quoted(" x"), quoted(["a"])
    ("' x'", "'['a']'")
    """
    text = str(value)
    return f"'{text}'" if len(text) <= _SHOWN_MAX else f"'{text[:_SHOWN_MAX]}…'"


def read_text(value: object) -> str:
    """Return a text without spaces around it."""
    if not isinstance(value, str):
        raise ValueError('is not a text; write it in quotes, like "…"')
    return value.strip()


def read_token(value: object) -> str:
    """Return what HTTP clients have to send: visible characters of ASCII, too many to be guessed."""
    text = read_text(value)
    if not re.fullmatch(r"[!-~]{16,200}", text):
        raise ValueError("is no token; write 16 to 200 letters, digits and signs without a space")
    return text


def read_bool(value: object) -> bool:
    """Return a truth value.

    >>> read_bool("yes"), read_bool(False)
    (True, False)
    """
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else str(value)
    if not isinstance(value, str | int) or word not in _BOOLEANS:
        raise ValueError("is neither true nor false")
    return _BOOLEANS[word]


def read_path(value: object) -> Path:
    """Return the path of a file."""
    if isinstance(value, Path):
        return value
    return Path(read_text(value))


def read_words(value: object) -> tuple[str, ...]:
    """Return texts: given as a list, or as one text in which they are separated by spaces (in the environment)."""
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(one.strip() for one in value)
    raise ValueError('is neither a text nor a list of texts; write "…", or ["…", "…"] for several')


def read_amount(value: object) -> str:
    """Return an amount as people write it: ``1000``, ``12.34``."""
    text = f"{value:.2f}" if isinstance(value, float) else str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,2})?", text):
        raise ValueError("is not an amount; write it like 12.34")
    return text


def read_timezone(value: object) -> str:
    """Return the name of a time zone that this system knows."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # here: only a file or a flag brings another zone

    name = read_text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('is not a time zone; write it like "Asia/Shanghai"') from None
    return name


def read_time(value: object) -> datetime:
    """Return a moment: a TOML date or time, or text in ISO 8601."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        return datetime.fromisoformat(read_text(value))
    except ValueError:
        raise ValueError("is not a date and time; write it like 2026-01-02T03:04:05") from None


VIRTUAL: Final = "virtual"
"""In place of the time of a clock: it goes on as the machine's does, and may be set ahead."""


def read_clock(value: object) -> datetime | Literal["virtual"]:
    """Return where a clock stands, or that it may be set ahead."""
    if value == VIRTUAL:
        return VIRTUAL
    try:
        return read_time(value)
    except ValueError as exc:
        raise ValueError(f"{exc}, or write {VIRTUAL}: it may be set ahead") from None


_NUMBER_DIGITS: Final = 18
"""Of a whole number: one with more fits into no column of a store."""


def whole(least: int | None = None, most: int | None = None) -> ValueReader[int]:
    """Return a reader of whole numbers from `least` to `most`."""
    span = _span(least, most)

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+", value.strip()):
            if len(value.strip().lstrip("+-")) > _NUMBER_DIGITS:
                raise ValueError(f"is out of range; write a whole number{span}")
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise ValueError(f"is not a whole number{span}")
        number = int(value)
        if (least is not None and number < least) or (most is not None and number > most):
            raise ValueError(f"is out of range; write a whole number{span}")
        return number

    return read


def seconds(most: float) -> ValueReader[float]:
    """Return a reader of a time in seconds, above 0 and up to `most`."""

    def read(value: object) -> float:
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError
            number = float(value)
        except ValueError:
            raise ValueError("is not a number of seconds; write it like 60 or 2.5") from None
        if not 0 < number <= most:
            raise ValueError(f"is out of range; write a number of seconds above 0 and up to {most:.0f}")
        return number

    return read


def choice(words: Collection[str]) -> ValueReader[str]:
    """Return a reader of one of some words."""
    *others, last = words
    listed = f"{', '.join(others)} or {last}" if others else last

    def read(value: object) -> str:
        if not isinstance(value, str) or value.strip() not in words:
            raise ValueError(f"is not supported; use {listed}")
        return value.strip()

    return read


def optional(reader: ValueReader[T]) -> ValueReader[T | None]:
    """Return a reader that also takes None, which a program may give for "not set"."""

    def read(value: object) -> T | None:
        return None if value is None else reader(value)

    return read


def _span(least: int | None, most: int | None) -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f" from {least}"
    return f" up to {most}" if least is None else f" from {least} to {most}"
