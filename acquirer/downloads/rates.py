"""Currency rates: two currencies by their numbers, and the rate in eight digits.

Source: 0300 of a terminal for cards from abroad. Where the decimal point of a rate stands is known of none in public:
it is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from acquirer.data.text import plural

ENTRY_BYTES: Final = 14


class Rate(NamedTuple):
    """What a unit of one currency is in another one."""

    currency: str  # ISO 4217 number
    into: str
    rate: str  # eight digits


def write_rates(rates: Iterable[Rate]) -> bytes:
    """Return rates as they travel.

    >>> write_rates([Rate("840", "156", "07123400")])
    b'84015607123400'
    """
    return "".join([one.currency + one.into + one.rate for one in rates]).encode("ascii")


def read_rates(data: bytes) -> tuple[Rate, ...]:
    """Return the rates of a reply.

    Raises:
        ValueError: they have another form.
    """
    if len(data) % ENTRY_BYTES or not (data.isdigit() or not data):
        raise ValueError(f"has {plural(len(data), 'byte')}, and each rate has 14 digits: two currencies and the rate")
    text = data.decode("ascii")
    entries = [text[at : at + ENTRY_BYTES] for at in range(0, len(text), ENTRY_BYTES)]
    return tuple(Rate(one[:3], one[3:6], one[6:]) for one in entries)
