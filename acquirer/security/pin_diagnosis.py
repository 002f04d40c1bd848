"""Why a PIN block does not open: the mistakes that terminals make are tried until one explains it.

1. Three things can be wrong: the key (or that there is none), how the block is laid out (`pin_layouts`), and how the
   cipher was used: in the other direction, twice, its bytes in another order.
2. Format 1 fixes next to nothing: it is looked for last, and under the right key alone.
3. Under the right key a block of format 0 shows which card number went into it, behind the PIN.

No sentence quotes a PIN, a block or a digit of a card number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from acquirer.security.candidates import Candidate, Combination, Search, advice, first_fit
from acquirer.security.key_candidates import NamedKeys, key_candidates
from acquirer.security.pin import MIN_DIGITS, PinError, PinFormat
from acquirer.security.pin_layouts import PinLayout, is_loose, pin_layouts
from acquirer.security.secret import Secret

Decryption = Secret | None
"""The key of a block; None: it travels in the clear."""


def diagnose_pin(
    block: bytes,
    pan: str,
    declared: PinFormat | None,
    generations: Sequence[NamedKeys],
    tmk: Secret | None = None,
    others: Sequence[Candidate[Secret]] = (),
) -> Search[str]:
    """Look for the key under which, and as what, a PIN block opens, in a sentence; "" when nothing that was tried fits.

    Args:
        pan: the card number; "" where it is not known.
        declared: the format that the message says; None: it says none.
        generations: of working keys, the one that should fit first.
        tmk: with it, mistakes of unwrapping are tried too.
    """
    if len(set(block)) == 1:
        return (
            f"all its bytes are {block[:1].hex().upper()}, so no PIN was encrypted: send an encrypted block, or none "
            "where no PIN is entered"
        )
    keys = pin_keys(generations, tmk, others)
    layouts = pin_layouts(declared, pan, len(block))
    pik = generations[0][1].pik

    def fits(combination: Combination) -> str | None:
        key, layout, use = combination
        return layout_fits(key.value, layout.value, used_otherwise(use.value, key.value, block), pan)

    if found := (yield from first_fit((keys, layouts, CIPHER_USES), fits)):
        key, layout, use = found[0]
        where = (key.words if key.value is None else f"under {key.words}") + use.words
        what = f" as {layout.words}" if layout.words else ""
        mistakes = advice(found[0])
        return f"it opens {where}{what}{': ' if mistakes else ''}{mistakes}"
    if len(block) == pik.block_bytes:
        clear = pik.decrypt(block)
        if _card_digits(clear):
            return (
                "under the same PIK it is a block of format 0 with another card number in it: the terminal takes "
                "another card's number, or other digits of this one; take the twelve rightmost without the check digit "
                "of the card in this message"
            )
        if is_loose(clear):
            return (
                "under the same PIK it reads as a block of format 1: the terminal uses PIN block format iso-1; "
                f"use {declared.name if declared is not None else 'a format of this dialect'}"
            )
    return ""


# What is tried


def pin_keys(
    generations: Sequence[NamedKeys], tmk: Secret | None = None, others: Sequence[Candidate[Secret]] = ()
) -> list[Candidate[Any]]:
    """Return the keys to try for a PIN block, the right one first, then none at all."""
    right, *rest = key_candidates("pik", generations, tmk, others)
    return [
        right,
        Candidate("in the clear", "the terminal does not encrypt it", None, "encrypt it under the PIK"),
        *rest,
    ]


CipherUse = Callable[[Secret, bytes], bytes]
"""Returns, from a key and a block, the block that would decrypt to the same had the cipher been used rightly."""

_ORDER: Final = "send the bytes in the order in which the cipher gives them"


def used_otherwise(use: CipherUse, key: Decryption, block: bytes) -> bytes:
    """Return the block that decrypts rightly; one that is in the clear, or of another size, as it is."""
    return block if key is None or len(block) % key.block_bytes else use(key, block)


CIPHER_USES: Final[tuple[Candidate[CipherUse], ...]] = (
    Candidate("", "", lambda _key, block: block),
    Candidate(
        ", encrypted instead of decrypted",
        "the terminal decrypts the block",
        lambda key, block: key.encrypt(key.encrypt(block)),
        "encrypt it",
        alone=True,
    ),
    Candidate(
        ", decrypted twice",
        "the terminal encrypts the block twice",
        lambda key, block: key.decrypt(block),
        "encrypt it once",
        alone=True,
    ),
    Candidate(
        ", its bytes reversed",
        "the terminal reverses the encrypted bytes",
        lambda _key, block: block[::-1],
        _ORDER,
        alone=True,
    ),
    Candidate(
        ", its halves swapped",
        "the terminal swaps the halves of the encrypted block",
        lambda _key, block: block[len(block) // 2 :] + block[: len(block) // 2],
        _ORDER,
        alone=True,
    ),
    Candidate(
        ", its decrypted bytes reversed",
        "the terminal reverses the block before it encrypts it",
        lambda key, block: key.encrypt(key.decrypt(block)[::-1]),
        "begin the block with 0 and the length of the PIN",
        alone=True,
    ),
)


def layout_fits(key: Decryption, layout: PinLayout, block: bytes, pan: str) -> str | None:
    """Return the digits of a block under a key, once the card number is out of it; None when the layout is another."""
    if key is not None and len(block) % key.block_bytes:
        return None
    if layout.twice is not None:
        try:
            return layout.twice.open(key, block, pan) if key is not None else None
        except PinError:
            return None
    clear = block if key is None else key.decrypt(block)
    if len(clear) != len(layout.mask):
        return None
    text = bytes(a ^ b for a, b in zip(clear, layout.mask, strict=True)).hex().upper()
    return text if layout.pattern.fullmatch(text) else None


def _card_digits(clear: bytes) -> bool:
    """Return whether the filling of a block of format 0 gives digits: those of some card number."""
    text = clear.hex().upper()
    if len(text) != 16 or text[0] != "0" or not MIN_DIGITS <= int(text[1], 16) <= 8:
        return False  # behind a longer PIN too few digits would be left to be sure
    filling = text[2 + int(text[1], 16) :]
    return text[2:4].isdecimal() and all(0xF - int(digit, 16) <= 9 for digit in filling)
