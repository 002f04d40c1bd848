"""Reads what was exchanged before version 0006 of the store: a row with a column for everything.

Such rows stay where they are: a journal is too large to be copied when a host starts. None is written any more, and
their numbers lie below those of table ``exchange``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from acquirer.data.types import Row
from acquirer.errors import StoreError
from acquirer.journal.entry import Entry
from acquirer.model.columns import row_format
from acquirer.store import schema
from acquirer.store.filters import CHUNK, ExchangeFilter, Query
from acquirer.store.schema import StoreTable, empty, sql_name
from acquirer.store.soundness import unpack_whole
from acquirer.store.statements import REMARK_COLUMNS, also_joined, having, query

TABLE: Final = "journal"

_FORMAT: Final = row_format(Entry)
_JOURNAL: Final = StoreTable(TABLE, _FORMAT.columns, ("id",), rowid=True)
_BOUNDS: Final = {"since_us": "at_us >= ?", "until_us": "at_us < ?", "after": "id > ?"}


class WideJournal:
    """Looks up old exchanges.

    Args:
        all_rows: runs one query, and returns all of its rows.
        database: for sentences about damage.
        names: the columns that the table has; what came later is empty.
    """

    def __init__(self, all_rows: Query, database: Path | None, names: Sequence[str]) -> None:
        self._all = all_rows
        self._database = database
        delivery = sql_name(schema.delivery.name)
        columns = [
            f"{sql_name(TABLE)}.{sql_name(one.name)}" if one.name in names else empty(one) for one in _FORMAT.columns
        ]
        self._columns = ", ".join([*columns, f"{delivery}.outcome", REMARK_COLUMNS])
        self._source = (
            f"{sql_name(TABLE)} {also_joined(_JOURNAL, schema.delivery)} {also_joined(_JOURNAL, schema.remark)}"
        )

    def exchange(self, number: int) -> Entry | None:
        """Return one exchange by its number."""
        rows = self._all(query(self._columns, self._source, ["id = ?"]), number)
        return self._entry(rows[0]) if rows else None

    def newest_first(self, wanted: ExchangeFilter, before: int | None = None) -> Iterator[Entry]:
        """Yield exchanges with descending numbers, below `before`."""
        conditions, values = _conditions(wanted)
        while entries := self._chunk(
            [*conditions, *([] if before is None else ["id < ?"])],
            [*values, *([] if before is None else [before])],
            "id DESC",
        ):
            yield from entries
            before = entries[-1].id

    def oldest_first(self, wanted: ExchangeFilter) -> Iterator[Entry]:
        """Yield exchanges with ascending numbers."""
        conditions, values = _conditions(wanted)
        after = wanted.after
        while entries := self._chunk([*conditions, "id > ?"], [*values, after], "id ASC"):
            yield from entries
            after = entries[-1].id

    def check(self) -> Iterator[Entry | str]:
        """Yield every exchange, or what is wrong with it."""
        after = 0
        number = [column.name for column in _FORMAT.columns].index("id")
        while rows := self._all(query(self._columns, self._source, ["id > ?"], order="id", limit=True), after, CHUNK):
            for row in rows:
                try:
                    yield self._entry(row)
                except StoreError as exc:
                    yield str(exc)
            after = rows[-1][number]

    def _chunk(self, conditions: Sequence[str], values: Sequence[Any], order: str) -> list[Entry]:
        sql = query(self._columns, self._source, conditions, order=order, limit=True)
        return [self._entry(row) for row in self._all(sql, *values, CHUNK)]

    def _entry(self, row: Row) -> Entry:
        entry = unpack_whole(_FORMAT.unpack, row, _JOURNAL, self._database)
        outcome, mark, comment = row[-3:]
        entry.mark, entry.comment = mark or "", comment or ""
        entry.delivery = outcome or ("" if entry.reply is None else "sent")
        entry.failure, _, entry.before_failure = entry.failure.partition("\n")
        return entry


def _conditions(wanted: ExchangeFilter) -> tuple[list[str], list[Any]]:
    given = {name: value for name, value in asdict(wanted).items() if value}
    bounds = {condition: value for name, condition in _BOUNDS.items() if (value := given.pop(name, None))}
    return [*([having(*given)] if given else []), *bounds], [*given.values(), *bounds.values()]
