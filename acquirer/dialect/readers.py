"""Elements of requests, read fast: where each one travels is worked out once, when a dialect is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from acquirer.dialect.clock import day_and_time
from acquirer.dialect.dialect import Dialect, Route
from acquirer.wire.elements import has_form, read_element
from acquirer.wire.grammar import Locator
from acquirer.wire.masking import mask_card_numbers

ReadText = Callable[[Mapping[int, Any]], str]
"""Takes a message's fields; returns an element as text: binary as hexadecimal, absent (also in the dialect) as ""."""


@dataclass(frozen=True, slots=True)
class ElementReaders:
    """A reader for each element that decisions look at."""

    amount: ReadText
    auth_id: ReadText
    batch: ReadText
    card_entry: ReadText
    card_sequence: ReadText
    chip_detail: ReadText
    currency: ReadText
    date: ReadText
    detail_count: ReadText
    detail_records: ReadText
    entry_mode: ReadText
    expiry: ReadText
    function: ReadText
    holder: ReadText  # data of a cardholder who is not there
    icc_condition: ReadText
    instalments: ReadText
    mid: ReadText
    named_stan: ReadText  # of the transaction that a reversal names
    named_within: ReadText
    operator: ReadText
    original_date: ReadText  # MMDD of the transaction that a refund names
    original_stan: ReadText  # of the transaction that a void or refund names
    original_tid: ReadText  # the terminal of the sale that an electronic cash refund names
    original_within: ReadText
    pan: ReadText
    part_more: ReadText
    processing_code: ReadText
    reversal_reason: ReadText
    qr_code: ReadText
    qr_voucher: ReadText
    reservation: ReadText
    rrn: ReadText
    security_control: ReadText
    sent: ReadText  # universal time
    serial: ReadText
    settlement: ReadText
    settlement_date: ReadText
    stan: ReadText
    tid: ReadText
    time: ReadText
    tip: ReadText
    track2: ReadText
    track3: ReadText
    transaction_type: ReadText
    within: ReadText  # what STANs are unique within: a batch, or the time of a sale

    @classmethod
    def of(cls, dialect: Dialect) -> ElementReaders:
        """Return the readers for one dialect; month and day, and the time of day, are found where it carries them."""
        numbering = dialect.numbering
        day, time = day_and_time(dialect)
        readers = {element.name: reader(dialect, element.name) for element in fields(cls)}
        readers |= {
            "date": _reader_at(dialect, day),
            "time": _reader_at(dialect, time),
            "within": reader(dialect, numbering.within),
            "serial": _serial(dialect),
            "original_within": reader(dialect, f"original_{numbering.within}"),
            "named_stan": reader(dialect, numbering.original_stan),
            "named_within": reader(dialect, numbering.original_within),
        }
        return cls(**readers)


def reader(dialect: Dialect, element: str) -> ReadText:
    """Return how to read one element of a dialect's messages."""
    return _reader_at(dialect, dialect.elements.get(element))


def _reader_at(dialect: Dialect, place: Locator | None) -> ReadText:
    if place is None:
        return lambda _fields: ""
    if dialect.fields[place.de].kind == "b" or place.after:
        return _as_text(place)
    return _whole(place.de) if place.whole else _part(place.de, place.start, place.stop)


def _serial(dialect: Dialect) -> ReadText:
    """Return how to read a serial number, in which a card number is masked; without the form of one it is free text."""
    place = dialect.elements.get("serial")
    read_whole = _reader_at(dialect, place and replace(place, after=()))
    if place is None or not place.after:
        return lambda request_fields: mask_card_numbers(read_whole(request_fields))
    after, start = place.after, place.after[-1].stop

    def serial(request_fields: Mapping[int, Any]) -> str:
        if place.de not in request_fields:
            return ""
        text = read_whole(request_fields)
        return mask_card_numbers(text[start:], issued=True) if has_form(text, after) else mask_card_numbers(text)

    return serial


class Mandatory:
    """What a route's messages must carry. `complete` says whether they do; `Dialect.missing` returns what lacks."""

    __slots__ = ("_others", "des", "elements")

    def __init__(self, dialect: Dialect, route: Route) -> None:
        fixed: set[int] = set()
        named: list[tuple[str, ...]] = []
        others: list[tuple[ReadText, ...]] = []
        for entry in route.mandatory:
            names = entry.split(" or ")
            place = dialect.elements[names[0]]
            if len(names) == 1 and place.whole and not dialect.fields[place.de].length_bytes:
                fixed.add(place.de)  # of a fixed size, so it is never empty
            else:
                named.append(tuple(names))
                others.append(tuple(reader(dialect, name) for name in names))
        self.des = frozenset(fixed)
        self.elements = tuple(named)  # of which one at least must be there, of each
        self._others = tuple(others)

    def complete(self, request_fields: Mapping[int, Any]) -> bool:
        """Return whether nothing mandatory lacks."""
        if not self.des <= request_fields.keys():
            return False
        for readers in self._others:
            for one in readers:
                if one(request_fields):
                    break
            else:
                return False
        return True


def _whole(de: int) -> ReadText:
    def whole(request_fields: Mapping[int, Any]) -> str:
        value: str = request_fields.get(de, "")
        return value

    return whole


def _part(de: int, start: int, stop: int | None) -> ReadText:
    size = None if stop is None else stop - start

    def part(request_fields: Mapping[int, Any]) -> str:
        value: str = request_fields.get(de, "")[start:stop]
        return value if size is None or len(value) == size else ""

    return part


def _as_text(place: Locator) -> ReadText:
    def as_text(request_fields: Mapping[int, Any]) -> str:
        value = read_element(request_fields, place)
        return value.hex().upper() if isinstance(value, bytes) else value or ""

    return as_text
