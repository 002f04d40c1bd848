"""The elements that host, terminal and decoder know by name, each with what it is.

A dialect says where it has them, and may have others for its own routes and layouts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.wire.grammar import Locator

ELEMENTS: Final[Mapping[str, str]] = {
    "account_type": "kind of account",
    "acquirer": "acquiring institution",
    "acquirer_text": "what the acquirer wants printed on the slip",
    "additional": "additional response data",
    "amount": "amount in minor units",
    "auth_id": "authorisation code",
    "auth_institution": "who authorised an offline sale",
    "auth_mode": "how an offline sale was authorised",
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
    "chip_detail": "what stands beside a chip's data in an upload",
    "code": "response code",
    "condition": "condition at the point of service",
    "currency": "ISO 4217 number",
    "date": "local date",
    "detail_count": "how many details were uploaded",
    "detail_records": "transactions of an upload, one after the other",
    "download": "what a download asks for; in a reply, what it brings",
    "entry_mode": "how card and PIN were entered",
    "expiry": "expiry of the card, YYMM",
    "extended": "extended data",
    "foreign_result": "result of a settlement for foreign cards",
    "function": "what a management message wants; selects the key package",
    "holder": "data of a cardholder who is not there",
    "icc": "chip data",
    "icc_condition": "whether reading the chip failed",
    "image": "picture of a signature",
    "instalments": "what is paid in instalments, and how",
    "issuer_text": "what the issuer wants printed on the slip",
    "keys": "working keys of a sign-on",
    "ksn": "key serial number of a message (DUKPT)",
    "loaded_entry": "how a chip that another card pays for was read",
    "loaded_pan": "card whose chip is loaded, where another one pays",
    "mac": "message authentication code",
    "mac_secondary": "the same, in a message with a second bitmap",
    "mid": "merchant number",
    "network_text": "what the network wants printed on the slip",
    "operator": "who operates the terminal",
    "organisation": "card organisation",
    "original_acquirer": "acquirer of the transaction that is reversed, voided or refunded",
    "original_batch": "its batch",
    "original_date": "its date, MMDD",
    "original_forwarder": "the institution that forwarded it",
    "original_mti": "its message type",
    "original_sent": "when it was sent",
    "original_stan": "its STAN",
    "original_tid": "the terminal that made it",
    "original_time": "its time",
    "pan": "card number",
    "part_more": "whether more parts of a signature follow",
    "partial_approval": "whether a partial approval is taken",
    "pin_block": "encrypted PIN",
    "pin_capture": "how many digits a PIN may have",
    "points": "goods paid in points; in a reply, the points",
    "private": "private data",
    "processing_code": "kind of transaction, accounts",
    "qr_code": "payment code of a QR code",
    "qr_voucher": "voucher number of a sale by QR code",
    "read_capability": "which cards a terminal can read",
    "reservation": "a reservation that was made by telephone",
    "result_text": "the response code's meaning, for the display",
    "refund_organisation": "card organisation, as a refund names it",
    "reservation_control": "security control of a reservation, which has no card",
    "reversal_reason": "why a transaction is reversed",
    "rrn": "retrieval reference number",
    "security_control": "how PIN and tracks are encrypted",
    "sent": "date and time of transmission, universal time",
    "serial": "serial number of the device",
    "settlement": "totals of a batch, and the results of comparing them",
    "settlement_date": "date of settlement",
    "settlement_result": "result of a settlement for domestic cards",
    "slip": "what the receipt said, beside a signature",
    "stan": "system trace audit number",
    "tid": "terminal number",
    "tip": "what an adjusted amount has of a tip",
    "time": "local time, with the date before it or not",
    "track2": "track 2",
    "track3": "track 3",
    "transaction_type": "kind of transaction, beside the processing code",
    "verification": "what a verification is about",
}

IDENTIFIERS: Final = ("tid", "mid", "rrn", "auth_id", "stan", "code")
"""Elements that identify: a field that is one of them whole holds nothing else."""


def identifying_fields(elements: Mapping[str, Locator]) -> frozenset[int]:
    """Return the fields that are an identifier whole."""
    places = [elements[name] for name in IDENTIFIERS if name in elements]
    return frozenset([place.de for place in places if place.whole])
