"""The receipt: every line fits the paper, the card number is masked, absent facts leave no line."""

from __future__ import annotations

import doctest
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.slip import kind_facts, paper, receipt, sheet, words
from acquirer.slip.paper import COLUMNS, RULE, width, wrapped
from acquirer.slip.receipt import Receipt, decimal_amount, minor, render_receipt
from acquirer.slip.sheet import SIGNATURE_LINES
from acquirer.slip.words import LANGUAGES, SIGN_HERE, SIGNED, Language

SALE = Receipt(
    merchant="测试商户",
    mid="880210010210162",
    tid="10000161",
    operator="01",
    card="6212345678901232",
    entry="I",
    kind="消费/SALE",
    batch="000001",
    stan="000002",
    amount_minor=1234,
    currency="RMB",
    expiry="3012",
    organisation="CUP",
    rrn="000000000012",
    at="2026/11/20 13:40:11",
    chip=(("ARQC", "0123456789ABCDEF"), ("TVR", "0000008000")),
)

TEXTS = [field.name for field in fields(Receipt) if field.type == "str"]


@pytest.mark.parametrize("module", [paper, receipt, sheet, words, kind_facts])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_shows_the_transaction() -> None:
    lines = render_receipt(SALE).splitlines()
    assert "批次号(BATCH NO)          000001" in lines
    assert "金额(AMOUNT)           RMB 12.34" in lines
    assert "有效期(EXP DATE)         2030/12" in lines
    assert "卡号(CARD NO) 621234******1232/I" in lines
    assert "6212345678901232" not in render_receipt(SALE)


def test_an_absent_fact_leaves_no_line() -> None:
    assert "AUTH NO" not in render_receipt(SALE)
    assert "AUTH NO" in render_receipt(replace(SALE, auth_id="123456"))
    assert "REFERENCE" not in render_receipt(replace(SALE, chip=()))


VOID = replace(SALE, kind="消费撤销/VOID", credit=True, entry="N", chip=(), original_stan="000001")
REFUND = replace(
    SALE, kind="退货/REFUND", credit=True, chip=(), original_rrn="000000000007", original_date="1119", amount_minor=234
)


def test_a_void_names_its_sale_and_has_a_minus() -> None:
    lines = render_receipt(VOID).splitlines()
    assert lines[lines.index("交易类型(TRANS TYPE)") + 1] == "                   消费撤销/VOID"
    assert "卡号(CARD NO) 621234******1232/N" in lines
    assert "金额(AMOUNT)          RMB -12.34" in lines
    at = lines.index("备注(REFERENCE)")
    assert lines[at + 1 : at + 3] == ["原凭证号(VOUCHER)         000001", RULE]
    assert "持卡人签名(CARDHOLDER SIGNATURE)" in lines
    english = render_receipt(VOID, lang="en").splitlines()
    assert {"TRANS TYPE                  VOID", "AMOUNT                RMB -12.34"} <= set(english)
    assert "ORIGINAL VOUCHER NO       000001" in english


def test_a_refund_names_its_sale_and_has_a_minus() -> None:
    lines = render_receipt(REFUND).splitlines()
    assert {"交易类型(TRANS TYPE) 退货/REFUND", "金额(AMOUNT)           RMB -2.34"} <= set(lines)
    at = lines.index("备注(REFERENCE)")
    assert lines[at + 1 : at + 4] == ["原参考号(REFER NO)  000000000007", "原交易日期(DATE)            1119", RULE]
    english = render_receipt(REFUND, lang="en").splitlines()
    assert {"ORIGINAL REFER NO   000000000007", "ORIGINAL DATE               1119"} <= set(english)


def test_a_receipt_of_version_0_1_keeps_its_name_of_the_limit() -> None:
    assert replace(SALE, no_cvm_limit_minor=100_000).free_minor == 100_000


def test_only_a_reprint_says_so() -> None:
    assert "DUPLICATED" not in render_receipt(SALE)
    assert "  ****重打印/DUPLICATED 2****" in render_receipt(SALE, reprint=2).splitlines()
    assert "     ****DUPLICATED 12****" in render_receipt(SALE, lang="en", reprint=12).splitlines()


def test_only_the_merchant_copy_is_signed() -> None:
    assert "CARDHOLDER SIGNATURE" in render_receipt(SALE, "merchant")
    assert "CARDHOLDER SIGNATURE" not in render_receipt(SALE, "cardholder")


def test_in_english_nothing_is_chinese_but_what_the_sale_brings() -> None:
    lines = render_receipt(SALE, lang="en").splitlines()
    assert [line for line in lines if not line.isascii()] == ["MERCHANT NAME           测试商户"]
    assert "TRANS TYPE                  SALE" in lines
    assert "CARD NO       621234******1232/I" in lines
    assert "AMOUNT                 RMB 12.34" in lines


@pytest.mark.parametrize("lang", list(LANGUAGES))
def test_the_place_of_the_signature(lang: Language) -> None:
    unsigned, signed = (render_receipt(SALE, lang=lang, signed=drawn).splitlines() for drawn in (False, True))
    at = unsigned.index(SIGN_HERE.say(lang))
    assert unsigned[at + 1 : at + 1 + SIGNATURE_LINES] == [""] * SIGNATURE_LINES
    assert signed[at + 1].strip() == SIGNED.say(lang, "{zh}")
    assert signed[:at] == unsigned[:at]
    assert signed[at + 2 :] == unsigned[at + 1 + SIGNATURE_LINES :]


@pytest.mark.parametrize(
    ("pin", "limit_minor", "lang", "says"),
    [
        (False, 100_000, "zh", "交易金额未超1000元，免密免签"),
        (True, 30_000, "both", "交易金额未超300元，无需签名"),
        (False, 100_050, "zh", "交易金额未超1000.50元，免密免签"),
        (False, 100_000, "en", "AMOUNT WITHIN 1000: NO PIN, NO"),
        (True, 100_000, "en", "AMOUNT WITHIN 1000: NO SIGNATURE"),
    ],
)
def test_a_small_sale_says_why_it_is_not_signed(pin: bool, limit_minor: int, lang: Language, says: str) -> None:
    lines = render_receipt(replace(SALE, no_cvm_limit_minor=limit_minor, pin=pin), lang=lang).splitlines()
    assert says in lines
    assert SIGN_HERE.say(lang) not in lines


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(TEXTS), st.text(max_size=90)),
    st.integers(0, 999_999_999_999),
    st.sampled_from(list(LANGUAGES)),
    st.integers(0, 999),
    st.booleans(),
    st.integers(0, 10**12),
)
def test_no_line_overruns_the_paper(
    texts: dict[str, Any], amount_minor: int, lang: Language, reprint: int, signed: bool, no_cvm_limit_minor: int
) -> None:
    sale = replace(SALE, amount_minor=amount_minor, no_cvm_limit_minor=no_cvm_limit_minor, **texts)
    lines = render_receipt(sale, lang=lang, reprint=reprint, signed=signed).split("\n")
    assert all(width(line) <= COLUMNS for line in lines)
    assert all(line.isprintable() for line in lines)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="gbk", exclude_categories=("Cc", "Zs")), max_size=200))
def test_wrapping_loses_nothing(text: str) -> None:
    assert "".join(wrapped(text)) == "".join(paper.replace_unprintable(text).split())


@given(st.integers(0, 10**12), st.integers(0, 3))
def test_money_is_exact(amount_minor: int, exponent: int) -> None:
    assert minor(decimal_amount(amount_minor, exponent), exponent) == amount_minor


@pytest.mark.parametrize("text", ["", ".", "-1", "1.234", "1,00", "1e2", "١٢", " 1", "1.2.3", "0x10"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it like 12\.34"):
        minor(text)
