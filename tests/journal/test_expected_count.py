"""How many exchanges are expected, as it is written and as it is said."""

from __future__ import annotations

import pytest

from acquirer.journal.expected_count import CountError, ExpectedCount, read_count


@pytest.mark.parametrize(
    ("written", "least", "most", "words"),
    [
        (None, 1, None, "at least 1 sale"),
        (1, 1, 1, "exactly 1 sale"),
        ("2", 2, 2, "exactly 2 sales"),
        (0, 0, 0, "no sale"),
        (">=2", 2, None, "at least 2 sales"),
        ("> 2", 3, None, "at least 3 sales"),
        ("<=3", 0, 3, "at most 3 sales"),
        ("<3", 0, 2, "at most 2 sales"),
        ("<1", 0, 0, "no sale"),
        (" 1..3 ", 1, 3, "1 to 3 sales"),
        ("0..1", 0, 1, "at most 1 sale"),
        ("4..4", 4, 4, "exactly 4 sales"),
    ],
)
def test_a_number_is_read_and_put_into_words(
    written: int | str | None, least: int, most: int | None, words: str
) -> None:
    count = read_count(written)
    assert count == ExpectedCount(least, most)
    assert count.of("sale") == words


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("two", "'two' is not a number of exchanges; write it like 2, >=2, 1..3 or 0"),
        ("", "'' is not a number of exchanges; write it like 2, >=2, 1..3 or 0"),
        (-1, "'-1' is not a number of exchanges; write it like 2, >=2, 1..3 or 0"),
        (True, "'True' is not a number of exchanges; write it like 2, >=2, 1..3 or 0"),
        (">1..3", "'>1..3' is not a number of exchanges; write it like 2, >=2, 1..3 or 0"),
        ("3..1", "'3..1' ends before it begins; write the smaller number first"),
        ("<0", "'<0' can never be so; write 0 for none"),
    ],
)
def test_what_is_no_number_is_refused_with_a_sentence(written: int | str, sentence: str) -> None:
    with pytest.raises(CountError) as refused:
        read_count(written)
    assert str(refused.value) == sentence
