"""What is problem of a half byte that fills up an odd number of digits and is none of those that may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquirer.settings.specs import load_dialect
from acquirer.wire.filling import filling_problem
from acquirer.wire.message import DecodeError

BINARY = load_dialect("iso8583-1987-binary")
CARD = BINARY.fields[2]


def test_a_digit_asks_whether_the_field_is_filled_on_the_other_side() -> None:
    assert filling_problem(CARD, "3") == (
        'the filling half byte is 3, not 0: filled on the other side? [padding] n_variable = "right 0" reads that'
    )
    right = replace(BINARY.fields[22], pad_left=False, pads="0F")
    assert filling_problem(right, "1") == (
        'the filling half byte is 1, not 0 or F: filled on the other side? [padding] n_fixed = "left 0F" reads that'
    )


@pytest.mark.parametrize(
    ("pad_left", "pads", "filling", "takes"),
    [(True, "0", "F", "left 0F"), (False, "0", "F", "right 0F"), (False, "F", "0", "right F0")],
)
def test_another_filler_names_the_padding_that_takes_it(pad_left: bool, pads: str, filling: str, takes: str) -> None:
    problem = filling_problem(replace(CARD, pad_left=pad_left, pads=pads), filling)
    assert problem == f'the filling half byte is {filling}, not {pads}: [padding] n_variable = "{takes}" takes it'


def test_a_digit_of_what_is_hidden_is_not_shown() -> None:
    problem = filling_problem(BINARY.fields[35], "7")
    assert problem.startswith("the filling half byte is a digit, not 0 or F: ")
    assert '[padding] z = "left 0F"' in problem


def test_the_padding_that_is_named_reads_the_frame() -> None:
    """A card number of 19 digits, filled on the right as one of the two stock packagers of Java programs does."""
    frame = BINARY.encode("0200", {2: "6212345678901232123", 11: "000001"})
    other = frame.replace(bytes.fromhex("06212345678901232123"), bytes.fromhex("62123456789012321230"))
    with pytest.raises(DecodeError) as failed:
        BINARY.decode(other)
    assert str(failed.value).endswith('[padding] n_variable = "right 0" reads that')
