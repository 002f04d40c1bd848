"""TLV data read and written again, and what is said when it does not hold together."""

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.wire import tlv
from acquirer.wire.tlv import MAX_DEPTH, TLV_KINDS, Tlv, TlvError, build_tlv, find_value, join_tlv, parse_tlv, walk

# DE55 of the published captured sale request
SALE = bytes.fromhex(
    "9F2608ACF958C80FF744039F2701809F101307010103A0A802010A010000000000328E7BDA9F37045FEA9AF89F36020196"
    "9505008004E0009A031607269C01009F02060000000000015F2A02015682027C009F1A0201569F3303E0F0C89F34034203009F3501228408"
    "A0000003330101019F090200309F1E0835303730333636359F0306000000000000"
)


def test_a_captured_chip_sale_falls_into_its_tags() -> None:
    objects = parse_tlv(SALE)
    assert " ".join(one.tag for one in objects) == (
        "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F33 9F34 9F35 84 9F09 9F1E 9F03"
    )
    assert find_value(objects, "9F1E") == b"50703665"
    assert find_value(objects, "5A") is None
    assert join_tlv(objects) == SALE


def test_issuer_scripts_are_looked_into() -> None:
    data = bytes.fromhex(
        "9F3602012C 910A 0102030405060708 3030 720F 9F180400000001 8606 84240000 0400".replace(" ", "")
    )
    objects = parse_tlv(data)
    assert [one.tag for one in walk(objects)] == ["9F36", "91", "72", "9F18", "86"]
    script = objects[2]
    assert script.within[1].start == script.value_start + 7
    assert data[script.within[1].start : script.within[1].stop] == bytes.fromhex("8606842400000400")
    assert join_tlv(objects) == data


def test_a_template_that_holds_no_tlv_stays_a_value() -> None:
    (one,) = parse_tlv(bytes.fromhex("7103FFFFFF"))
    assert (one.tag, one.value, one.within) == ("71", b"\xff\xff\xff", ())


def test_padding_between_objects_is_kept_and_has_no_tag() -> None:
    data = bytes.fromhex("0000 9C0100 00 9A03160726 00".replace(" ", ""))
    objects = parse_tlv(data)
    assert [one.tag for one in objects] == ["", "9C", "", "9A", ""]
    assert join_tlv(objects) == data


def test_a_longer_length_form_than_needed_survives_the_round_trip() -> None:
    data = bytes.fromhex("9C820001AA")
    assert parse_tlv(data)[0].value == b"\xaa"
    assert join_tlv(parse_tlv(data)) == data


def test_nesting_as_deep_as_the_data_is_long_ends_early() -> None:
    data = b""
    for _ in range(200):
        data = build_tlv([("70", data)])
    assert sum(1 for _ in walk(parse_tlv(data))) == MAX_DEPTH + 1


@pytest.mark.parametrize(
    ("kind", "data", "sentence", "read"),
    [
        ("ber-tlv", "9C01009F0206", "tag 9F02 says 6 bytes follow, but 0 are left, at byte 3", ["9C"]),
        ("ber-tlv", "9F", "the data ends within a tag or before its length, at byte 0", []),
        ("ber-tlv", "9C", "the data ends within a tag or before its length, at byte 0", []),
        ("ber-tlv", "9F9F9F9F9F01", "a tag of more than 4 bytes, at byte 0", []),
        ("ber-tlv", "9C80", "tag 9C has length byte 80, which EMV does not allow, at byte 1", []),
        ("ber-tlv", "9C83000001AA", "tag 9C has length byte 83, which EMV does not allow, at byte 1", []),
        ("ber-tlv", "9C84000000", "tag 9C has length byte 84, which EMV does not allow, at byte 1", []),
        ("ber-tlv", "9C8200", "the data ends within the length of tag 9C, at byte 1", []),
        ("tag2-length1", "FF000141FF0103", "tag FF01 says 3 bytes follow, but 0 are left, at byte 4", ["FF00"]),
        ("tag2-length1", "FF00", "the data ends within a tag or before its length, at byte 0", []),
        ("text-tag2-length3", b"A4002xxA3".hex(), "the data ends within a tag or before its length, at byte 7", ["A4"]),
        (
            "text-tag2-length3",
            b"A40x2yy".hex(),
            "expected two characters of tag and three digits of length, at byte 0",
            [],
        ),
    ],
)
def test_damaged_data_is_refused_with_its_place_and_what_was_read(
    kind: str, data: str, sentence: str, read: list[str]
) -> None:
    with pytest.raises(TlvError) as caught:
        parse_tlv(bytes.fromhex(data), kind)
    assert str(caught.value) == sentence
    assert [one.tag for one in caught.value.before] == read


def test_receipt_elements_of_a_signature_are_two_byte_tags_even_where_ber_would_go_on() -> None:
    data = build_tlv([("FF00", "小店".encode("gbk")), ("FF0A", b"156"), ("FF81", b"")], "tag2-length1")
    assert [one.tag for one in parse_tlv(data, "tag2-length1")] == ["FF00", "FF0A", "FF81"]


def test_a_qr_code_travels_as_text() -> None:
    data = build_tlv([("A3", b"6220001234567890123"), ("A4", b"")], "text-tag2-length3")
    assert data == b"A30196220001234567890123A4000"
    assert find_value(parse_tlv(data, "text-tag2-length3"), "A3") == b"6220001234567890123"


@pytest.mark.parametrize(
    ("kind", "tag", "size"),
    [
        ("ber-tlv", "9F", 0), ("ber-tlv", "9f26", 0), ("ber-tlv", "", 0), ("ber-tlv", "9F2601", 0),
        ("ber-tlv", "00", 0), ("ber-tlv", "9C", 65536),
        ("tag2-length1", "FF", 0), ("tag2-length1", "FF00", 256), ("tag2-length1", "XX00", 0),
        ("text-tag2-length3", "A", 0), ("text-tag2-length3", "A4", 1000), ("text-tag2-length3", "银联", 0),
    ],
)  # fmt: skip
def test_a_tag_or_value_a_kind_cannot_hold_is_refused(kind: str, tag: str, size: int) -> None:
    with pytest.raises(TlvError):
        build_tlv([(tag, bytes(size))], kind)


def tags(kind: str) -> st.SearchStrategy[str]:
    if kind == "ber-tlv":
        primitive = st.integers(1, 0xFF).filter(lambda b: b & 0x20 == 0 and b & 0x1F != 0x1F).map("{:02X}".format)
        return primitive | st.integers(1, 0x7F).map("9F{:02X}".format) | st.integers(1, 0x7F).map("DF81{:02X}".format)
    if kind == "tag2-length1":
        return st.integers(0, 0xFFFF).map("{:04X}".format)
    size = 6 if kind == "text-tag6-length3" else 2
    return st.text("ABCXYZ0123456789", min_size=size, max_size=size)


def objects_of(kind: str) -> st.SearchStrategy[tuple[str, bytes]]:
    if kind == "length2-bin":
        return st.tuples(st.integers(0, 99).map("{:02}".format), st.binary(min_size=6, max_size=6))
    if kind == "length2-digits":
        return st.binary(max_size=99).map(lambda value: (f"{len(value):02}", value))
    return st.tuples(tags(kind), st.binary(max_size=40) | st.binary(min_size=100, max_size=255))


@pytest.mark.slow
@pytest.mark.parametrize("kind", TLV_KINDS)
@given(st.data())
def test_what_is_built_is_parsed_again(kind: str, data: st.DataObject) -> None:
    objects = data.draw(st.lists(objects_of(kind), max_size=8))
    raw = build_tlv(objects, kind)
    assert [(one.tag, one.value) for one in parse_tlv(raw, kind)] == objects
    assert join_tlv(parse_tlv(raw, kind)) == raw


@pytest.mark.slow
@pytest.mark.parametrize("kind", TLV_KINDS)
@given(st.binary(max_size=80))
@settings(max_examples=300)
def test_any_bytes_are_objects_that_join_to_them_or_an_error_with_a_place(kind: str, data: bytes) -> None:
    read, error = parsed(data, kind)
    end = sum(len(one.header) + len(one.value) for one in read)
    assert join_tlv(read) == data[:end]
    if error:
        assert end <= error.position < len(data)
    else:
        assert end == len(data)
    for one in walk(read):
        assert data[one.start : one.stop] == one.header + one.value


def parsed(data: bytes, kind: str) -> tuple[tuple[Tlv, ...], TlvError | None]:
    try:
        return parse_tlv(data, kind), None
    except TlvError as exc:
        return exc.before, exc


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(tlv).failed == 0


@pytest.mark.parametrize(
    ("kind", "tag", "longest"),
    [("ber-tlv", "9C", 0xFFFF), ("tag2-length1", "FF00", 0xFF), ("text-tag2-length3", "A3", 999)],
)
def test_the_longest_value_is_written_and_read_and_one_byte_more_is_refused(kind: str, tag: str, longest: int) -> None:
    data = build_tlv([(tag, bytes(longest))], kind)
    assert [(one.tag, len(one.value)) for one in parse_tlv(data, kind)] == [(tag, longest)]
    with pytest.raises(TlvError, match=f"tag {tag} cannot hold {longest + 1} bytes, at byte 0"):
        build_tlv([(tag, bytes(longest + 1))], kind)


@pytest.mark.parametrize(
    ("size", "header"), [(0x7F, "9C7F"), (0x80, "9C8180"), (0xFF, "9C81FF"), (0x100, "9C820100"), (0xFFFF, "9C82FFFF")]
)
def test_lengths_are_written_in_the_shortest_form(size: int, header: str) -> None:
    assert build_tlv([("9C", bytes(size))]).startswith(bytes.fromhex(header))
    assert len(build_tlv([("9C", bytes(size))])) == len(header) // 2 + size
