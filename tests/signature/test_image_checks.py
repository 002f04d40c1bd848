"""What is wrong with a picture: each flag, and none on what the pen signs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.signature import pen
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.image_checks import ImageFlag, check_image, check_stream_size, inverted
from acquirer.signature.strokes import Point, draw_strokes
from acquirer.signature.watermark import draw_watermark

FONT = (Path(__file__).parents[2] / "specs" / "fonts" / "NotoSansMonoCJKsc-GBK.otf").read_bytes()

BLANK = Bitmap(240, 80, bytes(30 * 80))
LINE = draw_strokes([(Point(20, 40), Point(200, 45))], 240, 80)
DOTS = draw_strokes([(Point(20 + 30 * i, 20 + 7 * i),) for i in range(6)], 240, 80, 5)
SPECK = draw_strokes([(Point(100, 40), Point(115, 50))], 240, 80)
TALL = draw_strokes([(Point(50, 10), Point(50, 390))], 100, 400)
WIDE = draw_strokes([(Point(10, 10), Point(500, 50))], 512, 64)


def flags(bitmap: Bitmap) -> list[str]:
    return [finding.flag for finding in check_image(bitmap)]


@pytest.mark.parametrize(
    ("bitmap", "expected"),
    [
        (BLANK, ["blank"]),
        (Bitmap(0, 0, b""), ["blank"]),
        (LINE, []),
        (DOTS, ["dots-only"]),
        (draw_watermark(BLANK, "5E5C8226"), ["dots-only"]),
        (draw_watermark(Bitmap(128, 64, bytes(16 * 64)), "5E5C8226"), ["dots-only"]),
        (SPECK, ["too-small"]),
        (TALL, ["too-large"]),
        (WIDE, ["too-large"]),
        (inverted(LINE), ["inverted"]),
        (inverted(BLANK), ["inverted", "blank"]),
        (inverted(DOTS), ["inverted", "dots-only"]),
    ],
)
def test_flags(bitmap: Bitmap, expected: list[str]) -> None:
    assert flags(bitmap) == expected


@pytest.mark.slow
@settings(max_examples=40)
@given(
    st.sampled_from(["John Smith", "Li Wei", "emma", "王芳", "欧阳修"]),
    st.integers(0, 10_000),
    st.sampled_from(["touch", "pen", "fingerprint"]),
    st.sampled_from([(128, 64), (240, 80), (384, 128)]),
    st.booleans(),
)
def test_a_signature_has_none(name: str, seed: int, mode: pen.PenMode, pad: tuple[int, int], marked: bool) -> None:
    signed = pen.draw_signature(name, seed, mode=mode, width=pad[0], height=pad[1], font_bytes=FONT)
    assert flags(draw_watermark(signed, "89ABCDEF") if marked else signed) == []


def test_each_finding_tells_what_was_seen() -> None:
    assert check_image(inverted(LINE))[0].why.startswith("97 % of the pixels are black: paper and ink are exchanged; ")
    assert check_image(BLANK)[0].why.startswith("0 black pixels: there is no signature; ")
    assert check_image(DOTS)[0].why.startswith("6 dots, none longer than 4 pixels")


@given(st.integers(1, 40), st.lists(st.integers(0, 2**40 - 1), min_size=1, max_size=12))
def test_the_inverse_of_the_inverse_is_the_picture(width: int, rows: list[int]) -> None:
    bitmap = Bitmap.from_rows(width, [row & ((1 << width) - 1) for row in rows])
    assert inverted(inverted(bitmap)) == bitmap
    assert inverted(bitmap).black() + bitmap.black() == width * len(rows)


@given(st.integers(1, 60), st.integers(1, 30), st.data())
def test_no_bitmap_is_too_odd(width: int, height: int, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, 2**width - 1), min_size=height, max_size=height))
    found = check_image(Bitmap.from_rows(width, rows))
    assert all(finding.flag in ImageFlag and finding.why for finding in found)


@pytest.mark.slow
@given(st.data())
def test_the_longest_blot_is_found_however_it_winds(data: st.DataObject) -> None:
    """A snake of pixels is one blot: a signature, however its runs join; a gap of two columns makes it two."""
    y, path = 40, []
    for x in range(20, 60):
        y = max(5, min(75, y + data.draw(st.integers(-1, 1))))
        path.append((x, y))
    pixels = dict.fromkeys(path)
    rows = [sum(1 << (79 - x) for (x, row) in pixels if row == y) for y in range(80)]
    assert "dots-only" not in flags(Bitmap.from_rows(80, rows))
    # Taken apart into pieces of five columns and spread out, nothing is longer than a tap.
    apart = [(x + (x - 20) // 5 * 2, y) for x, y in path]
    rows = [sum(1 << (119 - x) for (x, row) in apart if row == y) for y in range(80)]
    assert "dots-only" in flags(Bitmap.from_rows(120, rows))


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0, ["short-stream"]), (149, ["short-stream"]), (150, []), (900, []), (901, ["long-stream"])],
)
def test_streams(length: int, expected: list[str]) -> None:
    assert [finding.flag for finding in check_stream_size(length)] == expected
