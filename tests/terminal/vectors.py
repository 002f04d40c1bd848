"""Messages of terminal 58402001 as another program computed them: void and refund of sale 000134, a balance inquiry.

The frames are samples of the dialect ``unionpay-pos``; here stands what they are about. The card number is made up.
"""

from __future__ import annotations

from acquirer.settings.specs import load_dialect

TID, MID = "58402001", "302440380621100"
PAN, EXPIRY, PIN = "6212345678901232", "3012", "123456"
TRACK2 = "6212345678901232D30122010000012345"
BATCH = "000123"
STAN, RRN, AUTH_ID, DATE = "000134", "030708001000", "123456", "0824"  # of the sale

BALANCE = "balance inquiry by magnetic stripe with PIN 123456"
BALANCE_REPLY = "balance inquiry reply: 1234.56"
VOID = "void of the sale with STAN 000134"
VOID_REPLY = "void reply"
VOID_REFUSED = "void reply: no such sale"
REVERSAL = "reversal of the void, to which no reply came"
REVERSAL_REPLY = "reversal of the void reply"
REFUND = "refund of 40.00, keyed in"
REFUND_REPLY = "refund reply"


def frame(title: str) -> bytes:
    """Return a sample by its title, without its length of two bytes."""
    (sample,) = (one for one in load_dialect("unionpay-pos").samples if one.title == title)
    return bytes.fromhex(sample.hex)[2:]
