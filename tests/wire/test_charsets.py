"""Text reads in the dialect's character set, and every byte survives."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.data.toml import DataError, parse_toml
from acquirer.dialect.loading import load
from acquirer.inspect.explain import explain
from acquirer.settings.specs import document, load_dialect
from acquirer.wire.charsets import EBCDIC_CODE_PAGES, TEXT_CHARSETS, display, is_mostly_text

EVERY_BYTE = bytes(range(256))


def dialect(base, charset):
    text = f'dialect = "x"\nextends = "{base}"\n[encoding]\ncharset = "{charset}"\n'
    return load(parse_toml(text, "x.toml"), document)


@pytest.mark.parametrize("page", EBCDIC_CODE_PAGES)
def test_code_pages_of_ebcdic_lose_nothing(page):
    assert sorted(EVERY_BYTE.decode(page).encode("latin-1")) == list(EVERY_BYTE)
    assert EVERY_BYTE.decode(page).encode(page) == EVERY_BYTE


def test_code_page_1047_is_that_of_the_c_library():
    command = ["iconv", "-f", "IBM1047", "-t", "UTF-8"]
    try:
        done = subprocess.run(command, input=EVERY_BYTE, capture_output=True, check=True, timeout=30)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no iconv with IBM1047")
    assert done.stdout.decode() == EVERY_BYTE.decode("cp1047")


@pytest.mark.parametrize("charset", TEXT_CHARSETS)
def test_ascii_is_ascii_in_every_character_set(charset):
    plain = "".join(map(chr, range(32, 127)))
    assert display(plain, charset) == plain
    assert plain.encode(charset) == plain.encode("ascii")


@given(st.binary(max_size=60), st.sampled_from(TEXT_CHARSETS))
def test_anything_is_shown_on_one_line(data, charset):
    assert display(data.decode("latin-1"), charset).isprintable()
    is_mostly_text(data.decode("latin-1"), charset)


def test_the_code_page_is_that_of_the_wire():
    mine, usual = dialect("iso8583-1987-ebcdic", "cp1047"), load_dialect("iso8583-1987-ebcdic")
    name = "A[1]^ MÜNCHEN".ljust(40)
    frame = mine.encode("0200", {11: "000001", 43: name})
    assert mine.decode(frame).fields[43] == name
    assert name.encode("cp1047") in frame
    assert usual.decode(frame).fields[43] != name
    assert usual.decode(frame).fields[11] == "000001"


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gbk", "银联 ÜBER"),
        ("latin-1", "MÜNCHEN É"),
        ("utf-8", "MÜNCHEN 银"),
        ("cp1251", "МАГАЗИН"),
        ("cp866", "МАГАЗИН"),
    ],
)
def test_text_reads_in_the_character_set_of_the_dialect(charset, text):
    mine = dialect("iso8583-1987-ascii", charset)
    value = text.encode(charset, "replace").decode("latin-1")
    assert display(value, mine.fields[43].shown_as) == text.encode(charset, "replace").decode(charset)
    assert is_mostly_text(value, mine.fields[43].shown_as)


@pytest.mark.parametrize("charset", ["latin-1", "gbk", "utf-8"])
@pytest.mark.parametrize("value", ["CAF\x9c", "\x00\x30", "A\xff", "NAME\x1cX", "\x80" + "SHOP" * 9])
def test_one_unknown_byte_never_turns_a_field_into_hex(value, charset):
    assert is_mostly_text(value, charset)
    assert value.encode("latin-1").hex().upper() != display(value, charset)


@pytest.mark.parametrize("data", ["9c00e1ff03", "00000000", "8cc1a2f7d91b00ee"])
def test_bytes_that_are_no_text_stay_hex(data):
    assert not is_mostly_text(bytes.fromhex(data).decode("latin-1"), "latin-1")


@pytest.mark.parametrize(
    ("base", "charset", "problem"),
    [
        ("iso8583-1987-ascii", "cp1047", "cp1047 is EBCDIC, and nothing here is"),
        ("iso8583-1987-ebcdic", "gbk", "text is EBCDIC here"),
        ("iso8583-1987-ascii", "gbq", "did you mean 'gbk'"),
    ],
)
def test_a_character_set_that_does_not_fit_is_refused(base, charset, problem):
    with pytest.raises(DataError, match=problem):
        dialect(base, charset)


@pytest.mark.parametrize(
    ("base", "charset", "wire", "shown"),
    [
        ("iso8583-1987-ebcdic", "cp500", b"\xc3\xc1\xc6\xff", r"CAF\xFF"),
        ("iso8583-1987-ebcdic", "cp037", b"\xc3\xc1\xc6\x04", r"CAF\x04"),
        ("iso8583-1987-ebcdic", "cp1047", b"\xc3\xad\xc6\xff", r"C[F\xFF"),
        ("iso8583-1987-ascii", "gbk", "\u4e2d".encode("gbk") + b"\xb9\xffAB", r"\u4e2d\xB9\xFFAB"),
        ("iso8583-1987-ascii", "utf-8", b"CAF\xff\x89", r"CAF\xFF\x89"),
        ("iso8583-1987-ascii", "latin-1", b"CAF\xff\x89", "CAF\xff\\x89"),
    ],
)
def test_what_is_no_character_is_shown_as_the_byte_on_the_wire(base, charset, wire, shown):
    mine = dialect(base, charset)
    pad = b"\x40" if "ebcdic" in base else b" "
    head = mine.encode("0200", {11: "000001", 43: " " * 40})
    message = mine.decode(head.replace(pad * 40, wire.ljust(40, pad)))
    field = explain(mine, message).as_json()["fields"]["43"]
    assert (field["value"].rstrip(), "hex" in field) == (shown.replace("\\u4e2d", "\u4e2d"), False)
