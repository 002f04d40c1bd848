"""The slip of a settlement: gross totals, net lines, the list of transactions, what was not uploaded."""

from __future__ import annotations

from dataclasses import replace

from acquirer.settlement.totals import BatchTotals, Totals, write_settlement
from acquirer.slip.paper import COLUMNS, width
from acquirer.slip.settlement_slip import LETTERS, SettlementSlip, SlipLine, render_settlement
from acquirer.terminal.kinds import KINDS

TOTALS = BatchTotals(Totals(6000, 3, 1500, 2), Totals(3000, 1))
SALE = SlipLine("000002", "sale", "621234******1232", 1000, auth_id="123456")
SLIP = SettlementSlip(
    "Test shop", "880210010210162", "10000161", "01", "000001", "2026/01/02 08:00:00",
    write_settlement(TOTALS), write_settlement(TOTALS, ("1", "2")),
    (
        SALE,
        replace(SALE, stan="000003", amount_minor=4000, voided=True),
        replace(SALE, stan="000004", service="void", amount_minor=4000, credit=True),
        replace(SALE, stan="000005", service="refund", amount_minor=500, credit=True),
        replace(SALE, stan="000006", amount_minor=3000, card="411111******1111", foreign=True),
    ),
)  # fmt: skip


def lines(**known: object) -> list[str]:
    return render_settlement(SLIP, lang="en", **known).splitlines()  # type: ignore[arg-type]


def test_totals_are_gross_and_lines_leave_out_what_was_voided() -> None:
    printed = lines()
    assert printed[10:17] == [
        "DOMESTIC: BALANCED",
        "DEBIT            3         60.00",
        "CREDIT           2         15.00",
        "  SALE           1         10.00",
        "  REFUND         1          5.00",
        "FOREIGN: NOT BALANCED",
        "DEBIT            1         30.00",
    ]


def test_the_list_has_no_voids() -> None:
    printed = lines(details=True)
    start = printed.index("TXN LIST")
    assert printed[start + 1 : start + 7] == [
        "000002 S 123456            10.00",
        "621234******1232".rjust(32),
        "000005 R 123456             5.00",
        "621234******1232".rjust(32),
        "000006 S 123456            30.00",
        "411111******1111".rjust(32),
    ]


def test_a_sale_without_a_card_has_one_line() -> None:
    slip = replace(SLIP, details=(replace(SALE, service="reservation_sale", card=""), SALE))
    printed = render_settlement(slip, lang="en", details=True).splitlines()
    start = printed.index("TXN LIST")
    assert [line[:8] for line in printed[start + 1 : start + 3]] == ["000002 S", "000002 S"]


def test_each_kind_that_is_counted_has_a_letter() -> None:
    counted = {name for name, kind in KINDS.items() if kind.side is not None and kind.verb != "void"}
    assert counted <= LETTERS.keys()


def test_what_was_not_uploaded_and_what_was_not_taken() -> None:
    text = render_settlement(replace(SLIP, failed=(SALE,), refused=(SALE,), reprints=2))
    assert text.count("000002 S 123456") == 2
    assert "未成功上送交易明细/UNSUCCESSFUL" in text.replace("\n", "")
    assert "****重打印/DUPLICATED 2****" in text


def test_no_line_is_wider_than_the_paper() -> None:
    for lang in ("zh", "en"):
        text = render_settlement(SLIP, lang=lang, details=True)
        assert max(width(line) for line in text.splitlines()) <= COLUMNS
