"""Records of requests by column: a million of them take 45 MB and are counted, added and sorted at the speed of arrays.

Nothing here keeps an order: figures of a run do not depend on which worker saw a request, nor on which ended first.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain, compress
from operator import add
from typing import Any, Final

from acquirer.load.records import RECORD_BYTES, LoadRecord, RequestOutcome, pack_record

_WORDS: Final = RECORD_BYTES // 4  # a record is a row of ten words of four bytes, the first two of them one number
_LATE, _CONNECTED, _FIRST, _DONE, _TERMINAL, _CODE = 2, 3, 4, 5, 6, 8
_SERVICE, _OUTCOME, _PHASE, _FLAGS = 28, 29, 36, 37  # single bytes

NOT_BEGUN: Final = frozenset({RequestOutcome.NO_TERMINAL_FREE, RequestOutcome.NO_ROOM, RequestOutcome.REFUSED})
"""Requests that the generator did not begin: they have no times, and are counted."""

UNANSWERED: Final = frozenset(
    {RequestOutcome.NO_ANSWER, RequestOutcome.NOT_CONNECTED, RequestOutcome.LOST, RequestOutcome.INTERRUPTED}
)
"""Their latency is a lower bound."""

ANSWERED: Final = frozenset({RequestOutcome.APPROVED, RequestOutcome.DECLINED})
"""By something that can be believed."""


def outcome_mask(outcomes: Iterable[RequestOutcome]) -> bytes:
    """Return a table for `bytes.translate` that makes 1 of these outcomes, and 0 of all others.

    >>> bytes([0, 2, 1]).translate(outcome_mask([RequestOutcome.APPROVED, RequestOutcome.DECLINED]))
    b'\\x01\\x00\\x01'
    """
    chosen = set(outcomes)
    return bytes(number in chosen for number in range(256))


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """Many records. Times are in microseconds, as in `LoadRecord`."""

    intended_us: array[int]
    late_us: array[int]
    connected_us: array[int]
    done_us: array[int]
    terminal: array[int]
    code: array[int]  # four bytes of text as one number
    service: bytes
    outcome: bytes
    phase: bytes
    flags: bytes

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def latency_us(self) -> array[int]:
        """Return how long each took since it was intended."""
        return array("q", map(add, self.late_us, self.done_us))

    @property
    def end_us(self) -> array[int]:
        """Return when each ended, since the beginning of the run."""
        return array("q", map(add, self.intended_us, self.latency_us))

    def chosen(self, mask: Sequence[int]) -> RecordColumns:
        """Return those records whose place in `mask` is true."""
        return self._each(
            lambda column: array(column.typecode, compress(column, mask)), lambda text: bytes(compress(text, mask))
        )

    def shifted(self, by_us: int) -> RecordColumns:
        """Return them with moments that count from so much earlier."""
        if not by_us:
            return self
        return replace(self, intended_us=array("q", [us + by_us for us in self.intended_us]))

    def with_services(self, places: Sequence[int]) -> RecordColumns:
        """Return them with other places of their services: `places[0]` instead of 0, and so on."""
        table = bytes(places) + bytes(256 - len(places))
        return replace(self, service=self.service.translate(table))

    def _each(self, numbers: Callable[[array[int]], array[int]], texts: Callable[[bytes], bytes]) -> RecordColumns:
        return RecordColumns(
            numbers(self.intended_us),
            numbers(self.late_us),
            numbers(self.connected_us),
            numbers(self.done_us),
            numbers(self.terminal),
            numbers(self.code),
            texts(self.service),
            texts(self.outcome),
            texts(self.phase),
            texts(self.flags),
        )


def unpacked_columns(data: bytes) -> RecordColumns:
    """Return the columns of whole records as they stand in a file."""
    words = _numbers("I", data)
    return RecordColumns(
        _numbers("q", data)[:: _WORDS // 2],
        words[_LATE::_WORDS],
        words[_CONNECTED::_WORDS],
        words[_DONE::_WORDS],
        words[_TERMINAL::_WORDS],
        words[_CODE::_WORDS],
        data[_SERVICE::RECORD_BYTES],
        data[_OUTCOME::RECORD_BYTES],
        data[_PHASE::RECORD_BYTES],
        data[_FLAGS::RECORD_BYTES],
    )


def columns_of_records(records: Iterable[LoadRecord]) -> RecordColumns:
    """Return the columns of records that are read already."""
    return unpacked_columns(b"".join(map(pack_record, records)))


def joined_columns(parts: Sequence[RecordColumns]) -> RecordColumns:
    """Return the records of several files as those of one."""
    if len(parts) == 1:
        return parts[0]
    whole: dict[str, Any] = {}
    for column in fields(RecordColumns):
        pieces = [getattr(part, column.name) for part in parts]
        if isinstance(pieces[0], bytes):
            whole[column.name] = b"".join(pieces)
        else:
            whole[column.name] = array(pieces[0].typecode, chain.from_iterable(pieces))
    return RecordColumns(**whole)


def code_text(number: int) -> str:
    """Return a response code from its column.

    >>> code_text(int.from_bytes(b"A0\\0\\0", "little"))
    'A0'
    """
    return number.to_bytes(4, "little").rstrip(b"\0").decode("ascii", "replace")


def _numbers(typecode: str, data: bytes) -> array[int]:
    numbers = array(typecode)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
