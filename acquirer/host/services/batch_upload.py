"""A batch upload (批上送): the terminal tells what it counted, transaction by transaction, and then that this was all.

1. Each detail is compared with the books and kept: it agrees, differs, or only the terminal has it. Nothing is booked.
   What a host thinks of a detail changes no answer: it is 00, also for one that came before.
2. The end closes the batch, whichever of its two functions (202, 207) it has: terminals of the field confuse them. Only
   then is known which transactions the host alone has.
3. Sent out of turn (without a settlement, after the end) it is answered as well, and noted.

Q/CUP 009, 0320.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from acquirer.dialect.plans import ElementValues
from acquirer.host.batch_totals import side_of
from acquirer.host.card import read_card
from acquirer.host.case import UNVERIFIED, Case, Deciding
from acquirer.host.closing import closed
from acquirer.host.decision import Decided, Decision
from acquirer.host.explain import settlement as why
from acquirer.host.registry import service
from acquirer.host.services.settlement import load_batch
from acquirer.host.upload_match import GivenDetail, compare_detail, of_advice, of_chip, of_record
from acquirer.model.batches import Settlement
from acquirer.model.reasons import Reason
from acquirer.settlement.details import read_chip_detail, read_detail_records

ENDS: Final = {"equal": "207", "unequal": "202", "error": "202"}
"""The function of the end that belongs to a result."""

NOTES_MOST: Final = 8
"""Of one message: as many as it may have records."""


@service("batch_upload")
def batch_upload(case: Case) -> Deciding:
    """Compare a list of requests with the books."""
    try:
        records = read_detail_records(case.host.read.detail_records(case.fields))
    except ValueError as exc:
        raise _unreadable(case, "detail_records", exc) from None
    return (yield from _uploaded(case, [of_record(one) for one in records]))


@service("batch_upload_chip")
def batch_upload_chip(case: Case) -> Deciding:
    """Compare a chip's transaction with the books."""
    try:
        beside = read_chip_detail(case.host.read.chip_detail(case.fields))
    except ValueError as exc:
        raise _unreadable(case, "chip_detail", exc) from None
    return (yield from _uploaded(case, [of_chip(case.host, case.request, beside)]))


@service("batch_upload_advice")
def batch_upload_advice(case: Case) -> Deciding:
    """Compare an advice with the books."""
    card = read_card(case.host, case.fields, case.terminal, case.session, UNVERIFIED)
    return (yield from _uploaded(case, [of_advice(case.host, case.request, card.pan)]))


def _uploaded(case: Case, given: Sequence[GivenDetail]) -> Deciding:
    """Return the decision that keeps details."""
    host, request = case.host, case.request
    books = yield from load_batch(case, *{one.stan for one in given})
    stored = {one.key.stan: one for one in books.transactions}
    details = {one.stan: compare_detail(host, request, one, stored.get(one.stan)) for one in given}
    known = {one.key.stan for one in books.details}
    notes = [why.detail_note(one) for one in details.values() if one.match in ("differs", "terminal_only")]
    if books.settlement is None:
        notes.append(f"out-of-turn: batch {request.batch} was not settled before")
    elif books.settlement.end:
        notes.append(f"out-of-turn: the upload of batch {request.batch} has ended")
    every = tuple(details.values())
    return Decision(
        Reason.APPROVED,
        why.uploaded(every, len(known & details.keys())),
        reply_elements={**request.stamp.reply_elements, "rrn": case.rrn},
        details=every,
        rrn=case.rrn,
        notes=tuple(notes[:NOTES_MOST]),
    )


@service("batch_upload_end")
def batch_upload_end(case: Case) -> Deciding:
    """Close the batch."""
    host, request, session = case.host, case.request, case.session
    books = yield from load_batch(case)
    settled = books.settlement
    elements: ElementValues = {**request.stamp.reply_elements, "rrn": case.rrn}
    if settled is None or settled.end:
        sentence = why.ended_without_settlement(request.batch) if settled is None else why.ended_before(settled)
        return Decision(Reason.APPROVED, sentence, reply_elements=elements, rrn=case.rrn)
    count, function = host.read.detail_count(case.fields), host.read.function(case.fields)
    closes = settled.state != "closed" and request.batch == session.batch
    after = closed(session) if closes else session
    row = replace(settled, state="closed", end=function, end_count=int(count) if count.isdecimal() else 0)
    if settled.state != "closed":
        row.closed_us = request.arrival.at_us
    uploaded = {one.key.stan for one in books.details}
    missing = [one for one in books.transactions if side_of(one) is not None and one.key.stan not in uploaded]
    host_only = missing if settled.result != "equal" else []  # what is equal is not uploaded but for chips
    return Decision(
        Reason.APPROVED,
        why.ended(settled, books.details, host_only, after.batch),
        reply_elements=elements,
        session=after if closes else None,
        settlement=row,
        rrn=case.rrn,
        notes=_end_notes(settled, row, len(books.details)),
    )


def _end_notes(settled: Settlement, row: Settlement, received: int) -> tuple[str, ...]:
    notes = []
    if row.end != ENDS[settled.result]:
        notes.append(
            f"end: the result was {settled.result}, whose upload ends with {ENDS[settled.result]}, not {row.end}"
        )
    if row.end_count != received:
        notes.append(f"count: the terminal says that it uploaded {row.end_count}, the host has {received}")
    if settled.state == "held":
        notes.append(f"held: the batch was held, and its terminal went on: {settled.why}")
    return tuple(notes)


def _unreadable(case: Case, element: str, problem: ValueError) -> Decided:
    return Decided(Decision(Reason.FORMAT_ERROR, why.unreadable(case.host.dialect, element, str(problem))))
