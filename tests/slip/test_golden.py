"""Golden slips: every kind in each language and width, settlements, reports: text by letters, pictures by dots.

``python -m tests.slip.test_golden`` writes them anew; look at them before committing.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from acquirer.signature.bitmap import Bitmap
from acquirer.slip.page import as_page
from acquirer.slip.pdf import as_pdf
from acquirer.slip.picture import draw
from acquirer.slip.receipt import fault_report, receipt_sheet, render_receipt
from acquirer.slip.settlement_slip import failed_uploads_sheet, settlement_sheet
from acquirer.slip.sheet import Sheet, plain_text
from acquirer.slip.words import KINDS, LANGUAGES, Copy, Language
from acquirer.terminal.kinds import KINDS as TERMINAL_KINDS
from tests.slip.kinds import receipts, settlement

GOLDEN = Path(__file__).parent / "golden"
FONT = (Path(__file__).parents[2] / "specs" / "fonts" / "NotoSansMonoCJKsc-GBK.otf").read_bytes()


@cache
def files() -> Mapping[str, bytes]:
    """Return the golden files by name."""
    return {name: text.encode() for name, text in _texts().items()} | {
        name: draw(sheet, FONT, _signature() if "signed" in name else None, columns)
        for name, (sheet, columns) in _pictures().items()
    }


def _texts() -> dict[str, str]:
    known = receipts()

    def kinds(lang: Language, columns: int, copy: Copy) -> str:
        slips = [
            f"=== {service}\n{render_receipt(one, copy, lang=lang, columns=columns)}" for service, one in known.items()
        ]
        return "\n".join(slips)

    slip = settlement()
    return {
        "kinds-both-32.txt": kinds("both", 32, "merchant"),
        "kinds-zh-48.txt": kinds("zh", 48, "bank"),
        "kinds-en-32.txt": kinds("en", 32, "cardholder"),
        **{f"settlement-{lang}.txt": plain_text(settlement_sheet(slip, lang=lang, details=True)) for lang in LANGUAGES},
        **{f"page-{lang}.html": as_page(receipt_sheet(known["refund"], lang=lang), lang=lang) for lang in LANGUAGES},
        "failed-uploads.txt": plain_text(failed_uploads_sheet(slip)),
        "fault-report.txt": plain_text(fault_report(known["sale"])),
    }


def _pictures() -> dict[str, tuple[Sheet, int]]:
    known = receipts()
    return {
        "sale-both-signed-reprint.png": (receipt_sheet(known["sale"], reprint=1, signed=True), 32),
        "instalment-zh.png": (receipt_sheet(known["instalment_sale"], "bank", lang="zh"), 32),
        "ecash-en-48.png": (receipt_sheet(known["ecash_sale"], "merchant", lang="en"), 48),
        "settlement-both.png": (settlement_sheet(settlement(), details=True), 32),
    }


def _signature() -> Bitmap:
    """Return a stroke over a pad of 240 × 80, with the watermark of the field."""
    from acquirer.signature.watermark import draw_watermark

    rows = [0] * 80
    for x in range(30, 210):
        y = 60 - abs(x - 120) // 2
        for thick in range(3):
            rows[y + thick] |= 1 << (239 - x)
    return draw_watermark(Bitmap.from_rows(240, rows), "5E5C8226")


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.iterdir()))
def test_a_slip_is_as_it_was_looked_at(name: str) -> None:
    printed, golden = files()[name], (GOLDEN / name).read_bytes()
    if not name.endswith(".png"):
        assert printed.decode() == golden.decode()
        return
    one, other = (Image.open(BytesIO(data)).convert("L") for data in (printed, golden))
    assert one.size == other.size
    differing = ImageChops.difference(one, other).histogram()[255]
    assert differing <= one.width * one.height // 500  # another FreeType rounds a stem otherwise


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="no pdftoppm")
@pytest.mark.parametrize("name", sorted(_pictures()))
def test_a_pdf_looks_like_the_picture(name: str, tmp_path: Path) -> None:
    sheet, columns = _pictures()[name]
    ink = _signature() if "signed" in name else None
    (tmp_path / "slip.pdf").write_bytes(as_pdf(sheet, FONT, ink, columns=columns))
    subprocess.run(["pdftoppm", "-r", "203.2", "-gray", "-singlefile", "slip.pdf", "slip"], cwd=tmp_path, check=True)
    with Image.open(tmp_path / "slip.pgm") as page, Image.open(GOLDEN / name) as golden:
        picture = golden.convert("L")
        left = (page.width - picture.width) // 2
        shown = page.convert("L").crop((left, 0, left + picture.width, picture.height))
    small = (picture.width // 8, picture.height // 8)  # a millimetre: strokes are one colour here and grey there
    one, other = (each.resize(small, Image.Resampling.BOX) for each in (picture, shown))
    differing = sum(ImageChops.difference(one, other).histogram()[96:])
    assert differing <= small[0] * small[1] // 200


def test_there_is_no_golden_file_too_few() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(files())


def test_every_kind_with_a_slip_has_one_with_its_own_words() -> None:
    known = receipts()
    with_slip = {service for service, kind in TERMINAL_KINDS.items() if kind.moves_money}
    assert with_slip == set(KINDS) == set(known)
    for service, one in known.items():
        assert one.kind == KINDS[service].say("both", "{zh}/{en}")
        assert KINDS[service].zh in render_receipt(one, lang="zh")
        assert f" {KINDS[service].en}\n" in render_receipt(one, lang="en")


@pytest.mark.parametrize(
    ("service", "lines"),
    [
        ("void", {"原凭证号(VOUCHER)"}),
        ("refund", {"原参考号(REFER NO)", "原交易日期(DATE)"}),
        ("pre_auth_top_up", {"累计金额(TOTAL)"}),
        ("pre_auth_void", {"原预授权码(AUTH NO)"}),
        ("completion", {"预授权码(AUTH NO)"}),
        ("completion_void", {"原凭证号(VOUCHER)", "原预授权码(AUTH NO)"}),
        ("tip_adjustment", {"小费(TIPS)", "总计(TOTAL)"}),
        ("settlement_adjustment", {"总计(TOTAL)"}),
        ("ecash_sale", {"TC:", "TERMCAPA:", "ECAUTH:"}),
        ("other_account_load", {"转出卡卡号(FROM CARD)"}),
        (
            "instalment_sale",
            {"分期付款期数(PERIODS)", "首期金额(FIRST AMOUNT)", "还款币种(CURRENCY)", "持卡人手续费(FEE)"},
        ),
        ("instalment_sale", {"手续费支付方式(FEE MODE)", "首期手续费(FIRST FEE)", "每期手续费(FEE EACH)"}),
        ("points_sale", {"商品代码(GOODS)", "兑换积分数(POINTS)", "自付金额(PAID)", "积分余额(POINTS LEFT)"}),
        ("reservation_sale", {"预约手机号(MOBILE)"}),
        ("qr_sale", {"付款凭证号(QR VOUCHER)", "扫码交易，免签名"}),
    ],
)
def test_a_kind_has_its_lines(service: str, lines: set[str]) -> None:
    text = render_receipt(receipts()[service])
    assert {one for one in lines if one not in text} == set()


def test_no_slip_shows_a_whole_card_number_or_mobile_number() -> None:
    for name, data in files().items():
        if name.endswith(".txt"):
            text = data.decode()
            assert "13800000000" not in text
            assert not [word for word in text.split() if word.isdecimal() and len(word) in (16, 19)]


if __name__ == "__main__":
    for golden_name, golden_bytes in files().items():
        (GOLDEN / golden_name).write_bytes(golden_bytes)
