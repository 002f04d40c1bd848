"""Inputs as people paste them, each with what it is: made after public reports, with test card numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.inspect.doctor import diagnose_capture
from acquirer.settings.specs import dialect_names, load_dialect

CASES = Path(__file__).parent / "cases"
DIALECTS = [load_dialect(name) for name in dialect_names()]
SIGN_ON = ("unionpay-pos", "binary2", "sure", "0800")

# File → form, dialect, framing, certainty, MTI.
READ = {
    "echo-digits.txt": ("text", "iso8583-1987-ascii", "none", "sure", "0800"),
    "echo-digits-length.txt": ("text", "iso8583-1987-ascii", "ascii4", "sure", "0800"),
    "echo-bom-crlf.txt": ("text", "iso8583-1987-ascii", "none", "sure", "0800"),
    "sale-reply-line.txt": ("text", "iso8583-1987-ascii", "none", "sure", "0210"),
    "ethernet-one-line.hex": ("packets in hex", *SIGN_ON),
    "ethernet-spaced.hex": ("packets in hex", *SIGN_ON),
    "ethernet-offsets.txt": ("packets in hex dump", *SIGN_ON),
    "ethernet-offsets-characters.txt": ("packets in hex dump", *SIGN_ON),
    "backslash-x.txt": ("text with escapes, without quotes", *SIGN_ON),
    "c-array.txt": ("list of numbers", *SIGN_ON),
    "decimal-array.txt": ("list of numbers", *SIGN_ON),
    "pipes.txt": ("hex", *SIGN_ON),
    "h-suffix.txt": ("list of numbers", *SIGN_ON),
    "python-repr.txt": ("text with escapes", "iso8583-1987-binary", "binary2", "sure", "0800"),
    "java-signed.txt": ("list of numbers", "iso8583-1987-binary", "binary2", "sure", "0800"),
    "dotnet.txt": ("hex", "iso8583-1987-binary", "binary2", "sure", "0800"),
    "netty.txt": ("hex dump", "iso8583-1987-binary", "binary2", "sure", "0800"),
    "offsets-with-h.txt": ("hex dump", "iso8583-1993-bcd", "none", "sure", "1200"),
    "head-2-bytes.hex": ("hex", "iso8583-1993-bcd", "ascii4", "sure", "1804"),
    "hex-of-hex.hex": ("hex in hex", *SIGN_ON),
    "little-endian.hex": ("hex", "unionpay-pos", "little2", "sure", "0800"),
    "little-endian.bin": ("bytes", "iso8583-1993-ascii", "little2", "sure", "1804"),
    "length-counts-digits.hex": ("hex", "unionpay-pos", "binary2+digits", "sure", "0800"),
    "latin-1-names.bin": ("text", "iso8583-1987-ascii", "none", "sure", "0200"),
    "latin-1-pairs.bin": ("text", "iso8583-1987-ascii", "none", "sure", "0200"),
    "ebcdic-umlauts.bin": ("bytes", "iso8583-1987-ebcdic", "none", "sure", "0200"),
    "ebcdic-accent.bin": ("bytes", "iso8583-1987-ebcdic", "none", "sure", "0200"),
}

SIGN_ON_FIELDS = {11: "000003", 41: "10000161", 42: "880210010210162", 60: "00000001003", 63: "01 "}
SIGNED_ON = {7: "1120133000", 11: "000002", 41: "10000161", 42: "880210010210162", 70: "001"}
ECHO = {7: "1120133000", 11: "000001", 41: "10000161", 42: "880210010210162", 70: "301"}
NAMED = {7: "1128133000", 11: "000004"}
FIELDS = {
    **{name: SIGN_ON_FIELDS for name, row in READ.items() if row[1] == "unionpay-pos"},
    **{name: SIGNED_ON for name, row in READ.items() if row[1:3] == ("iso8583-1987-binary", "binary2")},
    **{name: ECHO for name, row in READ.items() if row[1] == "iso8583-1987-ascii" and row[4] == "0800"},
    "sale-reply-line.txt": {
        2: "593600********9999",
        3: "011000",
        4: 10000000,
        7: "1007021533",
        11: "000001",
        12: "191533",
        13: "1006",
        15: "1007",
        32: "565656",
        37: "100609010224",
        39: "00",
        41: "00000901",
        49: "360",
        54: "100236C0102240000000",
    },
    "offsets-with-h.txt": {
        2: "123456******3456",
        4: 5699,
        11: "000234",
        39: "004",
        41: "12345   ",
        42: "678901234      ",
        125: "BLAH BLAH",
    },
    "head-2-bytes.hex": {3: "000000", 11: "000001", 12: "191212164401", 24: "831"},
    "little-endian.bin": {
        7: "1120133000",
        11: "000001",
        12: "261120143000",
        24: "831",
        41: "10000161",
        42: "880210010210162",
    },
    "latin-1-names.bin": {**NAMED, 43: "CAFÉ ZÜRICH            MÜNCHEN        DE"},
    "latin-1-pairs.bin": {**NAMED, 43: "FÜÄRBER STRASSE".ljust(40)},
    "ebcdic-umlauts.bin": {**NAMED, 43: "MÄÖTER ÜBÄÖÖÄ  STRASSE         BERLIN  D"},
    "ebcdic-accent.bin": {**NAMED, 43: "CAFÉ".ljust(40)},
}
"""All fields of each message, as `decode --json` gives them."""

BCD = "no TPDU, no head, MTI {} in BCD and a binary bitmap"

# Of no dialect that ships: form, what it looks like.
SEEN = {
    "tpdu-ascii-mti.hex": ("hex", "no length, a TPDU, no head, MTI 0810 in ASCII and a binary bitmap"),
    "bcd-mti-ebcdic-text.hex": ("hex", f"no length, {BCD.format('0200')}"),
    "go-slice.txt": ("list of numbers", f"no length, {BCD.format('0200')}"),
    "bcd-reply-ebcdic-text.hex": ("hex", f"no length, {BCD.format('0110')}"),
    "head-22-bytes.hex": ("hex", "no length, no TPDU, a head of 22 bytes, MTI 0110 in BCD and a binary bitmap"),
    "head-22-bytes-filler.hex": (
        "hex",
        "a 2-byte length with 0000 after it (189), no TPDU, a head of 22 bytes, MTI 0110 in BCD and a binary bitmap",
    ),
    "text-head.txt": ("text", "no length, no TPDU, a head of 8 bytes, MTI 0200 in ASCII and a bitmap in ASCII"),
}


def diagnosed(name):
    diagnosis = diagnose_capture((CASES / name).read_bytes(), DIALECTS)
    (group,) = diagnosis.groups
    return diagnosis, group


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_what_people_paste_is_read(name):
    diagnosis, group = diagnosed(name)
    form, dialect, framing, certainty, mti = READ[name]
    assert (diagnosis.form, group.guess.framing, group.certainty) == (form, framing, certainty)
    assert dialect in (group.guess.dialect.name, *group.guess.also)
    assert [found.explanation.mti for found in group.messages] == [mti]
    (fields,) = [found.explanation.as_json()["fields"] for found in group.messages]
    assert {int(de): field["value"] for de, field in fields.items()} == FIELDS[name]


@pytest.mark.parametrize("name", SEEN)
def test_what_no_dialect_reads_is_described_and_never_likely(name):
    diagnosis, group = diagnosed(name)
    form, seen = SEEN[name]
    assert (diagnosis.form, group.certainty) == (form, "unknown")
    assert group.why[0] == f"this looks like a message with {seen}"
    if form != "text" and "ASCII" not in seen:
        assert group.why[-1] == "its text looks like EBCDIC"


@pytest.mark.parametrize("name", ["head-22-bytes.hex", "head-22-bytes-filler.hex", "text-head.txt"])
def test_a_dialect_is_tried_behind_a_head(name):
    _, group = diagnosed(name)
    size = 8 if name == "text-head.txt" else 22
    assert f" comes closest (a head of {size} bytes " in group.why[1]


def test_a_head_that_is_not_known_is_named_with_its_size():
    _, group = diagnosed("head-2-bytes.hex")
    assert group.why[0] == "iso8583-1993-bcd: a head of 2 bytes 0000, 4-digit ASCII length 26"


def test_sure_is_earned():
    _, group = diagnosed("bcd-digits-ebcdic-text.hex")
    assert group.certainty == "likely"
    assert r"response code '\xf0\xf0' is not in the table of iso8583-1987-binary" in group.why
    assert "DE 39: its text looks like EBCDIC" in group.why


def test_hex_sent_as_text_is_named():
    diagnosis, _ = diagnosed("hex-of-hex.hex")
    assert diagnosis.notes == (
        "the bytes are hexadecimal digits themselves: a message was sent as text instead of bytes; "
        "send its bytes, not their digits",
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", [*READ, *SEEN])
@pytest.mark.parametrize(
    "dress", [b"\xef\xbb\xbf%s\r\n", b"\n\n%s\n\n", b"%s"], ids=["BOM and CRLF", "empty lines", "as it is"]
)
def test_ends_of_lines_make_no_difference(name, dress):
    if name.endswith(".bin"):
        return
    (group,) = diagnose_capture(dress.replace(b"%s", (CASES / name).read_bytes().rstrip()), DIALECTS).groups
    assert group.why == diagnosed(name)[1].why


@pytest.mark.parametrize(
    ("name", "dialect", "shown"),
    [
        ("latin-1-names.bin", "iso8583-1987-ascii", "CAFÉ ZÜRICH            MÜNCHEN        DE"),
        ("latin-1-pairs.bin", "iso8583-1987-ascii", "FÜÄRBER STRASSE"),
        ("ebcdic-umlauts.bin", "iso8583-1987-ebcdic", "MÄÖTER ÜBÄÖÖÄ  STRASSE         BERLIN  D"),
        ("ebcdic-accent.bin", "iso8583-1987-ebcdic", "CAFÉ"),
    ],
)
def test_names_read_in_the_character_set_of_the_dialect(name, dialect, shown):
    ((_, found),) = diagnose_capture((CASES / name).read_bytes(), [load_dialect(dialect)]).messages
    field = found.explanation.as_json()["fields"]["43"]
    assert (field["value"].rstrip(), "hex" in field) == (shown, False)
