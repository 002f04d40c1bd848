"""Why a PIN block does not open: the mistakes that terminals make are tried until one explains it.

1. Two things can be wrong: the key (or that there is none), and how the block is laid out: its format, and which digits
   of the card number are in it.
2. A layout counts only when so much of it is fixed that bytes of another key fit it once in a million times. Format 1
   fixes next to nothing: it is looked for last, and under the right key alone.
3. Under the right key a block of format 0 shows which card number went into it, behind the PIN.

No sentence quotes a PIN, a block or a digit of a card number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from acquirer.security.candidates import Candidate, Combination, advice, first_fit
from acquirer.security.key_candidates import NamedKeys, key_candidates
from acquirer.security.pin import MAX_DIGITS, MIN_DIGITS, PIN_FORMATS, PinError, PinFormat
from acquirer.security.secret import Secret

Decryption = Secret | None
"""The key of a block; None: it travels in the clear."""


class PinLayout(NamedTuple):
    """What a clear block looks like: a pattern of its digits once `mask` is taken out of it."""

    pattern: re.Pattern[str]
    mask: bytes
    twice: PinFormat | None = None  # of a format with two encryptions


def diagnose_pin(
    block: bytes,
    pan: str,
    declared: PinFormat | None,
    generations: Sequence[NamedKeys],
    tmk: Secret | None = None,
    others: Sequence[Candidate[Secret]] = (),
) -> str:
    """Return under which key, and as what, a PIN block opens, in a sentence; "" when nothing that was tried fits.

    Args:
        pan: the card number; "" where it is not known.
        declared: the format that the message says; None: it says none.
        generations: of working keys, the one that should fit first.
        tmk: with it, mistakes of unwrapping are tried too.
    """
    keys = pin_keys(generations, tmk, others)
    layouts = pin_layouts(declared, pan, len(block))
    pik = generations[0][1].pik

    def fits(combination: Combination) -> str | None:
        key, layout = combination
        return layout_fits(key.value, layout.value, block, pan)

    if found := first_fit((keys, layouts), fits):
        key, layout = found[0]
        where = key.words if key.value is None else f"under {key.words}"
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
        if _LOOSE.fullmatch(clear.hex().upper()):
            return (
                "under the same PIK it reads as a block of format 1: the terminal uses PIN block format iso-1; "
                "use the format that the message says"
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


_LENGTHS: Final = range(MIN_DIGITS, MAX_DIGITS + 1)


def _pattern(control: str, fill: str, size: int) -> re.Pattern[str]:
    """Return what the digits of a block look like: a control digit, the length of the PIN, the PIN, the filling."""
    return re.compile("|".join(f"{control}{n:X}[0-9]{{{n}}}{fill}{{{size - 2 - n}}}" for n in _LENGTHS))


_F: Final = _pattern("0", "F", 16)
_RANDOM: Final = _pattern("3", "[A-F]", 16)
_CHIP: Final = _pattern("2", "F", 16)
_ZERO_FILLED: Final = _pattern("0", "0", 16)
_WIDE: Final = _pattern("0", "F", 32)
_HALF: Final = re.compile(f"(?:{_F.pattern})0{{16}}")
_BARE_DIGITS: Final = re.compile("|".join(f"[0-9]{{{n}}}F{{{16 - n}}}" for n in _LENGTHS))
_TEXT: Final = re.compile("|".join(f"(?:3[0-9]){{{n}}}(?:(?:00|20|FF){{{8 - n}}})" for n in range(MIN_DIGITS, 9)))
_DIGITS: Final = "take the twelve digits before the check digit, right aligned"
_LOOSE: Final = _pattern("1", "[0-9A-F]", 16)


def pin_layouts(declared: PinFormat | None, pan: str, size: int) -> list[Candidate[PinLayout]]:
    """Return the layouts to try for a block of so many bytes, the one that is right first."""
    tried = list(_layouts(pan, size))
    right = next((one for one in tried if declared is not None and one.words == declared.name), None)
    if right is None:
        return tried
    hint = f"the terminal uses another PIN block format than it says ({right.words})"
    remedy = f"use format {right.words}, or say the other one"
    rest = [one if one.hint else one._replace(hint=hint, remedy=remedy) for one in tried if one is not right]
    return [right._replace(words="", hint=""), *rest]


def _layouts(pan: str, size: int) -> Iterator[Candidate[PinLayout]]:
    none = bytes(size)
    if size == 16:
        yield from _wide_layouts(pan)
        return
    masks = list(_card_masks(pan))
    for words, hint, mask in masks:
        yield Candidate(f"iso-0{words}", hint, PinLayout(_F, mask), _DIGITS if hint else "")
    yield Candidate("iso-0-without-pan", "", PinLayout(_F, none))
    for words, hint, mask in masks:
        yield Candidate(f"iso-3{words}", hint, PinLayout(_RANDOM, mask), _DIGITS if hint else "")
    for _, _, mask in (*masks[:1], ("", "", none)):
        zeros = "format 0 with zeros (0) behind the PIN"
        yield Candidate(zeros, "the terminal fills with 0", PinLayout(_ZERO_FILLED, mask), "fill with F behind the PIN")
    yield Candidate("the PIN in ASCII characters", "", PinLayout(_TEXT, none))
    if masks:
        words, hint = (
            "format 0 without the length of the PIN",
            "the terminal leaves out the control digit and the length",
        )
        remedy = "begin the block with 0 and the length of the PIN, like 06"
        yield Candidate(words, hint, PinLayout(_BARE_DIGITS, masks[0][2]), remedy)
    yield Candidate("format 2, for chip cards", "", PinLayout(_CHIP, none))
    yield Candidate("bare digits filled with F (IBM 3624)", "", PinLayout(_BARE_DIGITS, none))


def _wide_layouts(pan: str) -> Iterator[Candidate[PinLayout]]:
    none = bytes(16)
    for words, hint, mask in _card_masks(pan):
        yield Candidate(f"iso-0-padded{words}", hint, PinLayout(_HALF, mask + bytes(8)), _DIGITS if hint else "")
        yield Candidate(f"iso-0-wide{words}", hint, PinLayout(_WIDE, bytes(8) + mask), _DIGITS if hint else "")
    yield Candidate("iso-0-without-pan-padded", "", PinLayout(_HALF, none))
    yield Candidate("iso-0-without-pan-wide", "", PinLayout(_WIDE, none))
    yield Candidate("iso-4", "", PinLayout(_WIDE, none, PIN_FORMATS["iso-4"]))


def _card_masks(pan: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield which digits of a card number may have gone into a block: in words, the mistake, eight bytes."""
    if not (pan.isascii() and pan.isdecimal() and len(pan) >= MAX_DIGITS):
        return
    right = pan[:-1][-12:].rjust(12, "0")
    tried = (
        ("", "", "0000" + right),
        ("the first twelve digits of the card number", "the first twelve", "0000" + pan[:12]),
        ("the check digit of the card number included", "the last twelve with the check digit", "0000" + pan[-12:]),
        (
            "a short card number filled up on the right",
            "it filled up on the right",
            "0000" + pan[:-1].ljust(12, "0")[:12],
        ),
        ("sixteen digits of the card number", "the last sixteen", pan[-16:].rjust(16, "0")),
        ("the card number in the first six bytes", "them in the first six bytes", right + "0000"),
    )
    seen = set()
    for words, takes, digits in tried:
        if digits not in seen:
            seen.add(digits)
            hint = f"the terminal takes {takes}" if words else ""
            yield f" with {words}" if words else "", hint, bytes.fromhex(digits)


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
