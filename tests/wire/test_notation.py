"""ISO notation of fields."""

from __future__ import annotations

import pytest

from acquirer.wire.notation import Notation, length_bytes, length_limit, parse_notation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n6", Notation("n", 0, 6)),
        ("n..19", Notation("n", 2, 19)),
        ("z...104", Notation("z", 3, 104)),
        ("ans15", Notation("ans", 0, 15)),
        ("an..25", Notation("an", 2, 25)),
        ("b8", Notation("b", 0, 8)),
        ("h...322", Notation("h", 3, 322)),
        ("x+n8", Notation("x+n", 0, 8)),
    ],
)
def test_formats_are_class_dots_and_size(text, expected):
    assert parse_notation(text) == expected


@pytest.mark.parametrize("text", ["", "n", "6", "n0", "n-6", "q6", "n.......6", "n6 ", "N6", "b..99999", "x+n..8"])
def test_the_refusal_of_anything_else_says_how_a_format_looks(text):
    with pytest.raises(ValueError, match=r"n\.\.19|without dots"):
        parse_notation(text)


def test_length_indicators_have_a_size_and_an_end():
    table = {
        ("ascii", 2): (2, 99),
        ("bcd", 2): (1, 99),
        ("bcd", 3): (2, 999),
        ("binary", 2): (1, 255),
        ("ebcdic", 3): (3, 999),
    }
    for (encoding, digits), expected in table.items():
        assert (length_bytes(digits, encoding), length_limit(digits, encoding)) == expected
