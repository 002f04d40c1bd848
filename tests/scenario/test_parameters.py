"""Parameters of a kind, read from the fields and the docstring of its dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.scenario.parameters import Milliseconds, parameters_of, read_duration_ms, show_duration_ms


@dataclass(frozen=True)
class Everything:
    """One parameter of each type.

    More about it.

    Args:
        share: Part of the bytes,
            which are many.
        wait_ms: How long.
        how: Which way.
        hex: Which bytes.
        hard: Whether.
        text: What.
        times: How often.

    Raises:
        nothing: Never.
    """

    times: int
    share: float = 0.5
    wait_ms: Milliseconds = 250
    how: Literal["flip", "zero"] = "flip"
    hex: bytes = b"\xff"
    hard: bool = False
    text: str = "x"


PARAMETERS = {parameter.name: parameter for parameter in parameters_of(Everything)}


def test_they_are_named_like_the_fields_without_their_unit():
    assert [(parameter.name, parameter.field) for parameter in PARAMETERS.values()] == [
        ("times", "times"),
        ("share", "share"),
        ("wait", "wait_ms"),
        ("how", "how"),
        ("hex", "hex"),
        ("hard", "hard"),
        ("text", "text"),
    ]


def test_their_help_is_their_entry_in_the_docstring():
    assert PARAMETERS["share"].help == "Part of the bytes, which are many."
    assert PARAMETERS["times"].help == "How often."


def test_their_defaults_are_shown_as_they_are_written():
    assert [PARAMETERS["times"].required, PARAMETERS["share"].required] == [True, False]
    shown = {name: one.type.show(one.default) for name, one in PARAMETERS.items() if not one.required}
    assert shown == {"share": "0.5", "wait": "250ms", "how": "flip", "hex": "FF", "hard": "false", "text": "x"}
    for name, text in shown.items():
        assert PARAMETERS[name].type.read(text) == PARAMETERS[name].default


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("times", "007", 7),
        ("share", "1", 1.0),
        ("wait", "2s", 2000),
        ("how", "zero", "zero"),
        ("hex", "00fF", b"\x00\xff"),
        ("hard", "true", True),
        ("text", "a b", "a b"),
    ],
)
def test_they_read(name, text, value):
    assert PARAMETERS[name].type.read(text) == value


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("times", "-1", "'-1' is not a whole number; write digits, at most 9"),
        ("times", "1234567890", "'1234567890' is not a whole number; write digits, at most 9"),
        ("share", "1e3", "'1e3' is not a number; write it like 0.5"),
        ("wait", "", "'' is not a duration; write it like 3s, 250ms or 1min (without a unit: seconds)"),
        ("how", "swap", "'swap' is not one of flip, zero"),
        ("hex", "ABC", "'ABC' is not hex; write an even number of digits 0-9 and A-F"),
        ("hard", "yes", "'yes' is neither true nor false"),
        ("text", "", "is empty"),
    ],
)
def test_what_they_cannot_read_is_one_sentence(name, text, sentence):
    with pytest.raises(ValueError) as caught:
        PARAMETERS[name].type.read(text)
    assert str(caught.value) == sentence


@given(st.integers(0, 24 * 3600 * 1000))
def test_a_shown_duration_is_read_back(ms):
    assert read_duration_ms(show_duration_ms(ms)) == ms
    assert read_duration_ms(f"{ms // 1000}.{ms % 1000:03d}") == ms


@given(st.text(max_size=12))
def test_any_text_is_a_duration_of_at_most_a_day_or_one_sentence(text):
    try:
        ms = read_duration_ms(text)
    except ValueError as exc:
        sentence = str(exc)
    else:
        assert 0 <= ms <= 24 * 3600 * 1000
        return
    assert sentence.startswith(f"'{text}' is ")


def test_a_duration_carries_its_unit_in_the_name_of_its_field():
    @dataclass(frozen=True)
    class Slow:
        """Wait.

        Args:
            after: How long.
        """

        after: Milliseconds = 1

    with pytest.raises(TypeError, match=r"^Slow\.after: the name must end in _ms, its unit$"):
        parameters_of(Slow)
