"""Small words that sentences about an exchange are made of."""

from __future__ import annotations

from functools import lru_cache

from acquirer.dialect.dialect import Dialect
from acquirer.model.rows import TransactionKey
from acquirer.wire.masking import readable


def money(minor: int | None) -> str:
    """An amount of minor units as people write it.

    >>> money(1234), money(5), money(None)
    ('12.34', '0.05', '(none)')
    """
    if minor is None:
        return "(none)"
    return f"{minor // 100}.{minor % 100:02}"


def named(value: str) -> str:
    """An identifier that a terminal sent, fit for a sentence: control characters never reach a log.

    >>> named("10000161"), named("1000016 "), named("\\x00\\x9c")
    ('10000161', "'1000016 '", '009C (hex)')
    """
    if value.isascii() and value.isprintable():
        return value if value and value.strip() == value else f"'{value}'"
    text = readable(value)
    return f"{text} (hex)" if not value.isprintable() else text


@lru_cache(maxsize=64)
def day_words(day: str) -> str:
    """A day YYYYMMDD as people write it.

    >>> day_words("20250102")
    '2025-01-02'
    """
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def no_month(expiry: str) -> str:
    """What is wrong with an expiry YYMM, of which only the month is shown.

    >>> no_month("2613")
    'has month 13; it is written YYMM, with a month from 01 to 12'
    """
    return f"has month {expiry[2:]}; it is written YYMM, with a month from 01 to 12"


def numbered(dialect: Dialect, key: TransactionKey, joint: str = ", ") -> str:
    """What a terminal calls a transaction: ``STAN 000012, batch 000007``, or ``STAN 000012, sent 1120143000``."""
    within = dialect.numbering.within
    if not within or not key.batch:
        return f"STAN {key.stan}"
    return f"STAN {key.stan}{joint if within == 'batch' else ', '}{within.replace('_', ' ')} {key.batch}"


def place(dialect: Dialect, element: str) -> str:
    """An element by name and by where it travels: ``batch (DE 60, characters 3–8)``."""
    at = dialect.elements.get(element)
    name = element.replace("_", " ")
    if at is None:
        return name
    if at.whole:
        return f"DE {at.de} ({name})"
    part = f"from character {at.start + 1} on" if at.stop is None else f"characters {at.start + 1}–{at.stop}"
    return f"DE {at.de} ({name}, {part})"
