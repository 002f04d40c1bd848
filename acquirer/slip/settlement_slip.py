"""What a terminal prints of a settlement (结算总计单): totals, the list of transactions, and what was not uploaded.

Totals are those of the message, gross. The lines by kind and the list leave out what was voided. Layout and words are
those of the field's terminals, 32 columns of 58 mm paper.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from acquirer.settlement.totals import DIGITS, Totals, read_settlement
from acquirer.slip.paper import RULE, centred, pair, wrapped
from acquirer.slip.receipt import decimal_amount

SlipLanguage = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class SlipLine:
    """One transaction on the slip."""

    stan: str
    service: str
    card: str  # masked
    amount_minor: int
    credit: bool = False
    voided: bool = False
    foreign: bool = False
    auth_id: str = ""


@dataclass(frozen=True, slots=True)
class SettlementSlip:
    """All that a settlement's slip shows."""

    merchant: str
    mid: str
    tid: str
    operator: str
    batch: str
    at: str
    totals: str  # the 62 digits that were asked
    answer: str  # and those of the reply
    details: tuple[SlipLine, ...] = ()
    failed: tuple[SlipLine, ...] = ()  # not uploaded
    refused: tuple[SlipLine, ...] = ()  # uploaded, and not taken
    reprints: int = 0


_WORDS: Final = {
    "title": ("结算总计单", "SETTLEMENT"),
    "merchant": ("商户名称(MERCHANT NAME)", "MERCHANT NAME"),
    "mid": ("商户编号(MERCHANT NO)", "MERCHANT NO"),
    "tid": ("终端编号(TERMINAL NO)", "TERMINAL NO"),
    "operator": ("操作员号(OPERATOR NO)", "OPERATOR NO"),
    "batch": ("批次号(BATCH NO)", "BATCH NO"),
    "at": ("日期/时间(DATE/TIME)", "DATE/TIME"),
    "head": ("类型/TYPE  笔数/SUM  金额/AMOUNT", "TYPE         SUM          AMOUNT"),
    "domestic": ("内卡", "DOMESTIC"),
    "foreign": ("外卡", "FOREIGN"),
    "debit": ("借记/DEBIT", "DEBIT"),
    "credit": ("贷记/CREDIT", "CREDIT"),
    DIGITS["equal"]: ("对账平", "BALANCED"),
    DIGITS["unequal"]: ("对账不平", "NOT BALANCED"),
    DIGITS["error"]: ("对账出错", "ERROR"),
    "details": ("交易明细/TXN LIST", "TXN LIST"),
    "failed": ("未成功上送交易明细/UNSUCCESSFUL LIST", "UNSUCCESSFUL LIST"),
    "refused": ("上送后被平台拒绝交易明细/DENIED LIST", "DENIED LIST"),
    "reprint": ("重打印凭证/DUPLICATED", "DUPLICATED"),
}

_KINDS: Final = (
    ("sale", "消费/SALE", "SALE"),
    ("completion", "完成/AUTH COMPLETE", "AUTH COMPLETE"),
    ("completion_advice", "完成(通知)/AUTH SETTLEMENT", "AUTH SETTLEMENT"),
    ("refund", "退货/REFUND", "REFUND"),
    ("offline_sale", "离线/OFFLINE", "OFFLINE"),
    ("ecash_sale", "电子现金消费/EC SALE", "EC SALE"),
    ("instalment_sale", "分期付款/INSTALLMENT", "INSTALLMENT"),
)
"""Kinds that the slip has a line for, and its words."""

_OTHERS: Final = ("其他/OTHER", "OTHER")

LETTERS: Final = {
    "sale": "S",
    "completion": "P",
    "completion_advice": "C",
    "refund": "R",
    "offline_sale": "L",
    "settlement_adjustment": "L",
    "tip_adjustment": "L",
    "instalment_sale": "T",
    "points_sale": "B",
    "ecash_sale": "E",
}
"""The letter of a kind in the list of transactions; voids are not listed."""


def render_settlement(slip: SettlementSlip, *, lang: SlipLanguage = "zh", details: bool = False) -> str:
    """Return the slip as text of 32 columns, lines ending in a newline.

    Args:
        details: with the list of transactions.
    """
    column = 0 if lang == "zh" else 1

    def word(name: str) -> str:
        return _WORDS[name][column]

    lines = [*centred(word("title")), RULE]
    for name in ("merchant", "mid", "tid", "operator", "batch", "at"):
        lines += pair(word(name), str(getattr(slip, name)))
    lines += [RULE, word("head")]
    counted, results = read_settlement(slip.totals).totals, read_settlement(slip.answer).results
    for name, totals, result in zip(("domestic", "foreign"), counted, results, strict=True):
        lines.append(f"{word(name)}: {word(result) if result in _WORDS else result}")
        lines += _sides(totals, word("debit"), word("credit"))
        lines += _by_kind([one for one in slip.details if one.foreign == (name == "foreign")], column)
    lines.append(RULE)
    if details and slip.details:
        lines += [word("details"), *_listed(slip.details), RULE]
    for name, some in (("failed", slip.failed), ("refused", slip.refused)):
        if some:
            lines += [*wrapped(word(name)), *_listed(some), RULE]
    if slip.reprints:
        lines += centred(f"{word('reprint')} {slip.reprints}")
    return "".join(f"{line}\n" for line in lines)


def _sides(totals: Totals, debit: str, credit: str) -> list[str]:
    return [
        *_figures(debit, totals.debits, totals.debit_minor),
        *_figures(credit, totals.credits, totals.credit_minor),
    ]


def _by_kind(lines: list[SlipLine], column: int) -> list[str]:
    """Return a line for each kind, without what was voided."""
    names = {service: words[column] for service, *words in _KINDS}
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for one in lines:
        if one.voided or (one.credit and one.service not in names):  # a voided sale and its void
            continue
        name = names.get(one.service, _OTHERS[column])
        counts[name] += 1
        sums[name] += one.amount_minor
    return [text for name in counts for text in _figures(f"  {name}", counts[name], sums[name])]


def _figures(name: str, count: int, minor: int) -> list[str]:
    return pair(name, f"{count:>3} {decimal_amount(minor):>13}")


def _listed(lines: tuple[SlipLine, ...]) -> list[str]:
    """Return two lines for each transaction: number, letter and amount; authorisation and card."""
    texts = []
    for one in lines:
        if one.voided or (one.credit and one.service not in LETTERS):
            continue
        letter = LETTERS.get(one.service, "-")
        texts += pair(f"{one.stan} {letter} {one.auth_id}".rstrip(), decimal_amount(one.amount_minor))
        texts.append(f"  {one.card}")
    return texts
