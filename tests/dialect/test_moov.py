"""Specifications of moov-io/iso8583 become dialects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.data.toml import DataError, parse_toml
from acquirer.dialect.imported import write
from acquirer.dialect.lint import Report, lint
from acquirer.dialect.loading import load
from acquirer.dialect.moov import read_specification
from acquirer.inspect.doctor import diagnose_capture
from acquirer.wire.charsets import EBCDIC_CODE_PAGES

MTI = {"type": "String", "length": 4, "description": "MTI", "enc": "ASCII", "prefix": "ASCII.Fixed"}
BITMAP = {"type": "Bitmap", "length": 8, "description": "Bitmap", "enc": "HexToASCII", "prefix": "Hex.Fixed"}


def no_parent(name):
    raise DataError(name, 0, "", "no dialect of this name")


def described(kind, length, enc, prefix, **more):
    return {"type": kind, "length": length, "description": "something", "enc": enc, "prefix": prefix, **more}


def dialect(fields, **more):
    data = json.dumps({"name": "Mine", "fields": {"0": MTI, "1": BITMAP, **fields}, **more}).encode()
    read = read_specification(data, "mine.json")
    text = write("mine", read)
    assert lint(parse_toml(text, "mine.toml"), no_parent) == Report(())
    return load(parse_toml(text, "mine.toml"), no_parent), read.notes


def test_the_names_of_the_first_exports_are_known():
    old = {
        "Field000": described("String", 4, "asciiEncoder", "ASCII.fixed"),
        "Field001": described("Bitmap", 16, "hexEncoder", "Hex.fixed"),
        "Field002": described("String", 19, "asciiEncoder", "ASCII.LL"),
        "Field011": described("String", 6, "asciiEncoder", "ASCII.fixed", padding={"type": "leftPadder", "pad": 48}),
        "Field064": described("String", 8, "hexEncoder", "Hex.fixed"),
    }
    read = read_specification(json.dumps({"name": "Mine", "fields": old}).encode(), "mine.json")
    built = load(parse_toml(write("mine", read), "mine.toml"), no_parent)
    mac = bytes(range(8))
    frame = b"0200" + b"4020000000000001" + b"16" + b"5413330089600010" + b"000001" + mac.hex().upper().encode()
    assert built.decode(frame).fields == {2: "5413330089600010", 11: "000001", 64: mac}
    assert read.notes == []


@pytest.mark.parametrize(
    ("field", "value", "wire"),
    [
        (described("Numeric", 6, "ASCII", "ASCII.Fixed"), "000001", b"000001".hex()),
        (described("Numeric", 3, "BCD", "BCD.Fixed"), "123", "0123"),
        (described("Numeric", 3, "LBCD", "BCD.Fixed"), "123", "1230"),
        (described("String", 19, "BCD", "BCD.LL"), "123", "03" + "0123"),
        (described("String", 19, "ASCII", "ASCII.LL"), "AB", b"02AB".hex()),
        (described("String", 255, "ASCII", "Binary.L"), "AB", "02" + b"AB".hex()),
        (described("String", 999, "ASCII", "Binary.LLL"), "AB", "000002" + b"AB".hex()),
        (described("String", 9, "ASCII", "ASCII.L"), "AB", b"2AB".hex()),
        (described("String", 9999, "ASCII", "ASCII.LLLLLL"), "AB", b"000002AB".hex()),
        (described("String", 999, "ASCII", "Binary.LL"), "AB", "0002" + b"AB".hex()),
        (described("String", 19, "EBCDIC", "EBCDIC.LL"), "AB", "f0f2" + "c1c2"),
        (described("Binary", 2, "Binary", "Binary.Fixed"), b"\x0a\xff", "0aff"),
        (described("Binary", 2, "HexToASCII", "Hex.Fixed"), b"\x0a\xff", b"0AFF".hex()),
        (described("String", 2, "HexToASCII", "Hex.Fixed"), b"\x0a\xff", b"0AFF".hex()),
        (described("Track2", 37, "ASCII", "ASCII.LL"), "12=34", b"0512=34".hex()),
    ],
)
def test_each_field_writes_what_moov_writes(field, value, wire):
    built, notes = dialect({"28": field})
    assert notes == []
    frame = built.encode("0800", {28: value})
    assert frame.hex() == b"0800".hex() + b"0000001000000000".hex() + wire
    assert built.decode(frame).fields == {28: value}
    assert built.title.en == "Mine"


def test_fields_within_a_field_become_its_layout():
    parts = {"1": described("String", 2, "ASCII", "ASCII.Fixed"), "2": described("String", 3, "ASCII", "ASCII.Fixed")}
    built, _ = dialect({"60": described("Composite", 5, "", "ASCII.LLL", subfields=parts)})
    assert [part.stop for part in built.fields[60].layouts[0].parts] == [2, 5]
    chip = described("Composite", 255, "", "ASCII.LLL", tag={"enc": "BerTLVTag"}, subfields={"9F02": MTI})
    built, _ = dialect({"55": chip})
    assert (built.fields[55].kind, built.fields[55].layouts[0].kind) == ("b", "ber-tlv")
    tagged = described("Composite", 5, "", "ASCII.LLL", tag={"enc": "ASCII", "length": 2}, subfields=parts)
    built, notes = dialect({"48": tagged})
    assert (built.fields[48].layouts, notes) == ((), ["The inside of DE 48 is not taken over."])


def test_what_cannot_be_taken_over_is_noted():
    built, notes = dialect(
        {
            "11": described("Numeric", 6, "ASCII", "ASCII.Fixed"),
            "3": described("String", 6, "Morse", "ASCII.Fixed"),
            "4": described("String", 6, "EBCDIC1047", "EBCDIC1047.LL"),
            "200": MTI,
        }
    )
    assert sorted(built.fields) == [4, 11]
    assert notes == [
        "DE 3 is left out (type String, enc Morse, prefix ASCII.Fixed): nothing is known of it.",
        "DE 200 is left out: there are DE 2 to 128, but not 65.",
    ]


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b'{\n"fields": {,}}', "s.json:2: is no JSON: expecting property name"),
        (b"{}", "s.json:1: fields: is missing"),
        (b"[]", "s.json:1: fields: is missing"),
        (b"\xff", "s.json:1: is no"),
        (b"[" * 100_000, "s.json:1: is no JSON: brackets are nested too deep"),
        (b'{"fields": {"2": {}, "2": {}}}', "s.json:1: is no JSON: the key '2' stands twice"),
        (b'{"fields": {"2": {"length": ' + b"9" * 5000 + b"}}}", "s.json:1: is no JSON: a number has thousands"),
        (b'{"fields": {\n"x": {}}}', "s.json:2: fields.x: is no field"),
        (b'{"fields": {\n"3": 4}}', "s.json:2: fields.3: is no field"),
        (b'{"fields": {"3": {}}}', "s.json:1: fields: has no field that could be taken over"),
    ],
)
def test_what_is_no_specification_is_refused_in_one_sentence(data, answer):
    with pytest.raises(DataError) as exc:
        read_specification(data, "s.json")
    assert str(exc.value).startswith(answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "enc", "prefix", "length", "subfields", "tag", "1", "description"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(["type", "enc", "prefix", "length", "subfields", "tag", "description"]), JSON))
@settings(max_examples=200, deadline=None)
def test_any_field_gives_a_file_of_toml(field):
    dialect({"11": described("Numeric", 6, "ASCII", "ASCII.Fixed"), "48": field})


@pytest.mark.parametrize("encoding", ["Binary", "HexToASCII"])
def test_a_bitmap_of_sixteen_bytes_is_refused(encoding):
    fields = {
        "0": MTI,
        "1": {**BITMAP, "length": 16, "enc": encoding},
        "3": described("Numeric", 6, "ASCII", "ASCII.Fixed"),
    }
    with pytest.raises(DataError, match="a bitmap of 16 bytes that is always there whole"):
        read_specification(json.dumps({"fields": fields}).encode(), "mine.json")


def test_what_is_no_bitmap_is_refused():
    fields = {
        "0": MTI,
        "1": described("String", 8, "ASCII", "ASCII.Fixed"),
        "3": described("Numeric", 6, "ASCII", "ASCII.Fixed"),
    }
    with pytest.raises(DataError, match="is a String, and no bitmap"):
        read_specification(json.dumps({"fields": fields}).encode(), "mine.json")


def test_hexadecimal_text_of_old_specifications_is_read():
    old = {"type": "Bitmap", "length": 16, "enc": "Hex", "prefix": "Hex.Fixed"}
    mine, notes = dialect({"1": old, "52": described("String", 8, "Hex", "Hex.Fixed")})
    assert (mine.fields[52].format, mine.fields[52].encoding, notes) == ("b8", "ascii", [])


@pytest.mark.parametrize("encoding", ["HexToASCII", "Hex"])
def test_lengths_that_count_bytes_of_hexadecimal_text_are_left_out(encoding):
    fields = {
        "3": described("Numeric", 6, "ASCII", "ASCII.Fixed"),
        "55": described("Binary", 255, encoding, "ASCII.LLL"),
    }
    _, notes = dialect(fields)
    assert [note.partition(": ")[2] for note in notes] == ["its length counts bytes, of which each is two characters."]


@pytest.mark.parametrize(("encoding", "page"), [("EBCDIC1047", "cp1047"), ("EBCDIC", "cp500")])
def test_ebcdic_is_the_code_page_that_its_name_says(encoding, page):
    mine, notes = dialect({"43": described("String", 4, encoding, f"{encoding}.Fixed")})
    assert mine.encode("0200", {43: "[a]!"}).endswith("[a]!".encode(page))
    assert notes == []


def test_two_code_pages_in_one_specification_are_noted():
    _, notes = dialect(
        {
            "42": described("String", 4, "EBCDIC", "EBCDIC.Fixed"),
            "43": described("String", 4, "EBCDIC1047", "EBCDIC1047.Fixed"),
        }
    )
    assert notes == ["EBCDIC and EBCDIC1047 differ in ! [ ] and |: all of it is read as code page 1047."]


def hex_text(encoding, lengths="Hex"):
    """Return a specification that writes all of a message as hexadecimal digits."""
    mti = {**MTI, "enc": encoding, "prefix": "Hex.Fixed"}
    bitmap = {"type": "Bitmap", "enc": encoding, "prefix": "Hex.Fixed", **({"length": 16} if encoding == "Hex" else {})}
    fields = {
        "2": described("String", 19, encoding, f"{lengths}.LL"),
        "3": described("String", 6, encoding, "Hex.Fixed"),
        "48": described("String", 999, encoding, f"{lengths}.LLL"),
        "52": described("Binary", 8, encoding, "Hex.Fixed"),
    }
    return {"0": mti, "1": bitmap, **fields}


@pytest.mark.parametrize(("encoding", "two", "three"), [("HexToASCII", "0004", "000002"), ("Hex", "3034", "303032")])
def test_messages_written_as_hexadecimal_digits_are_read_as_their_bytes(encoding, two, three):
    mine, notes = dialect(hex_text(encoding))
    assert [note[:48] for note in notes] == ["Whole messages are written as hexadecimal digits"]
    wire = (
        b"0800".hex() + "6000000000011000" + two + b"4111".hex() + b"000000".hex()
        + three + b"AB".hex() + "0102030405060708"
    )  # fmt: skip
    frame = bytes.fromhex(wire)
    fields = {2: "4111", 3: "000000", 48: "AB", 52: bytes(range(1, 9))}
    assert mine.decode(frame).fields == fields
    assert mine.encode("0800", fields) == frame
    (found,) = diagnose_capture(wire.upper().encode(), [mine]).messages
    assert found[1].message.fields == fields


TABLE = bytes.fromhex(
    "404F7F7B5B6C507D4D5D5C4E6B604B61F0F1F2F3F4F5F6F7F8F97A5E4C7E6E6F7CC1C2C3C4C5C6C7C8C9D1D2D3D4D5D6D7D8D9E2E3E4E5E6E7"
    "E8E94AE05A5F6D79818283848586878889919293949596979899A2A3A4A5A6A7A8A9C06AD0A1"
)
"""Where the encoder "EBCDIC" has the 95 characters that ASCII prints, by its source, a table of IBM."""


def test_the_encoder_ebcdic_is_code_page_500_but_for_the_vertical_bar():
    characters = [chr(32 + number) for number in range(95)]
    differ = {
        page: "".join(one for one, byte in zip(characters, TABLE, strict=True) if one.encode(page) != bytes((byte,)))
        for page in EBCDIC_CODE_PAGES
    }
    assert differ == {"cp500": "|", "cp1047": "![]|", "cp037": "![]^|"}
