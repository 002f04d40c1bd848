"""Signing a slip: what happens to the cardholder's signature, right after the transaction or later.

It is kept before anything else happens, and replaces an earlier one of the same slip. When as many signatures wait as a
terminal keeps, the slip is signed on paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.effects import Print, Program
from acquirer.terminal.exchange import Outcome, Result, Signed
from acquirer.terminal.machine import Machine
from acquirer.terminal.printing import for_paper
from acquirer.terminal.sign_on import sign_on_if_wanted
from acquirer.terminal.upload import send, signature_state
from acquirer.terminal.voucher import Voucher

if TYPE_CHECKING:
    from acquirer.terminal.signature_pad import Pad


@dataclass(frozen=True, slots=True)
class Again:
    """A slip signed later, or signed again. With nothing given: that of the last approved transaction."""

    pad: Pad
    stan: str = ""
    batch: str = ""


def sign(machine: Machine, again: Again) -> Program[Result]:
    """Sign a slip whose voucher is still kept: the last one, or one whose signature waits for its upload."""
    voucher = _find(machine, again)
    if voucher is None:
        which = f"STAN {again.stan}" if again.stan else "a sale"
        return Result("signature", Outcome.REFUSED, sentence=f"nothing is kept of {which} that could be signed")
    if not voucher.values:
        return Result("signature", Outcome.REFUSED, sentence="what was kept of this slip is damaged; sign on paper")
    result = Result("signature", Outcome.DONE)
    yield from keep_signature(machine, voucher, again.pad, result)
    if result.signature is not Signed.KEPT:
        result.outcome = Outcome.REFUSED if result.signature is not Signed.PAPER else Outcome.DONE
    elif machine.setup.upload_at_once and not machine.state.is_queued(voucher.key):
        exchange = yield from send(machine, next(one for one in machine.state.waiting if one.key == voucher.key))
        assert exchange is not None
        yield from sign_on_if_wanted(machine, exchange)
        result.exchange, result.signature = exchange, signature_state(machine, voucher.key)
        result.outcome = Outcome.APPROVED if result.signature is Signed.UPLOADED else exchange.outcome
    result.sentence = result.sentence or _next_step(voucher, result.signature)
    return result


def _next_step(voucher: Voucher, signed: Signed | None) -> str:
    """Return what was done with a signature, and what comes next."""
    receipt = voucher.receipt
    which = f"the signature of STAN {receipt.stan} ({decimal_amount(receipt.amount_minor, receipt.exponent)})"
    if signed is Signed.KEPT:
        return f"{which} is kept; it goes to the host after the next transaction, or with 'acquirer terminal upload'"
    if signed is Signed.FAILED:
        return f"{which} did not reach the host and is kept; 'acquirer terminal upload' tries again"
    return f"{which} is with the host; nothing more is to do" if signed is Signed.UPLOADED else ""


def keep_signature(machine: Machine, voucher: Voucher, pad: Pad, result: Result) -> Program[None]:
    """Keep the signature of this voucher; `result.signature` and its sentence say how that ended."""
    from acquirer.terminal.signature_pad import EmptyPadError, PadError, signed  # compression: only signing needs it

    signing = machine.setup.terminal_profile.signature
    others = tuple(one for one in machine.state.waiting if one.key != voucher.key)
    if signing is not None and len(others) >= signing.keeps:
        if not machine.setup.copies:  # otherwise its printer prints it with a place for a pen
            yield Print(for_paper(voucher))
        result.signature = Signed.PAPER
        result.sentence = (
            f"to be signed on paper: of signatures that wait for their upload, no more than {signing.keeps} are kept"
        )
        return
    try:
        drawn = signed(machine.setup, voucher, pad)
    except EmptyPadError as empty:
        result.signature, result.sentence = Signed.UNSIGNED, str(empty)
        return
    except PadError as error:
        result.signature, result.sentence = Signed.AGAIN, str(error)
        return
    last = machine.state.voucher
    newest = drawn if last and last.key == drawn.key else last
    yield from machine.keep(voucher=newest, waiting=(*others, drawn))
    result.signature = Signed.KEPT


def _find(machine: Machine, again: Again) -> Voucher | None:
    state = machine.state
    known: Iterable[Voucher] = (state.voucher, *state.waiting) if state.voucher else state.waiting
    wanted = (one for one in known if again.stan in ("", one.receipt.stan) and again.batch in ("", one.receipt.batch))
    return next(wanted, None)
