"""What a terminal prints of a settlement (结算总计单): totals, the list of transactions, and what was not uploaded.

Totals are those of the message, gross. The lines by kind and the list leave out what was voided. Layout and words are
those of the field's terminals.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from acquirer.settlement.totals import DIGITS, Totals, read_settlement
from acquirer.slip.paper import COLUMNS
from acquirer.slip.receipt import decimal_amount
from acquirer.slip.sheet import RULE_ROW, Sheet, SlipRow, plain_text, rows_with_values
from acquirer.slip.words import LABELS, REPRINT, Language, Word


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


_TITLE: Final = Word("结算总计单", "SETTLEMENT")
_HEAD: Final = "类型/TYPE 笔数/SUM 金额/AMOUNT", "类型 笔数 金额", "TYPE SUM AMOUNT"
_DOMESTIC: Final = Word("内卡", "DOMESTIC")
_FOREIGN: Final = Word("外卡", "FOREIGN")
_DEBIT: Final = Word("借记", "DEBIT")
_CREDIT: Final = Word("贷记", "CREDIT")
_RESULTS: Final = {
    DIGITS["equal"]: Word("对账平", "BALANCED"),
    DIGITS["unequal"]: Word("对账不平", "NOT BALANCED"),
    DIGITS["error"]: Word("对账出错", "ERROR"),
}
_DETAILS: Final = Word("交易明细", "TXN LIST")
_FAILED: Final = Word("未成功上送交易明细", "UNSUCCESSFUL LIST")
_REFUSED: Final = Word("上送后被平台拒绝交易明细", "DENIED LIST")

_LINES: Final = {
    "S": Word("消费", "SALE"),
    "P": Word("完成", "AUTH COMPLETE"),
    "C": Word("完成(通知)", "AUTH SETTLEMENT"),
    "R": Word("退货", "REFUND"),
    "L": Word("离线", "OFFLINE"),
    "E": Word("电子现金消费", "EC SALE"),
    "T": Word("分期付款", "INSTALLMENT"),
}
"""Letters that the slip has a line for, and its words."""

_OTHERS: Final = Word("其他", "OTHER")
_BESIDE: Final = "{zh}/{en}"

LETTERS: Final = {
    "sale": "S",
    "moto_sale": "S",
    "recurring_sale": "S",
    "reservation_sale": "S",
    "qr_sale": "S",
    "completion": "P",
    "moto_completion": "P",
    "completion_advice": "C",
    "moto_completion_advice": "C",
    "refund": "R",
    "moto_refund": "R",
    "qr_refund": "R",
    "ecash_refund": "R",
    "offline_sale": "L",
    "settlement_adjustment": "L",
    "tip_adjustment": "L",
    "instalment_sale": "T",
    "points_sale": "B",
    "ecash_sale": "E",
}
"""The letter of a kind in the list of transactions; voids are not listed."""


def render_settlement(
    slip: SettlementSlip, *, lang: Language = "both", details: bool = False, columns: int = COLUMNS
) -> str:
    """Return the slip as text of 32 columns, or of 48; lines end in a newline.

    Args:
        details: with the list of transactions.
    """
    return plain_text(settlement_sheet(slip, lang=lang, details=details), columns)


def settlement_sheet(slip: SettlementSlip, *, lang: Language = "both", details: bool = False) -> Sheet:
    """Return what the slip says, row by row; see `render_settlement`."""
    names = ("merchant", "mid", "tid", "operator", "batch", "at")
    rows = [
        SlipRow(_TITLE.say(lang, "{zh}"), role="title"),
        *_reprinted(slip, lang),
        RULE_ROW,
        *rows_with_values((LABELS[name].say(lang), str(getattr(slip, name))) for name in names),
        RULE_ROW,
        SlipRow({"both": _HEAD[0], "zh": _HEAD[1], "en": _HEAD[2]}[lang]),
    ]
    counted, results = read_settlement(slip.totals).totals, read_settlement(slip.answer).results
    for name, totals, result, foreign in zip((_DOMESTIC, _FOREIGN), counted, results, (False, True), strict=True):
        outcome = _RESULTS[result].say(lang, "{zh}") if result in _RESULTS else result
        rows.append(SlipRow(f"{name.say(lang, '{zh}')}: {outcome}"))
        rows += _sides(totals, lang)
        rows += _by_kind([one for one in slip.details if one.foreign == foreign], lang)
    rows.append(RULE_ROW)
    if details and slip.details:
        rows += [SlipRow(_DETAILS.say(lang, _BESIDE)), *_listed(slip.details), RULE_ROW]
    rows += _failures(slip, lang)
    return tuple(rows)


def failed_uploads_sheet(slip: SettlementSlip, *, lang: Language = "both") -> Sheet:
    """Return the slip of what was not uploaded, and of what was not taken; without rows when there is nothing."""
    failures = _failures(slip, lang)
    if not failures:
        return ()
    names = ("mid", "tid", "batch", "at")
    facts = rows_with_values((LABELS[name].say(lang), str(getattr(slip, name))) for name in names)
    return (*_reprinted(slip, lang), *facts, RULE_ROW, *failures)


def _reprinted(slip: SettlementSlip, lang: Language) -> list[SlipRow]:
    if not slip.reprints:
        return []
    return [SlipRow(f"****{REPRINT.say(lang, _BESIDE)} {slip.reprints}****", role="loud")]


def _failures(slip: SettlementSlip, lang: Language) -> list[SlipRow]:
    rows = []
    for name, some in ((_FAILED, slip.failed), (_REFUSED, slip.refused)):
        if some:
            rows += [SlipRow(name.say(lang, _BESIDE)), *_listed(some, everything=True), RULE_ROW]
    return rows


def _sides(totals: Totals, lang: Language) -> list[SlipRow]:
    return [
        _figures(_DEBIT.say(lang, _BESIDE), totals.debits, totals.debit_minor),
        _figures(_CREDIT.say(lang, _BESIDE), totals.credits, totals.credit_minor),
    ]


def _by_kind(lines: list[SlipLine], lang: Language) -> list[SlipRow]:
    """Return a row for each kind, without what was voided."""
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for one in lines:
        if one.voided or (one.credit and one.service not in LETTERS):  # a voided sale and its void
            continue
        name = _LINES.get(LETTERS.get(one.service, ""), _OTHERS).say(lang, _BESIDE)
        counts[name] += 1
        sums[name] += one.amount_minor
    return [_figures(f"  {name}", counts[name], sums[name]) for name in counts]


def _figures(name: str, count: int, minor: int) -> SlipRow:
    return SlipRow(name, f"{count:>3} {decimal_amount(minor):>13}")


def _listed(lines: tuple[SlipLine, ...], everything: bool = False) -> list[SlipRow]:
    """Return two rows for each transaction: number, letter and amount; authorisation and card.

    Args:
        everything: also voids, and what they have voided.
    """
    rows = []
    for one in lines:
        if not everything and (one.voided or (one.credit and one.service not in LETTERS)):
            continue
        letter = LETTERS.get(one.service, "-")
        rows.append(SlipRow(f"{one.stan} {letter} {one.auth_id}".rstrip(), decimal_amount(one.amount_minor)))
        rows += [SlipRow("", one.card)] * bool(one.card)
    return rows
