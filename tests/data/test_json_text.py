"""JSON from outside: what it says, or one sentence."""

from __future__ import annotations

import contextlib
import doctest
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.data import json_text
from acquirer.data.json_text import JsonTextError, parse_json

HOSTILE = {
    b"[" * 200_000: "brackets are nested too deep",
    b'{"a":' * 200_000: "brackets are nested too deep",
    b"[" + b"9" * 10_000 + b"]": "a number has thousands of digits",
    b"[1e999]": "the number 1e999 is too large",
    b"[NaN]": "NaN is no number of JSON",
    b"[-Infinity]": "-Infinity is no number of JSON",
    b'{"a": 1, "b": 2, "a": 3}': "the key 'a' stands twice",
    b"\xff\xfe[]": "it is not UTF-8 text",
    b"": "expecting value (line 1)",
    b"[1,\n2": "expecting ',' delimiter (line 2)",
    b'["\\ud800"]': "\\ud800 is half a character",
    b'{"a": {"\\uDFFF": 1}}': "\\udfff is half a character",
    b'["\\ud83d\\ud83d\\ude00"]': "\\ud83d is half a character",
    b'["\x01"]': "invalid control character at (line 1)",
}


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(json_text).failed == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_sentence(text: bytes) -> None:
    with pytest.raises(JsonTextError) as raised:
        parse_json(text)
    assert str(raised.value) == HOSTILE[text]


def test_memory_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_args: object, **_more: object) -> None:
        raise MemoryError

    monkeypatch.setattr(json, "loads", no_memory)
    with pytest.raises(JsonTextError, match="too large for the memory there is"):
        parse_json("[]")


def test_a_text_that_is_none_is_one_sentence() -> None:
    """Python reads file names and arguments that are no UTF-8 as halves of characters."""
    with pytest.raises(JsonTextError, match="half a character"):
        parse_json('["\udcff"]')


def test_whole_characters_may_be_written_in_halves() -> None:
    assert parse_json(b'["\\ud83d\\ude00", "\\\\ud800"]') == ["\U0001f600", "\\ud800"]


def test_a_byte_order_mark_is_no_part_of_it() -> None:
    assert parse_json(b"\xef\xbb\xbf[1]") == parse_json("\ufeff[1]") == [1]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_it_reads_what_json_writes(value: object) -> None:
    assert parse_json(json.dumps(value)) == value


@given(st.binary(max_size=60))
def test_nothing_else_is_raised(data: bytes) -> None:
    with contextlib.suppress(JsonTextError):
        parse_json(data)
