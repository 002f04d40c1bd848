"""What is odd about a chip's data: they do not divide, or say otherwise than the message that carries them.

An issuer would refuse most of it, for its cryptogram covers them; a host passes them on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host
from acquirer.host.kinds import TransactionKind
from acquirer.host.request import Request
from acquirer.host.text import place
from acquirer.wire.masking import mask_pan
from acquirer.wire.message import Message
from acquirer.wire.tlv import Tlv, TlvError, is_hex_text, parse_tlv

_CRYPTOGRAM_TYPE: Final = 0xC0  # the bits of 9F27 that tell it (EMV book 3, table 15)
_REQUEST: Final = 0x80
_CRYPTOGRAMS: Final = {0x00: "the chip declined (AAC)", 0x40: "the chip approved offline (TC)"}


ChipObjects = tuple[Tlv, ...] | TlvError | None
"""The data objects of a chip, or why its data do not divide into some; None: there are no data."""


def chip_objects(dialect: Dialect, message: Message) -> ChipObjects:
    """Return the data objects of a message's chip data: they are the issuer's to judge, and are never refused here."""
    icc = dialect.get(message, "icc")
    try:
        return parse_tlv(icc) if isinstance(icc, bytes) else None
    except TlvError as exc:
        return exc


def chip_notes(
    host: Host, request: Request, kind: TransactionKind, chip: tuple[Tlv, ...] | TlvError, pan: str
) -> tuple[str, ...]:
    """Return what is odd about chip data that are passed on all the same.

    Args:
        kind: of the transaction; a void or a refund has the chip's data for its number only.
        chip: what `chip_objects` returns of its message.
        pan: as it was read; "" without a card.
    """
    if isinstance(chip, TlvError):
        at, icc = host.dialect.elements["icc"].de, host.dialect.get(request.message, "icc")
        if isinstance(icc, bytes) and is_hex_text(icc):
            return (f"chip-data: DE {at} is hexadecimal text, and bytes belong there; send the bytes themselves",)
        return (f"chip-data: DE {at} does not divide into data objects: {chip}; correct the length of that object",)
    if not kind.chip_data:
        return ()
    return tuple(_differences(host, request, {one.tag: one.value for one in chip}, pan))


def _differences(host: Host, request: Request, data: Mapping[str, bytes], pan: str) -> Iterator[str]:
    dialect, read, fields = host.dialect, host.read, request.message.fields
    at = dialect.elements["icc"].de
    if "9F26" not in data:
        yield f"chip-data: DE {at} has no cryptogram (9F26); send the chip's answer to GENERATE AC"
    elif (information := data.get("9F27")) and (decision := _CRYPTOGRAMS.get(information[0] & _CRYPTOGRAM_TYPE)):
        yield f"chip-data: 9F27 says that {decision}; ask for approval with a request (ARQC, {_REQUEST:X}) only"
    amount = data.get("9F02")
    if amount is not None and amount.hex() != f"{request.amount_minor or 0:012}":
        yield (
            f"chip-data: 9F02 is {amount.hex().lstrip('0') or '0'}, and {place(dialect, 'amount')} is "
            f"{request.amount_minor or 0}; give the chip the amount that is sent"
        )
    currency, chips_currency = read.currency(fields), data.get("5F2A")
    if chips_currency is not None and currency.isdecimal() and chips_currency.hex() != currency.zfill(4):
        yield (
            f"chip-data: 5F2A is {chips_currency.hex()}, and {place(dialect, 'currency')} is {currency}; give the chip "
            "the currency that is sent"
        )
    number = (data.get("57", b"").hex().upper().partition("D")[0] or data.get("5A", b"").hex().upper()).rstrip("F")
    if number and pan and number != pan:
        yield (
            f"chip-data: the card in DE {at} is {mask_pan(number)}, the message's is {mask_pan(pan)}; send the data of "
            "one card"
        )
