"""The receipt (签购单) of a transaction, in the order and with the words the field prints.

Content and order follow JR/T 0001-2001 chapter 8 (merchant, transaction, remarks and signature) as terminals print it:
names in Chinese with English beside, or in English alone, card number as first 6 + last 4 with the way it was entered,
the counted reprint mark on every copy but the first, and the cardholder's signature, the space for it, or why there is
none. Plain text; a printer's fonts are not its business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from acquirer.slip.paper import RULE, centred, pair, wrapped
from acquirer.wire.masking import mask_pan

Copy = Literal["merchant", "cardholder"]
Language = Literal["zh", "en"]


class Words(NamedTuple):
    """What a slip says in one language; the facts stand between."""

    title: str
    copies: Mapping[Copy, str]
    labels: Mapping[str, str]  # by the field of `Receipt`
    references: Mapping[str, str]  # labels beneath "remarks", by the field of `Receipt`
    reprint: str
    sign_here: str
    signed: str
    no_cvm: str  # neither PIN nor signature: with {limit}
    no_signature: str  # a PIN, but no signature: with {limit}
    consent: tuple[str, ...]


_LABELS = (
    ("merchant", "商户名称", "MERCHANT NAME"),
    ("mid", "商户编号", "MERCHANT NO"),
    ("tid", "终端编号", "TERMINAL NO"),
    ("operator", "操作员号", "OPERATOR NO"),
    ("issuer", "发卡行", "ISSUER"),
    ("acquirer", "收单行", "ACQUIRER"),
    ("card", "卡号", "CARD NO"),
    ("kind", "交易类型", "TRANS TYPE"),
    ("expiry", "有效期", "EXP DATE"),
    ("organisation", "卡组织", "CARD ORG"),
    ("batch", "批次号", "BATCH NO"),
    ("stan", "凭证号", "VOUCHER NO"),
    ("auth_id", "授权码", "AUTH NO"),
    ("rrn", "参考号", "REFER NO"),
    ("at", "日期/时间", "DATE/TIME"),
    ("amount", "金额", "AMOUNT"),
    ("remarks", "备注", "REFERENCE"),
)

_REFERENCES = (  # by which others name it; of the transaction that this one is tied to
    ("qr_voucher", "付款凭证号(QR VOUCHER)", "QR VOUCHER NO"),
    ("original_stan", "原凭证号(VOUCHER)", "ORIGINAL VOUCHER NO"),
    ("original_rrn", "原参考号(REFER NO)", "ORIGINAL REFER NO"),
    ("original_date", "原交易日期(DATE)", "ORIGINAL DATE"),
    ("original_auth_id", "原预授权码(AUTH NO)", "ORIGINAL AUTH NO"),
)

_CONSENT = "I ACKNOWLEDGE SATISFACTORY RECEIPT OF RELATIVE GOODS/SERVICES"

WORDS: Mapping[Language, Words] = {
    "zh": Words(  # with English beside, as the field prints it
        title="POS签购单",
        copies={"merchant": "商户存根 MERCHANT COPY", "cardholder": "持卡人存根 CARDHOLDER COPY"},
        labels={name: f"{zh}({en})" for name, zh, en in _LABELS},
        references={name: zh for name, zh, _ in _REFERENCES},
        reprint="重打印凭证/DUPLICATED",
        sign_here="持卡人签名(CARDHOLDER SIGNATURE)",
        signed="（已电子签名）",
        no_cvm="交易金额未超{limit}元，免密免签",
        no_signature="交易金额未超{limit}元，无需签名",
        consent=("本人确认以上交易，同意将其记入本卡账户", _CONSENT),
    ),
    "en": Words(
        title="POS SALES SLIP",
        copies={"merchant": "MERCHANT COPY", "cardholder": "CARDHOLDER COPY"},
        labels={name: en for name, _, en in _LABELS},
        references={name: en for name, _, en in _REFERENCES},
        reprint="DUPLICATED",
        sign_here="CARDHOLDER SIGNATURE",
        signed="(SIGNED ELECTRONICALLY)",
        no_cvm="AMOUNT WITHIN {limit}: NO PIN, NO SIGNATURE REQUIRED",
        no_signature="AMOUNT WITHIN {limit}: NO SIGNATURE REQUIRED",
        consent=(_CONSENT,),
    ),
}

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
    entry: str  # how the card was read: S swiped, I inserted, C contactless, M keyed in, F fallback, N no card
    kind: str  # "消费/SALE": Chinese, a slash, English
    batch: str
    stan: str
    amount_minor: int  # never negative, see `credit`
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
    no_cvm_limit_minor: int = 0  # the amount up to which no signature is needed, if that is why this slip has none
    pin: bool = False  # a PIN was keyed in
    credit: bool = False  # the cardholder gets the amount: it is printed with a minus
    qr_voucher: str = ""  # of a sale by QR code: its voucher number
    original_stan: str = ""  # of the sale that is voided
    original_rrn: str = ""  # of the sale that is refunded
    original_date: str = ""  # MMDD, of the sale that is refunded
    original_auth_id: str = ""  # of the pre-authorisation that is voided or completed

    @property
    def free_minor(self) -> int:
        """The name of `no_cvm_limit_minor` in version 0.1."""
        return self.no_cvm_limit_minor


def render_receipt(
    receipt: Receipt, copy: Copy = "merchant", *, lang: Language = "zh", reprint: int = 0, signed: bool = False
) -> str:
    """Return the receipt as text of 32 columns, lines ending in a newline.

    `reprint` counts the reprints and marks them; 0 is the first print. `signed`: the cardholder has signed on a pad, so
    that no space is left for a pen; a picture (`picture.draw`) takes the space and puts the signature there.

    >>> receipt = Receipt("测试商户", "880210010210162", "10000161", "01", "6212345678901232", "I", "消费/SALE",
    ...                   "000001", "000002", 1234, "RMB")
    >>> print(render_receipt(receipt).splitlines()[8])
    卡号(CARD NO) 621234******1232/I
    """
    words = WORDS[lang]
    lines = [
        *centred(words.title),
        *centred(words.copies[copy]),
        RULE,
        *(line for name, value in _facts(receipt, lang) for line in pair(words.labels[name], value)),
        RULE,
        *_remarks(receipt, words),
        *(centred(f"{words.reprint} {reprint}") if reprint else ()),
        *(_signature(receipt, words, signed) if copy == "merchant" else ()),
        *(line for text in words.consent for line in wrapped(text)),
    ]
    return "".join(f"{line}\n" for line in lines)


def decimal_amount(amount_minor: int, exponent: int = 2) -> str:
    """Return an amount with its decimals.

    >>> decimal_amount(1234), decimal_amount(5), decimal_amount(-1234), decimal_amount(500, 0)
    ('12.34', '0.05', '-12.34', '500')
    """
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).zfill(exponent + 1)
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else f"{sign}{digits}"


def minor(text: str, exponent: int = 2) -> int:
    """Return an amount as people write it, in minor units.

    >>> minor("12.34"), minor("12"), minor("0.5"), minor("500", 0)
    (1234, 1200, 50, 500)

    Raises:
        ValueError: it is no amount, or has more decimals than its currency.
    """
    whole, _, decimals = text.partition(".")
    if not (text.isascii() and whole.isdigit() and (decimals.isdigit() or decimals == "")) or len(decimals) > exponent:
        raise ValueError(f"'{text}' is no amount; write it like {decimal_amount(1234, exponent)}")
    return int(whole + decimals.ljust(exponent, "0"))


def _facts(receipt: Receipt, lang: Language) -> list[tuple[str, str]]:
    """Return name of the label and value, in the order in which they are printed."""
    expiry = f"20{receipt.expiry[:2]}/{receipt.expiry[2:]}" if receipt.expiry else ""
    card = mask_pan(receipt.card) if receipt.card.isdigit() else receipt.card
    sign = "-" if receipt.credit else ""
    printed = {
        "card": f"{card}/{receipt.entry}" if card else "",
        "kind": receipt.kind.rpartition("/")[2] if lang == "en" else receipt.kind,
        "expiry": expiry,
        "amount": f"{receipt.currency} {sign}{decimal_amount(receipt.amount_minor, receipt.exponent)}",
    }
    return [
        (name, printed[name] if name in printed else str(getattr(receipt, name)))
        for name, *_ in _LABELS
        if name != "remarks"
    ]


def _remarks(receipt: Receipt, words: Words) -> list[str]:
    references = [line for name, label in words.references.items() for line in pair(label, getattr(receipt, name))]
    chip = " ".join(f"{name}:{value}" for name, value in receipt.chip)
    if not (references or receipt.remarks or chip):
        return []
    texts = [line for text in (*receipt.remarks, chip) for line in wrapped(text)]
    return [words.labels["remarks"], *references, *texts, RULE]


def _signature(receipt: Receipt, words: Words, signed: bool) -> list[str]:
    if signed:
        return [words.sign_here, *centred(words.signed), RULE]
    if receipt.no_cvm_limit_minor:
        limit = decimal_amount(receipt.no_cvm_limit_minor, receipt.exponent)
        text = words.no_signature if receipt.pin else words.no_cvm
        return [*wrapped(text.format(limit=limit.removesuffix(".00"))), RULE]
    return [words.sign_here, *[""] * SIGNATURE_LINES, RULE]
