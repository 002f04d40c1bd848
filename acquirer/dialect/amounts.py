"""Amounts as people write them in a dialect: with the decimals of its currency."""

from __future__ import annotations

from acquirer.data.currencies import currency_decimals
from acquirer.dialect.dialect import Dialect


def decimals_of(dialect: Dialect) -> int:
    """Return how many decimals amounts have in the currency that a dialect's messages name.

    >>> from acquirer.settings.specs import load_dialect
    >>> decimals_of(load_dialect("unionpay-pos"))
    2
    """
    return currency_decimals(dialect.constants.get("currency", ""))
