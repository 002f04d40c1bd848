"""Where card numbers are: found in text, in bytes, and in fields of digits, so that `masking` can hide them.

1. A card number has 12 to 19 digits, does not begin with 0, and its last digit is its check digit (ISO/IEC 7812-1).
   Zeros that fill it up on the left are none of its digits. Where all digits after the third are zeros there is no
   account number: it is a control field (DE 53 of UnionPay), not a card's.
2. In text, digits of any script count; a space or a dash, or two, may stand between them. A longer run of digits may be
   a list of card numbers, and counts as one.
3. Inside a run of other digits only numbers count that an issuer gives out, as behind a length: `is_issued`.
4. What follows a card number as on a track, behind ``=``, ``D`` or a name between ``^``, belongs to it.
5. In bytes, digits may be packed two to a byte, or characters: ASCII, EBCDIC, UTF-16, or full-width ones of GBK. Bytes
   that read as text are taken for packed digits only where nothing else is there.
6. Digits behind `KNOWN` are no card number: a sentence of our own says what they are.

One run of digits in ten passes the check by chance. A field whose place says what its digits mean is therefore not
searched as text (`journal.mask`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

PAN_DIGITS: Final = range(12, 20)
"""Lengths of a card number (ISO/IEC 7812-1 allows 8 to 19; shorter ones are not issued to be paid with)."""

CLEAR_HEAD, CLEAR_TAIL = 6, 4
"""Digits of a card number that may stand in the clear (PCI's table of truncations: 6/4 suits 6- and 8-digit BINs)."""

HIDDEN_LEAST: Final = 3
"""Digits that are hidden of any card number: of two, the check digit would leave ten numbers to try."""

KNOWN: Final = (
    "\ufdd0"  # before digits of our own: a noncharacter, which neither latin-1 nor GBK has, so no wire brings it
)

_CONTROL_DIGITS: Final = 3
"""Leading digits of a security control field (PIN format, encryption, track encryption); the others are zeros."""

_BETWEEN: Final = "[ \\-\u00a0\u2000-\u200b\u2010-\u2015\u2212\u3000\uff0d]"
_RUN: Final = re.compile(rf"{KNOWN}\d++|(\d++(?:{_BETWEEN}{{1,2}}+\d++)*+)")
_GROUP: Final = re.compile(r"\d+")
_TRACK_REST: Final = re.compile(r"[=D＝](\d{4,})|\^[^^]{2,26}\^(\d{4,})")

_ISSUED: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|220[0-4]\d{12,15}"  # Mir
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[689]\d)\d{11,16}"  # Diners Club
    r"|35\d{14,17}|(?:2131|1800)\d{11}"  # JCB
    r"|(?:50|5[6-9]|6\d)\d{10,17}"  # Maestro, Discover, RuPay; UnionPay
    r"|8[12]\d{14,17}|9\d{15,18}"  # UnionPay, RuPay; national schemes
)
"""Numbers as issuers give them out: leading digits and lengths of the schemes that are accepted at terminals."""

_INSIDE: Final = range(14, 20)
"""Lengths looked for inside a run of other digits: shorter numbers would be found there by chance."""

_SINGLE: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
"""What a digit adds to the sum that the check digit completes: itself, or it doubled and the two digits added."""

_ZEROED: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG: Final = b"0" * PAN_DIGITS[0]
_FULL_WIDTH: Final = re.compile(rb"\xa3([\xb0-\xb9])")
_FROM_EBCDIC: Final = bytes.maketrans(b"\x40\x60" + bytes(range(0xF0, 0xFA)) + b"0123456789", b" -0123456789xxxxxxxxxx")


def passes_luhn(digits: str) -> bool:
    """Return whether the last digit is the right check digit (ISO/IEC 7812-1 annex B).

    >>> passes_luhn("6212345678901232"), passes_luhn("6212345678901233"), passes_luhn("")
    (True, False, False)
    """
    if not is_digits(digits):
        return False
    codes = digits.encode()
    return sum(codes[-1::-2].translate(_SINGLE) + codes[-2::-2].translate(_DOUBLED)) % 10 == 0


def pan_of_track2(track2: str) -> str:
    """Return the card number that a track 2 begins with.

    >>> pan_of_track2("6212345678901232D2912"), pan_of_track2("6212345678901232=2912")
    ('6212345678901232', '6212345678901232')
    """
    return track2.replace("=", "D").partition("D")[0]


def is_digits(text: str) -> bool:
    """Return whether a text is digits 0 to 9, and not empty."""
    return text.isascii() and text.isdigit()


def is_issued(digits: str) -> bool:
    """Return whether digits are a card number of an accepted scheme, by length, leading digits and check digit.

    For fields of digits, whose meaning is another one: it is a card number by mistake only.

    >>> is_issued("6212345678901232"), is_issued("0006212345678901232"), is_issued("2200000700050")
    (True, True, False)
    >>> is_issued("2600000000000000")
    False
    """
    number = digits.lstrip("0")
    return _ISSUED.fullmatch(number) is not None and _has_check_digit(number)


def _has_check_digit(number: str) -> bool:
    """Return whether digits may be a card number by their check digit, and are none of a control field."""
    return passes_luhn(number) and len(number.rstrip("0")) > _CONTROL_DIGITS


@lru_cache(maxsize=64)
def hidden_digits(count: int) -> range:
    """Return which digits (from 0) of a card number of `count` digits are hidden.

    >>> hidden_digits(16), hidden_digits(12)
    (range(6, 12), range(5, 8))
    """
    if count not in PAN_DIGITS:
        return range(count)
    return range(min(CLEAR_HEAD, count - CLEAR_TAIL - HIDDEN_LEAST), count - CLEAR_TAIL)


def card_number_digits(text: str, *, issued: bool = False) -> list[int]:
    """Return the characters of a text that are hidden, because they may be digits of card numbers.

    `issued`: only of numbers that an issuer gives out, where most digits are known to mean something else.

    >>> card_number_digits("card 6212345678901232")
    [11, 12, 13, 14, 15, 16]
    >>> len(card_number_digits("6212-3456 7890 1232")), len(card_number_digits("amount 000000001234"))
    (6, 0)
    """
    if len(text) < PAN_DIGITS[0] or not may_hold_card_numbers(text):
        return []
    found: set[int] = set()
    for run in _RUN.finditer(text):
        if run[1] is not None and len(run[1]) >= PAN_DIGITS[0]:
            found |= _of_run(text, run.start(), run.end(), issued)
    return sorted(found)


def may_hold_card_numbers(text: str) -> bool:
    """Return False where a text has too few digits together; nearly always, and at a fraction of the cost of looking.

    >>> may_hold_card_numbers("STAN 000001"), may_hold_card_numbers("1234 5678-9012"), may_hold_card_numbers("令牌")
    (False, True, True)
    """
    if not text.isascii():
        return True
    return len(text) >= PAN_DIGITS[0] and _LONG in text.replace("   ", ".").encode().translate(_ZEROED, b" -")


def card_number_half_bytes(data: bytes, *, issued: bool = False) -> set[int]:
    """Return the half-bytes that may be of card numbers: packed digits, or characters in any code.

    >>> sorted(card_number_half_bytes(bytes.fromhex("086212345678901232")))
    [8, 9, 10, 11, 12, 13]
    """
    if len(data) < PAN_DIGITS[0] // 2:
        return set()
    digits = data.hex()
    if data.isdigit() or (data.isascii() and data.decode().isprintable() and not digits.rstrip("f").isdigit()):
        digits = ""  # it is text, whose characters would look like digits: 30 31, 66 6F 72
    found = set(card_number_digits(digits, issued=issued))
    return found | {2 * at + half for at in card_number_bytes(data, issued=issued) for half in (0, 1)}


def card_number_bytes(data: bytes, *, issued: bool = False) -> set[int]:
    """Return the bytes that may be characters of card numbers: ASCII, EBCDIC, UTF-16, or full-width digits of GBK.

    >>> len(card_number_bytes("６２１２３４５６７８９０１２３２".encode("gbk")))
    12
    """
    if len(data) < PAN_DIGITS[0]:
        return set()
    plain = _FULL_WIDTH.sub(lambda digit: b" " + bytes([digit[1][0] - 0x80]), data)
    found = set(card_number_digits(plain.replace(b"\0", b" ").decode("latin-1"), issued=issued))
    found |= {at - 1 for at in found if data[at] >= 0x80}  # both bytes of a full-width digit
    return found | set(card_number_digits(data.translate(_FROM_EBCDIC).decode("latin-1"), issued=issued))


def _of_run(text: str, start: int, stop: int, issued: bool) -> set[int]:
    """Return what is hidden of a run of digits, which may have spaces and dashes between them."""
    groups = [(start + one.start(), start + one.end()) for one in _GROUP.finditer(text[start:stop])]
    found: set[int] = set()
    accepts = is_issued if issued else _has_check_digit
    for first, (begin, end) in enumerate(groups):
        found |= _of_group(text, begin, end, issued)
        places = list(range(begin, end))
        for begin, end in groups[first + 1 :]:
            places += range(begin, end)
            if len(places) not in PAN_DIGITS:
                if len(places) > PAN_DIGITS[-1]:
                    break
                continue
            number = _digits("".join([text[at] for at in places]))
            if number[0] != "0" and accepts(number):
                found |= {places[at] for at in hidden_digits(len(places))} | _rest_of_track(text, end)
    return found


def _of_group(text: str, begin: int, end: int, issued: bool) -> set[int]:
    """Return what is hidden of digits that stand together."""
    digits = _digits(text[begin:end])
    if len(digits) < PAN_DIGITS[0]:
        return set()
    if len(digits) > PAN_DIGITS[-1] and not issued:
        return set(range(begin, end)) | _rest_of_track(text, end)
    number = digits.lstrip("0")
    if len(number) in PAN_DIGITS and (is_issued if issued else _has_check_digit)(number):
        return {end - len(number) + at for at in hidden_digits(len(number))} | _rest_of_track(text, end)
    found: set[int] = set()
    for size in _INSIDE:
        for at in range(len(digits) - size + 1):
            inside = digits[at : at + size]
            if _ISSUED.fullmatch(inside) and _has_check_digit(inside):
                found |= {begin + at + digit for digit in hidden_digits(size)}
                if at + size == len(digits):
                    found |= _rest_of_track(text, end)
    return found


def _digits(text: str) -> str:
    """Return decimal digits of any script as 0 to 9."""
    return text if text.isascii() else "".join([str(int(digit)) for digit in text])


def _rest_of_track(text: str, at: int) -> set[int]:
    """Return the digits that follow a card number on a track: expiry, service code, and what must never be kept."""
    rest = _TRACK_REST.match(text, at)
    return set(range(*rest.span(rest.lastindex or 0))) if rest else set()
