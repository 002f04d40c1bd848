"""The slip as a picture: 384 dots, every character in its cell, the signature in its place."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from acquirer.slip import picture
from acquirer.slip.font import NORMAL, Font, FontError
from acquirer.slip.paper import COLUMNS, MISSING, RULE, missing_note, replace_unprintable, width
from acquirer.slip.picture import DOTS, EDGE, GAP, draw
from acquirer.slip.receipt import Copy, Receipt, render_receipt

FONT_FILE = Path(__file__).parents[2] / "specs" / "fonts" / "NotoSansMonoCJKsc-GBK.otf"
FONT = FONT_FILE.read_bytes()

SALE = Receipt(
    merchant="测试商户",
    mid="880210010210162",
    tid="10000161",
    operator="01",
    card="6212345678901232",
    entry="I",
    kind="消费/SALE",
    batch="000001",
    stan="000079",
    amount_minor=1234,
    currency="RMB",
    rrn="123456789012",
    at="2025/08/24 14:15:56",
)


@dataclass
class Pad:
    width: int
    height: int
    data: bytes


FULL = Pad(240, 80, bytes([0xFF]) * 30 * 80)


def opened(data: bytes) -> Image.Image:
    slip = Image.open(BytesIO(data))
    assert (slip.format, slip.mode, slip.width) == ("PNG", "1", DOTS)
    return slip


def box(slip: Image.Image) -> tuple[int, int, int, int]:
    found = ImageChops.invert(slip.convert("L")).getbbox()
    assert found
    return found


def black(slip: Image.Image) -> int:
    return slip.convert("L").histogram()[0]


@pytest.mark.parametrize("copy", ["merchant", "cardholder"])
def test_a_receipt_is_one_colour_and_as_wide_as_the_paper(copy: Copy) -> None:
    slip = opened(draw(render_receipt(SALE, copy).splitlines(), FONT))
    left, top, right, bottom = box(slip)
    assert left < 6
    assert right > DOTS - 6
    assert top >= EDGE
    assert bottom <= slip.height - EDGE


def test_the_words_it_goes_by_are_those_of_the_receipt() -> None:
    lines = render_receipt(SALE, reprint=True).splitlines()
    assert RULE in lines
    for words in (picture.AMOUNTS, picture.SIGN_HERE):
        assert sum(line.startswith(words) for line in lines) == 1
    assert sum(any(word in line for word, _ in picture.LOUD) for line in lines) == 1


def test_the_signature_takes_the_place_of_the_blank_lines() -> None:
    lines = render_receipt(SALE).splitlines()
    unsigned, signed = opened(draw(lines, FONT)), opened(draw(lines, FONT, FULL))
    assert black(signed) - black(unsigned) == 240 * 80
    blanks = sum(not line.strip() for line in lines)
    assert signed.height == unsigned.height - blanks * (NORMAL + GAP) + 80 + 2 * GAP


def test_a_receipt_without_a_place_to_sign_shows_no_signature() -> None:
    lines = render_receipt(SALE, "cardholder").splitlines()
    assert draw(lines, FONT, FULL) == draw(lines, FONT)


def test_a_signature_without_pixels_is_none() -> None:
    lines = render_receipt(SALE).splitlines()
    assert draw(lines, FONT, Pad(0, 0, b"")) == draw(lines, FONT)


@pytest.mark.parametrize(
    ("pad", "size"),
    [
        (Pad(128, 64, b"\xff" * 16 * 64), (256, 128)),
        (Pad(384, 128, b"\xff" * 48 * 128), (384, 128)),
        (Pad(768, 256, b"\xff" * 96 * 256), (384, 128)),
        (Pad(64, 768, b"\xff" * 8 * 768), (32, 384)),
    ],
)
def test_small_signatures_are_doubled_and_large_ones_fit_the_paper(pad: Pad, size: tuple[int, int]) -> None:
    slip = opened(draw(["", "持卡人签名"], FONT, pad))
    left, top, right, bottom = box(slip.crop((0, EDGE + 80, DOTS, slip.height)))
    assert (right - left, bottom - top) == size
    assert abs(left - (DOTS - right)) <= 1


def test_a_hairline_survives_a_smaller_picture() -> None:
    line = Pad(768, 8, b"".join(b"\xff" * 96 if y == 3 else bytes(96) for y in range(8)))
    assert black(opened(draw(["", "持卡人签名"], FONT, line))) - black(opened(draw(["", "持卡人签名"], FONT))) >= DOTS


@pytest.mark.slow
@settings(max_examples=40)
@given(st.text(st.characters(codec="gb2312", categories=("L", "N", "P")), min_size=1, max_size=30))
def test_text_stays_in_its_cells(text: str) -> None:
    text = text[:COLUMNS]
    while width(text) > COLUMNS:
        text = text[:-1]
    canvas = Image.new("1", (DOTS + 100, NORMAL + 20), 1)
    Font(FONT).draw(canvas, 50, 10, text)
    left, top, right, bottom = ImageChops.invert(canvas.convert("L")).getbbox() or (50, 10, 51, 11)
    assert left >= 49
    assert right <= 51 + width(text) * NORMAL // 2
    assert top >= 6  # marks on capitals rise above the cell, into the gap
    assert bottom <= 10 + NORMAL + 3


@pytest.mark.parametrize("signs", ["龙", "￥", "（", "—", "…", "·", "Ａ", "①", "§", "が"])
def test_signs_of_gbk_are_in_the_font(signs: str) -> None:
    shapes = []
    for char in (signs, "\U0010fffd"):
        canvas = Image.new("1", (60, 60), 1)
        Font(FONT).draw(canvas, 10, 10, char)
        shapes.append(canvas.tobytes())
    assert shapes[0] != shapes[1]


@pytest.mark.slow
def test_every_character_of_gb_2312_has_an_outline_of_its_own() -> None:
    """Drawn, each is different from the box for missing characters (blanks aside)."""
    font = Font(FONT)

    def shape(char: str) -> bytes:
        canvas = Image.new("1", (NORMAL, NORMAL), 1)
        font.draw(canvas, 0, 0, char)
        return canvas.tobytes()

    missing = shape("\ufffe")
    rows = [bytes((a, b)) for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF)]
    characters = [char for row in rows if (char := row.decode("gb2312", "ignore"))]
    assert len(characters) == 6763
    assert [char for char in characters if shape(char) == missing] == []


def test_the_amount_is_as_large_as_fits() -> None:
    heights = []
    for amount in ("RMB 1.00", "RMB 123456.78", "RMB 1234567.89", "RMB -123456789012.34"):
        line = "金额(AMOUNT)" + amount.rjust(COLUMNS - 12)
        slip = opened(draw(["x", line, RULE], FONT))
        heights.append(slip.height)
        left, _, right, _ = box(slip)
        assert left >= 0
        assert right <= DOTS
    assert heights == sorted(heights, reverse=True)
    assert heights[0] - heights[-1] == 24


def test_a_reprint_says_so_loudly() -> None:
    first, again = (opened(draw(render_receipt(SALE, reprint=r).splitlines(), FONT)).height for r in (0, 1))
    assert again - first == 32 + GAP


def test_limits_and_fonts_are_reported() -> None:
    with pytest.raises(ValueError, match="301 lines"):
        draw(["x"] * 301, FONT)
    for data in (b"", b"not a font", FONT[:1000]):
        with pytest.raises(FontError, match="cannot be used"):
            draw(["x"], data)


def test_no_lines_are_an_empty_piece_of_paper() -> None:
    assert opened(draw([], FONT)).size == (DOTS, 2 * EDGE)
    assert opened(draw([""], FONT)).getextrema() == (255, 255)


def test_the_font_is_the_one_its_page_describes() -> None:
    from hashlib import sha256

    assert sha256(FONT).hexdigest() in (FONT_FILE.parent / "README.md").read_text()
    assert len(FONT) <= 6_500_000  # the wheel stays below 12 MB


@pytest.mark.slow
@pytest.mark.parametrize("text", ["李圳", "镕甯喆", "CAFÉ ÜBER", "āéü", "〓", "㎡"])
def test_every_character_of_gbk_and_every_letter_of_latin_1_has_a_shape(text: str) -> None:
    blank = opened(draw([""], FONT)).tobytes()
    for char in text.replace(" ", ""):
        assert replace_unprintable(char) == char
        assert opened(draw([char], FONT)).tobytes() != blank


@pytest.mark.parametrize("char", ["\U0001f600", "ก", "≒", "ı", "\U00020000"])
def test_what_has_no_shape_is_never_a_blank(char: str) -> None:
    assert replace_unprintable(char) == MISSING
    assert missing_note(replace_unprintable(f"MR {char}"))
    assert not missing_note("李 CAFÉ")
