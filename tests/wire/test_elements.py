"""Elements made ready for many messages are read and written as they are once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from acquirer.settings.specs import load_dialect
from acquirer.wire.codec import NOT_FAST
from acquirer.wire.deframer import make_deframer
from acquirer.wire.elements import has_form, make_reader, make_writer, part_source, read_element, write_element
from acquirer.wire.grammar import FieldSpec, Locator, Part, Text
from acquirer.wire.message import EncodeError, Unusual

DIALECTS = ["unionpay-pos", "iso8583-1987-ascii", "iso8583-1987-binary", "iso8583-1993-ascii", "iso8583-1993-bcd"]
AFTER = (Part(Text("label"), 0, 2, fixed="No"), Part(Text("length"), 2, 4, counts=True))

every_dialect = pytest.mark.parametrize("name", DIALECTS)


def locators() -> st.SearchStrategy[Locator]:
    """Any place that a dialect can name, and some that none does."""
    whole = st.builds(
        Locator, st.integers(1, 3), as_text=st.booleans(), after=st.sampled_from([(), AFTER])
    )  # "62", "62 text", "62 text from serial.3"
    return st.one_of(
        whole,
        st.builds(
            lambda de, start, size, as_text: Locator(de, start, start + size if size else None, as_text),
            st.integers(1, 3),
            st.integers(0, 6),
            st.integers(0, 6),  # 0: all the rest
            st.booleans(),
        ),
    )


texts = st.one_of(st.text("0123456789", max_size=12), st.text("No01 消é", max_size=8), st.just("No0412345"))
values = st.one_of(texts, st.binary(max_size=12), st.just(b"No02ab"))
fields = st.dictionaries(st.integers(1, 4), values, max_size=4)


def spec(de: int, kind: str, maximum: int, length_bytes: int) -> FieldSpec:
    return FieldSpec(
        de, Text("made up"), "", kind, maximum, length_bytes, "ascii", "ascii", "latin-1", pad_left=False, pads="0"
    )


specs = st.builds(spec, st.just(1), st.sampled_from(["n", "h", "ans", "b"]), st.integers(1, 12), st.integers(0, 2))


def outcome(act: Callable[..., Any], *arguments: Any) -> object:
    """What it gives, or how it fails."""
    try:
        return act(*arguments)
    except (EncodeError, UnicodeError) as exc:
        return type(exc), str(exc)


@pytest.mark.slow
@settings(max_examples=300)
@given(locators(), fields)
def test_a_reading_reads(at: Locator, fields: dict[int, Any]) -> None:
    before = dict(fields)
    assert make_reader(at)(fields) == read_element(fields, at)
    assert fields == before


@pytest.mark.slow
@settings(max_examples=500)
@given(locators(), specs, fields, values)
def test_a_writer_writes(at: Locator, one: FieldSpec, fields: dict[int, Any], value: Any) -> None:
    once, often = dict(fields), dict(fields)
    ready = make_writer(at, one)
    assert outcome(ready, often, value) == outcome(write_element, once, at, value, one)
    assert often == once
    # And over what it wrote itself.
    assert outcome(ready, often, value) == outcome(write_element, once, at, value, one)
    assert often == once


@pytest.mark.slow
@settings(max_examples=500)
@given(locators(), specs, fields, values)
def test_source_that_writes_a_part_writes_it_alike_or_not_at_all(
    at: Locator, one: FieldSpec, fields: dict[int, Any], value: Any
) -> None:
    lines = part_source(at, one, "fields", "value")
    assert bool(lines) or at.as_text or at.stop is None or not one.length_bytes
    once, often = dict(fields), dict(fields)
    try:
        exec("\n".join(lines), {"fields": often, "value": value, "Unusual": Unusual})
    except NOT_FAST:
        assert often == fields
        return
    if lines:
        write_element(once, at, value, one)
    assert often == once


def test_a_part_of_a_field_that_is_there_is_written_by_source() -> None:
    at, batch = Locator(60, 2, 8), spec(60, "n", 30, 3)
    fields: dict[int, Any] = {60: "22000001003"}
    exec("\n".join(part_source(at, batch, "fields", "'000007'")), {"fields": fields, "Unusual": Unusual})
    assert fields == {60: "22000007003"}
    for field, part in [("22000", "'000007'"), ("22000001003", "'00007'"), (b"22000001003", "b'000007'")]:
        fields = {60: field}
        with pytest.raises((Unusual, TypeError)):
            exec("\n".join(part_source(at, batch, "fields", part)), {"fields": fields, "Unusual": Unusual})
        assert fields == {60: field}


def test_a_part_beyond_the_end_of_its_field_is_written_as_it_is_once() -> None:
    at, one = Locator(1, 2, 3), spec(1, "n", 1, 0)
    once: dict[int, Any] = {}
    often: dict[int, Any] = {}
    write_element(once, at, "0", one)
    make_writer(at, one)(often, "0")
    assert often == once


@pytest.mark.slow
@settings(max_examples=150)
@given(locators(), specs, fields, texts)
def test_what_was_written_is_read(at: Locator, one: FieldSpec, fields: dict[int, Any], value: str) -> None:
    assume(one.length_bytes or one.maximum >= at.start + len(value))  # the part lies within its field
    try:
        make_writer(at, one)(fields, value)
    except (EncodeError, UnicodeError):
        return
    if at.whole:  # what counts may be behind parts of its own
        assert make_reader(Locator(at.de, as_text=at.as_text))(fields) == value
    elif value and not at.as_text:
        assert make_reader(at)(fields) == value


def test_a_writer_fills_a_field_of_fixed_size_that_is_there_in_part() -> None:
    once: dict[int, str | bytes] = {90: "1234"}
    often: dict[int, str | bytes] = {90: "1234"}
    at, one = Locator(90, 0, 4), spec(90, "n", 10, 0)
    write_element(once, at, "0200", one)
    make_writer(at, one)(often, "0200")
    assert once == {90: "0200000000"}
    assert often == once


@every_dialect
def test_readings_read_every_element_of_every_sample(name: str) -> None:
    dialect = load_dialect(name)
    readings = {element: make_reader(at) for element, at in dialect.elements.items()}
    found = 0
    for sample in dialect.samples:
        message = dialect.decode(next(deframed(dialect, bytes.fromhex(sample.hex))))
        for element, at in dialect.elements.items():
            value = readings[element](message.fields)
            assert value == read_element(message.fields, at) == dialect.get(message, element)
            found += value is not None
    assert found > 10


@every_dialect
def test_writers_put_every_element_of_every_sample_back(name: str) -> None:
    """Over what is there, and into an empty message in the order of a dialect's elements."""
    dialect = load_dialect(name)
    writers = {element: make_writer(at, dialect.fields[at.de]) for element, at in dialect.elements.items()}
    for sample in dialect.samples:
        message = dialect.decode(next(deframed(dialect, bytes.fromhex(sample.hex))))
        there = dict(message.fields)
        once: dict[int, Any] = {}
        often: dict[int, Any] = {}
        for element, at in dialect.elements.items():
            value = dialect.get(message, element)
            if value is None or at.after:  # those parts go with it
                continue
            writers[element](there, value)
            dialect.put(once, element, value)
            writers[element](often, value)
        assert there == message.fields
        assert often == once


def deframed(dialect: Any, data: bytes) -> Any:
    deframer = make_deframer(dialect.framing)
    deframer.feed(data)
    return iter(deframer)


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("No03123", True),
        ("No00", True),
        ("No02123", False),
        ("No04123", False),
        ("Nr03123", False),
        ("No0x123", False),
        ("No", False),
        ("", False),
        (b"No03123", False),
    ],
)
def test_a_text_marks_itself_by_what_is_fixed_and_what_is_counted(value: str | bytes, fits: bool) -> None:
    assert has_form(value, AFTER) is fits
    assert has_form(value, AFTER[:1]) is (isinstance(value, str) and value.startswith("No"))


def test_parts_that_neither_are_fixed_nor_count_mark_nothing() -> None:
    assert not has_form("anything", (Part(Text("free"), 0, 4),))


@pytest.mark.parametrize(
    ("place", "whole"),
    [(Locator(60), True), (Locator(60, 1), False), (Locator(60, 0, 2), False), (Locator(60, 1, 2), False)],
)
def test_a_whole_element_has_neither_start_nor_stop(place: Locator, whole: bool) -> None:
    assert place.whole is whole
