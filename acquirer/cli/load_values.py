"""Values of options of ``acquirer load``, read with the sentence about one that cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from acquirer.cli.errors import Code, Exit

T = TypeVar("T")


def read_value(flag: str, reader: Callable[[str], T], written: str) -> T:
    try:
        return reader(written)
    except ValueError as exc:
        raise Exit(Code.USAGE, f"{flag}: {exc}") from None


def read_seconds(flag: str, written: str) -> float:
    from acquirer.scenario.parameters import read_duration_ms

    milliseconds = read_value(flag, read_duration_ms, written)
    if not milliseconds:
        raise Exit(Code.USAGE, f"{flag}: '{written}' is no time; write it like 5s or 250ms")
    return milliseconds / 1000


def read_choice(flag: str, written: str, known: Iterable[str]) -> str:
    from acquirer.data.toml import did_you_mean

    names = list(known)
    if written not in names:
        hint = did_you_mean(written, names) or f"; there are {', '.join(names)}"
        raise Exit(Code.USAGE, f"{flag}: there is no '{written}'{hint}")
    return written
