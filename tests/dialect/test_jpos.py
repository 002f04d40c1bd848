"""Packagers of jPOS become dialects, and nothing in their XML can do harm."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.data.toml import DataError, parse_toml
from acquirer.dialect.imported import write
from acquirer.dialect.jpos import read_packager
from acquirer.dialect.lint import Report, lint
from acquirer.dialect.loading import load

HEAD = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE isopackager PUBLIC "-//jPOS/jPOS Generic Packager DTD 1.0//EN" "http://jpos.org/dtd/generic-packager-1.0.dtd">
"""


def no_parent(name):
    raise DataError(name, 0, "", "no dialect of this name")


def isofield(de, of, length, more=""):
    return f'<isofield id="{de}" length="{length}" name="field {de}" class="org.jpos.iso.{of}" {more}/>'


def packager(*fields, mti="IFA_NUMERIC", bitmap="IFA_BITMAP"):
    lines = [isofield(0, mti, 4), isofield(1, bitmap, 16), *fields]
    return (HEAD + "<isopackager>\n" + "\n".join(lines) + "\n</isopackager>\n").encode()


def dialect(data, name="mine.xml"):
    read = read_packager(data, name)
    text = write("mine", read)
    assert lint(parse_toml(text, "mine.toml"), no_parent) == Report(())
    return load(parse_toml(text, "mine.toml"), no_parent), read.notes


@pytest.mark.parametrize(
    ("of", "length", "more", "value", "wire"),
    [
        ("IFA_NUMERIC", 6, "", "000001", b"000001".hex()),
        ("IFB_NUMERIC", 6, "", "000001", "000001"),
        ("IFB_NUMERIC", 3, 'pad="true"', "123", "0123"),
        ("IFB_NUMERIC", 3, 'pad="false"', "123", "1230"),
        ("IFE_NUMERIC", 2, "", "12", "f1f2"),
        ("IFA_LLNUM", 19, "", "123", b"03123".hex()),
        ("IFB_LLNUM", 19, "", "123", "03" + "1230"),
        ("IFB_LLNUM", 19, 'pad="true"', "123", "03" + "0123"),
        ("IFB_LLHNUM", 19, "", "1234", "04" + "1234"),
        ("IFE_LLNUM", 19, "", "12", "f0f2" + "f1f2"),
        ("IFB_FLLNUM", 19, "", "123", "03" + "123f"),
        ("IFB_FLLNUM", 19, 'pad="true"', "123", "03" + "0123"),
        ("IFB_FLLLNUM", 19, "", "123", "0003" + "123f"),
        ("IFB_FNUMERIC", 3, "", "123", "123f"),
        ("IFB_AMOUNT2003", 16, "", "9782000000001234", "9782000000001234"),
        ("IFA_AMOUNT2003", 16, "", "9782000000001234", b"9782000000001234".hex()),
        ("IFB_HEX", 4, "", "0AFF", "0aff"),
        ("IFB_LLHEX", 16, "", "0AFF", "04" + "0aff"),
        ("IFB_LLLHEX", 99, "", "0AFF", "0004" + "0aff"),
        ("IFB_LLLLBINARY", 9999, "", b"\x0a", "0001" + "0a"),
        ("IFA_LCHAR", 9, "", "AB", b"2AB".hex()),
        ("IFA_LBINARY", 9, "", b"\x0a", b"1".hex() + "0a"),
        ("IFA_LLLLLCHAR", 9999, "", "AB", b"00002AB".hex()),
        ("IFA_LLLLLLBINARY", 9999, "", b"\x0a", b"000001".hex() + "0a"),
        ("IFB_LLLLLLCHAR", 9999, "", "AB", "000002" + b"AB".hex()),
        ("IFB_LLLHECHAR", 300, "", "AB", "0002" + "c1c2"),
        ("IFE_BINARY", 2, "", b"\x0a\xff", "f0c1c6c6"),
        ("IFE_LLLBINARY", 99, "", b"\x0a", "f0f0f1" + "0a"),
        ("IFE_LLLEBINARY", 99, "", "AB", "f0f0f2" + "c1c2"),
        ("IFE_AMOUNT", 9, "", "C00000001", "c3f0f0f0f0f0f0f0f1"),
        ("IF_CHAR", 4, "", "AB  ", b"AB  ".hex()),
        ("IFA_LLCHAR", 25, "", "AB", b"02AB".hex()),
        ("IFA_LLLCHAR", 99, "", "AB", b"002AB".hex()),
        ("IFB_LLCHAR", 25, "", "AB", "02" + b"AB".hex()),
        ("IFB_LLLCHAR", 99, "", "AB", "0002" + b"AB".hex()),
        ("IFB_LLHCHAR", 255, "", "AB", "02" + b"AB".hex()),
        ("IFB_LLHECHAR", 255, "", "AB", "02" + "c1c2"),
        ("IFE_CHAR", 2, "", "AB", "c1c2"),
        ("IFE_LLCHAR", 25, "", "AB", "f0f2" + "c1c2"),
        ("IFEA_LLCHAR", 25, "", "AB", "f0f2" + b"AB".hex()),
        ("IFAE_LLCHAR", 25, "", "AB", b"02".hex() + "c1c2"),
        ("IFB_BINARY", 2, "", b"\x0a\xff", "0aff"),
        ("IFA_BINARY", 2, "", b"\x0a\xff", b"0AFF".hex()),
        ("IFA_LLLBINARY", 99, "", b"\x0a", b"001".hex() + "0a"),
        ("IFB_LLLBINARY", 99, "", b"\x0a", "0001" + "0a"),
        ("IFB_LLHBINARY", 99, "", b"\x0a", "01" + "0a"),
        ("IFB_LLLHBINARY", 300, "", b"\x0a", "0001" + "0a"),
        ("IFA_AMOUNT", 9, "", "C00000001", b"C00000001".hex()),
        ("IFB_AMOUNT", 9, "", "D00000001", b"D".hex() + "00000001"),
    ],
)
def test_each_class_writes_what_jpos_writes(of, length, more, value, wire):
    built, notes = dialect(packager(isofield(28, of, length, more)))
    assert notes == []
    frame = built.encode("0800", {28: value})
    assert frame.hex() == b"0800".hex() + b"0000001000000000".hex() + wire
    assert built.decode(frame).fields == {28: value}


@pytest.mark.parametrize(
    ("mti", "bitmap", "beginning"),
    [
        ("IFB_NUMERIC", "IFB_BITMAP", "0800" + "0020000000000000"),
        ("IFA_NUMERIC", "IFB_BITMAP", b"0800".hex() + "0020000000000000"),
        ("IFE_NUMERIC", "IFE_BITMAP", "f0f8f0f0" + "f0f0f2" + "f0" * 13),
    ],
)
def test_mti_and_bitmap_are_written_as_the_packager_says(mti, bitmap, beginning):
    built, _ = dialect(packager(isofield(11, "IFA_NUMERIC", 6), mti=mti, bitmap=bitmap))
    assert built.encode("0800", {11: "000001"}).hex() == beginning + b"000001".hex()


def test_what_must_not_be_shown_is_hidden_and_usual_elements_have_names():
    built, _ = dialect(
        packager(isofield(2, "IFA_LLNUM", 19), isofield(35, "IFA_LLNUM", 37), isofield(64, "IFB_BINARY", 8))
    )
    assert (built.fields[2].sensitivity, built.fields[35].sensitivity, built.fields[35].kind) == ("pan", "track", "z")
    assert {"pan", "track2", "mac"} <= set(built.elements)


def test_fields_within_a_field_become_its_layout():
    inner = isofield(1, "IFA_NUMERIC", 2) + isofield(2, "IF_CHAR", 3)
    outer = (
        '<isofieldpackager id="60" length="5" name="private" class="org.jpos.iso.IFA_LLLCHAR" {}>{}</isofieldpackager>'
    )
    built, notes = dialect(packager(outer.format("", inner)))
    assert [(part.name.en, part.stop) for part in built.fields[60].layouts[0].parts] == [("field 1", 2), ("field 2", 5)]
    assert notes == []
    built, notes = dialect(packager(outer.format('emitBitmap="true"', inner)))
    assert built.fields[60].layouts == ()
    assert notes == ["Line 6: the inside of DE 60 is not taken over."]


def test_what_cannot_be_taken_over_is_noted_with_its_line():
    data = packager(
        isofield(2, "IFA_LLNUM", 19),
        '<isofield id="3" length="6" name="x" class="com.acme.Secret&#10;x = 1"/>',
        isofield(65, "IFB_BITMAP", 8),
        isofield(200, "IFA_NUMERIC", 1),
        isofield(2, "IFA_LLNUM", 12),
        isofield(44, "IFA_LLCHAR", 255),
        '<isovalidator class="x"/>',
    )
    built, notes = dialect(data)
    assert sorted(built.fields) == [2, 44]
    assert (built.fields[2].maximum, built.fields[44].maximum) == (12, 99)
    assert [note.replace("\n", " ") for note in notes] == [
        "Line 10: DE 2 stands in line 6 already; this one is taken.",
        "Line 12: <isovalidator> is not taken over.",
        "Line 7: DE 3 is left out: nothing is known of com.acme.Secret x = 1.",
        "Line 9: DE 200 is left out: there are DE 2 to 128, but not 65.",
        "DE 44 may have 255 characters, and its length tells up to 99: 99 it is.",
    ]


BOMB = HEAD.replace(
    '"http://jpos.org/dtd/generic-packager-1.0.dtd">',
    '"http://jpos.org/x.dtd" [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"<isopackager>", "p.xml:1: is no XML: no element found"),
        (b"", "p.xml:1: is no XML: no element found"),
        (b"<html></html>", "p.xml:1: <html> is no <isopackager>"),
        (b"<isopackager></isopackager>", "p.xml:1: has no field"),
        (BOMB.encode() + b"<isopackager>&b;</isopackager>", "p.xml:2: declares an entity"),
        (
            b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><isopackager>&a;</isopackager>',
            "p.xml:1: declares an entity",
        ),
        (
            b'<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:1/">%a;]><isopackager/>',
            "p.xml:1: declares an entity",
        ),
        (b"<isopackager>" * 50, "p.xml:1: elements are more than 8 deep"),
        (packager('<isofield id="x" length="3" name="" class="IFA_NUMERIC"/>'), "p.xml:6: isofield x: id is 'x'"),
        (packager('<isofield id="3" name="" class="org.jpos.iso.IFA_NUMERIC"/>'), "p.xml:6: isofield 3: has no length"),
    ],
)
def test_what_is_no_packager_is_refused_in_one_sentence(data, answer):
    with pytest.raises(DataError) as exc:
        read_packager(data, "p.xml")
    assert str(exc.value).startswith(answer)


def test_a_name_with_a_character_that_toml_does_not_allow_gives_a_file_of_toml():
    mine, _ = dialect(packager('<isofield id="11" length="6" name="a\x7fb" class="org.jpos.iso.IFA_NUMERIC"/>'))
    assert mine.fields[11].name.en == "a\x7fb"


@pytest.mark.slow
@given(st.text(max_size=20), st.text("IFABEL_NUMCHR.", max_size=12), st.integers(0, 10_000))
@settings(max_examples=200, deadline=None)
def test_any_packager_gives_a_file_of_toml(name, of, length):
    escaped = "".join(f"&#{ord(c)};" for c in name if c.isprintable() or c in "\n\t")
    extra = f'<isofield id="48" length="{length}" name="{escaped}" class="{of}{escaped}"/>'
    dialect(packager(isofield(11, "IFA_NUMERIC", 6), extra))


@pytest.mark.parametrize("field", ['<isofield id="1" length="16" name="x" class="org.jpos.iso.IFA_LLNUM"/>', ""])
def test_without_a_bitmap_nothing_is_taken_over(field):
    data = f"<isopackager>{isofield(0, 'IFA_NUMERIC', 4)}{field}{isofield(3, 'IFA_NUMERIC', 6)}</isopackager>".encode()
    with pytest.raises(DataError, match="the fields could not be distinguished"):
        read_packager(data, "mine.xml")


def test_ebcdic_is_that_of_java():
    mine, _ = dialect(packager(isofield(43, "IFE_CHAR", 4), mti="IFE_NUMERIC", bitmap="IFB_BITMAP"))
    frame = mine.encode("0200", {43: "[a]^"})
    assert frame.endswith("[a]^".encode("cp1047"))


@pytest.mark.parametrize("of", ["IFA_LLABINARY", "IFA_LLLABINARY"])
def test_lengths_that_count_bytes_of_hexadecimal_text_are_left_out(of):
    _, notes = dialect(packager(isofield(3, "IFA_NUMERIC", 6), isofield(55, of, 255)))
    assert len(notes) == 1
    assert "its length counts bytes, of which each is two characters" in notes[0]


LATER = (
    isofield(12, "IFA_NUMERIC", 12),
    isofield(22, "IFA_CHAR", 12),
    isofield(24, "IFA_NUMERIC", 3),
    isofield(39, "IFA_NUMERIC", 3),
)


def test_a_packager_of_1993_gets_the_places_of_1993():
    mine, _ = dialect(packager(isofield(11, "IFA_NUMERIC", 6), *LATER))
    assert mine.elements["function"].de == 24
    assert "date" not in mine.elements
    assert mine.mtis["1804"].en
    assert "--extends iso8583-1993-ascii" in write("mine", read_packager(packager(*LATER), "mine.xml"))
    assert "--extends iso8583-1987-ascii" in write("mine", read_packager(packager(LATER[0]), "mine.xml"))


def test_a_packager_laid_over_a_dialect_keeps_its_elements():
    from acquirer.settings.specs import document

    text = write("mine", read_packager(packager(isofield(11, "IFA_NUMERIC", 6), *LATER), "x.xml"), "iso8583-1993-ascii")
    mine = load(parse_toml(text, "mine.toml"), document)
    assert "[elements]" not in text
    assert mine.elements["original_stan"].de == 56
    assert [route.service for route in mine.routes if route.served]
    frame = mine.encode("1804", {11: "000001", 12: "261120143000", 24: "831"})
    assert mine.decode(frame).fields[24] == "831"


@pytest.mark.parametrize("of", ["IFEB_LLNUM", "IFEB_LLLNUM"])
def test_a_length_that_counts_bytes_of_digits_is_left_out(of):
    built, notes = dialect(packager(isofield(2, of, 19), isofield(11, "IFA_NUMERIC", 6)))
    assert 2 not in built.fields
    assert notes == [
        f"Line 6: DE 2 is left out ({of}): its length counts bytes, of which each is two digits; "
        "here a length counts what stands behind it."
    ]


def test_digits_behind_a_length_of_text_are_an_even_number():
    """jPOS counts the zero that fills them up, so that nineteen digits travel as twenty."""
    built, notes = dialect(packager(isofield(2, "IFA_LLBNUM", 19)))
    assert notes == ["Line 6: DE 2 (IFA_LLBNUM): an odd number of digits has a zero more, and counts it."]
    head = b"0800".hex() + b"4000000000000000".hex()
    wire = bytes.fromhex(head + b"20".hex() + "06212345678901232123")
    assert built.decode(wire).fields == {2: "06212345678901232123"}


def test_ebcdic_in_a_few_fields_only_has_its_code_page():
    built, _ = dialect(
        packager(
            isofield(11, "IFB_NUMERIC", 6), isofield(43, "IFB_LLHECHAR", 40), mti="IFB_NUMERIC", bitmap="IFB_BITMAP"
        )
    )
    assert built.encode("0800", {43: "A[B]"}).hex() == "0800" + "0000000000200000" + "04" + "c1adc2bd"


def test_a_packager_of_2003_names_its_message_types_and_says_what_is_missing():
    data = packager(
        isofield(12, "IFB_NUMERIC", 14), isofield(39, "IFB_NUMERIC", 4), mti="IFB_NUMERIC", bitmap="IFB_BITMAP"
    )
    read = read_packager(data, "mine.xml")
    text = write("mine", read)
    assert (read.version, read.parent) == ("2003", "iso8583-1993-bcd")
    assert '2200 = "financial transaction"' in text
    assert "routes and codes of 2003 are yours to write" in text


def test_text_is_hexadecimal_text_where_the_dialect_below_has_bytes_of_a_meaning():
    read = read_packager(packager(isofield(55, "IFA_LLLCHAR", 999), isofield(60, "IFA_LLLCHAR", 999)), "mine.xml")
    text = write("mine", read, "below", {52, 55})
    assert '55 = { format = "b...499"' in text
    assert '60 = { format = "ans...999"' in text
    assert read.notes == ["DE 55 is text, and bytes in below: it is taken for their hexadecimal digits."]


def test_a_field_that_is_larger_than_any_here_is_bounded():
    built, notes = dialect(packager(isofield(28, "IFA_LLLLLLCHAR", 100_000)))
    assert notes == ["Line 6: DE 28 may have 100000, here 9999 at most."]
    assert built.fields[28].format == "ans......9999"
