"""How a clear PIN block may be laid out: its format, its digits of the card number, and what goes wrong in building it.

A layout counts only when so much of it is fixed that bytes of another key fit it once in a million times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from acquirer.security.candidates import Candidate
from acquirer.security.pin import MAX_DIGITS, MIN_DIGITS, PIN_FORMATS, PinFormat


class PinLayout(NamedTuple):
    """What a clear block looks like: a pattern of its digits once `mask` is taken out of it."""

    pattern: re.Pattern[str]
    mask: bytes
    twice: PinFormat | None = None  # of a format with two encryptions


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


_ZERO_LENGTH: Final = re.compile("00F{14}")
_TEXT_INSIDE: Final = re.compile(
    "|".join(f"0{n}(?:3[0-9]){{{n}}}(?:FF|00|20){{{7 - n}}}" for n in range(MIN_DIGITS, 8))
)
_OTHER_LENGTH: Final = re.compile("0[0-9A-F][0-9]{4,11}F{3,10}")
_LENGTH_FIRST: Final = re.compile("|".join(f"{n:X}0[0-9]{{{n}}}F{{{14 - n}}}" for n in _LENGTHS))
_LENGTH_ALONE: Final = re.compile("|".join(f"{n:X}[0-9]{{{n}}}F{{{15 - n}}}" for n in _LENGTHS))
_LENGTH_LAST: Final = re.compile("|".join(f"[0-9]{{{n}}}0{n:X}F{{{14 - n}}}" for n in _LENGTHS))
_LENGTH_DECIMAL: Final = re.compile("|".join(f"{n}[0-9]{{{n}}}F{{{14 - n}}}" for n in range(10, MAX_DIGITS + 1)))

_MISBUILT: Final = (
    (
        "format 0 without a PIN",
        "the terminal sends a block though no PIN was entered",
        _ZERO_LENGTH,
        "send no block where no PIN is entered",
    ),
    (
        "format 0 with the PIN in ASCII characters",
        "the terminal takes two digits for each of the PIN",
        _TEXT_INSIDE,
        "put the PIN in as BCD, one digit in each half byte",
    ),
    (
        "format 0 with the length before the control digit",
        "the terminal swaps the first two digits",
        _LENGTH_FIRST,
        "begin the block with 0 and then the length of the PIN, like 06",
    ),
    (
        "format 0 that begins with the length",
        "the terminal knows no control digit",
        _LENGTH_ALONE,
        "put the control digit before it, which is 0",
    ),
    (
        "format 0 with control digit and length behind the PIN",
        "the terminal puts them behind the PIN",
        _LENGTH_LAST,
        "begin the block with 0 and the length of the PIN, like 06",
    ),
    (
        "format 0 with the length in two decimal digits",
        "the terminal writes the length in decimal digits",
        _LENGTH_DECIMAL,
        "write it in one hexadecimal digit behind the 0: 0A, 0B, 0C",
    ),
    (
        "format 0, but its length is not that of its digits",
        "the block says another number of digits than it has",
        _OTHER_LENGTH,
        "begin the block with 0 and the number of digits of the PIN, like 06",
    ),
)
"""Blocks that are built wrong, of terminals that mean format 0: in words, the mistake, the digits, what to do."""


def is_loose(clear: bytes) -> bool:
    """Return whether a clear block may be one of format 1, which fixes two digits."""
    return _LOOSE.fullmatch(clear.hex().upper()) is not None


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
    for mask in ([masks[0][2]] if masks else []) + [none]:
        for words, hint, pattern, remedy in _MISBUILT:
            yield Candidate(words, hint, PinLayout(pattern, mask), remedy)
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
