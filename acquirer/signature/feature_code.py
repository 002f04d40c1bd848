"""交易特征码, the transaction feature code: eight hex digits that bind a signature to its transaction.

A terminal shows it in grey behind the signature; the host never receives it as a field and can only compute it again.
Two rows of eight decimal digits, each packed into four BCD bytes, are combined by exclusive or.
"""

from __future__ import annotations


def feature_code(settlement_date: str | None, rrn: str | None) -> str:
    """Return the code of an online transaction, from DE15 (MMDD) and DE37 (12 characters); absent ones count as zeros.

    An RRN with letters leaves the result to each terminal's BCD routine, see `_nibble`.

    Raises:
        ValueError: a date that is not 4, or an RRN that is longer than 12 characters.

    >>> feature_code("0824", "123456789012")
    '5E5C8226'
    >>> feature_code(None, "123456123456")
    '56122662'
    """
    return _fold(_filled(settlement_date, 4, "settlement date") + _filled(rrn, 12, "RRN"))


def offline_feature_code(batch: str, stan: str) -> str:
    """Return the code of a transaction approved offline, which has no RRN: from its batch and STAN, six digits each.

    Raises:
        ValueError: one of them has more than 6 characters.

    >>> offline_feature_code("000123", "000045")
    '00442300'
    """
    return _fold(_filled(batch, 6, "batch") + _filled(stan, 6, "STAN") + "0000")


def _filled(digits: str | None, size: int, name: str) -> str:
    text = (digits or "").strip()
    if len(text) > size or not text.isascii():
        raise ValueError(f"{name} {text!r} is not at most {size} ASCII characters")
    return text.rjust(size, "0")


def _fold(digits: str) -> str:
    nibbles = [_nibble(digit) for digit in digits]
    return "".join(f"{a ^ b:X}" for a, b in zip(nibbles[:8], nibbles[8:], strict=True))


def _nibble(character: str) -> int:
    """Return a digit as itself, a letter as C routines pack it, ``(c - 'A' + 10) & 15``, other signs by low bits.

    No standard has a rule for letters, yet some hosts use them: this is what terminals in the field most often do.
    """
    if character.isalpha():
        return (ord(character.upper()) - ord("A") + 10) & 15
    return ord(character) & 15
