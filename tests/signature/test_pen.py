"""The built-in pen: the same seed the same hand, another seed another one, and always a signature."""

from __future__ import annotations

import string
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.signature import skeleton
from acquirer.signature.image_checks import check_stream_size
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.letters import letter
from acquirer.signature.pen import MAX_NAME, TOOLS, PenError, PenMode, draw_signature, write_strokes
from acquirer.signature.seeded_random import SeededRandom
from acquirer.signature.strokes import draw_strokes, dump_strokes, parse_strokes
from acquirer.signature.watermark import draw_watermark

FONT = (Path(__file__).parents[2] / "specs" / "fonts" / "NotoSansMonoCJKsc-GBK.otf").read_bytes()

LATIN = st.text(string.ascii_letters, min_size=2, max_size=10).map(str.title)
COMMON = [bytes((a, b)).decode("gb2312") for a in range(0xB0, 0xD7) for b in (0xA1, 0xC3, 0xF0)]
CHINESE = st.text(COMMON, min_size=2, max_size=3)
NAMES = st.one_of(LATIN, st.tuples(LATIN, LATIN).map(" ".join), CHINESE)
MODES: st.SearchStrategy[PenMode] = st.sampled_from(["touch", "pen", "fingerprint"])
PADS = st.sampled_from([(128, 64), (240, 80), (384, 128), (96, 173)])


@pytest.mark.slow
@settings(max_examples=40)
@given(NAMES, st.integers(0, 2**32), MODES, PADS)
def test_any_name_is_signed_within_the_pad(name: str, seed: int, mode: PenMode, pad: tuple[int, int]) -> None:
    signed = draw_signature(name, seed, mode=mode, width=pad[0], height=pad[1], font_bytes=FONT)
    assert (signed.width, signed.height) == pad
    share = signed.black() / (pad[0] * pad[1])
    assert 0.005 < share < 0.35
    assert draw_signature(name, seed, mode=mode, width=pad[0], height=pad[1], font_bytes=FONT) == signed


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["touch", "pen", "fingerprint"])
def test_every_seed_is_another_hand(mode: PenMode) -> None:
    assert len({draw_signature("Maria Gonzalez", seed, mode=mode).data for seed in range(12)}) == 12


def test_a_finger_draws_broader_than_a_pen() -> None:
    assert (
        draw_signature("John Smith", 1, mode="touch").black()
        > 1.2 * draw_signature("John Smith", 1, mode="pen").black()
    )


@pytest.mark.slow
@settings(max_examples=20)
@given(NAMES, st.integers(0, 99), st.sampled_from(["touch", "pen"]))
def test_its_strokes_are_strokes_as_anybody_could_hand_them_in(name: str, seed: int, mode: PenMode) -> None:
    assert mode != "fingerprint"
    strokes = write_strokes(name, seed, mode=mode, font_bytes=FONT)
    drawn = draw_strokes(parse_strokes(dump_strokes(strokes)), 240, 80, TOOLS[mode].line_width)
    assert abs(drawn.black() - draw_signature(name, seed, mode=mode, font_bytes=FONT).black()) < 150
    times = [p.t_ms or 0.0 for stroke in strokes for p in stroke]
    assert times == sorted(times)
    steps = [b.t_ms - a.t_ms for s in strokes for a, b in pairwise(s) if a.t_ms is not None and b.t_ms is not None]
    assert max(steps, default=0) <= TOOLS[mode].sample_ms + 1e-6
    assert 300 < times[-1] < 20_000  # milliseconds: as long as people take


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["touch", "pen"])
def test_it_compresses_like_a_signature(mode: PenMode) -> None:
    names = ["Maria Gonzalez", "John Smith", "Li Wei", "李娜", "欧阳修", "刘国强"]
    signed = [draw_signature(name, seed, mode=mode, font_bytes=FONT) for name in names for seed in range(4)]
    sizes = sorted(len(encode_jbig(draw_watermark(bitmap, "5E5C8226"))) for bitmap in signed)
    assert not any(check_stream_size(size) for size in sizes)
    assert 250 < sizes[len(sizes) // 2] < 500


def test_accents_and_wide_letters_are_written_without_them() -> None:
    assert write_strokes("José", 4, mode="pen")[0] is not None
    assert len(write_strokes("Ｊｏｓｅ", 4, mode="pen")) == len(write_strokes("Jose", 4, mode="pen"))


def test_latin_needs_no_font_and_chinese_does() -> None:
    assert draw_signature("O'Brien-Smith Jr.", 1).black() > 300
    with pytest.raises(PenError, match="cannot write '张'"):
        draw_signature("张伟", 1)


def test_every_character_of_gbk_is_written() -> None:
    assert draw_signature("張喆", 1, font_bytes=FONT).black() > 300  # neither is in GB 2312


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "names of 1 to 40 letters"),
        (" - ", "names of 1 to 40 letters"),
        ("x" * (MAX_NAME + 1), "has 41"),
        ("안나", "cannot write"),
    ],
)
def test_a_name_it_cannot_write_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(PenError, match=sentence):
        draw_signature(name, 1, font_bytes=FONT)


def test_a_pad_too_small_is_refused() -> None:
    with pytest.raises(PenError, match="too small"):
        draw_signature("Ann", 1, width=40, height=20)


@pytest.mark.parametrize("character", string.ascii_letters)
def test_every_letter_has_a_shape_that_the_next_can_join(character: str) -> None:
    shape = letter(character)
    assert shape is not None
    assert min(k.y for k in shape.body) >= -12
    assert max(k.y for k in shape.body) <= 23
    if shape.joins:
        assert shape.body[-1].x >= max(k.x for k in shape.body) - 0.01
        assert shape.body[-1].y <= 9
    if character.islower():
        assert shape.joins
        assert (shape.body[0].x, round(shape.body[0].y)) in ((0, 0), (0, 1))


@pytest.mark.parametrize(("character", "strokes"), [("一", 1), ("十", 2), ("三", 3), ("川", 3), ("八", 2), ("王", 4)])
def test_strokes_of_simple_characters_are_found_again(character: str, strokes: int) -> None:
    assert len(skeleton.traces(character, FONT)) == strokes


def test_a_stroke_goes_straight_through_a_crossing() -> None:
    across, down = sorted(skeleton.traces("十", FONT), key=lambda t: -abs(t[0][0] - t[-1][0]))
    assert abs(across[0][0] - across[-1][0]) > skeleton.EM / 2
    assert abs(down[0][1] - down[-1][1]) > skeleton.EM / 2


@given(st.integers(), st.text(max_size=5), st.floats(-10, 10), st.floats(0.1, 10))
def test_dice_stay_within_their_bounds(seed: int, label: str, low: float, size: float) -> None:
    dice = SeededRandom(seed, label)
    assert all(low <= dice.between(low, low + size) <= low + size for _ in range(20))
    assert all(low - size <= dice.around(low, size) <= low + size for _ in range(20))
