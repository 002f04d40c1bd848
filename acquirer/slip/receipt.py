"""The receipt (签购单) of a transaction, in the order and with the words the field prints.

Content and order follow JR/T 0001-2001 chapter 8 (merchant, transaction, remarks and signature) as terminals print it:
names in Chinese with English beside, or in one language alone, card number as first 6 + last 4 with the way it was
entered, the counted reprint mark on every copy but the first, and the cardholder's signature, the space for it, or why
there is none. What it says; `sheet`, `picture`, `page`, `pdf` and `escpos` give it a form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from acquirer.slip import words
from acquirer.slip.paper import COLUMNS
from acquirer.slip.sheet import RULE_ROW, Sheet, SlipRow, plain_text, rows_with_values
from acquirer.slip.words import DETAILS, LABELS, SIGNED_COPIES, Copy, Language, Word
from acquirer.wire.masking import mask_pan

REFERENCES: Final = ("original_stan", "original_rrn", "original_date", "original_auth_id")
"""Fields of the transaction that this one is tied to."""


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
    original_stan: str = ""  # of the sale that is voided
    original_rrn: str = ""  # of the sale that is refunded
    original_date: str = ""  # MMDD, of the sale that is refunded
    original_auth_id: str = ""  # of the pre-authorisation that is voided or completed
    details: tuple[tuple[str, str], ...] = ()  # further facts of its kind: a name of `words.DETAILS`, and a value
    partly: bool = False  # less was approved than asked for: the amount is what was
    testing: bool = False  # of a terminal in its test state: the slip is not valid
    service: str = ""  # what kind it is, as a symbol: "sale"; "": a slip of an earlier version

    @property
    def free_minor(self) -> int:
        """The name of `no_cvm_limit_minor` in version 0.1."""
        return self.no_cvm_limit_minor


def render_receipt(
    receipt: Receipt,
    copy: Copy = "merchant",
    *,
    lang: Language = "both",
    reprint: int = 0,
    signed: bool = False,
    columns: int = COLUMNS,
) -> str:
    """Return the receipt as text of 32 columns, or of 48; lines end in a newline.

    `reprint` counts the reprints and marks them; 0 is the first print. `signed`: the cardholder has signed on a pad, so
    that no space is left for a pen.

    >>> receipt = Receipt("测试商户", "880210010210162", "10000161", "01", "6212345678901232", "I", "消费/SALE",
    ...                   "000001", "000002", 1234, "RMB")
    >>> print(render_receipt(receipt).splitlines()[8])
    卡号(CARD NO) 621234******1232/I
    """
    return plain_text(receipt_sheet(receipt, copy, lang=lang, reprint=reprint, signed=signed), columns)


def receipt_sheet(
    receipt: Receipt, copy: Copy = "merchant", *, lang: Language = "both", reprint: int = 0, signed: bool = False
) -> Sheet:
    """Return what the receipt says, row by row."""
    rows = [
        SlipRow(words.TITLE.say("zh" if lang == "both" else lang), role="title"),
        SlipRow(words.COPY_NAMES[copy].say(lang, "{zh} {en}"), role="centre"),
        *_testing(receipt, lang),
        RULE_ROW,
        *rows_with_values((LABELS[name].say(lang), value) for name, value in _facts(receipt, lang)),
        SlipRow(LABELS["approved" if receipt.partly else "amount"].say(lang), _amount(receipt), "amount"),
        RULE_ROW,
        *_remarks(receipt, lang),
        *_reprinted(reprint, lang),
        *(_signature(receipt, lang, signed) if copy in SIGNED_COPIES else ()),
        *(SlipRow(text) for text in _each(words.CONSENT, lang)),
        *_testing(receipt, lang),
    ]
    return tuple(rows)


def fault_report(receipt: Receipt, *, lang: Language = "both") -> Sheet:
    """Return the report (故障报告单) of a transaction whose reversal did not succeed: it is no slip."""
    comma = ", " if lang == "en" else ","
    title = f"***{words.FAULT_REPORT.say(lang, '{zh}')}{comma}{words.NOT_A_SLIP.say(lang, '{zh}')}***"
    rows = [
        SlipRow(title, role="loud"),
        RULE_ROW,
        *rows_with_values((LABELS[name].say(lang), value) for name, value in _facts(receipt, lang)),
        SlipRow(LABELS["amount"].say(lang), _amount(receipt), "amount"),
        RULE_ROW,
        *(SlipRow(text) for text in _each(words.NOT_REVERSED, lang)),
    ]
    return tuple(rows)


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
    """Return name of the label and value, in the order in which they are printed; the amount follows."""
    expiry = f"20{receipt.expiry[:2]}/{receipt.expiry[2:]}" if receipt.expiry else ""
    card = mask_pan(receipt.card) if receipt.card.isdigit() else receipt.card
    zh, _, en = receipt.kind.rpartition("/")
    printed = {
        "card": f"{card}/{receipt.entry}".rstrip("/") if card else "",
        "kind": {"both": receipt.kind, "zh": zh or en, "en": en}[lang],
        "expiry": expiry,
    }
    names = [name for name in LABELS if name not in ("amount", "approved")]
    return [(name, printed[name] if name in printed else str(getattr(receipt, name))) for name in names]


def _amount(receipt: Receipt) -> str:
    sign = "-" if receipt.credit else ""
    return f"{receipt.currency} {sign}{decimal_amount(receipt.amount_minor, receipt.exponent)}".strip()


def _testing(receipt: Receipt, lang: Language) -> list[SlipRow]:
    if not receipt.testing:
        return []
    return [SlipRow(f"{words.TESTING.say(lang, '{zh}/{en}')},{words.NO_VOUCHER.say(lang, '{zh}')}", role="loud")]


def _reprinted(reprint: int, lang: Language) -> list[SlipRow]:
    """Return the mark of a reprint: ``****重打印/DUPLICATED 2****``."""
    if not reprint:
        return []
    return [SlipRow(f"****{words.REPRINT.say(lang, '{zh}/{en}')} {reprint}****", role="loud"), RULE_ROW]


def _remarks(receipt: Receipt, lang: Language) -> list[SlipRow]:
    facts = [(name, str(getattr(receipt, name))) for name in REFERENCES]
    if receipt.service in words.COMPLETION_REQUESTS:
        facts = [("auth_code" if name == "original_auth_id" else name, value) for name, value in facts]
    known = [(name, value) for name, value in (*facts, *receipt.details) if name in DETAILS]
    rows = rows_with_values((DETAILS[name].say(lang), _in_language(name, value, lang)) for name, value in known)
    chip = " ".join(f"{name}:{value}" for name, value in receipt.chip)
    rows += [SlipRow(text) for text in (*receipt.remarks, chip) if text]
    return [SlipRow(words.REMARKS.say(lang)), *rows, RULE_ROW] if rows else []


def _in_language(name: str, value: str, lang: Language) -> str:
    """Return a value whose text is one of ours in the slip's language."""
    if name == "fee_mode" and value in words.FEE_MODES:
        return words.FEE_MODES[value].say(lang, "{zh}")
    return value


def _each(word: Word, lang: Language) -> list[str]:
    """Return a sentence in a language, or in one after the other."""
    return [word.zh, word.en] if lang == "both" else [word.say(lang)]


def _signature(receipt: Receipt, lang: Language, signed: bool) -> list[SlipRow]:
    sign_here = SlipRow(words.SIGN_HERE.say(lang))
    if signed:
        return [sign_here, SlipRow(words.SIGNED.say(lang, "{zh}"), role="signature"), RULE_ROW]
    if receipt.no_cvm_limit_minor:
        limit = decimal_amount(receipt.no_cvm_limit_minor, receipt.exponent).removesuffix(".00")
        word = words.NO_SIGNATURE if receipt.pin else words.NO_CVM
        return [SlipRow(word.say(lang, "{zh}").format(limit=limit)), RULE_ROW]
    if receipt.service in words.WITHOUT_SIGNATURE:
        return [SlipRow(words.WITHOUT_SIGNATURE[receipt.service].say(lang, "{zh}")), RULE_ROW]
    return [sign_here, SlipRow(role="signature"), RULE_ROW]
