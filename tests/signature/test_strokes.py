"""Strokes: the JSON people hand in, and the ink that remains of it."""

from __future__ import annotations

import doctest
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.signature import strokes as module
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.strokes import (
    MAX_POINTS,
    Point,
    StrokesError,
    crop,
    draw_strokes,
    dump_strokes,
    fit_strokes,
    parse_strokes,
)

NUMBERS = st.floats(-500, 500)
POINTS = st.tuples(NUMBERS, NUMBERS, st.none() | st.floats(0, 1e6)).map(lambda point: Point(*point))
STROKES = st.lists(st.lists(POINTS, min_size=1, max_size=6).map(tuple), min_size=1, max_size=4).map(tuple)


def black(bitmap: Bitmap) -> set[tuple[int, int]]:
    return {
        (x, y) for y in range(bitmap.height) for x in range(bitmap.width) if bitmap.row(y)[x // 8] & (0x80 >> x % 8)
    }


def test_examples() -> None:
    assert doctest.testmod(module).failed == 0


@given(STROKES)
def test_json_gives_back_what_was_written(strokes: tuple[tuple[Point, ...], ...]) -> None:
    again = parse_strokes(dump_strokes(strokes))
    assert [len(stroke) for stroke in again] == [len(stroke) for stroke in strokes]
    for a, b in zip((p for s in strokes for p in s), (p for s in again for p in s), strict=True):
        assert abs(a.x - b.x) <= 0.051
        assert abs(a.y - b.y) <= 0.051
        assert (a.t_ms is None) == (b.t_ms is None)
    assert dump_strokes(again) == dump_strokes(parse_strokes(dump_strokes(again)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the strokes are not JSON"),
        ("[[[1,2]]", "the strokes are not JSON"),
        ("[" * 100_000, "the strokes are not JSON"),
        ('{"a": 1}', "strokes are a list of strokes"),
        ("[1]", "strokes are a list of strokes"),
        ("[]", "there is no signature"),
        ("[[]]", "there is no signature"),
        ("[[[1,2]],[[1,2],[1,2,3,4]]]", "stroke 2, point 2: expected"),
        ('[[[1,"2"]]]', "stroke 1, point 1: expected"),
        ("[[[1,true]]]", "stroke 1, point 1: expected"),
        ("[[[1,NaN]]]", "NaN is no number of JSON"),
        ("[[[1,1e99]]]", "stroke 1, point 1: expected"),
        ("[[[1,1,Infinity]]]", "Infinity is no number of JSON"),
        ("[[null]]", "stroke 1, point 1: expected"),
        (b"\xff\xfe\x00", "the strokes are not JSON"),
    ],
)
def test_malformed_strokes_are_refused_in_one_sentence(text: str | bytes, sentence: str) -> None:
    with pytest.raises(StrokesError, match=sentence) as exc:
        parse_strokes(text)
    assert "\n" not in str(exc.value)


def test_too_many_points_are_refused() -> None:
    with pytest.raises(StrokesError, match=f"at most {MAX_POINTS}"):
        parse_strokes(json.dumps([[[1, 1]] * (MAX_POINTS + 1)]))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(-5, 45), st.floats(-5, 25)), min_size=1, max_size=4), st.floats(1, 6))
def test_ink_is_exactly_what_is_within_half_the_width_of_the_line(
    path: list[tuple[float, float]], line_width: float
) -> None:
    inked = black(draw_strokes([tuple(Point(x, y) for x, y in path)], 40, 20, line_width))
    segments = list(zip(path, path[1:] or path, strict=False))
    for x in range(40):
        for y in range(20):
            gap = min(_distance((x + 0.5, y + 0.5), a, b) for a, b in segments) - max(line_width / 2, 0.5)
            if abs(gap) > 1e-6:
                assert ((x, y) in inked) == (gap < 0), (x, y)


def _distance(p: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    along = min(1.0, max(0.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2)) if length2 else 0.0
    return math.hypot(p[0] - a[0] - along * dx, p[1] - a[1] - along * dy)


def test_a_quick_line_is_thinner_than_a_slow_one() -> None:
    slow_then_quick = tuple(
        Point(x, 10, t) for x, t in [(5, 0), (15, 100), (25, 200), (35, 300), (75, 340), (115, 380)]
    )
    bitmap = draw_strokes([slow_then_quick], 120, 20, 6)
    columns = [sum((x, y) in black(bitmap) for y in range(20)) for x in (15, 100)]
    assert columns[0] > columns[1] >= 2


@given(STROKES)
def test_fitted_strokes_fill_the_pad_and_keep_their_proportions(strokes: tuple[tuple[Point, ...], ...]) -> None:
    before = [p for s in strokes for p in s]
    after = [p for s in fit_strokes(strokes, 240, 80, 4) for p in s]
    assert all(3.999 <= p.x <= 236.001 and 3.999 <= p.y <= 76.001 for p in after)
    assert [p.t_ms for p in before] == [p.t_ms for p in after]
    wide, high = (max(c) - min(c) for c in zip(*((p.x, p.y) for p in before), strict=True))
    fitted_wide, fitted_high = (max(c) - min(c) for c in zip(*((p.x, p.y) for p in after), strict=True))
    if max(wide, high) > 0.1:
        assert fitted_wide * high == pytest.approx(fitted_high * wide, abs=1e-3)
        assert fitted_wide == pytest.approx(232) or fitted_high == pytest.approx(72)


BITMAPS = st.tuples(st.integers(1, 30), st.integers(1, 12)).flatmap(
    lambda size: st.lists(st.integers(0, 2 ** size[0] - 1), min_size=size[1], max_size=size[1]).map(
        lambda rows: Bitmap.from_rows(size[0], rows)
    )
)


@given(BITMAPS, st.integers(0, 5))
def test_cropping_keeps_every_black_pixel_and_no_more_paper_than_the_margin(bitmap: Bitmap, margin: int) -> None:
    small = crop(bitmap, margin)
    ink = black(bitmap)
    if not ink:
        assert small == bitmap
        return
    left, top = (max(0, min(c) - margin) for c in zip(*ink, strict=True))
    assert {(x + left, y + top) for x, y in black(small)} == ink
    right, bottom = (max(c) + 1 for c in zip(*ink, strict=True))
    assert (small.width, small.height) == (
        min(bitmap.width, right + margin) - left,
        min(bitmap.height, bottom + margin) - top,
    )
