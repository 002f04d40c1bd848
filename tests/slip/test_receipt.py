"""The receipt: every line fits the paper, the card number is masked, absent facts leave no line."""

from __future__ import annotations

import doctest
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.slip import paper, receipt
from acquirer.slip.paper import COLUMNS, width, wrapped
from acquirer.slip.receipt import Receipt, minor, money, render

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
    assert "重打印凭证/DUPLICATED" in render(SALE, reprint=True)


def test_only_the_merchant_copy_is_signed() -> None:
    assert "CARDHOLDER SIGNATURE" in render(SALE, "merchant")
    assert "CARDHOLDER SIGNATURE" not in render(SALE, "cardholder")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(TEXTS), st.text(max_size=90)), st.integers(0, 999_999_999_999))
def test_no_line_overruns_the_paper(texts: dict[str, str], amount_minor: int) -> None:
    lines = render(replace(SALE, amount_minor=amount_minor, **texts)).split("\n")
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
