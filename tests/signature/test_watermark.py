"""The feature code in the signature: in the middle, grey, and readable with ink over it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.signature import pen
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.watermark import draw_watermark

CODES = st.text("0123456789ABCDEF", min_size=8, max_size=8)
PADS = [(128, 64), (240, 80), (320, 120), (384, 128)]


def blank(width: int, height: int) -> Bitmap:
    return Bitmap(width, height, bytes((width + 7) // 8 * height))


def difference(a: Bitmap, b: Bitmap) -> bytes:
    return bytes(x ^ y for x, y in zip(a.data, b.data, strict=True))


@pytest.mark.slow
@settings(max_examples=50)
@given(CODES, CODES, st.sampled_from(PADS), st.integers(0, 99))
def test_ink_over_it_takes_nothing_away(code: str, other: str, pad: tuple[int, int], seed: int) -> None:
    signed = pen.draw_signature("Ann Katz", seed, width=pad[0], height=pad[1])
    burnt = difference(draw_watermark(signed, code), signed)
    assert burnt == draw_watermark(blank(*pad), code).data
    assert (burnt == draw_watermark(blank(*pad), other).data) == (code == other)


@pytest.mark.parametrize("pad", PADS)
def test_it_stands_in_the_middle_and_leaves_a_tenth_free(pad: tuple[int, int]) -> None:
    marked = draw_watermark(blank(*pad), "88888888")
    rows = [int.from_bytes(marked.row(y), "big") for y in range(marked.height)]
    columns = 0
    for row in rows:
        columns |= row
    inked = [y for y, row in enumerate(rows) if row]
    left, right = marked.width - columns.bit_length(), (columns & -columns).bit_length() - 1
    right -= marked.stride * 8 - marked.width
    assert abs(inked[0] - (marked.height - 1 - inked[-1])) <= 4
    assert abs(left - right) <= 20
    assert marked.width - left - right <= marked.width * 0.9


@pytest.mark.parametrize("pad", PADS[1:])
def test_on_a_pad_with_room_no_two_dots_touch(pad: tuple[int, int]) -> None:
    marked = draw_watermark(blank(*pad), "0123CDEF")
    rows = [int.from_bytes(marked.row(y), "big") for y in range(marked.height)]
    assert all(not row & (row >> 1) for row in rows)
    assert all(not a & (b | b << 1 | b >> 1) for a, b in pairwise(rows))


def test_seven_pixels_from_digit_to_digit_on_a_small_pad() -> None:
    marked = draw_watermark(blank(128, 64), "11111111")
    top = next(y for y in range(64) if any(marked.row(y)))
    bits = f"{int.from_bytes(marked.row(top), 'big'):0128b}"
    assert [i for i, bit in enumerate(bits) if bit == "1"] == [39 + 7 * n for n in range(8)]


@pytest.mark.parametrize("code", ["", "5E5C822", "5e5c8226", "5E5C82267", "GE5C8226"])
def test_text_that_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="is no feature code"):
        draw_watermark(blank(240, 80), code)


@pytest.mark.parametrize("pad", [(53, 64), (128, 6)])
def test_a_bitmap_without_room_is_refused(pad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no room"):
        draw_watermark(blank(*pad), "5E5C8226")
