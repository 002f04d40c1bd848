"""However form a capture has, its bytes come out."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from acquirer.inspect.capture import TEXT_LIMIT, read_capture
from acquirer.inspect.capture_forms import is_packets
from acquirer.inspect.compressed import UNPACKED_LIMIT, unpacked
from acquirer.inspect.doctor import diagnose_capture
from acquirer.inspect.forms import CAPTURE_FORMS
from acquirer.inspect.hexdump import hexdump
from acquirer.inspect.printed import literals
from acquirer.settings.specs import load_dialect
from tests.inspect.dresses import DRESSES, dump

ONE, TWO = bytes(range(0x30, 0x57)), bytes.fromhex("00 3c 60 00 03 00 00 60 31 00 01 10 01 08 00 00 20 00 00 00 c0 00")


def streams(data, form):
    return [
        (stream.name, stream.data)
        for reading in read_capture(data)
        if reading.form == form
        for stream in reading.streams
    ]


@pytest.mark.parametrize(
    "text",
    [
        "00000000: 003c 6000 0300 0060 3100 0110 0108 0000  .<`....`1.......\n"
        "00000010: 2000 0000 c000                            .....\n",
        "00000000  00 3c 60 00 03 00 00 60  31 00 01 10 01 08 00 00  |.<`....`1.......|\n"
        "00000010  20 00 00 00 c0 00                                 | .....|\n00000016\n",
        "\t0x0000:  003c 6000 0300 0060 3100 0110 0108 0000  .<`....`1.......\n"
        "\t0x0010:  2000 0000 c000            .....\n",
        "0000   00 3c 60 00 03 00 00 60 31 00 01 10 01 08 00 00   .<`....`1.......\n"
        "0010   20 00 00 00 c0 00             .....\n",
        hexdump(TWO),
    ],
    ids=["xxd", "hexdump -C", "tcpdump -x", "Wireshark", "jPOS"],
)
def test_dumps_are_read_as_each_program_writes_them(text):
    assert streams(text.encode(), "hex dump") == [("line 1", TWO)]
    log = f"12:00:00 sent\n{text}\n12:00:01 received\n{text}"
    assert [data for _, data in streams(log.encode(), "hex dump")] == [TWO, TWO]
    assert streams(log.encode(), "hex dump")[0][0] == "line 2"


def test_lines_that_a_dump_leaves_out_are_put_back():
    text = "00000000  00 3c " + "00 " * 14 + "\n00000010" + "  " + "00 " * 16 + "\n*\n00000040  01 02\n00000042\n"
    assert streams(text.encode(), "hex dump") == [("line 1", b"\x00\x3c" + bytes(62) + b"\x01\x02")]


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        (ONE.hex(), "hex", [("line 1", ONE)]),
        (f"{ONE.hex()}\n\n{TWO.hex(' ')}\n", "lines of hex", [("line 1", ONE), ("line 3", TWO)]),
        (f"{ONE.hex()}\n{TWO.hex()}\n", "lines of hex", [("line 1", ONE), ("line 2", TWO)]),
        (f"{ONE.hex()[:20]}\n{ONE.hex()[20:]}\n", "hex", [("line 1", ONE)]),
        (base64.b64encode(ONE).decode(), "base64", [("line 1", ONE)]),
        (base64.encodebytes(ONE * 4).decode(), "base64", [("line 1", ONE * 4)]),
        (
            f"{base64.b64encode(ONE).decode()}\n{base64.b64encode(TWO).decode()}",
            "lines of base64",
            [("line 1", ONE), ("line 2", TWO)],
        ),
        (
            f"2024-07-01 12:00:00 SEND [{ONE.hex()}] ok\n\nRECV {TWO.hex(' ')}\n",
            "hex in text",
            [("line 1", ONE), ("line 3", TWO)],
        ),
    ],
)
def test_text_is_read_in_each_form(text, form, expected):
    assert streams(text.encode(), form) == expected
    assert streams(text.encode("utf-16"), form) == expected
    assert streams(text.replace("\n", "\r\n").encode("utf-8-sig"), form) == expected


def test_bytes_are_bytes_and_digits_may_be_both():
    assert [reading.form for reading in read_capture(TWO)] == ["bytes"]
    assert {"text", "hex"} <= {reading.form for reading in read_capture(b"00080800" * 8)}
    assert [reading.form for reading in read_capture(b"good morning!")] == ["bytes"]
    assert list(read_capture(b"")) == []


@pytest.mark.slow
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(str.encode),
        st.from_regex(r"[0-9a-f \n:.*|]*").map(str.encode),
    )
)
@settings(max_examples=300, deadline=None)
def test_anything_can_be_read(data):
    assume(not is_packets(data))
    readings = list(read_capture(data))
    assert all(stream.data for reading in readings for stream in reading.streams)
    parts = {part for reading in readings for part in reading.form.replace(" in text", "").split(" in ")}
    assert parts <= {
        *(form.replace(" in text", "") for form in CAPTURE_FORMS),
        "bytes",
        "packets",
        "compressed bytes",
        "characters",
        "other text",
        "pieces",
    }


@given(
    st.binary(min_size=20, max_size=200),
    st.sampled_from([hexdump, bytes.hex, lambda data: base64.b64encode(data).decode()]),
)
@settings(max_examples=150, deadline=None)
def test_what_was_written_comes_back(data, write):
    found = [stream.data for reading in read_capture(write(data).encode()) for stream in reading.streams]
    assert data in found


MESSAGE = (
    b"\x00\x33\x08\x00\x82\x20\x00\x00\x00\xc0\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x11'\"\\%<\n\x13\x30[]{}100007z"
)
SIGNED = [byte - 256 if byte > 127 else byte for byte in MESSAGE]


def everything(text):
    data = text if isinstance(text, bytes) else text.encode()
    return [stream.data for reading in read_capture(data) for stream in reading.streams]


@pytest.mark.parametrize("dress", DRESSES)
def test_bytes_come_out_of_every_dress(dress):
    written = DRESSES[dress](MESSAGE)
    if dress == "cat -v":
        written = DRESSES[dress](MESSAGE.replace(b"\n", b"\r"))
        assert MESSAGE.replace(b"\n", b"\r") in everything(written)
        return
    assert MESSAGE in everything(written)
    assert MESSAGE in everything(written.replace("\n", "\r\n").encode("utf-8-sig") + b"\r\n")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert MESSAGE in everything(written.encode(encoding))


@pytest.mark.slow
@pytest.mark.parametrize("dress", [one for one in DRESSES if one not in ("percent where needed", "cat -v")])
@given(data=st.binary(min_size=40, max_size=120))
@settings(max_examples=8, deadline=None)
def test_any_bytes_come_out_of_every_dress(dress, data):
    assume(not all(32 <= byte < 127 for byte in data))
    assume("base64" not in dress or len(set(data)) > 8)  # a text of one letter is no base64
    assume("bits" not in dress or len(set(data)) > 1)  # digits that are all the same are not taken for bits
    if dress in ("angle brackets", "Go %q", "Rust bytes", "C string", "JSON string"):
        assume(sum(byte < 32 for byte in data) > 3)
    assert data in everything(DRESSES[dress](data))


def test_a_conversation_in_two_columns_is_two_streams():
    one, two = MESSAGE, MESSAGE[::-1]
    text = (
        dump(one[:32], "{0:08x}  {1}  {2}")
        + "\n"
        + "\n".join("    " + line for line in dump(two, "{0:08x}  {1}  {2}").splitlines())
        + f"\n00000020  {one[32:].hex(' ')}\n"
    )
    assert [
        stream.data
        for reading in read_capture(text.encode())
        if reading.form == "hex dump"
        for stream in reading.streams
    ] == [one, two]


def test_bytes_that_a_program_leaves_out_are_missed():
    (reading, *_) = read_capture(b"<Buffer 00 3c 60 00 03 00 00 60 31 00 01 10 01 08 00 00 20 ... 12 more bytes>")
    assert reading.notes == ("the text leaves 12 bytes out ('... 12 more bytes'): print all of them",)


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("<<0, 60, 96, 0, 3, 0, 0, 96, 49, 0, ...>>", "the text leaves bytes out ('0, ...'): print all of them"),
        (
            "{length = 60, bytes = 0x003c6000 03000060 31000110 01080000 ... 03303120 }",
            "the text leaves bytes out ('0000 ... 0330'): print all of them",
        ),
        (
            "12:00:00.000001 IP 10.0.0.5.40000 > 10.0.0.13.8583: Flags [P.], seq 1:63, length 62\nE..f....0800.",
            "tcpdump -A prints a full stop for each byte that is no character: use tcpdump -X, or -w FILE",
        ),
        (
            "0000000 nul   <   ` nul etx nul nul   `   1 nul soh dle soh  bs nul nul\n"
            "0000020  sp nul nul nul   @ nul dc2 nul nul etx   1   0   0   0   0   1\n0000040",
            "od -a leaves out the highest bit of each byte: write the dump with od -t x1",
        ),
    ],
)
def test_what_a_text_leaves_out_is_named(text, left_out):
    assert left_out in diagnose_capture(text.encode(), [load_dialect("unionpay-pos")]).notes


def test_a_capture_may_be_compressed():
    assert MESSAGE in everything(gzip.compress(MESSAGE))
    assert MESSAGE in everything(gzip.compress(f"12:00:01 sent {MESSAGE.hex()}".encode()))
    assert gzip.compress(MESSAGE)[:-9] in everything(gzip.compress(MESSAGE)[:-9]), "damaged: bytes like any"
    assert not unpacked(zlib.compress(bytes(UNPACKED_LIMIT + 1)))


def test_quotes_that_nothing_closes_are_looked_at_a_few_times_only():
    text = "'\"\\" * 300_000  # minutes, if the end of each were looked for
    assert next(iter(literals("'\\x30\\x31' " + text))) == (1, b"01")


@pytest.mark.parametrize("outer", ["base64", "Go %x", "JSON log", "Python", "xxd", "Java"])
@pytest.mark.parametrize("inner", ["base64", "Go %x", "JSON log", "Python", "xxd", "Java", "log before each line"])
def test_dresses_may_be_worn_over_each_other(outer, inner):
    assert MESSAGE in everything(DRESSES[outer](DRESSES[inner](MESSAGE).encode()))


@pytest.mark.slow
def test_more_text_than_is_read_is_named():
    (reading, *_) = read_capture(b"30" * (TEXT_LIMIT // 2 + 5))
    assert reading.notes == (f"only the first {TEXT_LIMIT >> 20} MiB of text are read; 10 characters are left out",)
    readings = {reading.form: reading for reading in read_capture(b"\n".join([MESSAGE.hex().encode()] * 600))}
    assert readings["lines of hex"].notes == ("only the first 500 are looked at",)
