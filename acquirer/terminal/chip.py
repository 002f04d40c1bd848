"""IC data of a request: the least that a plausible EMV card and terminal would send.

There is no EMV kernel: the cryptogram is random and no host can verify it, but for test cards whose issuer's key our
terminal has: then it is the chip's own. What stands in which tag is the dialect's
data (``[terminal.icc]``); a recipe is fixed hex, one of the `WORDS`, or several of both, blanks between them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from acquirer.data.types import Randbytes
from acquirer.security.cryptogram import card_key, request_cryptogram, response_cryptogram, session_key
from acquirer.security.secret import Secret
from acquirer.terminal.card import CardData
from acquirer.wire.cryptogram_data import covered_data
from acquirer.wire.message import Value
from acquirer.wire.tlv import TlvError, build_tlv, find_value, parse_tlv


@dataclass(frozen=True, slots=True)
class Moment:
    """What the chip's data says about its transaction."""

    amount_minor: int
    processing_code: str
    date: str  # YYMMDD, the terminal's own
    tid: str
    stan: str
    pin: bool
    randbytes: Randbytes


WORDS: Final[Mapping[str, Callable[[Moment, int], bytes]]] = {
    "random": lambda moment, size: moment.randbytes(size),
    "counter": lambda moment, size: bytes.fromhex(moment.stan[-2 * size :].rjust(2 * size, "0")),
    "date": lambda moment, _: bytes.fromhex(moment.date),
    "type": lambda moment, _: bytes.fromhex(moment.processing_code[:2]),
    "amount": lambda moment, _: bytes.fromhex(f"{moment.amount_minor:012d}"),
    "terminal": lambda moment, _: moment.tid.encode("latin-1"),
}
"""``word`` or ``word:size_bytes`` → the bytes it stands for."""


def icc_data(recipes: Mapping[str, str | tuple[str, str]], moment: Moment) -> dict[str, bytes]:
    """Return tag → value, in the order of the recipes.

    Raises:
        ValueError: a recipe is neither hex nor a known word; names the tag.
    """
    return {
        tag: _cook(tag, recipe if isinstance(recipe, str) else recipe[not moment.pin], moment)
        for tag, recipe in recipes.items()
    }


def session_of(tags: Mapping[str, bytes], card: CardData) -> Secret | None:
    """Return the chip's key of this transaction; None where our terminal does not have the issuer's."""
    if card.imk is None or "9F36" not in tags:
        return None
    return session_key(card_key(card.imk, card.pan, card.sequence), tags["9F36"])


def with_cryptogram(tags: dict[str, bytes], card: CardData) -> dict[str, bytes]:
    """Return the data with the chip's own cryptogram, where our terminal has the issuer's key of the card."""
    session, data = session_of(tags, card), covered_data(tags)
    if session is None or data is None:
        return tags
    return tags | {"9F26": request_cryptogram(session, data)}


IssuerAnswer = Literal["", "none", "right", "wrong"]
"""What the chip makes of its issuer's answer; "": it cannot tell, for our terminal does not have its key."""

ISSUER_WORDS: Final[Mapping[IssuerAnswer, str]] = {
    "": "",
    "none": "the issuer did not answer the chip (no 91)",
    "right": "the chip knows its issuer (ARPC)",
    "wrong": "the ARPC is not that of the card's issuer",
}


def issuer_answer(tags: Mapping[str, bytes], card: CardData, reply: Value | None) -> IssuerAnswer:
    """Return what the chip makes of the issuer's answer in a reply's data."""
    session = session_of(tags, card)
    if session is None:
        return ""
    try:
        answer = find_value(parse_tlv(reply), "91") if isinstance(reply, bytes) else None
    except TlvError:
        answer = None
    if answer is None:
        return "none"
    expected = response_cryptogram(session, tags["9F26"], answer[8:].decode("latin-1")[:2].ljust(2))
    return "right" if answer[:8] == expected else "wrong"


def packed(tags: Mapping[str, bytes], only: Collection[str] | None = None) -> bytes:
    """Return tags as BER-TLV, those of `only` when it is given.

    >>> packed({"9F36": b"\\x00\\x01", "82": b"\\x7c\\x00"}, only=("82",)).hex().upper()
    '82027C00'
    """
    return build_tlv((tag, value) for tag, value in tags.items() if only is None or tag in only)


def _cook(tag: str, recipe: str, moment: Moment) -> bytes:
    value = b""
    for part in recipe.split():
        word, _, size = part.partition(":")
        try:
            value += WORDS[word](moment, int(size or 0)) if word in WORDS else bytes.fromhex(part)
        except ValueError:
            known = ", ".join(WORDS)
            raise ValueError(f"terminal.icc: tag {tag}: '{part}' is neither hex nor one of {known}") from None
    return value
