"""An order by mail or telephone (订购): the card is not there; data of its holder stand in its place.

They travel in DE 62: `92`, then items of two letters, three digits of length (in bytes) and the value: CV, the CVN2;
SF, the end of the identity document; TX, a mobile number; NM, a name. They are looked at, and neither kept nor shown.
Source: Q/CUP 009, usage 12 of DE 62.
"""

from __future__ import annotations

from typing import Final

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.issuer.decisions import Judgement, judge_inquiry
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.sale import sale, undo
from acquirer.host.text import place
from acquirer.model.reasons import Reason

USAGE: Final = "92"
ITEMS: Final = {"CV": "CVN2", "SF": "identity document", "TX": "mobile number", "NM": "name"}
CVN2_DIGITS: Final = 3


@service("moto_sale", key=own_key, undo=undo)
def moto_sale(case: Case) -> Deciding:
    """Decide an order by mail or telephone."""
    if refusal := _problem(case):
        case.begin()
        return book(case, refusal)
    return (yield from sale(case))


@service("cardholder_verification", key=own_key)
def cardholder_verification(case: Case) -> Deciding:
    """Decide whether a cardholder is who they say: by the card's state, and by data in their form."""
    case.begin()
    if refusal := case.unsound(amount=False) or _problem(case):
        return book(case, refusal)
    use = case.card_use()
    if isinstance(use, Judgement):
        return book(case, use)
    row = yield from case.load_card()
    judgement, _ = judge_inquiry(case.host.issuer, use[0], row)
    return book(case, judgement, notes=use[1])


def _problem(case: Case) -> Judgement | None:
    """Return the refusal of holder's data that do not divide; None when they do, or there are none."""
    text = case.host.read.holder(case.fields)
    if not text:
        return None
    if problem := why_undivided(text):
        return Judgement(Reason.FORMAT_ERROR, f"{place(case.host.dialect, 'holder')} {problem}")
    return None


def why_undivided(text: str) -> str:
    """Return why holder's data do not divide into items, without quoting them; "" when they do.

    >>> why_undivided("92CV003123TX01113800000000"), why_undivided("92CV0031")
    ('', 'ends within its item CV: its length counts bytes')
    >>> why_undivided("92XX001A")
    'has an item that none knows at byte 3: use CV, SF, TX, NM'
    """
    if text[:2] != USAGE:
        return f"does not begin with {USAGE}, the holder's data"
    at = len(USAGE)
    while at < len(text):
        tag, size = text[at : at + 2], text[at + 2 : at + 5]
        if tag not in ITEMS or not size.isdecimal():
            return f"has an item that none knows at byte {at + 1}: use {', '.join(ITEMS)}"
        at += 5 + int(size)
        if at > len(text):
            return f"ends within its item {tag}: its length counts bytes"
        if tag == "CV" and int(size) != CVN2_DIGITS:
            return f"has a CVN2 of {int(size)} characters: it has three digits"
    return ""
