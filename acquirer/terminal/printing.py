"""The receipt of an approved transaction: from order, reply and the terminal's own setup; as text and as picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from acquirer.dialect.clock import day_and_time
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.terminal_profile import EntryMode
from acquirer.slip.receipt import Copy, Language, Receipt, render_receipt
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.kept_transactions import Original
from acquirer.terminal.kind import Kind
from acquirer.terminal.machine import Setup
from acquirer.terminal.order import Order
from acquirer.terminal.sales import voucher_number
from acquirer.terminal.state import State
from acquirer.terminal.voucher import Voucher
from acquirer.wire.elements import read_element
from acquirer.wire.masking import as_text, mask_card_numbers
from acquirer.wire.message import Message

NOT_UPLOADED = "电子签名上送失败 E-SIGNATURE NOT UPLOADED"
"""On a slip that is signed with a pen because no upload of its signature ended well."""


def receipt(
    setup: Setup, kind: Kind, order: Order, entry: EntryMode, exchange: Exchange, tags: Mapping[str, bytes]
) -> Receipt:
    """Return what to print for an approved transaction; `tags` are the chip's data of its request.

    One that the host has not answered yet has what the terminal itself knows.
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
        card=order.card.masked,
        entry=entry.letter,
        kind=f"{title.zh}/{title.en.upper()}" if title.zh else title.en.upper(),
        batch=str(dialect.get_from(exchange.request, "batch") or ""),
        stan=exchange.stan,
        amount_minor=amount_minor,
        currency=slip.currency,
        expiry=order.card.expiry,
        organisation=replied("organisation"),
        issuer=name("issuer"),
        acquirer=name("acquirer"),
        auth_id=replied("auth_id") if reply is not None else str(order.details.get("auth_id", "")),
        rrn=replied("rrn"),
        at=_dated(*_day_and_time(dialect, reply), order.at),
        qr_voucher=voucher_number(dialect, exchange),
        chip=tuple((label, tags[tag].hex().upper()) for label, tag in slip.icc.items() if tag in tags),
        no_cvm_limit_minor=_no_cvm_limit_minor(setup, order.entry, amount_minor) if kind.free else 0,
        pin=bool(order.card.pin),
        credit=not kind.takes_money,
        original_stan=original.stan if "stan" in kind.references else "",
        original_rrn=original.rrn if "rrn" in kind.references else "",
        original_date=original.date if "date" in kind.references else "",
        original_auth_id=original.auth_id if "auth_id" in kind.references else "",
    )


def _day_and_time(dialect: Dialect, reply: Message | None) -> tuple[str, str]:
    """Return month and day, and time of day, wherever this dialect has them; "" where it has none."""
    if reply is None:
        return "", ""
    day, time = (read_element(reply.fields, at) if at else "" for at in day_and_time(dialect))
    return as_text(str(day or "")) or "", as_text(str(time or "")) or ""


def paper(voucher: Voucher, copy: Copy = "merchant", lang: Language = "zh") -> str:
    """Return the slip as text; of a signature on a pad it only says that there is one."""
    return render_receipt(voucher.receipt, copy, lang=lang, reprint=voucher.reprints, signed=bool(voucher.image))


def picture(voucher: Voucher, font_bytes: bytes, copy: Copy = "merchant", lang: Language = "zh") -> bytes:
    """Return the slip as PNG, with the signature beneath."""
    from acquirer.signature.jbig_decoder import decode_jbig  # pictures are seldom wanted, and slow to import
    from acquirer.slip.picture import draw

    receipt = replace(voucher.receipt, no_cvm_limit_minor=0) if voucher.image else voucher.receipt
    lines = render_receipt(receipt, copy, lang=lang, reprint=voucher.reprints).splitlines()
    return draw(lines, font_bytes, decode_jbig(voucher.image).bitmap if voucher.image else None)


def for_paper(voucher: Voucher, *, failed: bool = False) -> Voucher:
    """Return the slip to be signed with a pen, without what is on the pad; `failed`: it says why."""
    receipt = voucher.receipt
    remarks = (*receipt.remarks, NOT_UPLOADED) if failed else receipt.remarks
    return replace(voucher, receipt=replace(receipt, no_cvm_limit_minor=0, remarks=remarks), image=b"", capture="")


def reprint(state: State, stan: str = "") -> tuple[State, Voucher] | None:
    """Return the state that counted a reprint, and the voucher to print once more: the last one, or one that waits."""
    known = (*((state.voucher,) if state.voucher else ()), *state.waiting)
    found = next((one for one in known if stan in ("", one.receipt.stan)), None)
    if found is None:
        return None
    again = replace(found, reprints=found.reprints + 1)

    def counted(one: Voucher) -> Voucher:
        return replace(one, reprints=again.reprints) if one.key == again.key else one

    last = counted(state.voucher) if state.voucher else None
    return replace(state, voucher=last, waiting=tuple(map(counted, state.waiting))), again


def _no_cvm_limit_minor(setup: Setup, entry_name: str, amount_minor: int) -> int:
    """Return the limit up to which a sale by this entry needs no signature; 0: this one is to be signed."""
    limit_minor = setup.terminal_profile.slip.free.get(entry_name, 0)
    if limit_minor and setup.no_cvm_limit_minor is not None:
        limit_minor = setup.no_cvm_limit_minor
    return limit_minor if amount_minor <= limit_minor else 0


def _dated(date: str, time: str, at: datetime) -> str:
    """Return the host's date and time with the year that puts them nearest to our own clock; our own when it gave none.

    >>> _dated("1231", "235959", datetime(2027, 1, 1, 0, 0, 3))
    '2026/12/31 23:59:59'
    """
    choices = []
    for year in (at.year - 1, at.year, at.year + 1):
        try:
            choices.append(datetime.strptime(f"{year}{date}{time}", "%Y%m%d%H%M%S"))
        except ValueError:  # no such day in that year, or no date at all
            continue
    own = at.replace(tzinfo=None)
    best = min(choices, key=lambda moment: abs(moment - own), default=own)
    return f"{best:%Y/%m/%d %H:%M:%S}"
