"""From an approved sale to its voucher: what an upload will repeat, and the slip elements beside it.

Slip elements are DE 55 of 电子签名上送, in the order the dialect lists them. All of it is fixed at approval: an upload
that goes out in another batch or another year still speaks of the sale as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.signature import slip_elements
from acquirer.signature.feature_code import feature_code
from acquirer.slip.receipt import Receipt
from acquirer.terminal.card import CardData
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.machine import Setup
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


def vouch(setup: Setup, exchange: Exchange, card: CardData, receipt: Receipt, tags: Mapping[str, bytes]) -> Voucher:
    """The voucher of a sale that was just approved; `tags` are the chip's data of its request."""
    dialect, signing, reply = setup.dialect, setup.terminal_profile.signature, exchange.reply
    if signing is None or reply is None:
        return Voucher(receipt)
    ours: dict[str, Value] = {"pan": card.pan, "amount": f"{receipt.amount_minor:012d}"}

    def of_sale(element: str) -> Value:
        value = ours.get(element) or dialect.get(reply, element) or dialect.get_from(exchange.request, element) or ""
        return "" if value == NO_DATE and element == "settlement_date" else value

    values = {element: of_sale(element) for element in signing.carries} | {"slip": _slip(setup, card, receipt, tags)}
    feature = _feature(str(of_sale("settlement_date")), str(of_sale("rrn")))
    return Voucher(receipt, {name: value for name, value in values.items() if value}, feature)


def _slip(setup: Setup, card: CardData, receipt: Receipt, tags: Mapping[str, bytes]) -> bytes:
    signing = setup.terminal_profile.signature
    assert signing is not None
    merchant = (setup.merchant or setup.mid).encode("gbk", "replace")[:MERCHANT_BYTES].decode("gbk", "ignore")
    told: dict[str, str | bytes] = {
        "merchant": merchant,
        "kind": receipt.kind.partition("/")[0],
        "operator": "".join(filter(str.isdigit, setup.operator))[-2:],
        "acquirer": receipt.acquirer[:11],
        "issuer": receipt.issuer[:11],
        "expiry": card.expiry,
        "time": "".join(filter(str.isdigit, receipt.at)),
        "auth_id": receipt.auth_id,
        "currency": setup.dialect.constants.get("currency", ""),
        "slips": f"{setup.terminal_profile.slip.copies:02d}",
    }
    told |= {name: next((tags[tag] for tag in choice if tag in tags), b"") for name, choice in CHIP.items()}
    chosen = [(slip_elements.ROLES[role], told.get(role, "")) for role in signing.slip]
    return slip_elements.build_slip_elements(
        [(tag, value) for tag, value in chosen if value], slip_elements.slip_tags(setup.dialect)
    )


def _feature(date: str, rrn: str) -> str:
    try:
        return feature_code(date, rrn)
    except ValueError:  # no host of sound mind has such a date or number; a terminal then shows zeros
        return "00000000"
