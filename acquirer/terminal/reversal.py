"""Reversals: what a terminal does about a sale whose outcome it does not know.

The reversal is the saved sale without card data that must not be kept, with the reason: no answer, a wrong MAC, a
malformed answer (Q/CUP 009, 冲正). It goes out at once on a new connection, then before the next sale, and is kept
until an answer ends it or somebody gives it up.

One by hand undoes a sale whose outcome is known. The host may refuse it: then the sale stands and nothing is owed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from acquirer.dialect.terminal_profile import TerminalProfile
from acquirer.slip.receipt import money
from acquirer.terminal.chip import packed
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import ANSWERED, Exchange, Outcome, Result
from acquirer.terminal.machine import Machine, demanded
from acquirer.terminal.sign_on import fetch_keys, ready
from acquirer.terminal.state import Pending
from acquirer.wire.message import Value

ORIGINAL = "original_"
"""How elements are called that repeat one of the sale: ``original_stan``, ``original_sent`` (DE 90, DE 56) …"""


@dataclass(frozen=True, slots=True)
class Undo:
    """A reversal by hand. With nothing given: the one that is owed, else the last approved sale."""

    reason: str = ""  # "": as if no answer had come
    stan: str = ""  # of any sale; one that is not known here needs its amount
    batch: str = ""  # or whatever else its STAN is unique within
    amount_minor: int | None = None


def outbox(
    machine: Machine, sale: Mapping[int, Value], tags: Mapping[str, bytes], stan: str, amount_minor: int, card: str
) -> Pending:
    """The reversal of a sale that is about to be sent: what must be durable before it leaves."""
    dialect, profile = machine.setup.dialect, machine.setup.terminal_profile
    fields = {de: value for de, value in sale.items() if de not in profile.reversal.leaves_out}
    fields.pop(dialect.mac_de(sale), None)
    if reduced := packed(tags, profile.reversal.icc):
        dialect.put(fields, "icc", reduced)
    within = str(dialect.get_from(sale, dialect.numbering.within) or "")
    return Pending(fields, stan, within, amount_minor, card, profile.reversal.no_answer)


def settle(machine: Machine) -> Program[Exchange | None]:
    """Try the reversal that is owed, once; twice when the host first wants a sign-on. None: it could not be tried.

    Whether it is still owed afterwards stands in the state.
    """
    if machine.keyless:
        signed = yield from ready(machine)
        if signed is not None and signed.outcome is not Outcome.APPROVED:
            return None
    exchange = yield from _once(machine)
    pending = machine.state.pending
    profile = machine.setup.terminal_profile
    again = machine.signs_on and exchange.code in profile.sign_on_again
    if pending and again and pending.tries < profile.reversal.tries:
        signed = yield from fetch_keys(machine)
        if signed.outcome is Outcome.APPROVED:
            exchange = yield from _once(machine)
    still = machine.state.pending
    if still and still.by_hand and exchange.outcome is Outcome.DECLINED:
        yield from machine.keep(pending=None)
    return exchange


def reverse(machine: Machine, undo: Undo) -> Program[Result]:
    """Reverse by hand: what is owed, whatever was tried before; else the sale that `undo` names; else the last one.

    Raises:
        EncodeError: `undo` holds what no message can; nothing is owed for it.
    """
    pending = machine.state.pending
    if not undo.stan and (undo.batch or undo.amount_minor is not None):
        return Result("reversal", Outcome.REFUSED, sentence="not sent: a batch and an amount go with --stan")
    if pending and undo.stan and undo.stan != pending.stan:
        return Result("reversal", Outcome.REFUSED, sentence=f"not sent: {owed(machine, pending)}")
    chosen = pending or (_named(machine, undo) if undo.stan else machine.state.last)
    if chosen is None:
        return Result("reversal", Outcome.REFUSED, sentence=_nothing(machine, undo))
    if pending is None:
        chosen = replace(chosen, by_hand=True)
    if undo.reason:
        chosen = replace(chosen, reason=undo.reason)
    machine.frame(machine.setup.dialect.find_route("reversal"), _fields(machine, chosen))
    yield from machine.keep(pending=chosen)
    exchange = yield from settle(machine)
    if pending is None and (exchange is None or exchange.outcome is Outcome.NOT_SENT):
        yield from machine.keep(pending=None)  # both sides still agree on the sale, so nothing is owed
    still = machine.state.pending
    if exchange is None:
        sentence = "not sent: the sign-on before it failed"
        return Result("reversal", Outcome.REFUSED, sentence=sentence, reversal="owed" if still else "")
    if (
        still is None
        and exchange.outcome in ANSWERED
        and exchange.code not in machine.setup.terminal_profile.reversal.done
    ):
        return Result("reversal", exchange.outcome, exchange, "the sale stands: the host refused to undo it")
    if still is None:
        return Result("reversal", exchange.outcome, exchange, reversal="done" if exchange.outcome in ANSWERED else "")
    return Result("reversal", exchange.outcome, exchange, owed(machine, still), "owed")


def owed(machine: Machine, pending: Pending) -> str:
    """A sentence about a reversal that is kept."""
    most = machine.setup.terminal_profile.reversal.tries
    batch = f" in batch {pending.batch}" if machine.setup.dialect.numbering.within == "batch" else ""
    sale = f"the reversal of STAN {pending.stan}{batch} ({money(pending.amount_minor)})"
    if pending.tries < most:
        return f"{sale} is owed, {pending.tries} of {most} tries made; it goes out before the next sale"
    return f"{sale} got no answer that ends it in {pending.tries} tries and is kept; 'reverse' tries it again"


def _once(machine: Machine) -> Program[Exchange]:
    """One try. It is counted before it is sent, so that a crash cannot make it endless."""
    pending = machine.state.pending
    assert pending is not None
    profile, dialect = machine.setup.terminal_profile, machine.setup.dialect
    yield from machine.keep(pending=replace(pending, tries=pending.tries + 1))
    route = dialect.find_route("reversal")
    stan = "" if dialect.numbering.original_stan == "stan" else (yield from machine.count())
    fields = _fields(machine, pending, stan)
    about = (money(pending.amount_minor), pending.card, f"reason {pending.reason}")
    exchange = yield from machine.talk(route, fields, about, fresh=True)
    if exchange.outcome in ANSWERED and exchange.code in profile.reversal.done:
        last = machine.state.last
        yield from machine.keep(pending=None, last=None if last and last.stan == pending.stan else last)
        exchange.note("the sale is undone" if exchange.outcome is Outcome.APPROVED else "nothing is left to undo")
    elif exchange.outcome is Outcome.NOT_SENT:
        yield from machine.keep(pending=pending)
    elif exchange.outcome is Outcome.DECLINED:
        yield from machine.keep(pending=replace(pending, tries=pending.tries + 1, reason=profile.reversal.refused))
    yield Ended(exchange)
    return exchange


def _fields(machine: Machine, pending: Pending, stan: str = "") -> dict[int, Value]:
    """The reversal as it goes out. Where it names its sale by other elements it has a STAN and a time of its own."""
    dialect, setup = machine.setup.dialect, machine.setup
    sale, route = pending.fields, dialect.find_route("reversal")
    must = demanded(route)
    told: dict[str, Value] = {name: allowed[0] for name, allowed in route.when.items()}
    told |= {name: value for name, value in dialect.constants.items() if name in must}
    told["reversal_reason"] = pending.reason
    for name in must:
        of_sale = dialect.get_from(sale, name.removeprefix(ORIGINAL)) if name.startswith(ORIGINAL) else None
        if of_sale:
            told[name] = of_sale
    if ORIGINAL + "mti" in must:
        told[ORIGINAL + "mti"] = dialect.find_route("sale").mti
    if dialect.numbering.original_stan != "stan":
        told |= {"stan": stan or machine.state.next_stan().stan}
        told |= {name: value for name, value in setup.clock().items() if name in must and name == "sent"}
    fields = dict(sale)
    for element, value in told.items():
        if value and element in dialect.elements:
            dialect.put(fields, element, value)
    return fields


def _nothing(machine: Machine, undo: Undo) -> str:
    """Why there is no sale to reverse, and what to give."""
    if not undo.stan:
        return "there is no sale to reverse; name one with --stan and --amount"
    within = machine.setup.dialect.numbering.within
    if within and not (batch := _batch(machine, undo)):
        return f"STAN {undo.stan} is not the last sale's: give its '{within}' with --batch, as it was sent"
    where = f" in batch {batch}" if within == "batch" else ""
    return f"the amount of STAN {undo.stan}{where} is not known here: give it with --amount"


def _batch(machine: Machine, undo: Undo) -> str:
    """What the STAN of a sale that a person names is unique within; "" when that is not known here."""
    if undo.batch or machine.setup.dialect.numbering.within == "batch":
        return undo.batch or machine.state.batch
    last = machine.state.last
    return last.batch if last and last.stan == undo.stan else ""


def _named(machine: Machine, undo: Undo) -> Pending | None:
    """The sale that a person names by its STAN, built from the last one or from nothing; None: at an unknown amount."""
    dialect, last = machine.setup.dialect, machine.state.last
    within = dialect.numbering.within
    batch, amount = _batch(machine, undo), undo.amount_minor
    if within and not batch:
        return None
    if last and (last.stan, last.batch) == (undo.stan, batch) and amount in (None, last.amount_minor):
        return last
    if amount is None:
        return None
    values: dict[str, Value] = {
        "stan": undo.stan,
        "amount": f"{amount:012d}",
        "entry_mode": _plainest(machine.setup.terminal_profile),
        "currency": dialect.constants.get("currency", ""),
        "read_capability": machine.setup.terminal_profile.read_capability,
    }
    fields = dict(last.fields) if last else machine.fields(dialect.find_route("sale"), values)
    for element, value in (("stan", undo.stan), ("amount", f"{amount:012d}"), (within, batch)):
        if value and element in dialect.elements:
            dialect.put(fields, element, value)
    card = last.card if last else ""
    return Pending(fields, undo.stan, batch, amount, card, machine.setup.terminal_profile.reversal.no_answer)


def _plainest(profile: TerminalProfile) -> str:
    """How a card was read of which nobody remembers more than its sale's number."""
    entry = profile.entries.get("manual") or next(iter(profile.entries.values()), None)
    return profile.entry_mode(entry, pin=False) if entry else ""
