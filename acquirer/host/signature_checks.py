"""What is checked of a signature's upload: against its sale, and in itself.

Each check gives findings; how strict it is (`checks.Checks`) decides whether one refuses the upload or only flags it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from acquirer.host.case import Case
from acquirer.host.core import Host
from acquirer.host.explain import signature as why
from acquirer.host.kinds import KINDS
from acquirer.host.lifecycle import Action, action
from acquirer.host.signature_policy import Mode
from acquirer.model.reasons import Reason
from acquirer.model.rows import Flag, SlipElement, Transaction, Uploaded
from acquirer.signature.jbig import UNKNOWN_HEIGHT, JbigError, read_header
from acquirer.signature.slip_elements import ROLES
from acquirer.wire.masking import mask_pan

MAX_SIDE: Final = 1024
"""Pixels in either direction: pads have 384 at most, and the decoder's work grows with the area."""

CLOCKS_DIFFER: Final = timedelta(days=1)
"""A slip's time farther than this from its sale's is no clock that is wrong, but a year or a date that is."""


class Finding(NamedTuple):
    """Something a check found: how strict it is, why an upload would be refused, and the flag it leaves."""

    mode: Mode
    reason: Reason
    flag: Flag


def refused(findings: Iterable[Finding]) -> Finding | None:
    """The first finding that refuses an upload."""
    return next((one for one in findings if one.mode == "strict"), None)


def of_sale(case: Case, uploaded: Uploaded, slip: tuple[SlipElement, ...]) -> Iterator[Finding]:
    """Yield what an upload says otherwise than the transaction it names; what it does not say is no difference."""
    host, request, sale = case.host, case.request, case.stored
    checks, course = host.options.checks, action(sale, "signature")
    if sale is None or course is Action.UNKNOWN or not (sale.kind in KINDS and KINDS[sale.kind].signature):
        sentence = why.no_sale(request, sale, uploaded, case.session.batch)
        yield from _finding(checks.original, Reason.ORIGINAL_UNKNOWN, "no-sale", sentence)
        return
    read, fields = host.read, case.fields
    if request.amount_minor not in (None, sale.amount_minor):
        sentence = why.differs("amount", sale.amount_minor, request.amount_minor)
        yield from _finding(checks.amount, Reason.SIGNATURE_DIFFERS, "amount-differs", sentence)
    pan = read.pan(fields)
    if pan and sale.card and host.vault.token(pan) != sale.card:
        sentence = why.differs("card number", sale.pan_masked, mask_pan(pan))
        yield from _finding(checks.card, Reason.SIGNATURE_DIFFERS, "pan-differs", sentence)
    for mode, flag, name, ours, theirs in (
        (checks.rrn, "rrn-differs", "reference number", sale.rrn, read.rrn(fields)),
        (
            checks.date,
            "date-differs",
            "settlement date",
            sale.reply_elements.get("settlement_date", ""),
            read.settlement_date(fields),
        ),
    ):
        if theirs and ours and theirs != ours:
            yield from _finding(mode, Reason.SIGNATURE_DIFFERS, flag, why.differs(name, ours, theirs))
    yield from _time(host, sale, slip)
    if course is Action.KEEP_FLAGGED:
        undone = Flag(f"sale-{sale.state}", why.sale_undone(host.calendar, sale))
        yield Finding("log", Reason.APPROVED, undone)


def of_image(host: Host, stream: bytes) -> Iterator[Finding]:
    """What the header of an image says against decoding it; its pixels are not looked at yet."""
    mode = host.options.checks.header
    try:
        header = read_header(stream)
    except JbigError as exc:
        yield from _finding(mode, Reason.SIGNATURE_UNUSABLE, "undecodable", str(exc))
        return
    if header.width > MAX_SIDE or MAX_SIDE < header.height < UNKNOWN_HEIGHT:
        sentence = f"a picture of {header.width} × {header.height} pixels; {MAX_SIDE} in either direction are taken"
        yield from _finding(mode, Reason.SIGNATURE_UNUSABLE, "undecodable", sentence)


def of_picture(host: Host, flags: Iterable[Flag]) -> Iterator[Finding]:
    """What was seen in the pixels, where they were looked at before the answer."""
    for flag in flags:
        yield from _finding(host.options.checks.pixels, Reason.SIGNATURE_UNUSABLE, flag.name, flag.why)


def damaged_slip(host: Host, problem: str) -> Iterator[Finding]:
    """Slip elements that run past their end."""
    yield from _finding(host.options.checks.slip, Reason.SIGNATURE_UNUSABLE, "slip-damaged", problem)


def incomplete(host: Host, problem: str) -> Iterator[Finding]:
    """The last part came, and others did not."""
    yield from _finding(host.options.checks.parts, Reason.SIGNATURE_UNUSABLE, "incomplete-parts", problem)


def _finding(mode: Mode, reason: Reason, flag: str, sentence: str) -> Iterator[Finding]:
    if mode != "off":
        yield Finding(mode, reason, Flag(flag, sentence))


def _time(host: Host, sale: Transaction, slip: tuple[SlipElement, ...]) -> Iterator[Finding]:
    """The slip's date and time: the classic mistake is the year of the upload on a sale of the old year."""
    printed_text = next((one.text for one in slip if one.tag == ROLES["time"]), "")
    if not printed_text:
        return
    sold = host.calendar.local(sale.at_us).replace(tzinfo=None)
    try:
        printed = datetime.strptime(printed_text, "%Y%m%d%H%M%S")
    except ValueError:
        sentence = f"the slip's time {printed_text} is no point in time (YYYYMMDDhhmmss)"
    else:
        if abs(printed - sold) <= CLOCKS_DIFFER:
            return
        sentence = why.time_differs(sold, printed)
    yield from _finding(host.options.checks.time, Reason.SIGNATURE_DIFFERS, "time-differs", sentence)
