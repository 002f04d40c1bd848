"""Writes exchanges to the journal: their rows, forms that are new, and what each full segment holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from acquirer.journal.packed import Form, NumberedExchange
from acquirer.store import schema
from acquirer.store.schema import SEGMENT, SEGMENT_BITS, SEGMENT_OF_EXCHANGE, listed, sql_name
from acquirer.store.statements import FIRST_EXCHANGE, LAST_EXCHANGE, META_BY_NAME, having, inserted, query

FIRST_NUMBER: Final = "journal"
"""What the store remembers the number of the next exchange as, once its journal was emptied."""

_OLD_JOURNAL: Final = "SELECT 1 FROM sqlite_master WHERE name = 'journal'"

FORMS_KEPT: Final = 4096
"""Forms whose numbers are remembered: more than any traffic has, and any peer may send any bitmap."""

SEGMENT_DESCRIPTION: Final = f"form, {SEGMENT_OF_EXCHANGE}, min(at_us), max(at_us)"
"""What a query of exchanges, grouped by form and segment, says of each."""

_EXCHANGES: Final = inserted(schema.exchange)
_FORMS: Final = inserted(schema.exchange_form)
_FORM_NUMBER: Final = query("id", sql_name(schema.exchange_form.name), [having(*Form._fields)])
_LAST_FORM: Final = query("coalesce(max(id), 0)", sql_name(schema.exchange_form.name))
_DESCRIBED: Final = query("max(segment)", sql_name(schema.exchange_segment.name))
_FULL: Final = " ".join(
    [
        *("INSERT INTO", sql_name(schema.exchange_segment.name), f"({listed(schema.exchange_segment.names)})"),
        query(SEGMENT_DESCRIPTION, sql_name(schema.exchange.name), ["id >= ?", "id < ?"]),
        "GROUP BY form ON CONFLICT DO NOTHING",  # another writer may have described it
    ]
)


class JournalWriter:
    """Writes over the cursor of a transaction. After a rollback call `forget`."""

    def __init__(self) -> None:
        self._forms: dict[Form, int] = {}
        self._segment: int | None = None  # the first that is not described yet; None: not known

    def write(self, cursor: sqlite3.Cursor, exchanges: Sequence[NumberedExchange]) -> None:
        """Write exchanges with their numbers, which ascend and lie above all that were written."""
        forms, rows = self._forms, []
        last: Form | None = None
        form_number = 0
        for number, (at_us, tid, form, data) in exchanges:
            if form is not last:  # looking one up compares seven texts
                form_number, last = forms.get(form) or self._number_form(cursor, form), form
            rows.append((number, at_us, form_number, tid, data))
        _EXCHANGES.write(cursor, rows)
        if rows:
            self._describe(cursor, rows[-1][0] >> SEGMENT_BITS)

    def forget(self) -> None:
        """Forget what is known of the database: what was written is not there any more."""
        self._forms.clear()
        self._segment = None

    def _number_form(self, cursor: sqlite3.Cursor, form: Form) -> int:
        """Return the number of a form, which is written if it is not there yet."""
        found = cursor.execute(_FORM_NUMBER, form).fetchone()
        if found is None:
            ((last,),) = cursor.execute(_LAST_FORM).fetchall()
            found = (last + 1,)
            _FORMS.write(cursor, [(*found, *form)])
        if len(self._forms) >= FORMS_KEPT:
            self._forms.clear()
        number = self._forms[form] = int(found[0])
        return number

    def _describe(self, cursor: sqlite3.Cursor, end: int) -> None:
        """Describe the segments before `end` that are not described yet."""
        if self._segment is None:
            self._segment = next_segment(cursor)
        while self._segment < end:
            cursor.execute(_FULL, (self._segment * SEGMENT, (self._segment + 1) * SEGMENT))
            self._segment += 1


def next_segment(cursor: sqlite3.Cursor | sqlite3.Connection) -> int:
    """Return the first segment of exchanges that is not described yet."""
    (described,) = cursor.execute(_DESCRIBED).fetchone()
    if described is not None:
        return int(described) + 1
    (first,) = cursor.execute(FIRST_EXCHANGE).fetchone()
    return 0 if first is None else int(first) >> SEGMENT_BITS


def last_number(cursor: sqlite3.Cursor) -> int:
    """Return the number of the last exchange in the journal; inside a transaction it stays the last."""
    (last,) = cursor.execute(LAST_EXCHANGE).fetchone()
    if last is None and (first := cursor.execute(META_BY_NAME, (FIRST_NUMBER,)).fetchone()):
        return int(first[1]) - 1
    if last is None and has_old_journal(cursor):
        (last,) = cursor.execute("SELECT max(id) FROM journal").fetchone()
    return int(last or 0)


def has_old_journal(cursor: sqlite3.Cursor) -> bool:
    """Return whether there is a table of exchanges of before version 0006: see `store.wide_journal`."""
    return cursor.execute(_OLD_JOURNAL).fetchone() is not None
