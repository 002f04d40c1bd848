"""What text may be written: the one door between what was received and a database, a journal or a log.

1. A row is packed by `model.columns` only, and every text in it is masked there, also one that is added tomorrow.
2. Text of a form of its own has a type that says so (`Identifier`), and is written as it is: numbers of terminals,
   merchants and transactions, symbols, digests, dates, check values of keys, and what a host made itself.
3. A sentence of our own (`Sentence`) may say of digits that they are known to be none of a card (`wire.masking.known`).
4. What most often identifies (`Particulars`) loses only numbers of cards that an issuer gives out, and so does a
   `Hexadecimal` form of received bytes, which is kept whole or not at all.
5. A card number that was masked before (`MaskedNumber`) is seen to be.
6. Everything else is free text, in which what may be a card number is masked (`wire.card_numbers`).

Fields of messages are masked by what the dialect says of them (`journal.mask`), events of the log as sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from acquirer.wire.card_numbers import card_number_half_bytes
from acquirer.wire.masking import mask_card_numbers, mask_sentence

Mask = Callable[[str], str] | None

Identifier = Annotated[str, "identifier"]
Sentence = Annotated[str, "sentence"]
Particulars = Annotated[str, "particulars"]
Hexadecimal = Annotated[str, "hexadecimal"]
MaskedNumber = Annotated[str, "masked number"]


def hide_hexadecimal(text: str) -> str:
    """Return bytes as hex, or nothing where they may hold a card number: stars would not read back as bytes.

    >>> hide_hexadecimal("086212345678901232"), hide_hexadecimal("E993B6E88194")
    ('', 'E993B6E88194')
    """
    try:
        return "" if card_number_half_bytes(bytes.fromhex(text), issued=True) else text
    except ValueError:  # none at all: it cannot be searched
        return ""


def mask_number(text: str) -> str:
    """Return a card number as it is if no more than its first 6 and its last 4 digits are there; else it is masked.

    >>> mask_number("621234******1232"), mask_number("6212345678901232")
    ('621234******1232', '621234******1232')
    """
    masked = not text[6:-4].strip("*") and text.isascii() and text.isprintable()
    return text if masked else mask_card_numbers(text)


_MASKS: Final[dict[Any, Mask]] = {
    Identifier: None,
    Sentence: mask_sentence,
    Particulars: partial(mask_card_numbers, issued=True),
    Hexadecimal: hide_hexadecimal,
    MaskedNumber: mask_number,
}


def text_mask(hint: Any) -> Mask:
    """Return what masks text of a type, before it is written; None: it is written as it is."""
    return _MASKS.get(hint, mask_card_numbers)


def text_masks(cls: type[Any]) -> dict[str, Callable[[str], str]]:
    """Return what masks the texts of a dataclass, by field; a tuple of texts is masked as its lines."""
    found: dict[str, Callable[[str], str]] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        kinds = get_args(hint) if get_origin(hint) in (Union, UnionType, tuple) else (hint,)
        texts = [one for one in kinds if one is str or (get_origin(one) is Annotated and get_args(one)[0] is str)]
        mask = text_mask(texts[-1]) if texts else None
        if mask is not None:
            found[name] = mask
    return found
