"""The receipt (签购单) of a sale, in the order and with the words the field prints.

Content and order follow JR/T 0001-2001 chapter 8 (merchant, transaction, remarks and signature) as terminals print it:
names in Chinese with English beside, card number as first 6 + last 4 with the way it was entered, the reprint mark on
every copy but the first. Plain text; a printer's fonts are not its business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acquirer.slip.paper import RULE, centred, pair, wrapped
from acquirer.wire.masking import mask_pan

Copy = Literal["merchant", "cardholder"]

COPIES: dict[Copy, str] = {
    "merchant": "商户存根 MERCHANT COPY",
    "cardholder": "持卡人存根 CARDHOLDER COPY",
}

CONSENT = ("本人确认以上交易，同意将其记入本卡账户", "I ACKNOWLEDGE SATISFACTORY RECEIPT OF RELATIVE GOODS/SERVICES")

SIGNATURE_LINES = 3
"""Blank lines to sign on: terminals leave three to six."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is printed about one transaction. Absent facts are empty texts and leave no line."""

    merchant: str
    mid: str
    tid: str
    operator: str
    card: str  # masked already, or not: it is masked again when printed
    entry: str  # how the card came in: S swiped, I inserted, C contactless, M keyed in, F fallback
    kind: str  # "消费/SALE"
    batch: str
    stan: str
    amount_minor: int
    currency: str  # as printed: "RMB"
    exponent: int = 2  # decimals of the currency
    expiry: str = ""  # YYMM
    organisation: str = ""  # CUP, VIS …
    issuer: str = ""
    acquirer: str = ""
    auth_id: str = ""
    rrn: str = ""
    at: str = ""  # YYYY/MM/DD HH:MM:SS
    chip: tuple[tuple[str, str], ...] = ()  # ("ARQC", "12 …"): the IC block
    remarks: tuple[str, ...] = ()
    title: str = "POS签购单"


def render(receipt: Receipt, copy: Copy = "merchant", *, reprint: bool = False) -> str:
    """The receipt as text of 32 columns, lines ending in a newline.

    >>> print(render(Receipt("测试商户", "880210010210162", "10000161", "01", "6212345678901232", "I", "消费/SALE",
    ...                      "000001", "000002", 1234, "RMB")).splitlines()[8])
    卡号(CARD NO) 621234******1232/I
    """
    lines = [
        *centred(receipt.title),
        *centred(COPIES[copy]),
        RULE,
        *_merchant(receipt),
        *_transaction(receipt),
        RULE,
        *_remarks(receipt),
        *(centred("重打印凭证/DUPLICATED") if reprint else ()),
        *(_signature() if copy == "merchant" else ()),
        *(line for text in CONSENT for line in wrapped(text)),
    ]
    return "".join(f"{line}\n" for line in lines)


def money(amount_minor: int, exponent: int = 2) -> str:
    """An amount with its decimals.

    >>> money(1234), money(5), money(-1234), money(500, 0)
    ('12.34', '0.05', '-12.34', '500')
    """
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).zfill(exponent + 1)
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else f"{sign}{digits}"


def minor(text: str, exponent: int = 2) -> int:
    """An amount as people write it, in minor units.

    >>> minor("12.34"), minor("12"), minor("0.5"), minor("500", 0)
    (1234, 1200, 50, 500)

    Raises:
        ValueError: it is no amount, or has more decimals than its currency.
    """
    whole, _, decimals = text.partition(".")
    if not (text.isascii() and whole.isdigit() and (decimals.isdigit() or decimals == "")) or len(decimals) > exponent:
        raise ValueError(f"'{text}' is no amount; write it like {money(1234, exponent)}")
    return int(whole + decimals.ljust(exponent, "0"))


def _merchant(receipt: Receipt) -> list[str]:
    rows = (
        ("商户名称(MERCHANT NAME)", receipt.merchant),
        ("商户编号(MERCHANT NO)", receipt.mid),
        ("终端编号(TERMINAL NO)", receipt.tid),
        ("操作员号(OPERATOR NO)", receipt.operator),
    )
    return [line for label, value in rows for line in pair(label, value)]


def _transaction(receipt: Receipt) -> list[str]:
    expiry = f"20{receipt.expiry[:2]}/{receipt.expiry[2:]}" if receipt.expiry else ""
    card = (
        f"{mask_pan(receipt.card) if receipt.card.isdigit() else receipt.card}/{receipt.entry}" if receipt.card else ""
    )
    rows = (
        ("发卡行(ISSUER)", receipt.issuer),
        ("收单行(ACQUIRER)", receipt.acquirer),
        ("卡号(CARD NO)", card),
        ("交易类型(TRANS TYPE)", receipt.kind),
        ("有效期(EXP DATE)", expiry),
        ("卡组织(CARD ORG)", receipt.organisation),
        ("批次号(BATCH NO)", receipt.batch),
        ("凭证号(VOUCHER NO)", receipt.stan),
        ("授权码(AUTH NO)", receipt.auth_id),
        ("参考号(REFER NO)", receipt.rrn),
        ("日期/时间(DATE/TIME)", receipt.at),
        ("金额(AMOUNT)", f"{receipt.currency} {money(receipt.amount_minor, receipt.exponent)}"),
    )
    return [line for label, value in rows for line in pair(label, value)]


def _remarks(receipt: Receipt) -> list[str]:
    chip = " ".join(f"{name}:{value}" for name, value in receipt.chip)
    if not (receipt.remarks or chip):
        return []
    return ["备注(REFERENCE)", *(line for text in (*receipt.remarks, chip) for line in wrapped(text)), RULE]


def _signature() -> list[str]:
    return ["持卡人签名(CARDHOLDER SIGNATURE)", *[""] * SIGNATURE_LINES, RULE]
