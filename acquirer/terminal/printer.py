"""Printing: the copies of a slip one after the other, and what follows when the printer fails.

1. A slip belongs to a transaction that is booked, and stands when the printer fails: what is left to print is kept with
   its approval, and survives a power cut.
2. What could not be printed is printed before the next transaction, as a reprint from the beginning of that copy: some
   of it may have come out. While it cannot be printed nothing else is sold, so that no one sells the same thing again
   for want of a slip; `drop_reversal` gives it up.
3. Every copy, and every trouble, is an entry of the terminal's print journal.
"""

from __future__ import annotations

from dataclasses import replace

from acquirer.slip.receipt import decimal_amount
from acquirer.slip.settlement_slip import SettlementSlip
from acquirer.slip.words import COPIES, STATES, Copy
from acquirer.terminal.effects import NotPrinted, PrintCopy, Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import KINDS
from acquirer.terminal.machine import Machine
from acquirer.terminal.printing import remarked
from acquirer.terminal.prints import KEPT_PRINTS, SETTLEMENT_COPY, TROUBLES, PrintRecord, Unprinted
from acquirer.terminal.state import State
from acquirer.terminal.voucher import Voucher


def slip_to_print(machine: Machine) -> Unprinted | None:
    """Return what an approval leaves to print; None for a terminal that prints nothing."""
    return Unprinted(COPIES[: machine.setup.copies]) if machine.setup.copies else None


def print_slip(machine: Machine, result: Result) -> Program[None]:
    """Print the copies that are left after an operation; `result.print_trouble` says what kept it from that."""
    trouble = yield from _print_rest(machine)
    if trouble:
        result.print_trouble = trouble
        note = f"its slip is not printed, {TROUBLES.get(trouble, trouble)}: 'receipt' prints it; the transaction stands"
        result.sentence = "; ".join(filter(None, (result.sentence, note)))


def clear_unprinted(machine: Machine, kind: Kind, drop: bool) -> Program[Result | None]:
    """Print what is left of an earlier slip before something new is begun; return the refusal if that fails."""
    left = machine.state.unprinted
    if left is None:
        return None
    if drop:
        yield from machine.keep(unprinted=None)
        return None
    trouble = yield from _print_rest(machine, again=True)
    if not trouble:
        return None
    which = _name(machine.state, left)
    sentence = (
        f"{kind.not_done}: {which} is not printed, {TROUBLES.get(trouble, trouble)}; its transaction stands and is not "
        "to be made again: 'receipt' prints it, --drop-reversal gives it up"
    )
    return Result(kind.service, Outcome.REFUSED, sentence=sentence, print_trouble=trouble)


def reprint(machine: Machine, voucher: Voucher | None, copies: tuple[Copy, ...]) -> Program[Result]:
    """Print a slip again, counted; without a `voucher` what is left to print, else the last slip.

    Args:
        copies: whose; empty: those that are left, else the merchant's.
    """
    left, last = machine.state.unprinted, machine.state.voucher
    if voucher is None and left is not None and (left.settlement or not copies):
        trouble = yield from _print_rest(machine, again=True)
        return _reprinted(trouble)
    chosen = voucher or last
    if chosen is None:
        return Result(
            "reprint", Outcome.REFUSED, sentence="it has sold nothing yet, so there is no receipt to print again"
        )
    if left is not None and last is not None and not left.settlement and last.key == chosen.key:
        yield from machine.keep(unprinted=None)  # asked for by name: this is its print
    trouble = ""
    counted = _counted(machine, chosen)
    yield from _keep_voucher(machine, counted)
    for copy in copies or ("merchant",):
        trouble = yield from _print_copy(machine, counted, copy)
        if trouble:
            break
    if trouble and last is not None and last.key == chosen.key:
        yield from machine.keep(unprinted=Unprinted(copies or ("merchant",), trouble=trouble))
    return _reprinted(trouble)


def reprint_settlement(machine: Machine) -> Program[Result]:
    """Print the slip of the last settlement again, counted."""
    books = machine.state.batch_books
    if books.slip is None:
        sentence = "it has settled nothing yet, so there is no slip to print again"
        return Result("reprint", Outcome.REFUSED, sentence=sentence)
    left = machine.state.unprinted
    yield from machine.keep(
        batch_books=replace(books, slip=replace(books.slip, reprints=books.slip.reprints + 1)),
        unprinted=None if left is not None and left.settlement else left,
    )
    slip = machine.state.batch_books.slip
    assert slip is not None
    trouble = yield from _print_copy(machine, slip, SETTLEMENT_COPY)
    if trouble and machine.state.unprinted is None:
        yield from machine.keep(unprinted=Unprinted((SETTLEMENT_COPY,), settlement=True, trouble=trouble))
    return _reprinted(trouble)


def standing(machine: Machine, voucher: Voucher) -> Voucher:
    """Return a voucher as it is printed again: where its transaction does not stand any more, its slip says so."""
    receipt, state = voucher.receipt, machine.state
    kind = KINDS.get(receipt.service)
    if kind is None or kind.side is None or receipt.batch != state.batch or not state.batch_books.records:
        return voucher
    record = next((one for one in state.batch_books.records if one.key == voucher.key), None)
    if record is None:
        remark = STATES["reversed"]
    else:
        remark = STATES["voided"] if record.voided else STATES["adjusted"] if record.adjusted else ""
    return remarked(voucher, remark) if remark else voucher


def _print_rest(machine: Machine, again: bool = False) -> Program[str]:
    """Print the copies that are left; return the trouble that ended it, "" when all are printed.

    Args:
        again: part of them may have come out before: they are reprints, and counted.
    """
    left = machine.state.unprinted
    if left is None:
        return ""
    slip: Voucher | SettlementSlip | None = machine.state.voucher
    if left.settlement:
        slip = machine.state.batch_books.slip
        if slip is not None and again:
            slip = replace(slip, reprints=slip.reprints + 1)
            yield from machine.keep(batch_books=replace(machine.state.batch_books, slip=slip))
    elif isinstance(slip, Voucher) and again:
        slip = _counted(machine, slip)
        yield from _keep_voucher(machine, slip)
    for number, copy in enumerate(left.copies):
        if slip is None:  # its state was reset meanwhile
            break
        trouble = yield from _print_copy(machine, slip, copy)
        if trouble:
            rest = replace(left, copies=left.copies[number:], trouble=trouble)
            yield from machine.keep(unprinted=rest)
            return trouble
        rest_copies = left.copies[number + 1 :]
        yield from machine.keep(unprinted=replace(left, copies=rest_copies, trouble="") if rest_copies else None)
    if machine.state.unprinted is not None:
        yield from machine.keep(unprinted=None)
    return ""


def _print_copy(machine: Machine, slip: Voucher | SettlementSlip, copy: Copy) -> Program[str]:
    """Print one copy, and note it in the print journal."""
    answer = yield PrintCopy(slip, copy)
    trouble = answer.trouble if isinstance(answer, NotPrinted) else ""
    at = f"{machine.setup.now():%Y/%m/%d %H:%M:%S}"
    if isinstance(slip, Voucher):
        record = PrintRecord(at, *slip.key, copy, slip.reprints, trouble)
    else:
        record = PrintRecord(at, slip.batch, "", copy, slip.reprints, trouble)
    yield from machine.keep(prints=(*machine.state.prints, record)[-KEPT_PRINTS:])
    return trouble


def _counted(machine: Machine, voucher: Voucher) -> Voucher:
    return standing(machine, replace(voucher, reprints=voucher.reprints + 1))


def _keep_voucher(machine: Machine, voucher: Voucher) -> Program[None]:
    """Keep a voucher in the place of itself, where the state has it."""
    state = machine.state
    last = voucher if state.voucher and state.voucher.key == voucher.key else state.voucher
    waiting = tuple(replace(one, reprints=voucher.reprints) if one.key == voucher.key else one for one in state.waiting)
    yield from machine.keep(voucher=last, waiting=waiting)


def _name(state: State, left: Unprinted) -> str:
    if left.settlement or state.voucher is None:
        return "the slip of the last settlement"
    receipt = state.voucher.receipt
    return f"the slip of STAN {receipt.stan} over {decimal_amount(receipt.amount_minor, receipt.exponent)}"


def _reprinted(trouble: str) -> Result:
    if not trouble:
        return Result("reprint", Outcome.DONE)
    sentence = f"not printed, {TROUBLES.get(trouble, trouble)}: 'receipt' prints it once that is mended"
    return Result("reprint", Outcome.REFUSED, sentence=sentence, print_trouble=trouble)
