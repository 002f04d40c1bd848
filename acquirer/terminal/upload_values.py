"""From an approved transaction to its voucher: the values an upload repeats, and the slip elements beside it.

Slip elements are DE 55 of 电子签名上送, in the order the dialect lists them. All of it is fixed at approval: an upload
that goes out in another batch or another year still describes the transaction as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.signature import slip_elements
from acquirer.signature.feature_code import feature_code, offline_feature_code
from acquirer.slip.receipt import Receipt
from acquirer.terminal.card import CardData
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.kind import Kind
from acquirer.terminal.machine import Setup
from acquirer.terminal.order import Order
from acquirer.terminal.voucher import Voucher
from acquirer.wire.message import Value

CHIP: Final[Mapping[str, tuple[str, ...]]] = {
    "aid": ("84", "4F", "9F06"),
    "cryptogram": ("9F26",),
    "application_label": ("50",),
    "application_name": ("9F12",),
}
"""Slip elements taken from the chip's data as they are → tags, the first one there."""

NO_DATE = "0000"  # a host's way of saying that it has no settlement date
MERCHANT_BYTES = 40  # of GBK: the room slips have for a merchant's name


def make_voucher(
    setup: Setup, kind: Kind, order: Order, exchange: Exchange, receipt: Receipt, tags: Mapping[str, bytes]
) -> Voucher:
    """Return the voucher of a transaction that was just approved; `tags` are the chip's data of its request."""
    dialect, signing, reply = setup.dialect, setup.terminal_profile.signature, exchange.reply
    if signing is None:
        return Voucher(receipt)
    pan = "" if kind.cardless else order.card.pan  # a payment code is no card number
    own: dict[str, Value] = {"pan": pan, "amount": f"{receipt.amount_minor:012d}"}

    def value_of(element: str) -> Value:
        value = own.get(element) or (dialect.get(reply, element) if reply is not None else None)
        if not value and element not in kind.repeats:  # what those are in the request is of another transaction
            value = dialect.get_from(exchange.request, element)
        return "" if not value or (value == NO_DATE and element == "settlement_date") else value

    values = {element: value_of(element) for element in signing.carries}
    values["slip"] = _slip(setup, order.card, receipt, tags)
    if reply is not None:
        feature = _feature(str(value_of("settlement_date")), str(value_of("rrn")))
    else:
        feature = offline_feature_code(receipt.batch, receipt.stan)
    return Voucher(receipt, {name: value for name, value in values.items() if value}, feature)


def _slip(setup: Setup, card: CardData, receipt: Receipt, tags: Mapping[str, bytes]) -> bytes:
    signing = setup.terminal_profile.signature
    assert signing is not None
    merchant = (setup.merchant or setup.mid).encode("gbk", "replace")[:MERCHANT_BYTES].decode("gbk", "ignore")
    values: dict[str, str | bytes] = {
        "merchant": merchant,
        "kind": receipt.kind.partition("/")[0],
        "operator": "".join(filter(str.isdigit, setup.operator))[-2:],
        "acquirer": receipt.acquirer[:11],
        "issuer": receipt.issuer[:11],
        "expiry": card.expiry,
        "time": "".join(filter(str.isdigit, receipt.at)),
        "auth_id": receipt.auth_id,
        "currency": setup.dialect.constants.get("currency", ""),
        "original_stan": receipt.original_stan,
        "original_rrn": receipt.original_rrn if receipt.original_rrn.isdecimal() else "",  # its tag holds digits only
        "original_date": receipt.original_date,
        "slips": f"{setup.terminal_profile.slip.copies:02d}",
    }
    values |= {name: next((tags[tag] for tag in choice if tag in tags), b"") for name, choice in CHIP.items()}
    chosen = [(slip_elements.ROLES[role], values.get(role, "")) for role in signing.slip]
    return slip_elements.build_slip_elements(
        [(tag, value) for tag, value in chosen if value], slip_elements.slip_tags(setup.dialect)
    )


def _feature(date: str, rrn: str) -> str:
    try:
        return feature_code(date, rrn)
    except ValueError:  # a date or a number that is not made of digits; a terminal then shows zeros
        return "00000000"
