"""The words of slips, in Chinese and English: titles of the kinds of transactions, labels, and the sentences.

Sources: JR/T 0001-2001 chapter 8 for what a slip has; terminals of the field for its words. A full card number, as the
field's terminals print it on pre-authorisations, is on no slip of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Copy = Literal["merchant", "cardholder", "bank"]
"""Whose copy of the slip; the merchant's and the bank's are signed."""

Language = Literal["both", "zh", "en"]
"""Chinese with English beside, as most terminals print; Chinese; English."""

COPIES: Final[tuple[Copy, ...]] = ("merchant", "cardholder", "bank")
"""In the order in which they are printed: a terminal prints one, two or three."""

LANGUAGES: Final[tuple[Language, ...]] = ("both", "zh", "en")

SIGNED_COPIES: Final[tuple[Copy, ...]] = ("merchant", "bank")


class Word(NamedTuple):
    """One text, in Chinese and in English."""

    zh: str
    en: str
    alone: str = ""  # the English without Chinese beside it, where that says more; "": the same

    def say(self, lang: Language, both: str = "{zh}({en})") -> str:
        """Return it in a language; `both` says how the two stand beside each other.

        >>> Word("卡号", "CARD NO").say("both"), Word("消费", "SALE").say("both", "{zh}/{en}")
        ('卡号(CARD NO)', '消费/SALE')
        """
        if lang == "both":
            return both.format(zh=self.zh, en=self.en)
        return self.zh if lang == "zh" else self.alone or self.en


KINDS: Final[Mapping[str, Word]] = {
    "sale": Word("消费", "SALE"),
    "void": Word("消费撤销", "VOID"),
    "refund": Word("退货", "REFUND"),
    "pre_auth": Word("预授权", "AUTH"),
    "pre_auth_top_up": Word("追加预授权", "ADD-AUTH"),
    "pre_auth_void": Word("预授权撤销", "CANCEL"),
    "completion": Word("预授权完成请求", "AUTH COMPLETE"),
    "completion_advice": Word("预授权完成通知", "AUTH SETTLEMENT"),
    "completion_void": Word("预授权完成撤销", "COMPLETE VOID"),
    "offline_sale": Word("离线结算", "OFFLINE"),
    "settlement_adjustment": Word("结算调整", "ADJUST"),
    "tip_adjustment": Word("结算调整", "ADJUST"),
    "ecash_sale": Word("电子现金消费", "EC SALE"),
    "ecash_refund": Word("电子现金脱机退货", "EC REFUND"),
    "account_load": Word("指定账户圈存", "EC LOAD"),
    "cash_load": Word("电子现金现金充值", "EC LOAD"),
    "other_account_load": Word("非指定账户圈存", "EC LOAD"),
    "cash_load_void": Word("电子现金充值撤销", "EC LOAD VOID"),
    "instalment_sale": Word("分期付款消费", "INSTALLMENT"),
    "instalment_void": Word("分期付款消费撤销", "VOID"),
    "points_sale": Word("积分消费", "BONUS"),
    "points_void": Word("积分消费撤销", "VOID"),
    "points_refund": Word("联盟积分退货", "REFUND"),
    "reservation_sale": Word("预约消费", "RESERVATION SALE"),
    "reservation_void": Word("预约消费撤销", "VOID"),
    "moto_sale": Word("订购消费", "MOTO SALE"),
    "moto_void": Word("订购消费撤销", "VOID"),
    "moto_refund": Word("订购退货", "REFUND"),
    "moto_pre_auth": Word("订购预授权", "AUTH"),
    "moto_pre_auth_void": Word("订购预授权撤销", "CANCEL"),
    "moto_completion": Word("订购预授权完成请求", "AUTH COMPLETE"),
    "moto_completion_advice": Word("订购预授权完成通知", "AUTH SETTLEMENT"),
    "moto_completion_void": Word("订购预授权完成撤销", "COMPLETE VOID"),
    "recurring_sale": Word("代收消费", "RECURRING SALE"),
    "recurring_void": Word("代收消费撤销", "VOID"),
    "qr_sale": Word("扫码消费", "QR SALE"),
    "qr_void": Word("扫码消费撤销", "QR VOID"),
    "qr_refund": Word("扫码消费退货", "QR REFUND"),
}
"""What the slip of each kind of transaction is called."""

LABELS: Final[Mapping[str, Word]] = {
    "merchant": Word("商户名称", "MERCHANT NAME"),
    "mid": Word("商户编号", "MERCHANT NO"),
    "tid": Word("终端编号", "TERMINAL NO"),
    "operator": Word("操作员号", "OPERATOR NO"),
    "issuer": Word("发卡行", "ISSUER"),
    "acquirer": Word("收单行", "ACQUIRER"),
    "card": Word("卡号", "CARD NO"),
    "kind": Word("交易类型", "TRANS TYPE"),
    "expiry": Word("有效期", "EXP DATE"),
    "organisation": Word("卡组织", "CARD ORG"),
    "batch": Word("批次号", "BATCH NO"),
    "stan": Word("凭证号", "VOUCHER NO"),
    "auth_id": Word("授权码", "AUTH NO"),
    "rrn": Word("参考号", "REFER NO"),
    "at": Word("日期/时间", "DATE/TIME"),
    "amount": Word("金额", "AMOUNT"),
    "approved": Word("承兑金额", "AMOUNT", "APPROVED AMOUNT"),  # in place of it, where less was approved than asked for
}
"""By field of `Receipt`, in the order in which they are printed."""

DETAILS: Final[Mapping[str, Word]] = {
    "original_stan": Word("原凭证号", "VOUCHER", "ORIGINAL VOUCHER NO"),
    "original_rrn": Word("原参考号", "REFER NO", "ORIGINAL REFER NO"),
    "original_date": Word("原交易日期", "DATE", "ORIGINAL DATE"),
    "original_auth_id": Word("原预授权码", "AUTH NO", "ORIGINAL AUTH NO"),
    "auth_code": Word("预授权码", "AUTH NO"),
    "auth_total": Word("累计金额", "TOTAL"),
    "tip": Word("小费", "TIPS"),
    "total": Word("总计", "TOTAL"),
    "paid_from": Word("转出卡卡号", "FROM CARD"),
    "loaded": Word("转入卡号", "TO CARD"),
    "card_balance": Word("卡片余额", "CARD BALANCE"),
    "balance_after": Word("充值后卡片余额", "CARD BALANCE"),
    "periods": Word("分期付款期数", "PERIODS"),
    "first_amount": Word("首期金额", "FIRST AMOUNT"),
    "repaid_in": Word("还款币种", "CURRENCY"),
    "fee": Word("持卡人手续费", "FEE"),
    "fee_mode": Word("手续费支付方式", "FEE MODE"),
    "first_fee": Word("首期手续费", "FIRST FEE"),
    "each_fee": Word("每期手续费", "FEE EACH"),
    "goods": Word("商品代码", "GOODS"),
    "points": Word("兑换积分数", "POINTS"),
    "paid": Word("自付金额", "PAID"),
    "points_left": Word("积分余额", "POINTS LEFT"),
    "mobile": Word("预约手机号", "MOBILE"),
    "qr_voucher": Word("付款凭证号", "QR VOUCHER", "QR VOUCHER NO"),
    "issuer_says": Word("发卡行返回", "ISSUER", "ISSUER SAYS"),
    "centre_says": Word("中心返回", "CENTRE", "CENTRE SAYS"),
    "acquirer_says": Word("收单行返回", "ACQUIRER", "ACQUIRER SAYS"),
}
"""Beneath "remarks", by name; the first four are fields of `Receipt`, the others names of its `details`."""

FEE_MODES: Final[Mapping[str, Word]] = {"0": Word("一次性收取", "AT ONCE"), "1": Word("分期收取", "EACH PERIOD")}
"""By the digit of the reply."""

COMPLETION_REQUESTS: Final = ("completion", "moto_completion")
"""Kinds whose slip names the authorisation as their own, not as that of an earlier transaction."""

STATES: Final[Mapping[str, str]] = {
    "reversed": "已冲正 REVERSED",
    "voided": "已撤销 VOIDED",
    "refunded": "已退货 REFUNDED",
    "adjusted": "已调整 ADJUSTED",
    "completed": "已完成 COMPLETED",
}
"""On the slip of a transaction that does not stand any more, or not whole, by its state."""

TITLE: Final = Word("POS签购单", "POS SALES SLIP")
COPY_NAMES: Final[Mapping[Copy, Word]] = {
    "merchant": Word("商户存根", "MERCHANT COPY"),
    "cardholder": Word("持卡人存根", "CARDHOLDER COPY"),
    "bank": Word("银行存根", "BANK COPY"),
}
REMARKS: Final = Word("备注", "REFERENCE")
REPRINT: Final = Word("重打印", "DUPLICATED")
TESTING: Final = Word("测试", "TESTING")
NO_VOUCHER: Final = Word("凭证无效", "NOT VALID")
SIGN_HERE: Final = Word("持卡人签名", "CARDHOLDER SIGNATURE")
SIGNED: Final = Word("（已电子签名）", "(SIGNED ELECTRONICALLY)")
NO_CVM: Final = Word("交易金额未超{limit}元，免密免签", "AMOUNT WITHIN {limit}: NO PIN, NO SIGNATURE REQUIRED")
NO_SIGNATURE: Final = Word("交易金额未超{limit}元，无需签名", "AMOUNT WITHIN {limit}: NO SIGNATURE REQUIRED")
WITHOUT_SIGNATURE: Final[Mapping[str, Word]] = {
    "ecash_sale": Word("电子现金交易，无需签名", "ELECTRONIC CASH: NO SIGNATURE REQUIRED"),
    "qr_sale": Word("扫码交易，免签名", "QR CODE: NO SIGNATURE REQUIRED"),
}
"""Kinds that are never signed, and why."""
CONSENT: Final = Word(
    "本人确认以上交易，同意将其记入本卡账户", "I ACKNOWLEDGE SATISFACTORY RECEIPT OF RELATIVE GOODS/SERVICES"
)
FAULT_REPORT: Final = Word("故障报告单", "FAULT REPORT")
NOT_A_SLIP: Final = Word("非凭证联", "NO RECEIPT")
NOT_REVERSED: Final = Word("冲正不成功，请人工处理", "NOT REVERSED: TO BE SETTLED BY HAND")
E_SLIP: Final = Word("电子签购单", "ELECTRONIC SLIP")


def kind_text(service: str, title: tuple[str, str] = ("", "")) -> str:
    """Return what a kind is called on its slip: ``消费/SALE``; of one without such words, what its title makes.

    >>> kind_text("void"), kind_text("magnetic_load", ("", "magnetic card load"))
    ('消费撤销/VOID', 'MAGNETIC CARD LOAD')
    """
    if word := KINDS.get(service):
        return word.say("both", "{zh}/{en}")
    zh, en = title
    return f"{zh}/{en.upper()}" if zh else en.upper()
