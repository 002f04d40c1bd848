"""Masking: how much of a value is shown (PCI DSS 4.0.1, 3.4.1: display of card numbers, 3.3: sensitive data).

1. A card number is shown as first 6 + last 4; one that does not look like a card number is hidden whole.
2. Of a track, a PIN block, a secret, and of any sensitivity that is not known, only the length is shown.
3. In free text, runs of digits that may be card numbers are masked.
"""

from __future__ import annotations

import re

from acquirer.wire.message import Value

PAN_DIGITS = range(13, 20)
"""Lengths of a card number (ISO/IEC 7812 allows 8–19; 12 and less are too short to keep ten digits of)."""

CLEAR_HEAD, CLEAR_TAIL = 6, 4
"""Digits of a card number that may stand in the clear (PCI's table of truncations: 6/4 suits 6- and 8-digit BINs)."""


def mask_pan(pan: str) -> str:
    """Return a card number as first 6 + last 4; anything that is not 13–19 digits is hidden whole.

    >>> mask_pan("6212345678901232")
    '621234******1232'
    >>> mask_pan("62123456")
    '********'
    """
    if len(pan) not in PAN_DIGITS or not _is_digits(pan):
        return "*" * len(pan)
    return pan[:CLEAR_HEAD] + "*" * (len(pan) - CLEAR_HEAD - CLEAR_TAIL) + pan[-CLEAR_TAIL:]


def hidden_digits(count: int) -> range:
    """Return which digits (from 0) of a card number of `count` digits are hidden.

    >>> hidden_digits(16)
    range(6, 12)
    """
    if count not in PAN_DIGITS:
        return range(count)
    return range(CLEAR_HEAD, count - CLEAR_TAIL)


def shown(value: Value, sensitivity: str) -> str:
    """Return a value as a person may see it; `sensitivity` is a `grammar.Sensitivity`, anything else hides the value.

    Text is made readable (GBK decoded, control characters never reach a screen), bytes are upper-case hex.

    >>> shown("6212345678901232", "pan"), shown(b"12345678", "pin"), shown("000001", "")
    ('621234******1232', '[8 bytes hidden]', '000001')
    """
    if sensitivity == "":
        return readable(value)
    if sensitivity == "pan" and isinstance(value, str):
        return mask_pan(value)
    return hidden(value)


def hidden(value: Value) -> str:
    """Return the length of a value, in place of it.

    >>> hidden("6212790200001797D2412")
    '[21 characters hidden]'
    """
    unit = "byte" if isinstance(value, bytes) else "character"
    return f"[{len(value)} {unit}{'' if len(value) == 1 else 's'} hidden]"


def readable(value: Value) -> str:
    """Return text as it reads (ASCII, else GBK), or upper-case hex when it does not read as text.

    >>> readable("01 "), readable("银联".encode("gbk").decode("latin-1")), readable("\\x00\\x9c"), readable(b"\\x12")
    ('01 ', '银联', '009C', '12')
    """
    if isinstance(value, bytes):
        return value.hex().upper()
    text = as_text(value)
    return value.encode("latin-1", "replace").hex().upper() if text is None else text


def mac_text(mac: bytes) -> str:
    """Return a MAC as people compare it: hex characters as they are, bytes as hex.

    >>> mac_text(b"3A57ACBB"), mac_text(b"\\x00\\x9c")
    ('3A57ACBB', '009C')
    """
    text = mac.decode("latin-1")
    return text if set(text) <= set("0123456789ABCDEFabcdef") else mac.hex().upper()


def as_text(value: str) -> str | None:
    """Return the characters of a text field (held as latin-1, see `message.Value`); None when it holds binary data."""
    if value.isascii():
        return value if value.isprintable() else None
    try:
        text = value.encode("latin-1").decode("gbk")
    except UnicodeError:
        return None
    return text if text.isprintable() else None


KNOWN = "\ufdd0"  # before digits of our own: a noncharacter, which neither latin-1 nor GBK has, so no wire brings it
_RUN = re.compile(rf"(?<![0-9{KNOWN}])[0-9]{{13,}}(?![0-9])")
_ZEROED = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * PAN_DIGITS[0]


def known(text: str) -> str:
    """Return a value marked so that `mask_card_numbers` leaves it alone in a sentence.

    For a value whose meaning is known to be none of a card, like a MAC or a merchant's number; never for free text from
    the wire.

    >>> mask_card_numbers(f"got {known('0000000000000000')} with card 6212345678901232")
    'got 0000000000000000 with card 621234******1232'
    """
    return _RUN.sub(KNOWN + r"\g<0>", text)


def mask_card_numbers(text: str) -> str:
    """Mask what may be card numbers in free text, where nothing says what a run of digits means.

    That is 13–19 digits that pass the Luhn check, and longer runs, which may be lists of them.

    >>> mask_card_numbers("card 6212345678901232, merchant 880210010210162")
    'card 621234******1232, merchant 880210010210162'
    """
    if len(text) < PAN_DIGITS[0] or _LONG not in text.encode("utf-8", "replace").translate(_ZEROED):
        return text  # nearly always, and found out at a third of the cost
    stars = frozenset(card_number_digits(text))
    masked = "".join("*" if i in stars else character for i, character in enumerate(text)) if stars else text
    return masked.replace(KNOWN, "")


def card_number_digits(text: str) -> list[int]:
    """Return where `mask_card_numbers` puts its stars.

    >>> card_number_digits("card 6212345678901232")
    [11, 12, 13, 14, 15, 16]
    """
    runs = (run for run in _RUN.finditer(text) if len(run[0]) not in PAN_DIGITS or passes_luhn(run[0]))
    return [run.start() + digit for run in runs for digit in hidden_digits(len(run[0]))]


_DOUBLED = str.maketrans("0123456789", "0246813579")
"""Each digit doubled, the two digits of the result added."""


def passes_luhn(digits: str) -> bool:
    """Return whether the last digit is the right check digit (ISO/IEC 7812-1 annex B).

    >>> passes_luhn("6212345678901232"), passes_luhn("6212345678901233"), passes_luhn("")
    (True, False, False)
    """
    if not _is_digits(digits):
        return False
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
