"""Details of a batch upload against the host's books: what each one is, and whether it agrees.

A detail and a transaction are the same by merchant, terminal, batch and STAN; then card, amount and class of card are
compared, and whether the host counts the transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from acquirer.data.text import indefinite
from acquirer.host.batch_totals import UNCOUNTED, is_foreign, side_of
from acquirer.host.core import Host
from acquirer.host.kinds import KINDS
from acquirer.host.request import Request
from acquirer.host.text import money
from acquirer.model.batches import DetailForm, UploadedDetail
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.settlement.details import ChipDetail, DetailRecord
from acquirer.wire.masking import mask_pan


@dataclass(frozen=True, slots=True)
class GivenDetail:
    """One transaction as a terminal uploads it; None and "": it does not say."""

    stan: str
    form: DetailForm
    amount_minor: int | None
    pan: str = field(default="", repr=False)
    foreign: bool | None = None
    transaction_type: str = ""
    by_chip: bool = False  # the terminal says that the chip itself refused it


def of_record(record: DetailRecord) -> GivenDetail:
    """Return a detail of a list of requests."""
    return GivenDetail(record.stan, "request", record.amount_minor, record.pan, record.foreign)


def of_chip(host: Host, request: Request, beside: ChipDetail) -> GivenDetail:
    """Return a detail that came with a chip's data."""
    pan = host.read.pan(request.message.fields)
    if beside.usage == "61":
        return GivenDetail(request.stan, "chip", beside.amount_minor, pan, beside.foreign)
    by_chip = beside.cryptogram == "1"
    return GivenDetail(request.stan, "refused", beside.amount_minor, pan, beside.foreign, by_chip=by_chip)


def of_advice(host: Host, request: Request, pan: str) -> GivenDetail:
    """Return a detail that is an advice sent once more."""
    kind = host.read.transaction_type(request.message.fields)
    return GivenDetail(request.stan, "advice", request.amount_minor, pan, transaction_type=kind)


def compare_detail(host: Host, request: Request, given: GivenDetail, stored: Transaction | None) -> UploadedDetail:
    """Return a detail with what the books say of it."""
    foreign = given.foreign
    if foreign is None:  # an advice does not say
        foreign = stored is not None and is_foreign(host.dialect, stored)
    detail = UploadedDetail(
        TransactionKey(request.mid, request.tid, request.batch, given.stan),
        given.form,
        "agrees",
        foreign=foreign,
        amount_minor=given.amount_minor or 0,
        pan_masked=mask_pan(given.pan) if given.pan else "",
        card=host.vault.token(given.pan) if given.pan else "",
        transaction_type=given.transaction_type,
        at_us=request.arrival.at_us,
    )
    counted = stored is not None and side_of(stored) is not None
    if given.by_chip and not counted:
        detail.match, detail.why = "no_money", "the chip refused it, and the host counts nothing"
    elif stored is None or stored.state == "tombstone":
        detail.match, detail.why = "terminal_only", "the host has never booked it"
    elif problems := list(_problems(host, given, detail, stored)):
        detail.match, detail.why = "differs", "; ".join(problems)
    return detail


def _problems(host: Host, given: GivenDetail, detail: UploadedDetail, stored: Transaction) -> Iterator[str]:
    if side_of(stored) is None:
        yield f"the host does not count it: {_uncounted(stored)}"
    elif given.by_chip:
        yield f"the terminal says that the chip refused it, and the host counts it: it is {stored.state}"
    if given.amount_minor not in (None, stored.amount_minor):
        yield f"its amount is {money(given.amount_minor)} here, {money(stored.amount_minor)} at the host"
    cardless = stored.kind in KINDS and KINDS[stored.kind].cardless  # terminals put a payment code there
    if detail.card and detail.card != stored.card and not cardless:
        yield f"its card is {detail.pan_masked} here, {stored.pan_masked} at the host"
    if given.foreign is not None and given.foreign != (foreign := is_foreign(host.dialect, stored)):
        names = ("domestic", "foreign")
        yield f"its card is {names[given.foreign]} here, {names[foreign]} at the host"
    if given.transaction_type and given.transaction_type != stored.transaction_type:
        yield f"its type is {given.transaction_type} here, {stored.transaction_type} at the host"


def _uncounted(stored: Transaction) -> str:
    kind = KINDS.get(stored.kind)
    if stored.state in UNCOUNTED or kind is None:
        return f"it is {stored.state}"
    return f"{indefinite(kind.title)} is in no totals"
