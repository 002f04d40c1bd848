"""Pages, PDFs, bytes for receipt printers: what the text says is in each of them, and nothing comes from elsewhere."""

from __future__ import annotations

import builtins
import re
import shutil
import subprocess
from base64 import b64decode
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from acquirer.slip.escpos import as_escpos
from acquirer.slip.font_subset import subset_font
from acquirer.slip.layout import DOTS_OF, lay_out
from acquirer.slip.page import as_page
from acquirer.slip.paper import WIDTHS, width
from acquirer.slip.pdf import MissingExtraError, as_pdf
from acquirer.slip.picture import burn, draw
from acquirer.slip.receipt import receipt_sheet
from acquirer.slip.sheet import Sheet
from acquirer.slip.words import LANGUAGES, Language
from tests.slip.test_golden import FONT
from tests.slip.test_picture import FULL, SALE

SHEET = receipt_sheet(SALE, reprint=2, signed=True)


def words(sheet: Sheet) -> list[str]:
    return [text for row in sheet for text in (row.text, row.value) if text and row.role != "signature"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_says_what_the_text_says(lang: Language) -> None:
    sheet = receipt_sheet(SALE, lang=lang, reprint=1)
    page = as_page(sheet, lang=lang)
    shown = unescape(re.sub(r"<[^>]+>", "\n", page.partition("<main>")[2]))
    assert [text for text in words(sheet) if text not in shown] == []
    assert f'<html lang="{"en" if lang == "en" else "zh-CN"}">' in page


def test_a_page_stands_alone_and_obeys_nothing_that_it_shows() -> None:
    evil = receipt_sheet(SALE.__class__(**{**_fields(), "merchant": "<script>alert(1)</script>&"}))
    page = as_page(evil, FULL, font=b"font")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert not re.search(r"(https?:)?//[a-z]|@import|<link|<iframe", page)
    assert set(re.findall(r'(?:src|href)="([^:]+:[^,]+),', page)) == {"data:image/png;base64"}


def test_a_page_holds_the_signature() -> None:
    page = as_page(SHEET, FULL)
    found = re.search(r'src="data:image/png;base64,([^"]+)"', page)
    assert found
    with Image.open(BytesIO(b64decode(found[1]))) as picture:
        assert (picture.size, picture.convert("L").getextrema()) == ((240, 80), (0, 0))
    assert "data:image" not in as_page(receipt_sheet(SALE, "cardholder"), FULL)
    assert '<p class="pen">' in as_page(receipt_sheet(SALE))


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_pdf_has_its_text_and_its_paper(columns: int) -> None:
    data = as_pdf(SHEET, FONT, FULL, columns=columns)
    assert data == as_pdf(SHEET, FONT, FULL, columns=columns)
    height = lay_out(SHEET, columns, FULL).height
    box = re.search(rb"/MediaBox \[ 0 0 ([0-9.]+) ([0-9.]+) \]", data)
    assert box
    assert float(box[1]) == pytest.approx({32: 58, 48: 80}[columns] / 25.4 * 72, abs=0.1)
    assert float(box[2]) == pytest.approx(height / 8 / 25.4 * 72, abs=0.1)
    assert len(data) < 60_000  # the characters of this slip only
    assert b"/FontFile2" in data
    assert b"/ToUnicode" in data


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext")
def test_another_program_reads_the_pdf(tmp_path: Path) -> None:
    file = tmp_path / "slip.pdf"
    file.write_bytes(as_pdf(SHEET, FONT, FULL))
    shown = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True).stdout.decode()
    squeezed = re.sub(r"\s", "", shown)
    assert [text for text in words(SHEET) if re.sub(r"\s", "", text) not in squeezed] == []


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_printer_gets_the_picture_and_cuts(columns: int) -> None:
    data = as_escpos(SHEET, FONT, FULL, columns)
    assert data.startswith(b"\x1b@\x1dv0\x00")
    assert data.endswith(b"\x1dV\x00")
    rows, at = b"", 2
    while data[at : at + 4] == b"\x1dv0\x00":
        row_bytes, height = (
            int.from_bytes(data[at + 4 : at + 6], "little"),
            int.from_bytes(data[at + 6 : at + 8], "little"),
        )
        assert row_bytes == DOTS_OF[columns] // 8
        rows += data[at + 8 : at + 8 + row_bytes * height]
        at += 8 + row_bytes * height
    burnt = burn(lay_out(SHEET, columns, FULL), FONT, FULL)
    assert rows == bytes(byte ^ 0xFF for byte in burnt.tobytes())
    with Image.open(BytesIO(draw(SHEET, FONT, FULL, columns))) as picture:
        assert picture.convert("1").tobytes() == burnt.tobytes()


def test_a_printer_writes_nothing_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    as_escpos(SHEET, FONT)
    assert capsys.readouterr() == ("", "")


def test_glyphs_are_as_wide_as_their_columns() -> None:
    from fontTools.ttLib import TTFont

    characters = "消费/SALE 12.34 CAFÉ Æ（）、￥〓"
    font = TTFont(BytesIO(subset_font(FONT, characters)))
    names = font.getBestCmap()
    assert {chr(code) for code in names} == set(characters)
    for char in characters:
        assert font["hmtx"][names[ord(char)]][0] == 500 * width(char)


@pytest.mark.parametrize(("form", "package"), [(as_pdf, "reportlab"), (as_escpos, "escpos"), (as_pdf, "fontTools")])
def test_an_extra_that_is_not_there_is_named(form: Any, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=package)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError, match=rf"{package} is missing\): pip install 'acquirer\["):
        form(SHEET, FONT)


def _fields() -> dict[str, Any]:
    return {name: getattr(SALE, name) for name in SALE.__dataclass_fields__}
