"""Slip elements: read, written, kept when unknown, refused when damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.settings.specs import load_dialect
from acquirer.signature.slip_elements import (
    CAPTURES,
    ROLES,
    SLIP_TLV_KIND,
    ReceivedElement,
    build_slip_elements,
    first_text,
    parse_slip_elements,
)
from acquirer.wire.tlv import TlvError

DIALECT = load_dialect("unionpay-pos")
TAGS = next(layout.tags for layout in DIALECT.fields[55].layouts if layout.kind == SLIP_TLV_KIND)

# The slip elements of the published example of an upload.
EXAMPLE = bytes.fromhex("FF0008B2E2CAD4C9CCBBA7FF0104CFFBB7D1FF020101FF060720250824141556FF0A03313536FF700102")


def test_the_example_reads() -> None:
    elements = parse_slip_elements(EXAMPLE, TAGS)
    assert {e.tag: e.text for e in elements} == {
        "FF00": "测试商户",
        "FF01": "消费",
        "FF02": "01",
        "FF06": "20250824141556",
        "FF0A": "156",
        "FF70": "02",
    }
    assert (first_text(elements, "merchant"), first_text(elements, "capture")) == ("测试商户", "")


def test_the_example_is_written() -> None:
    texts = [(e.tag, e.text) for e in parse_slip_elements(EXAMPLE, TAGS)]
    assert build_slip_elements(texts, TAGS) == EXAMPLE


@pytest.mark.parametrize("capture", CAPTURES)
def test_how_it_was_captured_travels_in_our_own_tag(capture: str) -> None:
    assert (
        first_text(parse_slip_elements(build_slip_elements([(ROLES["capture"], capture)], TAGS), TAGS), "capture")
        == capture
    )


def test_the_dialect_knows_every_tag_our_machines_name() -> None:
    assert set(ROLES.values()) <= set(TAGS)


def test_unknown_and_repeated_tags_are_kept() -> None:
    elements = parse_slip_elements(bytes.fromhex("FFE90201FF FF700101 FF700102"), TAGS)
    assert elements[0] == ReceivedElement("FFE9", b"\x01\xff", "01FF", "")
    assert [e.text for e in elements[1:]] == ["01", "02"]
    assert build_slip_elements([(e.tag, e.value) for e in elements], TAGS) == bytes.fromhex(
        "FFE90201FF FF700101 FF700102"
    )


@given(st.lists(st.tuples(st.integers(0xFF00, 0xFFFF), st.binary(max_size=255)), max_size=8))
def test_any_bytes_in_them_come_back(pairs: list[tuple[int, bytes]]) -> None:
    data = build_slip_elements([(f"{tag:04X}", value) for tag, value in pairs], TAGS)
    elements = parse_slip_elements(data, TAGS)
    assert [(int(e.tag, 16), e.value) for e in elements] == pairs
    assert [e.text for e in elements if e.tag not in TAGS] == [
        e.value.hex().upper() for e in elements if e.tag not in TAGS
    ]


@given(st.text(st.characters(codec="gbk", categories=("L", "N", "P")), max_size=20))
def test_chinese_text_comes_back(text: str) -> None:
    assert parse_slip_elements(build_slip_elements([("FF00", text)], TAGS), TAGS)[0].text == text


@given(st.integers(0, len(EXAMPLE)))
def test_cut_anywhere_it_reads_or_tells_where_it_ends(at: int) -> None:
    whole = parse_slip_elements(EXAMPLE, TAGS)
    ends = [0]
    for element in whole:
        ends.append(ends[-1] + 3 + len(element.value))
    if at in ends:
        assert parse_slip_elements(EXAMPLE[:at], TAGS) == whole[: ends.index(at)]
        return
    with pytest.raises(TlvError) as exc:
        parse_slip_elements(EXAMPLE[:at], TAGS)
    assert exc.value.position == max(end for end in ends if end < at)
    assert [one.value for one in exc.value.before] == [e.value for e in whole[: len(exc.value.before)]]


def test_a_length_past_the_end_is_refused_with_its_offset() -> None:
    with pytest.raises(TlvError, match="tag FF01 says 25 bytes follow, but 4 are left, at byte 6") as exc:
        parse_slip_elements(bytes.fromhex("FF0003414243 FF0119 31323334"), TAGS)
    assert [one.tag for one in exc.value.before] == ["FF00"]


def test_numbers_are_filled_from_the_left() -> None:
    assert build_slip_elements([("FF02", "7")], TAGS) == bytes.fromhex("FF020107")
    assert build_slip_elements([("FF25", "123")], TAGS) == bytes.fromhex("FF25020123")


def test_a_card_number_is_masked_where_people_look() -> None:
    (element,) = parse_slip_elements(build_slip_elements([("FF25", "6212345678901232")], TAGS), TAGS)
    assert (element.text, element.shown) == ("6212345678901232", "621234******1232")


@pytest.mark.parametrize(
    ("tag", "text", "sentence"),
    [
        ("FFE9", "x", "slip element FFE9 is not in the dialect"),
        ("FF02", "A1", "slip element FF02: 'A1' is not at most 2 digits"),
        ("FF06", "2025082414155600", "is not at most 14 digits"),
        ("FF00", "商" * 21, "is not at most 40 bytes of GBK"),
        ("FF23", "00112233445566778899", "is not at most 8 bytes in hexadecimal"),
        ("FF29", "123", "is not at most 2 bytes in hexadecimal"),
        ("FF71", "商" * 128, "cannot hold 256 bytes"),
    ],
)
def test_text_that_does_not_fit_is_refused(tag: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        build_slip_elements([(tag, text)], TAGS)
