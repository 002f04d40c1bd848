"""The transaction that a void, a refund or a completion names: one that is kept, or one that the caller describes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from acquirer.dialect.clock import size_of
from acquirer.dialect.dialect import Dialect
from acquirer.terminal.card import CardData
from acquirer.terminal.kept_transactions import Original
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import noun_of
from acquirer.terminal.machine import Machine
from acquirer.terminal.order import STORED, OrderError


@dataclass(frozen=True, slots=True)
class SaleName:
    """What a caller says of a transaction. With nothing given: the last approved one that is not voided."""

    stan: str = ""
    batch: str = ""  # or another element that its STAN is unique within
    rrn: str = ""
    date: str = ""  # MMDD
    amount_minor: int | None = None  # None: the kept sale's
    card: CardData | None = None  # read for this transaction; None: the kept sale's number
    entry: str = ""  # "": `STORED` for a kept number, else the chip
    pin: str = ""  # for a kept number; a card that is read brings its own
    auth_id: str = ""
    tid: str = ""  # the terminal that made it; "": this one
    voucher: str = ""  # of a sale by QR code: its voucher number


@dataclass(frozen=True, slots=True)
class NamedSale:
    """The sale with everything that a request takes from it."""

    original: Original
    amount_minor: int
    card: CardData
    entry: str


def find_sale(machine: Machine, kind: Kind, name: SaleName, *, elsewhere: bool = False) -> NamedSale | None:
    """Return the transaction that is named; None when there is none to choose from.

    What the caller gives counts, what is not given is taken from the kept sale of this STAN.

    Args:
        kind: what is to be done with it.
        elsewhere: it may be a sale of another terminal, so nothing of it is kept here.

    Raises:
        OrderError: the sale is not kept, and its amount or its card was not given; its reference number is too short.
    """
    _check_reference(machine.setup.dialect, name.rrn)
    kept = None if elsewhere else machine.state.sale(name.stan, name.batch, kind.of)
    if kept is None and not name.stan and not elsewhere:
        return None
    original = kept.original if kept else Original(stan=name.stan, within=name.batch or _open_batch(machine, name))
    original = replace(
        original,
        rrn=name.rrn or original.rrn,
        auth_id=name.auth_id or original.auth_id,
        date=name.date or original.date,
        tid=name.tid or original.tid,
        voucher=name.voucher or original.voucher,
    )
    amount_minor = name.amount_minor if name.amount_minor is not None else kept.amount_minor if kept else None
    card = name.card
    entry = name.entry or "chip"
    if kind.cardless:  # a payment code stands in the place of a card number, where it is kept
        card = CardData(kept.pan if kept is not None else "")
    elif card is None and kept is not None:
        card, entry = CardData(kept.pan, kept.expiry, pin=name.pin), name.entry or STORED
    noun = noun_of(kind.of[0])
    which = f"the {noun} of authorisation code {name.auth_id}" if name.auth_id else f"the {noun} of this card"
    if name.voucher:
        which = f"the {noun} of voucher number {name.voucher}"
    if name.stan or name.rrn:
        which = f"the {noun} of STAN {name.stan}" if name.stan else f"the {noun} of reference number {name.rrn}"
    if amount_minor is None:
        raise OrderError(f"{which} is not kept here: give --amount to {kind.verb} it")
    if card is None:
        raise OrderError(f"{which} is not kept here: give its card to {kind.verb} it (--card, --pan or --track2)")
    return NamedSale(original, amount_minor, card, entry)


def _check_reference(dialect: Dialect, rrn: str) -> None:
    """Raise OrderError unless a reference number is one that the dialect can carry."""
    place = dialect.elements.get("rrn")
    if not rrn or place is None or dialect.fields[place.de].length_bytes:
        return
    if len(rrn) != (size := size_of(dialect, place)):
        raise OrderError(f"--rrn '{rrn}' is no reference number here: give all {size} characters as on the slip")


def _open_batch(machine: Machine, name: SaleName) -> str:
    """Return the batch of a sale that is named by its STAN alone."""
    return machine.state.batch if name.stan and machine.setup.dialect.numbering.within == "batch" else ""
