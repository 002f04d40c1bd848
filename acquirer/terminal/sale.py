"""A sale, and everything a terminal does around it by itself.

Before: the reversal it still owes, a sign-on if there was none. Then the outbox is made durable, and only then the sale
is sent. After: what came decides whether the sale is forgotten (approved, declined) or reversed at once (no answer, a
wrong MAC, a malformed answer), and whether to sign on again; then the cardholder signs, and earlier signatures go up. A
sale is never sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.terminal_profile import EntryMode, SecurityControl
from acquirer.security.working import WorkingKeys
from acquirer.slip.receipt import money
from acquirer.terminal.card import CardData
from acquirer.terminal.chip import Moment, icc_data, packed
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import ANSWERED, Exchange, Outcome, Result, Signed
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.printing import receipt
from acquirer.terminal.rendering import said
from acquirer.terminal.reversal import outbox, owed, settle
from acquirer.terminal.sign_on import as_told, ready
from acquirer.terminal.signature import draw
from acquirer.terminal.signature_pad import Pad
from acquirer.terminal.upload import became, upload_due
from acquirer.terminal.upload_values import vouch
from acquirer.wire.message import Value

MOST_MINOR = 999_999_999_999  # twelve digits: what element `amount` holds


class OrderError(ValueError):
    """A sale that this terminal cannot make: what is wrong with it and what to give instead."""


@dataclass(frozen=True, slots=True)
class Order:
    """A sale to make."""

    amount_minor: int
    card: CardData
    at: datetime  # the terminal's own clock, for the chip's data and the receipt's year
    entry: str = "chip"  # a name of `profile.entries`
    drop_reversal: bool = False  # give up the reversal that is owed, if there is one
    pad: Pad | None = None  # what the cardholder draws when the sale is approved; None: nobody asks him


def sale(machine: Machine, order: Order) -> Program[Result]:
    """Sell.

    Raises:
        OrderError: the sale cannot be made, and nothing was sent.
    """
    entry = _check(machine.setup, order)
    route = machine.setup.dialect.find_route("sale")
    if refused := (yield from _clear(machine, order)):
        return refused
    signed = yield from ready(machine)
    if signed is not None and signed.outcome is not Outcome.APPROVED:
        return Result("sale", signed.outcome, signed, f"not sold: the sign-on before it failed: {said(signed)}")
    stan = machine.state.next_stan().stan
    try:
        yield from machine.derive()
        tags = _tags(machine.setup, order, entry, stan)
        fields = _request(machine, order, entry, stan, tags)
        machine.frame(route, fields)  # what cannot be sent must not get into the outbox
    except ValueError as wrong:
        raise OrderError(f"not sold: {wrong}") from None
    owing = outbox(machine, fields, tags, stan, order.amount_minor, order.card.masked)
    yield from machine.keep(stan=stan, pending=owing)
    about = (money(order.amount_minor), order.card.masked)
    exchange = yield from machine.talk(route, fields, about)
    result = Result("sale", exchange.outcome, exchange)
    if exchange.outcome in _UNKNOWN:
        yield from _undo(machine, exchange, result)
        return result
    if exchange.outcome is Outcome.APPROVED:
        result.receipt = receipt(
            machine.setup, exchange, entry, order.entry, order.card, order.amount_minor, order.at, tags
        )
        sold = vouch(machine.setup, exchange, order.card, result.receipt, tags)
        yield from machine.keep(pending=None, last=owing, voucher=sold)
    else:
        yield from machine.keep(pending=None)
    yield Ended(exchange)
    yield from as_told(machine, exchange)
    if exchange.outcome in ANSWERED:
        yield from _signatures(machine, order, result)
    return result


def _signatures(machine: Machine, order: Order, result: Result) -> Program[None]:
    """The end of a transaction: the cardholder signs it, and the signatures of earlier ones go up."""
    newest = None
    if result.outcome is Outcome.APPROVED and order.pad and machine.state.voucher:
        newest = machine.state.voucher.key
        yield from draw(machine, machine.state.voucher, order.pad, result)
    yield from upload_due(machine, newest)
    if newest and result.signature is Signed.KEPT:
        result.signature = became(machine, newest)


_UNKNOWN = {
    Outcome.NO_ANSWER: "no_answer",
    Outcome.MAC_DIFFERS: "mac_differs",
    Outcome.MALFORMED: "malformed",
}
"""Outcomes after which the host may have booked what we must not count → the reversal's reason."""


def _undo(machine: Machine, exchange: Exchange, result: Result) -> Program[None]:
    """Reverse at once, with the reason that the exchange gives and whatever the answer told."""
    setup, pending = machine.setup, machine.state.pending
    assert pending is not None
    fields = dict(pending.fields)
    if exchange.reply is not None and (auth_id := setup.dialect.get(exchange.reply, "auth_id")):
        setup.dialect.put(fields, "auth_id", auth_id)
    reason: str = getattr(setup.terminal_profile.reversal, _UNKNOWN[exchange.outcome])
    yield from machine.keep(pending=replace(pending, fields=fields, reason=reason))
    yield Ended(exchange)
    yield from settle(machine)
    still = machine.state.pending
    result.reversal = "owed" if still else "done"
    result.sentence = owed(machine, still) if still else ""


def _clear(machine: Machine, order: Order) -> Program[Result | None]:
    """Settle the reversal that is owed, or refuse the sale."""
    pending = machine.state.pending
    if pending is None:
        return None
    if order.drop_reversal:
        yield from machine.keep(pending=None)
        return None
    exchange: Exchange | None = None
    if pending.tries < machine.setup.terminal_profile.reversal.tries:
        exchange = yield from settle(machine)
    still = machine.state.pending
    if still is None:
        return None
    hint = "" if still.tries < machine.setup.terminal_profile.reversal.tries else ", --drop-reversal gives it up"
    return Result("sale", Outcome.REFUSED, exchange, f"not sold: {owed(machine, still)}{hint}", "owed")


def _check(setup: Setup, order: Order) -> EntryMode:
    entries = setup.terminal_profile.entries
    entry = entries.get(order.entry)
    if entry is None:
        raise OrderError(f"there is no entry '{order.entry}'; known: {', '.join(entries)}")
    if not 0 <= order.amount_minor <= MOST_MINOR:
        raise OrderError(f"an amount is between 0.00 and {money(MOST_MINOR)}")
    if "track2" in entry.carries and "pan" not in entry.carries and not order.card.track2:
        raise OrderError(f"an entry by {order.entry} needs a track 2: give --track2, or --expiry beside --pan")
    return entry


def _tags(setup: Setup, order: Order, entry: EntryMode, stan: str) -> Mapping[str, bytes]:
    if "icc" not in entry.carries:
        return {}
    route = setup.dialect.find_route("sale")
    processing_code = next(iter(route.when.get("processing_code", ())), "00")
    date = f"{order.at:%y%m%d}"
    moment = Moment(order.amount_minor, processing_code, date, setup.tid, stan, bool(order.card.pin), setup.randbytes)
    return icc_data(setup.terminal_profile.icc, moment)


def _request(
    machine: Machine, order: Order, entry: EntryMode, stan: str, tags: Mapping[str, bytes]
) -> dict[int, Value]:
    setup, card = machine.setup, order.card
    dialect, profile = setup.dialect, setup.terminal_profile
    carried: dict[str, Value] = {
        "pan": card.pan,
        "expiry": card.expiry,
        "card_sequence": card.sequence,
        "track2": _track(dialect, card.track2),
        "icc": packed(tags),
    }
    values: dict[str, Value] = {
        "amount": f"{order.amount_minor:012d}",
        "stan": stan,
        "entry_mode": profile.entry_mode(entry, pin=bool(card.pin)),
        "currency": dialect.constants.get("currency", ""),
        "batch": machine.state.batch,
        "read_capability": profile.read_capability,
        "icc_condition": entry.icc_condition,
        **{name: carried[name] for name in entry.carries},
    }
    values |= _protected(machine, values, card)
    return machine.fields(dialect.find_route("sale"), values)


def _track(dialect: Dialect, track2: str) -> str:
    """A track as this dialect writes it: text has an equals sign where half bytes have a D (ISO/IEC 7813)."""
    at = dialect.elements.get("track2")
    return track2 if at is None or dialect.fields[at.de].nibbles else track2.replace("D", "=")


def _protected(machine: Machine, values: Mapping[str, Value], card: CardData) -> dict[str, Value]:
    """PIN block and track under the working keys, and element `security_control` that says how."""
    setup, keys = machine.setup, machine.keys
    control, track = setup.terminal_profile.security_control, values.get("track2")
    if not card.pin and not track:
        return {}
    if keys is None:
        if card.pin:
            raise OrderError("a PIN needs a key, and this terminal has been given none")
        return {}
    sealed = bool(track) and keys.tdk is not None and setup.suite.track_method is not None
    said = "" if control is None else _control(control, keys, pin=bool(card.pin), sealed=sealed)
    made: dict[str, Value] = {"security_control": said}
    if card.pin:
        made["pin_capture"] = setup.terminal_profile.pin_capture
        made["pin_block"] = _pin_block(setup, keys, card, said)
    if sealed:
        made["track2"] = setup.suite.seal_track(keys, str(track))
    return made


def _control(control: SecurityControl, keys: WorkingKeys, *, pin: bool, sealed: bool) -> str:
    digits = (
        control.pin_block if pin else control.no_pin,
        control.ciphers[keys.pik.cipher],
        control.track_encrypted if sealed else control.track_clear,
    )
    return "".join(digits).ljust(16, "0")


def _pin_block(setup: Setup, keys: WorkingKeys, card: CardData, control: str) -> bytes:
    block = setup.suite.seal_pin(keys, card.pin, card.pan, control, setup.randbytes)
    de = setup.dialect.elements["pin_block"].de
    room = setup.dialect.fields[de].maximum
    if len(block) > room:  # where UnionPay terminals put an SM4 block is known of none in public
        raise OrderError(
            f"a PIN block under {keys.pik.cipher.upper()} has {len(block)} bytes and DE {de} holds {room}; "
            "sell without a PIN, or ask for another key package"
        )
    return block
