"""Conditions on exchanges: filters as text, and tables of keys and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from acquirer.data.json_text import JsonTextError, parse_json
from acquirer.matcher.contradiction import contradictions
from acquirer.matcher.expression import Expression, compiled
from acquirer.matcher.filter_text import as_filter, parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS, ConditionError
from acquirer.matcher.near import near_misses
from acquirer.matcher.when import from_mapping


class Exchanged:
    """One exchange, as conditions ask for it."""

    VALUES: Final[Mapping[str, str | int]] = {
        "service": "sale", "tid": "10000161", "stan": "000003", "code": "00", "amount": 1234, "id": 7, "generation": 1,
        "replayed": False, "pan": "621234******1232", "moment": "20260102080000", "why": "approved", "de.22": "012",
    }  # fmt: skip

    def value(self, key: str) -> str | int:
        return self.VALUES.get(key, "")


def read_filter(data: bytes) -> None:
    """Read a filter; what it means can be written as a filter again, and asked of an exchange."""
    text = data.decode("utf-8", "replace")
    try:
        found = parse_filter(text, JOURNAL_KEYS)
    except ConditionError as exc:
        assert exc.problem
        return
    written = as_filter(found)
    assert parse_filter(written, JOURNAL_KEYS) == found, written
    _ask(found)


def read_table(data: bytes) -> None:
    """Read the JSON of a condition, as HTTP takes it."""
    try:
        values = parse_json(data)
    except JsonTextError:
        return
    if not isinstance(values, dict):
        return
    try:
        found = from_mapping(values, JOURNAL_KEYS)
    except ConditionError as exc:
        assert exc.problem
        return
    _ask(found)


def _ask(found: Expression) -> None:
    compiled(found)(Exchanged())
    list(contradictions(found))
    for miss in near_misses(found, [Exchanged()]):
        assert str(miss)


def filter_seeds() -> Iterator[bytes]:
    yield b"service=sale & code!=00 & (tid=T00* | amount>100)"
    yield b'why~"too (late|early)" | !replayed & de.60.3=01'
    yield b"amount=10.00..20.00 & rrn=? & pan=621234*1232 & since=08:00 & until=2026-01-02T08:00"
    yield b'!(id>=3) & stan="" & code=!00 & peer="a\\"b" & delivery=sent'


def table_seeds() -> Iterator[bytes]:
    yield b'{"service": ["sale", "void"], "amount": ">10.00", "code": "!00", "replayed": true}'
    yield b'{"de": {"60": {"3": "01"}, "22": "~^01"}, "since": "08:00", "pan": "621234*", "id": 7}'
