"""The receipt: every line fits the paper, the card number is masked, absent facts leave no line."""

from __future__ import annotations

import doctest
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.slip import paper, receipt
from acquirer.slip.paper import COLUMNS, width, wrapped
from acquirer.slip.receipt import SIGNATURE_LINES, WORDS, Language, Receipt, minor, money, render

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


@pytest.mark.parametrize("module", [paper, receipt])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_shows_the_transaction() -> None:
    lines = render(SALE).splitlines()
    assert "批次号(BATCH NO)          000001" in lines
    assert "金额(AMOUNT)           RMB 12.34" in lines
    assert "有效期(EXP DATE)         2030/12" in lines
    assert "卡号(CARD NO) 621234******1232/I" in lines
    assert "6212345678901232" not in render(SALE)


def test_an_absent_fact_leaves_no_line() -> None:
    assert "AUTH NO" not in render(SALE)
    assert "AUTH NO" in render(replace(SALE, auth_id="123456"))
    assert "REFERENCE" not in render(replace(SALE, chip=()))


def test_only_a_reprint_says_so() -> None:
    assert "DUPLICATED" not in render(SALE)
    assert "    重打印凭证/DUPLICATED 2" in render(SALE, reprint=2).splitlines()
    assert "         DUPLICATED 12" in render(SALE, lang="en", reprint=12).splitlines()


def test_only_the_merchant_copy_is_signed() -> None:
    assert "CARDHOLDER SIGNATURE" in render(SALE, "merchant")
    assert "CARDHOLDER SIGNATURE" not in render(SALE, "cardholder")


def test_in_english_nothing_is_chinese_but_what_the_sale_brings() -> None:
    lines = render(SALE, lang="en").splitlines()
    assert [line for line in lines if not line.isascii()] == ["MERCHANT NAME           测试商户"]
    assert "TRANS TYPE                  SALE" in lines
    assert "CARD NO       621234******1232/I" in lines
    assert "AMOUNT                 RMB 12.34" in lines


@pytest.mark.parametrize("lang", list(WORDS))
def test_the_place_of_the_signature(lang: Language) -> None:
    unsigned, signed = (render(SALE, lang=lang, signed=drawn).splitlines() for drawn in (False, True))
    at = unsigned.index(WORDS[lang].sign_here)
    assert unsigned[at + 1 : at + 1 + SIGNATURE_LINES] == [""] * SIGNATURE_LINES
    assert signed[at + 1].strip() == WORDS[lang].signed
    assert signed[:at] == unsigned[:at]
    assert signed[at + 2 :] == unsigned[at + 1 + SIGNATURE_LINES :]


@pytest.mark.parametrize(
    ("pin", "limit_minor", "lang", "says"),
    [
        (False, 100_000, "zh", "交易金额未超1000元，免密免签"),
        (True, 30_000, "zh", "交易金额未超300元，无需签名"),
        (False, 100_050, "zh", "交易金额未超1000.50元，免密免签"),
        (False, 100_000, "en", "AMOUNT WITHIN 1000: NO PIN, NO"),
        (True, 100_000, "en", "AMOUNT WITHIN 1000: NO SIGNATURE"),
    ],
)
def test_a_small_sale_says_why_nobody_signs(pin: bool, limit_minor: int, lang: Language, says: str) -> None:
    lines = render(replace(SALE, no_cvm_limit_minor=limit_minor, pin=pin), lang=lang).splitlines()
    assert says in lines
    assert WORDS[lang].sign_here not in lines


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(TEXTS), st.text(max_size=90)),
    st.integers(0, 999_999_999_999),
    st.sampled_from(list(WORDS)),
    st.integers(0, 999),
    st.booleans(),
    st.integers(0, 10**12),
)
def test_no_line_overruns_the_paper(
    texts: dict[str, Any], amount_minor: int, lang: Language, reprint: int, signed: bool, no_cvm_limit_minor: int
) -> None:
    sale = replace(SALE, amount_minor=amount_minor, no_cvm_limit_minor=no_cvm_limit_minor, **texts)
    lines = render(sale, lang=lang, reprint=reprint, signed=signed).split("\n")
    assert all(width(line) <= COLUMNS for line in lines)
    assert all(line.isprintable() for line in lines)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="gbk", exclude_categories=("Cc", "Zs")), max_size=200))
def test_wrapping_loses_nothing(text: str) -> None:
    assert "".join(wrapped(text)) == "".join(paper.printable(text).split())


@given(st.integers(0, 10**12), st.integers(0, 3))
def test_money_is_exact(amount_minor: int, exponent: int) -> None:
    assert minor(money(amount_minor, exponent), exponent) == amount_minor


@pytest.mark.parametrize("text", ["", ".", "-1", "1.234", "1,00", "1e2", "١٢", " 1", "1.2.3", "0x10"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it like 12\.34"):
        minor(text)
