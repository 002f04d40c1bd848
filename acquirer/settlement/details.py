"""Details of a batch upload, as they travel: records of requests, text beside a chip's data, number at the end.

1. Requests (sales, voids …) come in records of 40 digits, at most eight in a message, behind two digits that say how
   many: class of card 2 (00 domestic, 01 foreign), STAN 6, card number 20 with zeros before it, amount 12.
2. A chip's transaction comes with its data; beside it stands a text: 61 for one that was approved (card class,
   response, amount, currency), 71 for one that was refused or whose issuer was not authentic (with kind of cryptogram,
   ARPC).
3. The end says in four digits how many details were uploaded.

Source: Q/CUP 009, batch upload (批上送): DE 48, usages 6 and 7 of DE 62.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

DOMESTIC: Final = "00"
FOREIGN: Final = "01"

RECORDS_MOST: Final = 8
"""In one message: Q/CUP 009 gives DE 48 room for 322 digits."""

RECORD_SIZE: Final = 40
_STAN: Final = slice(2, 8)
_PAN: Final = slice(8, 28)
_AMOUNT: Final = slice(28, 40)


@dataclass(frozen=True, slots=True)
class DetailRecord:
    """One request as the upload tells it."""

    stan: str
    pan: str = field(repr=False)
    amount_minor: int = 0
    foreign: bool = False


def write_detail_records(records: Sequence[DetailRecord]) -> str:
    """Return records as digits, behind their number.

    >>> write_detail_records([DetailRecord("000134", "6212345678901232", 10000)])
    '010000013400006212345678901232000000010000'
    """
    parts = [
        f"{FOREIGN if one.foreign else DOMESTIC}{one.stan:0>6}{one.pan:0>20}{one.amount_minor:012}" for one in records
    ]
    return f"{len(parts):02}{''.join(parts)}"


def read_detail_records(text: str) -> list[DetailRecord]:
    """Return the records of a text.

    Raises:
        ValueError: it is no such text; the sentence says what it has.
    """
    if not (text.isascii() and text.isdecimal()):
        raise ValueError("records of an upload are digits only")
    count, body = int(text[:2] or 0), text[2:]
    if len(body) != count * RECORD_SIZE:
        raise ValueError(f"{count} records of an upload have {count * RECORD_SIZE} digits, these are {len(body)}")
    cuts = [body[at : at + RECORD_SIZE] for at in range(0, len(body), RECORD_SIZE)]
    return [DetailRecord(cut[_STAN], cut[_PAN].lstrip("0"), int(cut[_AMOUNT]), cut.startswith(FOREIGN)) for cut in cuts]


class ChipDetail(NamedTuple):
    """What stands beside a chip's data."""

    usage: Literal["61", "71"]
    foreign: bool
    amount_minor: int
    currency: str
    response: str = "00"  # 00 approved; of usage 7: 11, 13 refused by the chip, 05 its issuer was not authentic
    cryptogram: str = ""  # of usage 7: 1 an AAC, 2 an issuer that was not authentic
    arpc: str = ""


def write_chip_detail(one: ChipDetail) -> str:
    """Return the text beside a chip's data.

    >>> write_chip_detail(ChipDetail("61", False, 30000, "156"))
    '610000000000030000156'
    """
    card = FOREIGN if one.foreign else DOMESTIC
    return f"{one.usage}{card}{one.response}{one.amount_minor:012}{one.currency}{one.cryptogram}{one.arpc}"


def read_chip_detail(text: str) -> ChipDetail:
    """Return what a text beside a chip's data says. Raises ValueError."""
    usage = next((one for one in _SIZES if text.startswith(one)), None)
    if usage is None or len(text) != _SIZES[usage] or not (text.isascii() and text.isdecimal()):
        raise ValueError("the text beside a chip's data has 21 digits that begin with 61, or 23 that begin with 71")
    return ChipDetail(usage, text[2:4] == FOREIGN, int(text[6:18]), text[18:21], text[4:6], text[21:22], text[22:23])


_SIZES: Final[dict[Literal["61", "71"], int]] = {"61": 21, "71": 23}
