"""What is odd about a message that is answered all the same: noted, because a terminal's developer should know.

A transaction without oddities costs a few look-ups; all else is done only once something is odd.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host
from acquirer.host.kinds import TransactionKind
from acquirer.host.request import Request
from acquirer.host.text import named, place
from acquirer.host.value_notes import (
    AMOUNT_LEAST,
    amount_notes,
    entry_mode_notes,
    envelope_notes,
    pin_data_notes,
)
from acquirer.inspect.filling import other_side
from acquirer.wire.card_numbers import passes_luhn
from acquirer.wire.grammar import Part
from acquirer.wire.message import Message, Value

_FIRST_SEQUENCES = frozenset({"", *(f"{number:03}" for number in range(10))})
"""Sequence numbers of cards: hardly any bank issues more than ten cards of one number."""


def field_notes(host: Host, request: Request, kind: TransactionKind, pan: str, mode: str) -> tuple[str, ...]:
    """Return notes about fields of a new transaction whose values are hardly what the terminal meant.

    Args:
        kind: of the transaction.
        mode: its element `entry_mode`.
    """
    message = request.message
    if is_plain(host, message.fields, message.raw, pan, mode, request.amount_minor or 0):
        return ()
    return tuple(_notes(host, request, kind, pan, mode))


def is_plain(host: Host, fields: Mapping[int, Value], raw: bytes, pan: str, mode: str, amount_minor: int) -> bool:
    """Return whether nothing is odd about a transaction.

    Args:
        raw: its frame.
        mode: its element `entry_mode`.
    """
    return (
        (mode in host.entry_modes or not host.entry_modes)
        and pan[:1] != "0"
        and (host.pin_block_de in fields) == (mode in host.pin_entry_modes)
        and (mode not in host.stripe_modes or not host.track_des.isdisjoint(fields))
        and (mode not in host.chip_modes or host.chip_data_de in fields)
        and host.code_de not in fields
        and (host.sequence_de not in fields or fields[host.sequence_de] in _FIRST_SEQUENCES)
        and (host.function_de not in fields or len(fields[host.function_de]) >= host.function_stop)
        and amount_minor < AMOUNT_LEAST
        and (host.pin_block_de in fields or host.pin_data_des.isdisjoint(fields))
        and raw.startswith(host.tpdu_first)
        and raw.startswith(host.head_first, host.tpdu_bytes)
    )


def _notes(host: Host, request: Request, kind: TransactionKind, pan: str, mode: str) -> Iterator[str]:
    dialect, message = host.dialect, request.message
    if mode not in host.entry_modes and (note := _moved(dialect, request, "entry_mode", host.entry_modes)):
        yield note
    if host.read.card_sequence(message.fields) not in _FIRST_SEQUENCES and (
        note := _moved(dialect, request, "card_sequence", _FIRST_SEQUENCES)
    ):
        yield note
    track = dialect.elements.get("track2")
    if pan[:1] == "0" and passes_luhn(pan[1:]) and track is not None and track.de in message.fields:
        yield (
            f"filled: DE {track.de} looks filled on the left: its card number begins with 0, and is right without it; "
            "fill it on the right"
        )
    elif pan[:1] == "0":
        yield (
            f"leading-zeros: the card number in {place(dialect, 'pan')} begins with 0, and no card's does; send its "
            "digits alone: the length says how many they are"
        )
    if kind.chip_data and mode in host.chip_modes and host.chip_data_de not in message.fields:
        yield (
            f"no-chip-data: {place(dialect, 'entry_mode')} {mode} says that a chip was read, and "
            f"DE {host.chip_data_de} (chip data) is missing; send it, or the entry mode of a card that was "
            "read otherwise"
        )
    yield from code_notes(host, request)
    if (request.amount_minor or 0) >= AMOUNT_LEAST:
        yield from amount_notes(host, request)
    if mode not in host.entry_modes and host.entry_modes:
        yield from entry_mode_notes(host, request, mode)
    if host.pin_block_de not in message.fields and mode not in host.pin_entry_modes:
        yield from pin_data_notes(host, request)
    yield from envelope_notes(dialect, message.raw)
    if mode in host.stripe_modes and host.track_des.isdisjoint(message.fields):
        yield (
            f"no-track: {place(dialect, 'entry_mode')} {mode} says that the stripe was read, and no track came; send "
            f"{place(dialect, 'track2')}, or the entry mode of a card that was keyed in"
        )
    if mode in host.pin_entry_modes and host.pin_block_de not in message.fields:
        yield (
            f"no-pin-block: {place(dialect, 'entry_mode')} {mode} says that a PIN was entered, and "
            f"DE {host.pin_block_de} (PIN block) is missing; send DE {host.pin_block_de}, or say that there is no PIN"
        )
    if mode in host.entry_modes - host.pin_entry_modes and host.pin_block_de in message.fields:
        yield (
            f"pin-block: DE {host.pin_block_de} (PIN block) came, and {place(dialect, 'entry_mode')} {mode} says that "
            f"no PIN was entered; send {_with_pin(host, mode)} in {place(dialect, 'entry_mode')}"
        )
    if (at := dialect.elements.get("function")) and not host.read.function(message.fields):
        value = message.fields.get(at.de)
        if value is not None and at.stop is not None and len(value) < at.stop:
            yield (
                f"short-field: DE {at.de} has {plural(len(value), 'digit')}, and "
                f"{place(dialect, 'function')} is missing; "
                f"send {at.stop} digits, with 000 as the function if there is none"
            )


def code_notes(host: Host, request: Request) -> tuple[str, ...]:
    """Return a note about a response code in a request: reversals alone have something in its place."""
    if host.code_de not in request.message.fields:
        return ()
    reversals = [route.mti for route in host.dialect.routes if route.service == "reversal" and route.served]
    instead = f"; if it is a reversal, send it as {reversals[0]}" if reversals else ""
    return (
        f"code-in-request: DE {host.code_de} stands in a {request.message.mti}, and this message has none: leave it "
        f"out{instead}",
    )


def _with_pin(host: Host, mode: str) -> str:
    """Return the entry mode that says the same and that a PIN was entered."""
    return next((one for one in sorted(host.pin_entry_modes) if one[:-1] == mode[:-1]), "another")


def _moved(dialect: Dialect, request: Request, element: str, usual: frozenset[str]) -> str:
    """Return a note about a field whose digits are usual ones once it is filled on the other side; else ""."""
    at = dialect.elements.get(element)
    if at is None or not at.whole:
        return ""
    spans = dialect.spans(request.message)
    other = other_side(dialect, request.message, at.de, spans)
    if other is None or (other not in usual and other[:2] not in {one[:2] for one in usual if one}):
        return ""
    start, stop = spans[at.de]
    here, there = ("left", "right") if dialect.fields[at.de].pad_left else ("right", "left")
    digits = f"0{other}" if here == "left" else f"{other}0"
    return (
        f"filled: DE {at.de} ({request.message.raw[start:stop].hex(' ').upper()}) looks filled on the {there}; "
        f"fill it on the {here}: {digits[:2]} {digits[2:]}"
    )


def serial_notes(dialect: Dialect, message: Message) -> tuple[str, ...]:
    """Return what is wrong with a serial number that says how long it is."""
    at = dialect.elements.get("serial")
    value = message.fields.get(at.de) if at is not None else None
    if at is None or value is None or not at.after:
        return ()
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    fixed, counted = (next((part for part in at.after if wanted(part)), None) for wanted in (_is_fixed, _counts))
    if fixed is None or counted is None:
        return ()
    where, form = f"serial: DE {at.de}", f"'{fixed.fixed}', two digits, and so many characters"
    if text[fixed.start : fixed.stop] != fixed.fixed:
        return (f"{where} does not begin with '{fixed.fixed}'; send {form}",)
    count, there = text[counted.start : counted.stop], len(text) - (counted.stop or 0)
    if not count.isdecimal() or there < 0:
        return (f"{where} has no number of characters behind '{fixed.fixed}'; send {form}",)
    if int(count) == there:
        return ()
    return (
        f"{where} says {count} behind '{fixed.fixed}', and "
        f"{plural(there, 'character follows', 'characters follow')}; "
        "count the characters of the serial number",
    )


_is_operator: Final = re.compile("[0-9]{2}[0-9 ]").fullmatch


def operator_notes(dialect: Dialect, operator: str) -> tuple[str, ...]:
    """Return what is odd about the number of an operator."""
    if _is_operator(operator):
        return ()
    where = f"DE {dialect.elements['operator'].de}"
    return (f"odd-operator: {where} is {named(operator)}, and an operator has two digits; send them, and a blank",)


def _is_fixed(part: Part) -> bool:
    return bool(part.fixed)


def _counts(part: Part) -> bool:
    return part.counts
