"""What a terminal adds to its own books of the batch when a transaction is approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.organisations import is_foreign_organisation
from acquirer.slip.receipt import Receipt
from acquirer.terminal.advice import kept_advice
from acquirer.terminal.batch_records import BatchRecord, RecordForm, settles, with_record
from acquirer.terminal.chip import IssuerAnswer, issuer_answer, packed
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import course_of
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import Order
from acquirer.terminal.settling import BatchState
from acquirer.wire.message import Value

CHIP_ELEMENTS = ("pan", "amount", "entry_mode", "card_sequence")
"""What a chip's detail repeats of its transaction, beside the chip's data."""

APPROVED = b"\x40"
REFUSED = b"\x00"
"""9F27 of a transaction certificate (TC) and of an AAC: the chip has approved, or refused (EMV book 3, table 15)."""


def counted_in_batch(
    machine: Machine, kind: Kind, order: Order, exchange: Exchange, slip: Receipt, tags: Mapping[str, bytes]
) -> BatchState:
    """Return the books of the batch with a transaction that was approved; `tags` are the chip's data of its request."""
    books, dialect = machine.state.batch_books, machine.setup.dialect
    if not settles(dialect):
        return books
    original = (order.original.within, order.original.stan) if order.original else None
    record = None
    if kind.side is not None:
        route = dialect.find_route(kind.service)
        fields: Mapping[int, Value] = {}
        form: RecordForm
        if kind.offline or course_of(kind, route) == "repeat":
            form, fields = "advice", kept_advice(machine, kind, order, route, exchange.request).fields
        elif tags:
            form = "arpc_differs" if issuer_of(dialect, order, exchange, tags) == "wrong" else "chip"
            fields = _chip_fields(machine, exchange, order, tags, APPROVED)
        else:
            form = "request"
        record = BatchRecord(
            service=kind.service,
            batch=str(dialect.get_from(exchange.request, "batch") or ""),
            stan=exchange.stan,
            side=kind.side,
            amount_minor=slip.amount_minor,
            form=form,
            pan=order.card.pan,
            foreign=is_foreign_organisation(dialect, slip.organisation),
            auth_id=slip.auth_id,
            fields=fields,
        )
    return replace(books, records=with_record(books.records, kind, record, original))


def with_refusal(
    machine: Machine, kind: Kind, order: Order, exchange: Exchange, tags: Mapping[str, bytes]
) -> BatchState:
    """Return the books of the batch with a transaction that the chip refused: it is uploaded, and in no total."""
    books, dialect = machine.state.batch_books, machine.setup.dialect
    if not settles(dialect):
        return books
    record = BatchRecord(
        service=kind.service,
        batch=machine.state.batch,
        stan=exchange.stan,
        side=kind.side or "debit",
        amount_minor=order.amount_minor,
        form="chip_refused",
        pan=order.card.pan,
        fields=_chip_fields(machine, exchange, order, tags, REFUSED),
    )
    return replace(books, records=(*books.records, record))


def issuer_of(dialect: Dialect, order: Order, exchange: Exchange, tags: Mapping[str, bytes]) -> IssuerAnswer:
    """Return what the card's chip makes of the answer to an exchange."""
    return issuer_answer(tags, order.card, dialect.get(exchange.reply, "icc") if exchange.reply else None)


def settlement_under_way(machine: Machine, kind: Kind) -> Result | None:
    """Return the refusal of a transaction while a settlement is under way; None when there is none."""
    settlement = machine.state.batch_books.settlement
    if settlement is None:
        return None
    sentence = f"{kind.not_done}: the settlement of batch {settlement.batch} is not finished: 'settle' goes on with it"
    return Result(kind.service, Outcome.REFUSED, sentence=sentence)


def _chip_fields(
    machine: Machine, exchange: Exchange, order: Order, tags: Mapping[str, bytes], information: bytes
) -> dict[int, Value]:
    """Return what a chip's detail has of its transaction: the chip has ended it since, with another cryptogram."""
    dialect = machine.setup.dialect
    fields: dict[int, Value] = {}
    values = {name: dialect.get_from(exchange.request, name) for name in CHIP_ELEMENTS}
    values["pan"] = order.card.pan
    for name, value in values.items():
        if value and name in dialect.elements:
            dialect.put(fields, name, value)
    since = {**tags, "9F27": information, "9F26": machine.setup.randbytes(8)}
    dialect.put(fields, "icc", packed({tag: value for tag, value in since.items() if tag in tags}))
    return fields
