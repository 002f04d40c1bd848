"""The fields of a transaction's request: amount, card, chip data, PIN block and track under the working keys, and the
elements that name the sale it is tied to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.dialect.dialect import Dialect, Route
from acquirer.dialect.terminal_profile import EntryMode, SecurityControl
from acquirer.security.working import WorkingKeys
from acquirer.terminal.card import CardData
from acquirer.terminal.chip import Moment, icc_data, packed, with_cryptogram
from acquirer.terminal.kept_transactions import Original
from acquirer.terminal.kind import Kind
from acquirer.terminal.kinds import noun_of
from acquirer.terminal.machine import Machine, Setup, demanded
from acquirer.terminal.order import Order, OrderError
from acquirer.wire.message import Value

ORIGINAL = "original_"
"""Prefix of elements that repeat one of another transaction: ``original_stan``, ``original_sent`` (DE 90, DE 56) …"""

NUMBERS: Final = {"rrn": ("reference number", "rrn"), "auth_id": ("authorisation code", "auth-id")}
"""Numbers that a slip shows: what they are called, and the option that gives them."""


def chip_data(setup: Setup, kind: Kind, order: Order, entry: EntryMode, route: Route, stan: str) -> Mapping[str, bytes]:
    """Return the tags of the chip's data for a request; none where the chip is not asked for a cryptogram."""
    if "icc" not in entry.carries or not kind.chip_data:
        return {}
    processing_code = next(iter(route.when.get("processing_code", ())), "00")
    date = f"{order.at:%y%m%d}"
    moment = Moment(order.amount_minor, processing_code, date, setup.tid, stan, bool(order.card.pin), setup.randbytes)
    profile = setup.terminal_profile
    tags = icc_data({**profile.icc, **profile.offline_icc} if kind.offline else profile.icc, moment)
    return with_cryptogram(tags, order.card)


def request_fields(
    machine: Machine, kind: Kind, order: Order, entry: EntryMode, route: Route, stan: str, tags: Mapping[str, bytes]
) -> dict[int, Value]:
    """Return the fields of a request.

    Raises:
        OrderError: a PIN without a key or without room, or a mandatory element of the original that is not known.
        ValueError: a value that its field cannot hold.
    """
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
        "stan": stan,
        "entry_mode": profile.entry_mode(entry, pin=bool(card.pin)),
        "currency": dialect.constants.get("currency", ""),
        "batch": machine.state.batch,
        "read_capability": profile.read_capability,
        "icc_condition": entry.icc_condition,
        **{name: carried[name] for name in entry.carries},
    }
    if kind.moves_money or "amount" in demanded(route):
        values["amount"] = f"{order.amount_minor:012d}"
    if kind.verb is not None:
        values |= _original(machine, kind, route, order.original or Original())
    if kind.offline:
        values.pop("track2", None)
    values |= order.details
    values |= _protected(machine, values, card)
    return machine.fields(route, values)


def _original(machine: Machine, kind: Kind, route: Route, original: Original) -> dict[str, Value]:
    """Return the elements that name the sale; what is not known of it is zeros, where the dialect has room for them."""
    dialect, must, sale = machine.setup.dialect, demanded(route), noun_of(kind.of[0])
    facts = {"rrn": original.rrn, "auth_id": original.auth_id}
    values: dict[str, Value] = {name: facts[name] for name in kind.repeats if facts[name]}
    by_voucher = bool(original.voucher) and "qr_voucher" in must
    if by_voucher:
        values["qr_voucher"] = dialect.forms.qr_voucher.write(original.voucher)
    for name in kind.repeats:
        if name in must and not facts[name] and not by_voucher:
            what, option = NUMBERS[name]
            raise OrderError(f"it names its {sale} by {what}: give --{option}, as the slip of the {sale} shows it")
    known = {
        "mti": original.mti or dialect.find_route(kind.of[0]).mti,
        "stan": original.stan,
        "date": original.date,
        "tid": original.tid or machine.setup.tid,
        dialect.numbering.within: original.within,
    }
    for name in must:
        if not name.startswith(ORIGINAL) or name in dialect.constants:
            continue
        fact = known.get(name.removeprefix(ORIGINAL), "")
        if name == "original_date" and not fact and not by_voucher:
            raise OrderError(f"it names its {sale} by date too: give --date MMDD, as the slip of the {sale} shows it")
        values[name] = fact or _zeros(dialect, name)
    return values


def _zeros(dialect: Dialect, element: str) -> str:
    at = dialect.elements[element]
    size = at.stop - at.start if at.stop is not None else dialect.fields[at.de].maximum
    return "0" * size


def _track(dialect: Dialect, track2: str) -> str:
    """Return a track as this dialect writes it: text has an equals sign where half bytes have a D (ISO/IEC 7813)."""
    at = dialect.elements.get("track2")
    return track2 if at is None or dialect.fields[at.de].nibbles else track2.replace("D", "=")


def _key_remedy(dialect: Dialect) -> str:
    """Return what to do about a PIN without a key."""
    if dialect.security.packages:
        return "sign on first"
    return f"{dialect.name} hands out no keys; leave the PIN away, or use a dialect that does (docs/dialects.md)"


def _protected(machine: Machine, values: Mapping[str, Value], card: CardData) -> dict[str, Value]:
    """Return PIN block and track under the working keys, and element `security_control` that says how."""
    setup, keys = machine.setup, machine.keys
    control, track = setup.terminal_profile.security_control, values.get("track2")
    if not card.pin and not track:
        return {}
    if keys is None:
        if card.pin:
            raise OrderError(f"a PIN needs a key, and this terminal has been given none: {_key_remedy(setup.dialect)}")
        return {}
    sealed = bool(track) and keys.tdk is not None and setup.suite.track_method is not None
    digits = "" if control is None else _control(control, keys, pin=bool(card.pin), sealed=sealed)
    protected: dict[str, Value] = {"security_control": digits}
    if card.pin:
        protected["pin_capture"] = setup.terminal_profile.pin_capture
        protected["pin_block"] = _pin_block(setup, keys, card, digits)
    if sealed:
        protected["track2"] = setup.suite.seal_track(keys, str(track))
    return protected


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
    maximum = setup.dialect.fields[de].maximum
    if len(block) > maximum:  # where UnionPay terminals put an SM4 block is not public
        raise OrderError(
            f"a PIN block under {keys.pik.cipher.upper()} has {len(block)} bytes and DE {de} holds {maximum}; "
            "send none, or ask for another key package"
        )
    return block
