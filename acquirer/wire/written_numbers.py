"""What people and programs write around the digits of a number, and around a track: patterns, in words, what to do."""

from __future__ import annotations

from typing import Final

COUNTED: Final = "send the digits alone: the length says how many they are"
_PAIR: Final = "[" + "".join(f"\\x{tens}0-\\x{tens}9" for tens in range(10)) + "]"
_HALF: Final = "[" + "".join(f"\\x{digit}f" for digit in range(10)) + "]"
FILLED: Final = (
    (f"{_PAIR}+(?:{_HALF}|\xff)\xff*", "its digits are filled with F on the right"),
    (f"\xff*(?:[\xf0-\xf9]|\xff){_PAIR}+", "its digits are filled with F on the left"),
)
"""Packed numbers of any size with more than the half byte that fills up an odd number of digits."""

SEPARATED: Final = "it has separators between its digits"
DIGITS_ONLY: Final = "send digits only"
SEPARATED_PATTERN: Final = "[0-9]{2,4}[-/:.][0-9]{2}(?:[-/:.][0-9]{2,4})?"
SEPARATORS: Final = (1, 2, 3, 6)
"""Characters more of a date or time that is written for people: 03-10, 12:00:00, 2026-03-10."""

AROUND: Final = (
    (
        "n",
        " +[0-9]+",
        "it is filled with blanks, and zeros belong there",
        "fill it up with zeros on the left",
    ),
    (
        "n",
        "[0-9]+ +",
        "it is filled with blanks on the right",
        "put the digits on the right, zeros before them",
    ),
    (
        "n",
        "[0-9 ]*[0-9][.,][0-9]{1,3} *",
        "it has a decimal point",
        "send minor units (cents), digits only",
    ),
    ("n", "[0 ]*[+-][0-9]+", "it has a sign", "send digits only"),
    ("n", SEPARATED_PATTERN, SEPARATED, DIGITS_ONLY),
    ("n", "[0-9]{2,7}(?:[ -][0-9]{2,7})+", "it has blanks or dashes between its digits", DIGITS_ONLY),
    (
        "n",
        "[0-9]{4,8}[*xX]+[0-9]{2,4}",
        "its digits are masked",
        "send the whole number to the host, and mask it where people see it",
    ),
    (
        "z",
        ";[0-9]+[=D][0-9]*\\?.?",
        "its sentinels (; and ?) are sent",
        "leave out the sentinels, and the LRC",
    ),
    ("z", "[0-9]+[=D][0-9]*\\?.?", "its end sentinel (?) is sent", "leave it out, and the LRC behind it"),
    ("z", "[0-9]{12,19}\\^[0-9]*", "a ^ stands where its separator belongs, as in track 1", "send ="),
    ("z", "%?[A-Z][0-9]{12,19}\\^[^^]*\\^.*", "it is a track 1", "send track 2, of digits alone"),
)
