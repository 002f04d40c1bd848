"""Decimals of currencies: amounts travel in minor units, and people write them with decimals.

Source: ISO 4217, list one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MINOR_DIGITS: Final[Mapping[str, int]] = {
    "048": 3, "152": 0, "368": 3, "392": 0, "400": 3, "410": 0, "414": 3, "512": 3, "704": 0, "788": 3,
}  # fmt: skip
"""Numeric codes of currencies that do not have two decimals, as far as cards are issued in them."""


def currency_decimals(numeric: str) -> int:
    """Return how many decimals amounts of a currency have, by its numeric code; 2 for one that is not known.

    >>> [currency_decimals(numeric) for numeric in ("156", "392", "414", "")]
    [2, 0, 3, 2]
    """
    return MINOR_DIGITS.get(numeric, 2)
