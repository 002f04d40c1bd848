"""Masking: how much of a value is shown (PCI DSS 4.0.1, 3.4.1: display of card numbers, 3.3: sensitive data).

1. A card number is shown as first 6 + last 4 (of 12 digits, first 5 + last 4); what is none is hidden whole.
2. Of a track, a PIN block, a secret, and of any sensitivity that is not known, only the length is shown.
3. In free text, what may be a card number is masked (`card_numbers` says what that is).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import lru_cache
from typing import Final

from acquirer.data.text import plural
from acquirer.wire.card_numbers import (
    KNOWN,
    PAN_DIGITS,
    card_number_bytes,
    card_number_digits,
    card_number_half_bytes,
    hidden_digits,
    is_digits,
    is_issued,
)
from acquirer.wire.message import Value


def mask_pan(pan: str) -> str:
    """Return a card number as first 6 + last 4; anything that is not 12–19 digits is hidden whole.

    >>> mask_pan("6212345678901232")
    '621234******1232'
    >>> mask_pan("62123456")
    '********'
    """
    places = _HIDDEN_PLACES.get(len(pan))
    if places is None or not is_digits(pan):
        return "*" * len(pan)
    start, stop, stars = places
    return f"{pan[:start]}{stars}{pan[stop:]}"


_HIDDEN_PLACES: Final = {
    count: (places.start, places.stop, "*" * len(places)) for count in PAN_DIGITS for places in [hidden_digits(count)]
}


def shown(value: Value, sensitivity: str) -> str:
    """Return a value as a person may see it; `sensitivity` is a `grammar.Sensitivity`, anything else hides the value.

    Text is made readable (GBK decoded, control characters never reach a screen), bytes are upper-case hex.

    >>> shown("6212345678901232", "pan"), shown(b"12345678", "pin"), shown("000001", "")
    ('621234******1232', '[8 bytes hidden]', '000001')
    """
    return shower_of(sensitivity)(value)


def shower_of(sensitivity: str) -> Callable[[Value], str]:
    """Return what shows values of a sensitivity; see `shown`."""
    return readable if sensitivity == "" else _pan if sensitivity == "pan" else hidden


def _pan(value: Value) -> str:
    return mask_pan(value) if isinstance(value, str) else hidden(value)


def hidden(value: Value) -> str:
    """Return the length of a value, in place of it.

    >>> hidden("6212790200001797D2412")
    '[21 characters hidden]'
    """
    return _hidden(len(value), "byte" if isinstance(value, bytes) else "character")


@lru_cache(256)  # a dialect's fields hide a few dozen lengths
def _hidden(count: int, unit: str) -> str:
    return f"[{plural(count, unit)} hidden]"


def readable(value: Value, charset: str = "gbk") -> str:
    """Return text as it reads (ASCII, else in the dialect's character set), or upper-case hex when it is no text.

    >>> readable("01 "), readable("银联".encode("gbk").decode("latin-1")), readable("\\x00\\x9c"), readable(b"\\x12")
    ('01 ', '银联', '009C', '12')
    """
    if isinstance(value, bytes):
        return value.hex().upper()
    text = as_text(value, charset)
    return value.encode("latin-1", "replace").hex().upper() if text is None else text


def mac_text(mac: bytes) -> str:
    """Return a MAC as people compare it: hex characters as they are, bytes as hex.

    >>> mac_text(b"3A57ACBB"), mac_text(b"\\x00\\x9c")
    ('3A57ACBB', '009C')
    """
    return mac.hex().upper() if mac.translate(None, _HEX_CHARACTERS) else mac.decode("ascii")


_HEX_CHARACTERS: Final = b"0123456789ABCDEFabcdef"


def as_text(value: str, charset: str = "gbk") -> str | None:
    """Return the characters of a text field (held as latin-1, see `message.Value`); None when it holds binary data."""
    if value.isascii():
        return value if value.isprintable() else None
    try:
        text = value.encode("latin-1").decode(charset)
    except UnicodeError:
        return None
    return text if text.isprintable() else None


_DIGITS = re.compile(r"\d+")
_CONTROL = re.compile(r"[\0-\x08\x0e-\x1f\x7f]")
"""Characters that no text has: it is bytes, and its digits may be packed."""


def known(text: str) -> str:
    """Return a value marked so that `mask_sentence` leaves it alone.

    For a value whose meaning is known to be none of a card, like a MAC or a merchant's number; never for free text from
    the wire.

    >>> mask_sentence(f"got {known('0000000000000000')} with card 6212345678901232")
    'got 0000000000000000 with card 621234******1232'
    """
    return _DIGITS.sub(KNOWN + r"\g<0>", text)


def known_particulars(text: str) -> str:
    """Return `known` text of what a terminal sent for something else, without numbers that an issuer gives out.

    >>> mask_sentence(f"KSN {known_particulars('FF621234567890123457')}, {known_particulars('62001234567890000001')}")
    'KSN FF621234********3457, 62001234567890000001'
    """
    return known(mask_card_numbers(text, issued=True))


def mask_sentence(text: str) -> str:
    """Mask what may be card numbers in a sentence of our own, except for what it says is `known`."""
    places = card_number_digits(text)
    masked = _starred(text, places) if places else text
    return masked if masked.isascii() else masked.replace(KNOWN, "")


def mask_card_numbers(text: str, *, issued: bool = False) -> str:
    """Mask what may be card numbers in free text, where nothing says what digits mean (see `card_numbers`).

    `issued`: only numbers that an issuer gives out.

    >>> mask_card_numbers("card 6212 3456 7890 1232, merchant 880210010210162")
    'card 6212 34** **** 1232, merchant 880210010210162'
    """
    if text.isascii() and text.isprintable():
        found = card_number_digits(text, issued=issued)
        return _starred(text, found) if found else text
    text = text.replace(KNOWN, "")
    places = set(card_number_digits(text, issued=issued))
    with suppress(UnicodeError):  # text from the wire stands for its bytes, see `message.Value`
        data = text.encode("latin-1")
        places |= card_number_bytes(data, issued=issued)
        if _CONTROL.search(text):
            places |= {half // 2 for half in card_number_half_bytes(data, issued=True)}
    return _starred(text, places)


def mask_digits(text: str) -> str:
    """Mask digits that are a card number by mistake; they mean something else, so one is seldom.

    Between letters, as hexadecimal digits have, each run of digits is looked at.

    >>> mask_digits("6212345678901232"), mask_digits("0000070000120310"), mask_digits("A6212345678901232B")
    ('621234******1232', '0000070000120310', 'A621234******1232B')
    """
    return _DIGITS.sub(_masked_run, text) if len(text) >= PAN_DIGITS[0] else text


def _masked_run(run: re.Match[str]) -> str:
    digits = run[0]
    if len(digits) < PAN_DIGITS[0] or not is_issued(digits):
        return digits
    number = digits.lstrip("0")
    return _starred(digits, [len(digits) - len(number) + digit for digit in hidden_digits(len(number))])


def mask_bytes(data: bytes) -> str:
    """Return bytes as upper-case hex, with stars for what may be digits of a card number.

    >>> mask_bytes(bytes.fromhex("5A086212345678901232"))
    '5A08621234******1232'
    """
    return _starred(data.hex().upper(), card_number_half_bytes(data))


def _starred(text: str, places: Collection[int]) -> str:
    characters = list(text)
    for at in places:
        characters[at] = "*"
    return "".join(characters)
