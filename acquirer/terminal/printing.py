"""The receipt of an approved sale: from the request, the reply and the terminal's own setup; as text and as picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from acquirer.dialect.clock import day_and_time
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.terminal_profile import EntryMode
from acquirer.signature.jbig_decoder import decode_jbig
from acquirer.slip.picture import draw
from acquirer.slip.receipt import Copy, Language, Receipt, render
from acquirer.terminal.card import CardData
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.machine import Setup
from acquirer.terminal.state import State
from acquirer.terminal.voucher import Voucher
from acquirer.wire.elements import read_element
from acquirer.wire.masking import as_text
from acquirer.wire.message import Message

NOT_UPLOADED = "电子签名上送失败 E-SIGNATURE NOT UPLOADED"
"""On a slip that is signed with a pen because no upload of its signature ended well."""


def receipt(
    setup: Setup,
    exchange: Exchange,
    entry: EntryMode,
    entry_name: str,
    card: CardData,
    amount_minor: int,
    at: datetime,
    tags: Mapping[str, bytes],
) -> Receipt:
    """What to print for an approved sale."""
    dialect, slip, reply = setup.dialect, setup.terminal_profile.slip, exchange.reply
    assert reply is not None

    def told(element: str) -> str:
        return (as_text(dialect.text(reply, element)) or "").strip() if element in dialect.elements else ""

    def name(role: str) -> str:
        element, start, stop = slip.names.get(role, ("", 0, 0))
        return (as_text(dialect.text(reply, element)[start:stop]) or "").strip() if element in dialect.elements else ""

    approved = told("amount")
    sold_minor = int(approved) if approved.isdigit() else amount_minor
    title = exchange.title
    return Receipt(
        merchant=setup.merchant,
        mid=setup.mid,
        tid=setup.tid,
        operator=setup.operator,
        card=card.masked,
        entry=entry.letter,
        kind=f"{title.zh}/{title.en.upper()}" if title.zh else title.en.upper(),
        batch=str(dialect.get_from(exchange.request, "batch") or ""),
        stan=exchange.stan,
        amount_minor=sold_minor,
        currency=slip.currency,
        expiry=card.expiry,
        organisation=told("organisation"),
        issuer=name("issuer"),
        acquirer=name("acquirer"),
        auth_id=told("auth_id"),
        rrn=told("rrn"),
        at=_dated(*_day_and_time(dialect, reply), at),
        chip=tuple((label, tags[tag].hex().upper()) for label, tag in slip.icc.items() if tag in tags),
        free_minor=_free_minor(setup, entry_name, sold_minor),
        pin=bool(card.pin),
    )


def _day_and_time(dialect: Dialect, reply: Message) -> tuple[str, str]:
    """Month and day, and time of day, wherever this dialect has them; "" where it has none."""
    day, time = (read_element(reply.fields, at) if at else "" for at in day_and_time(dialect))
    return as_text(str(day or "")) or "", as_text(str(time or "")) or ""


def paper(voucher: Voucher, copy: Copy = "merchant", lang: Language = "zh") -> str:
    """The slip as text; a signature that was drawn on a pad is only told of."""
    return render(voucher.receipt, copy, lang=lang, reprint=voucher.reprints, signed=bool(voucher.image))


def picture(voucher: Voucher, font_bytes: bytes, copy: Copy = "merchant", lang: Language = "zh") -> bytes:
    """The slip as PNG, with the signature beneath."""
    receipt = replace(voucher.receipt, free_minor=0) if voucher.image else voucher.receipt
    lines = render(receipt, copy, lang=lang, reprint=voucher.reprints).splitlines()
    return draw(lines, font_bytes, decode_jbig(voucher.image).bitmap if voucher.image else None)


def for_paper(voucher: Voucher, *, failed: bool = False) -> Voucher:
    """The slip to be signed with a pen, whatever was or was not drawn; `failed`: it says why."""
    receipt = voucher.receipt
    remarks = (*receipt.remarks, NOT_UPLOADED) if failed else receipt.remarks
    return replace(voucher, receipt=replace(receipt, free_minor=0, remarks=remarks), image=b"", capture="")


def reprint(state: State, stan: str = "") -> tuple[State, Voucher] | None:
    """The voucher of the last sale, or of one that is kept, to be printed once more, and the state that counted it."""
    known = (*((state.voucher,) if state.voucher else ()), *state.waiting)
    found = next((one for one in known if stan in ("", one.receipt.stan)), None)
    if found is None:
        return None
    again = replace(found, reprints=found.reprints + 1)

    def counted(one: Voucher) -> Voucher:
        return replace(one, reprints=again.reprints) if one.key == again.key else one

    last = counted(state.voucher) if state.voucher else None
    return replace(state, voucher=last, waiting=tuple(map(counted, state.waiting))), again


def _free_minor(setup: Setup, entry_name: str, amount_minor: int) -> int:
    """The limit that makes this sale free of a signature; 0: it is to be signed."""
    limit_minor = setup.terminal_profile.slip.free.get(entry_name, 0)
    if limit_minor and setup.free_minor is not None:
        limit_minor = setup.free_minor
    return limit_minor if amount_minor <= limit_minor else 0


def _dated(date: str, time: str, at: datetime) -> str:
    """The host's date and time with the year that puts them nearest to our own clock; our own when it gave none.

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
