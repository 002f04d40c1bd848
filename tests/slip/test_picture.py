"""The slip as a picture: 384 dots, every character in its cell, the signature in its place."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from acquirer.slip.font import Font, FontError
from acquirer.slip.layout import DOTS_OF, EDGE, GAP, MAX_ROWS, NORMAL, lay_out
from acquirer.slip.paper import COLUMNS, MISSING, WIDTHS, missing_note, replace_unprintable, width
from acquirer.slip.picture import draw
from acquirer.slip.receipt import Receipt, receipt_sheet
from acquirer.slip.sheet import RULE_ROW, SIGNATURE_LINES, SlipRow
from acquirer.slip.words import COPIES, LANGUAGES, Copy, Language

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
DOTS = DOTS_OF[COLUMNS]
SIGN = (SlipRow("持卡人签名"), SlipRow(role="signature"))


def opened(data: bytes, columns: int = COLUMNS) -> Image.Image:
    slip = Image.open(BytesIO(data))
    assert (slip.format, slip.mode, slip.width) == ("PNG", "1", DOTS_OF[columns])
    return slip


def box(slip: Image.Image) -> tuple[int, int, int, int]:
    found = ImageChops.invert(slip.convert("L")).getbbox()
    assert found
    return found


def black(slip: Image.Image) -> int:
    return slip.convert("L").histogram()[0]


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("copy", COPIES)
def test_a_receipt_is_one_colour_and_keeps_its_margins(copy: Copy, lang: Language, columns: int) -> None:
    slip = opened(draw(receipt_sheet(SALE, copy, lang=lang, reprint=1), FONT, columns=columns), columns)
    left, top, right, bottom = box(slip)
    margin = (slip.width - columns * NORMAL // 2) // 2
    assert margin >= 16
    assert margin - 1 <= left <= margin + 3
    assert slip.width - margin - 4 <= right <= slip.width - margin + 1
    assert top >= EDGE
    assert bottom <= slip.height - EDGE


def test_the_signature_takes_the_place_of_the_blank_lines() -> None:
    sheet = receipt_sheet(SALE)
    unsigned, signed = opened(draw(sheet, FONT)), opened(draw(sheet, FONT, FULL))
    assert black(signed) - black(unsigned) == 240 * 80
    assert signed.height == unsigned.height - SIGNATURE_LINES * (NORMAL + GAP) + 80 + 2 * GAP


def test_a_receipt_without_a_place_to_sign_shows_no_signature() -> None:
    sheet = receipt_sheet(SALE, "cardholder")
    assert draw(sheet, FONT, FULL) == draw(sheet, FONT)


def test_a_signature_without_pixels_is_none() -> None:
    sheet = receipt_sheet(SALE)
    assert draw(sheet, FONT, Pad(0, 0, b"")) == draw(sheet, FONT)


@pytest.mark.parametrize(
    ("pad", "size"),
    [
        (Pad(128, 64, b"\xff" * 16 * 64), (256, 128)),
        (Pad(352, 128, b"\xff" * 44 * 128), (352, 128)),
        (Pad(704, 256, b"\xff" * 88 * 256), (352, 128)),
        (Pad(64, 704, b"\xff" * 8 * 704), (32, 352)),
    ],
)
def test_small_signatures_are_doubled_and_large_ones_fit_the_paper(pad: Pad, size: tuple[int, int]) -> None:
    slip = opened(draw(SIGN, FONT, pad))
    left, top, right, bottom = box(slip.crop((0, EDGE + NORMAL + GAP, DOTS, slip.height)))
    assert (right - left, bottom - top) == size
    assert abs(left - (DOTS - right)) <= 1


def test_a_hairline_survives_a_smaller_picture() -> None:
    line = Pad(768, 8, b"".join(b"\xff" * 96 if y == 3 else bytes(96) for y in range(8)))
    assert black(opened(draw(SIGN, FONT, line))) - black(opened(draw(SIGN, FONT))) >= DOTS - 32


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


@pytest.mark.parametrize(
    "amount", ["RMB 1.00", "RMB 123456.78", "RMB 1234567.89", "RMB -1234567890.12", "RMB -12345678901234.56"]
)
def test_an_amount_is_larger_than_the_text_or_on_lines_of_its_own(amount: str) -> None:
    layout = lay_out([SlipRow("承兑金额(AMOUNT)", amount, "amount")])
    label, *values = layout.texts
    assert label.cell == NORMAL
    assert "".join(one.text for one in values).replace(" ", "") == amount.replace(" ", "")
    assert all(one.cell > NORMAL for one in values)
    assert all(one.x >= 16 and one.x + width(one.text) * one.cell // 2 <= DOTS - 16 for one in values)


def test_a_reprint_says_so_loudly_and_a_rule_follows() -> None:
    sheet = receipt_sheet(SALE, reprint=1)
    at = next(number for number, row in enumerate(sheet) if "DUPLICATED" in row.text)
    assert (sheet[at].role, sheet[at + 1]) == ("loud", RULE_ROW)
    assert next(one for one in lay_out(sheet).texts if "DUPLICATED" in one.text).cell > NORMAL


def test_limits_and_fonts_are_reported() -> None:
    with pytest.raises(ValueError, match="2501 rows"):
        draw([SlipRow("x")] * (MAX_ROWS + 1), FONT)
    for data in (b"", b"not a font", FONT[:1000]):
        with pytest.raises(FontError, match="cannot be used"):
            draw([SlipRow("x")], data)


def test_no_rows_are_an_empty_piece_of_paper() -> None:
    assert opened(draw([], FONT)).size == (DOTS, 2 * EDGE)
    assert opened(draw([SlipRow("")], FONT)).getextrema() == (255, 255)


def test_the_font_is_the_one_its_page_describes() -> None:
    from hashlib import sha256

    assert sha256(FONT).hexdigest() in (FONT_FILE.parent / "README.md").read_text()
    assert len(FONT) <= 6_500_000  # the wheel stays below 12 MB


@pytest.mark.slow
@pytest.mark.parametrize("text", ["李圳", "镕甯喆", "CAFÉ ÜBER", "āéü", "〓", "㎡"])
def test_every_character_of_gbk_and_every_letter_of_latin_1_has_a_shape(text: str) -> None:
    blank = opened(draw([SlipRow("")], FONT)).tobytes()
    for char in text.replace(" ", ""):
        assert replace_unprintable(char) == char
        assert opened(draw([SlipRow(char)], FONT)).tobytes() != blank


@pytest.mark.parametrize("char", ["\U0001f600", "ก", "≒", "ı", "\U00020000"])
def test_what_has_no_shape_is_never_a_blank(char: str) -> None:
    assert replace_unprintable(char) == MISSING
    assert missing_note(replace_unprintable(f"MR {char}"))
    assert not missing_note("李 CAFÉ")
