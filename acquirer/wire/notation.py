"""ISO notation of fields: ``n6``, ``n..19``, ``ans15``, ``b8``, ``z..37``, and what each class may hold.

A class, then dots, then a size. As many dots as the length indicator has digits: none for a fixed size, ``..`` is
LLVAR, ``...`` is LLLVAR. Sizes count digits (``n z h``), characters (text classes) or bytes (``b``; ISO tables say
``b64`` in bits, write ``b8`` here). ``x+n8`` is a sign ``C`` or ``D`` and eight digits. ``h`` is ours: hexadecimal
digits, for private fields that are counted in digits but may hold anything.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Which characters a terminal puts in a class of text is not judged: terminals send blanks in ``an`` fields, and no host
# in the field refuses them. So any byte is accepted, kept, and escaped where it is displayed.

DIGIT_KINDS = frozenset({"n", "z", "h"})
"""Classes whose sizes count digits: decimal; track data; hexadecimal."""

ALPHABETS = {
    "n": re.compile("[0-9]*"),
    "z": re.compile("[0-9A-F=]*"),  # separators D and =; encrypted tracks may hold any hexadecimal digit
    "h": re.compile("[0-9A-F]*"),
    "x+n": re.compile("(?:[CD][0-9]*)?"),
}
"""What a value may consist of; a class that is not here may hold anything."""

NIBBLES = re.compile("[0-9A-F]*")
"""What fits half a byte: narrows ``z``, whose ``=`` exists only as text."""


class Notation(NamedTuple):
    """A parsed format: its class, how many digits its length indicator has (0: fixed), its size."""

    kind: str
    length_digits: int
    maximum: int


_NOTATION = re.compile(r"(x\+n|ans|an|as|ns|a|n|s|b|z|h)(\.{0,6})([1-9]\d{0,3})")


def parse_notation(text: str) -> Notation:
    """Read one format.

    >>> parse_notation("n..19")
    Notation(kind='n', length_digits=2, maximum=19)
    >>> parse_notation("b8")
    Notation(kind='b', length_digits=0, maximum=8)

    Raises:
        ValueError: the sentence says what a format looks like.
    """
    if not (found := _NOTATION.fullmatch(text)):
        raise ValueError(
            f"{text!r} is no format; write a class (n a an ans as ns s z h b x+n), dots for a variable size "
            "(.. LLVAR, ... LLLVAR) and the size, as in n6, n..19, ans...999, b8"
        )
    kind, dots, size = found.groups()
    if kind == "x+n" and dots:
        raise ValueError("x+n is always of fixed size: write it without dots, as in x+n8")
    return Notation(kind, len(dots), int(size))


def length_bytes(digits: int, encoding: str) -> int:
    """Return how many bytes a length indicator of so many digits takes: a character each, or two digits to a byte."""
    return digits if encoding in ("ascii", "ebcdic") else (digits + 1) // 2


def length_limit(digits: int, encoding: str) -> int:
    """Return the largest length such an indicator can hold."""
    return int(256 ** length_bytes(digits, encoding)) - 1 if encoding == "binary" else int(10**digits) - 1
