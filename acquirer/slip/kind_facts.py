"""Facts that a reply has of instalments and points, as a slip prints them.

Source: Q/CUP 009, usages of DE 62 by instalments and points.
"""

from __future__ import annotations

from typing import Final

from acquirer.slip.receipt import decimal_amount

SlipDetails = tuple[tuple[str, str], ...]
"""Names of `words.DETAILS` and values."""

_REPLY_DIGITS: Final = 64  # of instalments: what stands before the blanks
CURRENCY_NAMES: Final = {"156": "RMB"}


def instalment_details(reply: str, currency: str) -> SlipDetails:
    """Return the plan that a reply has: first amount 12, currency 3, fee 12, points 12, fee mode 1, fees 12 and 12.

    >>> reply = "000000010000156000000000600000000000000" + "1" + "000000000050000000000050"
    >>> instalment_details(reply, "RMB")[:3]
    (('first_amount', 'RMB 100.00'), ('repaid_in', 'RMB'), ('fee', 'RMB 6.00'))
    >>> instalment_details(reply, "RMB")[3:]
    (('fee_mode', '1'), ('first_fee', 'RMB 0.50'), ('each_fee', 'RMB 0.50'))
    >>> instalment_details("?", "RMB")
    ()
    """
    digits = reply[:_REPLY_DIGITS]
    if len(digits) < _REPLY_DIGITS or not (digits.isascii() and digits.isdecimal()):
        return ()

    def money(start: int) -> str:
        return f"{currency} {decimal_amount(int(digits[start : start + 12]))}"

    repaid_in = CURRENCY_NAMES.get(digits[12:15], digits[12:15])
    return (
        ("first_amount", money(0)),
        ("repaid_in", repaid_in),
        ("fee", money(15)),
        ("fee_mode", digits[39]),
        ("first_fee", money(40)),
        ("each_fee", money(52)),
    )


def points_details(reply: str, currency: str) -> SlipDetails:
    """Return what a reply says of points: those that were used 10, the amount that was paid 12, those that are left 12.

    >>> points_details("0000000500000000001000000000009500", "RMB")
    (('points', '500'), ('paid', 'RMB 10.00'), ('points_left', '9500'))
    """
    digits = reply.strip()
    if len(digits) != 34 or not (digits.isascii() and digits.isdecimal()):
        return ()
    return (
        ("points", str(int(digits[:10]))),
        ("paid", f"{currency} {decimal_amount(int(digits[10:22]))}"),
        ("points_left", str(int(digits[22:]))),
    )


def hidden_middle(text: str) -> str:
    """Return a number with its last four characters only, as a slip shows a payment code.

    >>> hidden_middle("6212345678901234567")
    '***************4567'
    """
    return "*" * max(0, len(text) - 4) + text[-4:]


def hidden_mobile(number: str) -> str:
    """Return a mobile number without its middle.

    >>> hidden_mobile("13800138000")
    '138****8000'
    """
    return number if len(number) < 8 else number[:3] + "*" * (len(number) - 7) + number[-4:]
