"""Looks exchanges up in the journal: newest or oldest first, a few at a time, without walking through all of them.

How it finds them (`schema` has the reasons):

1. Of a terminal: by its index, segment by segment.
2. Of a service, code, reason or MTI, or of a time: only segments in which a form that fits occurs, then.
3. With a mark: by the numbers of those that have it.
4. All others: by number. A STAN is looked for in the rows as they are stored, before any is unpacked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from acquirer.data.types import Row
from acquirer.journal.entry import Entry
from acquirer.journal.packed import Form, Unpack, unpacker
from acquirer.store import schema
from acquirer.store.filters import CHUNK, ExchangeFilter, Query
from acquirer.store.schema import SEGMENT, SEGMENT_BITS, SEGMENT_OF_EXCHANGE, sql_name
from acquirer.store.soundness import damaged, unpack_whole
from acquirer.store.statements import (
    FIRST_EXCHANGE,
    LAST_EXCHANGE,
    MARKED,
    REMARK_COLUMNS,
    also_joined,
    columns_of,
    having,
    joined,
    query,
    select,
)

_SOURCE: Final = (
    f"{joined(schema.exchange, schema.delivery, 'id', 'exchange_id')} {also_joined(schema.exchange, schema.remark)}"
)
_COLUMNS: Final = f"{columns_of(schema.exchange)}, {sql_name(schema.delivery.name)}.outcome, {REMARK_COLUMNS}"
_FORM: Final = select(schema.exchange_form, having("id"))
_OF_FORM: Final = ("service", "code", "reason", "mti")
_OLD: Final = "SELECT name FROM pragma_table_info('journal')"


class JournalReader:
    """Looks up exchanges over a connection that may be shared.

    Args:
        all_rows: runs one query, and returns all of its rows.
        database: for sentences about damage.
    """

    def __init__(self, all_rows: Query, database: Path | None) -> None:
        self._all = all_rows
        self._database = database
        self._unpackers: dict[int, Unpack] = {}

    def exchange(self, number: int) -> Entry | None:
        """Return one exchange by its number."""
        rows = self._all(query(_COLUMNS, _SOURCE, ["id = ?"]), number)
        if rows:
            return self._entry(rows[0])
        old = self._old()
        return old.exchange(number) if old else None

    def newest_first(self, wanted: ExchangeFilter, before: int | None = None) -> Iterator[Entry]:
        """Yield exchanges with descending numbers, below `before`."""
        yield from self._entries(wanted, before, newest_first=True)
        if old := self._old():
            yield from old.newest_first(wanted, before)

    def oldest_first(self, wanted: ExchangeFilter) -> Iterator[Entry]:
        """Yield exchanges with ascending numbers."""
        if old := self._old():
            yield from old.oldest_first(wanted)
        yield from self._entries(wanted, None, newest_first=False)

    def _entries(self, wanted: ExchangeFilter, before: int | None, *, newest_first: bool) -> Iterator[Entry]:
        for row in self._rows(wanted, before, newest_first=newest_first):
            entry = self._entry(row)
            if not wanted.stan or entry.stan == wanted.stan:
                yield entry

    def _rows(self, wanted: ExchangeFilter, before: int | None, *, newest_first: bool) -> Iterator[Row]:
        conditions, values = _conditions(wanted)
        order = f"id {'DESC' if newest_first else 'ASC'}"
        low, high = wanted.after + 1, before
        if not (wanted.tid or wanted.since_us or wanted.until_us or _form_values(wanted)):
            while True:
                bounds, ends = _between(low, high)
                sql = query(_COLUMNS, _SOURCE, [*conditions, *bounds], order=order, limit=True)
                rows = self._all(sql, *values, *ends, CHUNK)
                yield from rows
                if len(rows) < CHUNK:
                    return
                low, high = (low, rows[-1][0]) if newest_first else (rows[-1][0] + 1, high)
        for segment in self._segments(wanted, low, high, newest_first=newest_first):
            if wanted.tid:
                bounds, ends = _between(low, high)
                bounds, ends = [f"{SEGMENT_OF_EXCHANGE} = ?", "tid = ?", *bounds], [segment, wanted.tid, *ends]
            else:
                start, stop = segment * SEGMENT, (segment + 1) * SEGMENT
                bounds, ends = _between(max(low, start), stop if high is None else min(high, stop))
            sql = query(_COLUMNS, _SOURCE, [*bounds, *conditions], order=order)
            yield from self._all(sql, *ends, *values)

    def _segments(self, wanted: ExchangeFilter, low: int, high: int | None, *, newest_first: bool) -> Sequence[int]:
        """Return the segments between two numbers that may hold what is wanted."""
        ((last,),) = self._all(LAST_EXCHANGE)
        if last is None:
            return ()
        first, end = low >> SEGMENT_BITS, (min(last + 1, high or last + 1) - 1 >> SEGMENT_BITS) + 1
        found: Sequence[int] = range(max(first, self._first_segment()), end)
        if conditions := _segment_conditions(wanted):
            table = sql_name(schema.exchange_segment.name)
            names, values = zip(*conditions, strict=True)
            ((described,),) = self._all(query("coalesce(max(segment), -1)", table))
            rows = self._all(query("DISTINCT segment", table, names), *[one for many in values for one in many])
            fitting = {segment for (segment,) in rows}
            found = [segment for segment in found if segment > described or segment in fitting]
        return found[::-1] if newest_first else found

    def _first_segment(self) -> int:
        ((first,),) = self._all(FIRST_EXCHANGE)
        return int(first) >> SEGMENT_BITS

    def _entry(self, row: Row) -> Entry:
        return unpack_whole(self.unpack, row, schema.exchange, self._database)

    def unpack(self, row: Row) -> Entry:
        """Return the exchange of a row: its columns, what became of the reply (None: sent), and a remark if it has one.

        Raises:
            ValueError: its values do not fit its form.
            StoreError: its form is not there, or damaged.
        """
        number, at_us, form, tid, data, delivery, *remark = row
        unpack = self._unpackers.get(form) or self._unpacker(form)
        entry = unpack(number, at_us, tid, data, delivery)
        if remark and remark[0] is not None:
            entry.mark, entry.comment = remark
        return entry

    def _unpacker(self, number: int) -> Unpack:
        rows = self._all(_FORM, number)
        if not rows:
            raise damaged(self._database, f"table {schema.exchange_form.name} has no form {number}")
        form = unpack_whole(lambda row: Form(*row[1:]), rows[0], schema.exchange_form, self._database)
        found = self._unpackers[number] = unpacker(form)
        return found

    def _old(self) -> Any:
        """Return what reads exchanges of before version 0006, where there are any."""
        names = [name for (name,) in self._all(_OLD)]
        if not names:
            return None
        from acquirer.store.wide_journal import WideJournal  # few stores have any

        return WideJournal(self._all, self._database, names)


def _form_values(wanted: ExchangeFilter) -> dict[str, str]:
    return {name: value for name in _OF_FORM if (value := getattr(wanted, name))}


def _form_condition(wanted: ExchangeFilter) -> tuple[str, list[Any]]:
    """Return the condition that a form fits, and its values."""
    given = _form_values(wanted)
    if not given:
        return "", []
    forms = query("id", sql_name(schema.exchange_form.name), [having(*given)])
    return f"form IN ({forms})", [*given.values()]


def _conditions(wanted: ExchangeFilter) -> tuple[list[str], list[Any]]:
    """Return the conditions that a row fits, as far as it shows them, and their values."""
    form, values = _form_condition(wanted)
    found = [(form, values)] if form else []
    if wanted.since_us:
        found.append(("at_us >= ?", [wanted.since_us]))
    if wanted.until_us:
        found.append(("at_us < ?", [wanted.until_us]))
    if wanted.stan:
        found.append(("instr(data, ?)", [wanted.stan]))
    if wanted.mark:
        found.append((MARKED, [wanted.mark]))
    return [condition for condition, _ in found], [value for _, given in found for value in given]


def _segment_conditions(wanted: ExchangeFilter) -> list[tuple[str, list[Any]]]:
    """Return the conditions that a described segment fits, each with its values."""
    form, values = _form_condition(wanted)
    found = [(form, values)] if form else []
    if wanted.since_us:
        found.append(("last_us >= ?", [wanted.since_us]))
    if wanted.until_us:
        found.append(("first_us < ?", [wanted.until_us]))
    return found


def _between(low: int, high: int | None) -> tuple[list[str], list[Any]]:
    """Return the conditions that a number lies from `low` to below `high`, and their values."""
    return (["id >= ?"], [low]) if high is None else (["id >= ?", "id < ?"], [low, high])
