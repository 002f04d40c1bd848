"""IC data of a request: the least that a plausible EMV card and terminal would send.

There is no EMV kernel: the cryptogram is random and no host can verify it. What stands in which tag is the dialect's
data (``[terminal.icc]``); a recipe is fixed hex, one of the `WORDS`, or several of both, blanks between them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from acquirer.data.types import Randbytes
from acquirer.wire.tlv import build_tlv


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
