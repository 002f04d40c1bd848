"""Reversals: what a terminal does about a transaction whose outcome it does not know.

1. The reversal is the saved request without card data that must not be kept, with the reason: no answer, a wrong MAC, a
   malformed answer (Q/CUP 009, 冲正). What it undoes may be a sale, a void, or a refund that was a request.
2. It goes out at once on a new connection, then before the next transaction, and is kept until an answer ends it or it
   is given up by hand.
3. One by hand undoes a transaction whose outcome is known. The host may refuse it: then the transaction stands and
   nothing is owed. A refusal that decides nothing (96 and its like) leaves it owed: this try, or one before it whose
   answer was lost, may have undone the transaction.
4. A void that is undone lets its sale live again: it can be voided once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from acquirer.dialect.amounts import decimals_of
from acquirer.slip.receipt import decimal_amount
from acquirer.terminal.chip import packed
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import ANSWERED, Exchange, Outcome, Result
from acquirer.terminal.kept_transactions import Pending
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import SALE, noun_of
from acquirer.terminal.machine import Machine, demanded
from acquirer.terminal.order import Order
from acquirer.terminal.printing import slip_undone
from acquirer.terminal.request import ORIGINAL
from acquirer.terminal.sales import after_reversal, books_without
from acquirer.terminal.sign_on import fetch_keys, ready, wants_sign_on
from acquirer.terminal.undecided import is_undecided
from acquirer.wire.message import Value

NOTHING_LEFT: Final = "nothing is left to undo"

UNKNOWN: Final = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.MAC_DIFFERS: "mac_differs",
    Outcome.MALFORMED: "malformed",
}
"""Outcomes after which the host may have booked what must not be counted → the reversal's reason."""


@dataclass(frozen=True, slots=True)
class Undo:
    """A reversal by hand. With nothing given: the one that is owed, else the last approved transaction."""

    reason: str = ""  # "": as if no answer had come
    stan: str = ""  # of any sale; one that is not known here needs its amount
    batch: str = ""  # or another element that its STAN is unique within
    amount_minor: int | None = None


def outbox(
    machine: Machine, kind: Kind, order: Order, request: Mapping[int, Value], tags: Mapping[str, bytes]
) -> Pending:
    """Return the reversal of a transaction that is about to be sent: it must be durable before that."""
    dialect, profile = machine.setup.dialect, machine.setup.terminal_profile
    borrowed = {
        dialect.elements[name].de for name in kind.repeats if name in dialect.elements
    }  # of another transaction
    left_out = profile.reversal.leaves_out | borrowed | {dialect.mac_de(request)}
    fields = {de: value for de, value in request.items() if de not in left_out}
    if reduced := packed(tags, profile.reversal.icc):
        dialect.put(fields, "icc", reduced)
    return Pending(
        fields,
        stan=str(dialect.get_from(request, "stan") or ""),
        batch=str(dialect.get_from(request, dialect.numbering.within) or ""),
        amount_minor=order.amount_minor,
        card=order.card.masked,
        reason=profile.reversal.no_answer,
        service=kind.service,
        mti=dialect.find_route(kind.service).mti,
        original=order.original,
    )


def undo_unanswered(machine: Machine, exchange: Exchange, result: Result) -> Program[None]:
    """Reverse at once, with the reason that the exchange gives and the authorisation code that its reply may have."""
    setup, pending = machine.setup, machine.state.pending
    assert pending is not None
    fields = dict(pending.fields)
    if exchange.reply is not None and (auth_id := setup.dialect.get(exchange.reply, "auth_id")):
        setup.dialect.put(fields, "auth_id", auth_id)
    reason: str = getattr(setup.terminal_profile.reversal, UNKNOWN[exchange.outcome])
    yield from machine.keep(pending=replace(pending, fields=fields, reason=reason))
    yield Ended(exchange)
    yield from try_reversal(machine)
    still = machine.state.pending
    result.reversal, result.sentence = ("owed", owed(machine, still)) if still else ("done", "")


def clear_pending(machine: Machine, kind: Kind, drop: bool) -> Program[Result | None]:
    """Send the reversal that is owed before a new transaction; returns the refusal of that one if it stays owed."""
    pending = machine.state.pending
    if pending is None:
        return None
    if drop:
        yield from machine.keep(pending=None)
        return None
    most = machine.setup.tries
    exchange = (yield from try_reversal(machine)) if pending.tries < most else None
    still = machine.state.pending
    if still is None:
        return None
    hint = "" if still.tries < most else ", --drop-reversal gives it up"
    sentence = f"{kind.not_done}: {owed(machine, still)}{hint}"
    return Result(kind.service, Outcome.REFUSED, exchange, sentence, reversal="owed")


def try_reversal(machine: Machine) -> Program[Exchange | None]:
    """Send the reversal that is owed once; twice when the host first wants a sign-on. None: it could not be sent.

    Whether it is still owed afterwards stands in the state.
    """
    if machine.keyless:
        signed = yield from ready(machine)
        if signed is not None and signed.outcome is not Outcome.APPROVED:
            return None
    exchange = yield from _try_once(machine)
    pending = machine.state.pending
    if pending and wants_sign_on(machine, exchange) and pending.tries < machine.setup.tries:
        signed = yield from fetch_keys(machine)
        if signed.outcome is Outcome.APPROVED:
            exchange = yield from _try_once(machine)
    still = machine.state.pending
    decided = not wants_sign_on(machine, exchange) and not is_undecided(machine, exchange)
    refused = exchange.outcome is Outcome.DECLINED and decided
    if still and still.by_hand and refused:
        yield from machine.keep(pending=None)
    return exchange


def reverse(machine: Machine, undo: Undo) -> Program[Result]:
    """Reverse by hand: what is owed, however often it was tried; else what `undo` names; else the last one.

    Raises:
        EncodeError: `undo` holds what no message can; nothing is owed for it.
    """
    pending = machine.state.pending
    if not undo.stan and (undo.batch or undo.amount_minor is not None):
        return _refused("not sent: a batch and an amount go with --stan")
    if pending and undo.stan and undo.stan != pending.stan:
        return _refused(f"not sent: {owed(machine, pending)}")
    if pending is None and (settlement := machine.state.batch_books.settlement) is not None:
        sentence = f"not sent: the settlement of batch {settlement.batch} is not finished"
        return _refused(f"{sentence}: 'settle' goes on with it")
    chosen = pending or (_named(machine, undo) if undo.stan else machine.state.last)
    if chosen is None:
        return _refused(_nothing(machine, undo))
    chosen = replace(chosen, by_hand=chosen.by_hand or pending is None, reason=undo.reason or chosen.reason)
    machine.frame(machine.setup.dialect.find_route("reversal"), _fields(machine, chosen))
    yield from machine.keep(pending=chosen)
    exchange = yield from try_reversal(machine)
    if pending is None and (exchange is None or exchange.outcome is Outcome.NOT_SENT):
        yield from machine.keep(pending=None)  # both sides still agree on the transaction, so nothing is owed
    still = machine.state.pending
    if exchange is None:
        return replace(_refused("not sent: the sign-on before it failed"), reversal="owed" if still else "")
    if still is not None:
        return Result("reversal", exchange.outcome, exchange, owed(machine, still), "owed")
    if exchange.outcome not in ANSWERED:
        return Result("reversal", exchange.outcome, exchange)
    if exchange.code not in machine.setup.terminal_profile.reversal.done:
        stands = f"the {noun_of(chosen.service)} stands: the host refused to undo it"
        return Result("reversal", exchange.outcome, exchange, stands)
    why = _not_undone(machine, exchange) if exchange.outcome is Outcome.DECLINED else ""
    return Result("reversal", exchange.outcome, exchange, "" if why == NOTHING_LEFT else why, "done")


def _not_undone(machine: Machine, exchange: Exchange) -> str:
    """Return why a reversal has ended that undid nothing."""
    if exchange.code == machine.setup.dialect.code_of("original_unknown", machine.setup.dialect.find_route("reversal")):
        return NOTHING_LEFT  # the host has never seen it
    answer = f"{exchange.code} {exchange.meaning.en}".strip()
    return f"the host undid nothing ({answer}): what it has under this number is another transaction, and stands"


def owed(machine: Machine, pending: Pending) -> str:
    """Return a sentence about a reversal that is kept."""
    most = machine.setup.tries
    batch = f" in batch {pending.batch}" if machine.setup.dialect.numbering.within == "batch" else ""
    amount = decimal_amount(pending.amount_minor, decimals_of(machine.setup.dialect))
    which = f"the reversal of STAN {pending.stan}{batch} ({amount})"
    if pending.tries < most:
        return f"{which} is owed, {pending.tries} of {most} tries made; it goes out before the next sale"
    return f"{which} got no answer that ends it in {pending.tries} tries and is kept; 'reverse' tries it again"


def _refused(sentence: str) -> Result:
    return Result("reversal", Outcome.REFUSED, sentence=sentence)


def _try_once(machine: Machine) -> Program[Exchange]:
    """Send it once. The try is counted before, so that a crash cannot make it endless."""
    pending = machine.state.pending
    assert pending is not None
    profile, dialect = machine.setup.terminal_profile, machine.setup.dialect
    yield from machine.keep(pending=replace(pending, tries=pending.tries + 1))
    route = dialect.find_route("reversal")
    stan = "" if dialect.numbering.original_stan == "stan" else (yield from machine.count())
    fields = _fields(machine, pending, stan)
    amount = decimal_amount(pending.amount_minor, decimals_of(dialect))
    about = tuple(filter(None, (amount, pending.card, f"reason {pending.reason}")))
    exchange = yield from machine.talk(route, fields, about, fresh=True)
    if exchange.outcome in ANSWERED and exchange.code in profile.reversal.done:
        undone = exchange.outcome is Outcome.APPROVED
        yield from machine.keep(**_ended(machine, pending, undone))
        exchange.note(f"the {noun_of(pending.service)} is undone" if undone else _not_undone(machine, exchange))
    elif exchange.outcome is Outcome.NOT_SENT:
        yield from machine.keep(pending=pending)
    elif exchange.outcome is Outcome.DECLINED:
        yield from machine.keep(pending=replace(pending, tries=pending.tries + 1, reason=profile.reversal.refused))
    yield Ended(exchange)
    return exchange


def _ended(machine: Machine, pending: Pending, undone: bool) -> dict[str, Any]:
    """Return what changes in the state once a reversal is over; `undone`: the host has undone the transaction."""
    state = machine.state
    last = None if state.last and state.last.stan == pending.stan else state.last
    if not undone:
        return {"pending": None, "last": last}
    books = {"sales": after_reversal(state, pending), "batch_books": books_without(state, pending)}
    return {"pending": None, "last": last} | books | slip_undone(state, pending.batch, pending.stan)


def _fields(machine: Machine, pending: Pending, stan: str = "") -> dict[int, Value]:
    """Return the reversal as it goes out; it has its own STAN and time where it names the other's by other elements."""
    dialect, setup = machine.setup.dialect, machine.setup
    undone, route = pending.fields, dialect.find_route("reversal")
    must = demanded(route)
    values: dict[str, Value] = {name: allowed[0] for name, allowed in route.when.items()}
    values |= {name: value for name, value in dialect.constants.items() if name in must}
    values["reversal_reason"] = pending.reason
    for name in must - dialect.constants.keys():
        repeated = dialect.get_from(undone, name.removeprefix(ORIGINAL)) if name.startswith(ORIGINAL) else None
        if repeated:
            values[name] = repeated
    if ORIGINAL + "mti" in must:
        values[ORIGINAL + "mti"] = pending.mti or dialect.find_route(pending.service).mti
    if dialect.numbering.original_stan != "stan":
        values |= {"stan": stan or machine.state.next_stan().stan}
        values |= {name: value for name, value in setup.clock().items() if name in must and name == "sent"}
    fields = dict(undone)
    for element, value in values.items():
        if value and element in dialect.elements:
            dialect.put(fields, element, value)
    return fields


def _nothing(machine: Machine, undo: Undo) -> str:
    """Return why there is nothing to reverse, and what to give."""
    if not undo.stan:
        return "there is no sale to reverse; name one with --stan and --amount"
    within = machine.setup.dialect.numbering.within
    if within and not (batch := _batch(machine, undo)):
        return f"STAN {undo.stan} is not the last sale's: give its '{within}' with --batch, as it was sent"
    where = f" in batch {batch}" if within == "batch" else ""
    return f"the amount of STAN {undo.stan}{where} is not known here: give it with --amount"


def _batch(machine: Machine, undo: Undo) -> str:
    """Return what the STAN of a named transaction is unique within; "" when that is not known here."""
    if undo.batch or machine.setup.dialect.numbering.within == "batch":
        return undo.batch or machine.state.batch
    last = machine.state.last
    return last.batch if last and last.stan == undo.stan else ""


def _named(machine: Machine, undo: Undo) -> Pending | None:
    """Return the transaction of this STAN: the last one, or a sale made up from it; None: at an unknown amount."""
    dialect, last = machine.setup.dialect, machine.state.last
    within = dialect.numbering.within
    batch, amount = _batch(machine, undo), undo.amount_minor
    if within and not batch:
        return None
    if last and (last.stan, last.batch) == (undo.stan, batch) and amount in (None, last.amount_minor):
        return last
    if amount is None:
        return None
    profile = machine.setup.terminal_profile  # no more is known of how the card was read than the plainest way
    plainest = profile.entries.get("manual") or next(iter(profile.entries.values()), None)
    values: dict[str, Value] = {
        "stan": undo.stan,
        "amount": f"{amount:012d}",
        "entry_mode": profile.entry_mode(plainest, pin=False) if plainest else "",
        "currency": dialect.constants.get("currency", ""),
        "read_capability": profile.read_capability,
    }
    like = last if last and last.service == SALE.service else None
    fields = dict(like.fields) if like else machine.fields(dialect.find_route(SALE.service), values)
    for element, value in (("stan", undo.stan), ("amount", f"{amount:012d}"), (within, batch)):
        if value and element in dialect.elements:
            dialect.put(fields, element, value)
    card = like.card if like else ""
    return Pending(fields, undo.stan, batch, amount, card, profile.reversal.no_answer)
