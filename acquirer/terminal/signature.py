"""Signing a sale: what becomes of what a cardholder leaves on the pad, right after the sale or later.

It is kept before anything else happens, and replaces what was drawn before. Without a pad's picture, or when as many
signatures wait as a terminal keeps, the slip is signed on paper.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from acquirer.terminal.effects import Print, Program
from acquirer.terminal.exchange import Outcome, Result, Signed
from acquirer.terminal.machine import Machine
from acquirer.terminal.printing import for_paper
from acquirer.terminal.sign_on import as_told
from acquirer.terminal.signature_pad import EmptyPadError, Pad, PadError, signed
from acquirer.terminal.upload import became, send
from acquirer.terminal.voucher import Voucher


@dataclass(frozen=True, slots=True)
class Again:
    """A sale signed later, or signed again. With nothing given: the last approved one."""

    pad: Pad
    stan: str = ""
    batch: str = ""


def sign(machine: Machine, again: Again) -> Program[Result]:
    """Sign a sale whose voucher is still kept: the last one, or one whose signature waits for its upload."""
    voucher = _find(machine, again)
    if voucher is None:
        which = f"STAN {again.stan}" if again.stan else "a sale"
        return Result("signature", Outcome.REFUSED, sentence=f"nothing is kept of {which} that could be signed")
    if not voucher.values:
        return Result("signature", Outcome.REFUSED, sentence="what was kept of this sale is damaged; sign on paper")
    result = Result("signature", Outcome.DONE)
    yield from draw(machine, voucher, again.pad, result)
    if result.signature is not Signed.KEPT:
        result.outcome = Outcome.REFUSED if result.signature is not Signed.PAPER else Outcome.DONE
    elif machine.setup.upload_at_once:
        exchange = yield from send(machine, next(one for one in machine.state.waiting if one.key == voucher.key))
        assert exchange is not None
        yield from as_told(machine, exchange)
        result.exchange, result.signature = exchange, became(machine, voucher.key)
        result.outcome = Outcome.APPROVED if result.signature is Signed.UPLOADED else exchange.outcome
    return result


def draw(machine: Machine, voucher: Voucher, pad: Pad, result: Result) -> Program[None]:
    """Keep what was drawn for this voucher, and tell `result` what became of it."""
    signing = machine.setup.terminal_profile.signature
    others = tuple(one for one in machine.state.waiting if one.key != voucher.key)
    if signing is not None and len(others) >= signing.keeps:
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
    except PadError as wrong:
        result.signature, result.sentence = Signed.AGAIN, str(wrong)
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
