"""The voucher number (付款凭证号) of a sale by QR code: made of its reference number, and read again."""

from __future__ import annotations

from typing import Final

from acquirer.host.case import Case

DIGITS: Final = 20
RRN_SIZE: Final = 12


def make_voucher_number(case: Case) -> str:
    """Return the element that tells the voucher number of the sale that is decided."""
    return case.host.dialect.forms.qr_voucher.write(case.rrn.zfill(DIGITS))


def rrn_of_voucher(case: Case) -> str:
    """Return the reference number of the sale whose voucher number a message has; "" when it has none.

    A number that no host of ours gives is as good as an unknown reference number.
    """
    dialect = case.host.dialect
    if "qr_voucher" not in dialect.elements:
        return ""
    number = dialect.forms.qr_voucher.read(case.host.read.qr_voucher(case.fields))
    return number[-RRN_SIZE:] if len(number) == DIGITS and number[:-RRN_SIZE].strip("0") == "" else number
