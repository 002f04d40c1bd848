"""The receipt of an approved transaction: from order, reply and the terminal's own setup; as rows, text and picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from acquirer.dialect.amounts import decimals_of
from acquirer.dialect.terminal_profile import EntryMode
from acquirer.signature.bitmap import Bitmap
from acquirer.slip.paper import COLUMNS
from acquirer.slip.receipt import Receipt, receipt_sheet
from acquirer.slip.sheet import Sheet, plain_text
from acquirer.slip.words import STATES, Copy, Language, kind_text
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.host_time import host_time
from acquirer.terminal.kept_transactions import Original
from acquirer.terminal.kind import Kind
from acquirer.terminal.machine import Setup
from acquirer.terminal.order import Order
from acquirer.terminal.slip_details import card_of, slip_details
from acquirer.terminal.state import State
from acquirer.terminal.voucher import Voucher
from acquirer.wire.masking import as_text, mask_card_numbers

CRYPTOGRAM = "9F26"
"""The tag of what a chip signs: for a request (ARQC), or as it approves by itself (TC)."""

NOT_UPLOADED = "电子签名上送失败 E-SIGNATURE NOT UPLOADED"
"""On a slip that is signed with a pen because no upload of its signature ended well."""


def receipt(
    setup: Setup,
    kind: Kind,
    order: Order,
    entry: EntryMode,
    exchange: Exchange,
    tags: Mapping[str, bytes],
    state: State | None = None,
) -> Receipt:
    """Return what to print for an approved transaction.

    One that the host has not answered yet has what the terminal itself knows.

    Args:
        tags: the chip's data of its request.
        state: before the approval: what it is tied to may be kept there.
    """
    dialect, slip, reply = setup.dialect, setup.terminal_profile.slip, exchange.reply
    charset = dialect.grammar.shown_as

    def replied(element: str, start: int = 0, stop: int | None = None) -> str:
        if reply is None or element not in dialect.elements:
            return ""
        return (as_text(dialect.text(reply, element)[start:stop], charset) or "").strip()

    def name(role: str) -> str:
        return replied(*slip.names.get(role, ("", 0, 0)))

    approved = replied("amount")
    amount_minor = int(approved) if approved.isdigit() else order.amount_minor
    original = order.original or Original()
    title = exchange.title
    return Receipt(
        merchant=mask_card_numbers(setup.merchant),  # kept and printed, and anyone's to fill
        mid=setup.mid,
        tid=setup.tid,
        operator=setup.operator,
        card=card_of(kind, order, entry, dialect.forms),
        entry=entry.letter,
        kind=kind_text(kind.service, (title.zh, title.en)),
        batch=str(dialect.get_from(exchange.request, "batch") or ""),
        stan=exchange.stan,
        amount_minor=amount_minor,
        currency=slip.currency,
        exponent=decimals_of(dialect),
        expiry=order.card.expiry if entry.carries else "",
        organisation=replied("organisation"),
        issuer=name("issuer"),
        acquirer=name("acquirer"),
        auth_id=replied("auth_id") if reply is not None else str(order.details.get("auth_id", "")),
        rrn=replied("rrn"),
        at=host_time(dialect, reply, order.at),
        chip=tuple(
            ("TC" if kind.offline and tag == CRYPTOGRAM else label, tags[tag].hex().upper())
            for label, tag in slip.icc.items()
            if tag in tags
        ),
        no_cvm_limit_minor=_no_cvm_limit_minor(setup, order.entry, amount_minor) if kind.free else 0,
        pin=bool(order.card.pin),
        credit=not kind.takes_money,
        original_stan=original.stan if "stan" in kind.references else "",
        original_rrn=original.rrn if "rrn" in kind.references else "",
        original_date=original.date if "date" in kind.references else "",
        original_auth_id=original.auth_id if "auth_id" in kind.references else "",
        details=slip_details(setup, state or State(setup.tid, setup.mid, ""), kind, order, exchange),
        partly=approved.isdigit() and 0 < int(approved) < order.amount_minor,
        testing=_testing(setup),
        service=kind.service,
    )


def _testing(setup: Setup) -> bool:
    """Return whether the head of its messages says that this terminal is in its test state."""
    digit = setup.terminal_profile.slip.testing_digit
    head = (setup.head or setup.dialect.envelope.head).hex()
    return 0 < digit <= len(head) and head[digit - 1] != "0"


def slip_sheet(voucher: Voucher, copy: Copy = "merchant", lang: Language = "both") -> Sheet:
    """Return what a slip says, row by row."""
    return receipt_sheet(voucher.receipt, copy, lang=lang, reprint=voucher.reprints, signed=bool(voucher.image))


def paper(voucher: Voucher, copy: Copy = "merchant", lang: Language = "both", columns: int = COLUMNS) -> str:
    """Return the slip as text; of a signature on a pad it only says that there is one."""
    return plain_text(slip_sheet(voucher, copy, lang), columns)


def signature_of(voucher: Voucher) -> Bitmap | None:
    """Return the signature of a slip; None without one."""
    from acquirer.signature.jbig_decoder import decode_jbig  # pictures are seldom wanted, and slow to import

    return decode_jbig(voucher.image).bitmap if voucher.image else None


def remarked(voucher: Voucher, remark: str) -> Voucher:
    """Return a slip that says something more, once."""
    receipt = voucher.receipt
    if remark in receipt.remarks:
        return voucher
    return replace(voucher, receipt=replace(receipt, remarks=(*receipt.remarks, remark)))


def slip_undone(state: State, batch: str, stan: str) -> dict[str, Any]:
    """Return what changes about the last slip when its transaction was undone: it says so, and is not owed any more."""
    if state.voucher is None or state.voucher.key != (batch, stan):
        return {}
    owed = state.unprinted if state.unprinted is not None and state.unprinted.settlement else None
    return {"voucher": remarked(state.voucher, STATES["reversed"]), "unprinted": owed}


def for_paper(voucher: Voucher, *, failed: bool = False) -> Voucher:
    """Return the slip to be signed with a pen, without what is on the pad; `failed`: it says why."""
    receipt = voucher.receipt
    remarks = (*receipt.remarks, NOT_UPLOADED) if failed else receipt.remarks
    return replace(voucher, receipt=replace(receipt, no_cvm_limit_minor=0, remarks=remarks), image=b"", capture="")


def _no_cvm_limit_minor(setup: Setup, entry_name: str, amount_minor: int) -> int:
    """Return the limit up to which a sale by this entry needs no signature; 0: this one is to be signed."""
    limit_minor = setup.terminal_profile.slip.free.get(entry_name, 0)
    if limit_minor and setup.no_cvm_limit_minor is not None:
        limit_minor = setup.no_cvm_limit_minor
    return limit_minor if amount_minor <= limit_minor else 0
