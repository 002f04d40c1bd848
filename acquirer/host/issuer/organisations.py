"""Which organisation a card is of, by its leading digits; "" for those of the dialect's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

ORGANISATIONS: Final[Mapping[str, str]] = {
    "4": "VIS",
    **dict.fromkeys(("51", "52", "53", "54", "55"), "MCC"),
    **{f"{first}": "MCC" for first in range(2221, 2721)},
    **dict.fromkeys(("50", "56", "57", "58", "6304", "6759", "6761", "6762", "6763"), "MAE"),
    **{f"{first}": "JCB" for first in range(3528, 3590)},
    **dict.fromkeys(("300", "301", "302", "303", "304", "305", "36", "38", "39"), "DCC"),
    **dict.fromkeys(("34", "37"), "AMX"),
}
"""Leading digits → organisation, as DE 63 names it (Q/CUP 009). Source: ISO/IEC 7812, as the
organisations publish their ranges."""

_LONGEST: Final = 4


def organisation_of(pan: str) -> str:
    """Return the organisation of a card number.

    >>> [organisation_of(pan) for pan in ("4111111111111111", "5555555555554444", "6212345678901232", "")]
    ['VIS', 'MCC', '', '']
    """
    return _organisation(pan[:_LONGEST])


@lru_cache(maxsize=1024)
def _organisation(digits: str) -> str:
    found = (ORGANISATIONS.get(digits[:size]) for size in range(_LONGEST, 0, -1))
    return next(filter(None, found), "")
