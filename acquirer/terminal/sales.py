"""What a terminal keeps of approved transactions, so that others can name them, and how that changes."""

from __future__ import annotations

from dataclasses import replace

from acquirer.dialect.dialect import Dialect
from acquirer.slip.receipt import Receipt
from acquirer.terminal.batch_records import without_record
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.kept_transactions import KeptAdvice, Original, Pending, Sold
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import KINDS, QR_SALE
from acquirer.terminal.order import Order
from acquirer.terminal.settling import BatchState
from acquirer.terminal.state import State


def after_approval(
    state: State, dialect: Dialect, kind: Kind, order: Order, exchange: Exchange, slip: Receipt | None
) -> tuple[Sold, ...]:
    """Return what is kept after an approval: one more, one that is closed, one that is topped up."""
    if order.original and kind.closes:
        state = replace(state, sales=state.with_voided(order.original, voided=True))
    if order.original and kind.verb == "top up":
        state = replace(state, sales=state.with_raised(order.original, order.amount_minor))
    if not kind.keeps or slip is None:
        return state.sales
    original = Original(
        stan=exchange.stan,
        within=str(dialect.get_from(exchange.request, dialect.numbering.within) or ""),
        mti=exchange.mti,
        rrn=slip.rrn,
        auth_id=slip.auth_id or (order.original.auth_id if order.original else ""),
        date=slip.at[5:7] + slip.at[8:10],
        voucher=voucher_number(dialect, exchange),
    )
    sold = Sold(
        original,
        slip.amount_minor,
        order.card.pan,
        order.card.expiry,
        service=kind.service,
        of=(order.original.within, order.original.stan) if order.original and kind.verb == "complete" else None,
    )
    return state.with_sale(sold)


def voucher_number(dialect: Dialect, exchange: Exchange) -> str:
    """Return the voucher number that a reply has, of a sale by QR code; "" where it has none."""
    if exchange.service != QR_SALE.service or exchange.reply is None or "qr_voucher" not in dialect.elements:
        return ""
    return dialect.forms.qr_voucher.read(dialect.text(exchange.reply, "qr_voucher"))


def after_reversal(state: State, pending: Pending) -> tuple[Sold, ...]:
    """Return what is kept after the host has undone a transaction; one that was approved had been counted.

    One whose approval never came had closed nothing: what it names may have been closed by another one since.
    """
    kind = KINDS.get(pending.service)
    if kind is None or not pending.by_hand:
        return state.sales
    state = replace(state, sales=without_transaction(state, pending))
    if kind.verb == "top up" and pending.original:
        state = replace(state, sales=state.with_raised(pending.original, -pending.amount_minor))
    return state.sales


def without_transaction(state: State, gone: Pending | KeptAdvice) -> tuple[Sold, ...]:
    """Return what is kept without a transaction: what it had closed is open again."""
    kind = KINDS[gone.service]
    if kind.keeps:
        state = replace(state, sales=state.without_sale(gone.batch, gone.stan))
    if kind.closes and gone.original:
        state = replace(state, sales=state.with_voided(gone.original, voided=False))
    return state.sales


def books_without(state: State, gone: Pending | KeptAdvice) -> BatchState:
    """Return the books of the batch without a transaction that the host has undone, or never took."""
    books = state.batch_books
    original = (gone.original.within, gone.original.stan) if gone.original else None
    return replace(books, records=without_record(books.records, (gone.batch, gone.stan), original))
