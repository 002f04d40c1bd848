"""The header of a JBIG1 stream: what is refused before a pixel is allocated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.signature.jbig import LRLTWO, TPBON, JbigError, JbigHeader, read_header

SOUND = bytes.fromhex("0000010000000018000000100000008000000008")


def test_a_header_says_what_it_holds() -> None:
    header = read_header(SOUND)
    assert header == JbigHeader(24, 16, 128, reach=0, order=0, options=TPBON)
    assert header.typical
    assert not header.two_line
    assert header.pack() == SOUND


@given(
    width=st.integers(1, 1000),
    height=st.integers(1, 1000),
    lines=st.integers(1, 2**32 - 1),
    reach=st.integers(0, 127),
    options=st.sampled_from([0, TPBON, LRLTWO, TPBON | LRLTWO, 0x1C, 0x3C]),
)
def test_a_header_survives(width: int, height: int, lines: int, reach: int, options: int) -> None:
    header = JbigHeader(width, height, lines, reach, 0, options)
    assert read_header(header.pack()) == header


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        (0, "01", "no JBIG stream"),
        (1, "02", r"progressive JBIG \(layers 0 to 2\)"),
        (2, "00", "0 planes"),
        (2, "04", "4 planes"),
        (3, "99", "no JBIG stream"),
        (4, "00000000", "0 × 16 pixels"),
        (8, "00000000", "24 × 0 pixels"),
        (12, "00000000", "stripes of 0 lines"),
        (4, "FFFFFFFF", "at most 1048576 pixels"),
        (8, "00FFFFFF", "at most 1048576 pixels"),
        (17, "01", "adaptive pixel may move 1 line up"),
        (19, "0A", "prediction table of its own"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(at: int, value: str, says: str) -> None:
    part = bytes.fromhex(value)
    with pytest.raises(JbigError, match=says):
        read_header(SOUND[:at] + part + SOUND[at + len(part) :])


def test_many_short_lines_count_as_longer_ones() -> None:
    tall = JbigHeader(1, 40_000, 128, 0, 0, 0)
    with pytest.raises(JbigError, match="1 × 40000 pixels"):
        read_header(tall.pack())


@given(st.binary(max_size=19))
def test_less_than_a_header_is_no_stream(data: bytes) -> None:
    with pytest.raises(JbigError, match=f"^{len(data)} bytes? (is|are) no JBIG stream"):
        read_header(data)
