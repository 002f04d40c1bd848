"""The elements that host, terminal and decoder know by name, each with what it is.

A dialect says where it has them, and may have others for its own routes and layouts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.lint_messages import Finding

ELEMENTS: Final[Mapping[str, str]] = {
    "account_type": "kind of account",
    "acquirer": "acquiring institution",
    "additional": "additional response data",
    "amount": "amount in minor units",
    "auth_id": "authorisation code",
    "balance": "balance of the card, with other amounts there may be",
    "balance_account": "kind of account of the first of them",
    "balance_amount": "its amount in minor units",
    "balance_currency": "its currency",
    "balance_sign": "whether it is a credit (C) or a debit (D)",
    "balance_type": "which balance it is",
    "batch": "batch that a terminal's STANs are numbered within",
    "business": "what kind of business the merchant is in",
    "card_entry": "the part of entry_mode that says how the card was read",
    "card_sequence": "which of several cards with one number",
    "code": "response code",
    "condition": "condition at the point of service",
    "currency": "ISO 4217 number",
    "date": "local date",
    "entry_mode": "how card and PIN were entered",
    "expiry": "expiry of the card, YYMM",
    "extended": "extended data",
    "function": "what a management message wants; selects the key package",
    "icc": "chip data",
    "icc_condition": "whether reading the chip failed",
    "image": "picture of a signature",
    "keys": "working keys of a sign-on",
    "ksn": "key serial number of a message (DUKPT)",
    "mac": "message authentication code",
    "mac_secondary": "the same, in a message with a second bitmap",
    "mid": "merchant number",
    "operator": "who operates the terminal",
    "organisation": "card organisation",
    "original_acquirer": "acquirer of the transaction that is reversed, voided or refunded",
    "original_batch": "its batch",
    "original_date": "its date, MMDD",
    "original_forwarder": "the institution that forwarded it",
    "original_mti": "its message type",
    "original_sent": "when it was sent",
    "original_stan": "its STAN",
    "original_time": "its time",
    "pan": "card number",
    "part_more": "whether more parts of a signature follow",
    "partial_approval": "whether a partial approval is taken",
    "pin_block": "encrypted PIN",
    "pin_capture": "how many digits a PIN may have",
    "private": "private data",
    "processing_code": "kind of transaction, accounts",
    "read_capability": "which cards a terminal can read",
    "result_text": "the response code's meaning, for the display",
    "refund_organisation": "card organisation, as a refund names it",
    "reversal_reason": "why a transaction is reversed",
    "rrn": "retrieval reference number",
    "security_control": "how PIN and tracks are encrypted",
    "sent": "date and time of transmission, universal time",
    "serial": "serial number of the device",
    "settlement_date": "date of settlement",
    "slip": "what the receipt said, beside a signature",
    "stan": "system trace audit number",
    "tid": "terminal number",
    "time": "local time, with the date before it or not",
    "track2": "track 2",
    "track3": "track 3",
    "transaction_type": "kind of transaction, beside the processing code",
}


def unread(dialect: Dialect) -> Iterator[Finding]:
    """Elements that nothing reads, and that are spelt almost like one that is known; other names are free."""
    used = {dialect.numbering.within, dialect.numbering.original_stan, dialect.numbering.original_within}
    used |= set(dialect.constants)
    for answer in (dialect.refusal, *(answer for route in dialect.routes for answer in (route.reply, route.refusal))):
        used |= set(answer.make)
    for route in dialect.routes:
        used |= {name for entry in route.mandatory for name in entry.split(" or ")} | set(route.when)
    for layout in dialect.layouts.values():
        used |= set(layout.when)
    for name in dialect.elements:
        if name not in ELEMENTS and name not in used and (hint := did_you_mean(name, ELEMENTS)):
            yield ("elements", name), f"nothing reads this element{hint}"
