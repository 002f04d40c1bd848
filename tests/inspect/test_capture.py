"""However form a capture has, its bytes come out."""

from __future__ import annotations

import base64

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from acquirer.inspect.capture import CAPTURE_FORMS, read_capture
from acquirer.inspect.capture_forms import is_packets
from acquirer.inspect.hexdump import hexdump

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
        (f"{ONE.hex()}\n\n{TWO.hex(' ')}\n", "hex", [("line 1", ONE), ("line 3", TWO)]),
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
    assert {"hex", "bytes"} <= {reading.form for reading in read_capture(b"00080800" * 8)}
    assert read_capture(b"") == []


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
    readings = read_capture(data)
    assert all(stream.data for reading in readings for stream in reading.streams)
    assert {reading.form for reading in readings} <= {*CAPTURE_FORMS, "bytes"}


@given(
    st.binary(min_size=20, max_size=200),
    st.sampled_from([hexdump, bytes.hex, lambda data: base64.b64encode(data).decode()]),
)
@settings(max_examples=150, deadline=None)
def test_what_was_written_comes_back(data, write):
    found = [stream.data for reading in read_capture(write(data).encode()) for stream in reading.streams]
    assert data in found
