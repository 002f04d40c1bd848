"""How a transaction is kept: as a narrow row, and a form that it shares with others.

1. A form (table ``transaction_form``) says what many transactions of a day have in common: `schema.TRANSACTION_FORM`.
2. Of the elements of a reply the form has all names, in order, and the values that its exchanges share. In place of any
   other value it has ``null``, and then the row has it (``reply_values``, a JSON list in the order of the names); or
   ``true`` where the row has it anyway, in the column of that name.
3. So a form is JSON as ``{"code":"00","time":null,"date":"1130","rrn":true}``, and its row has ``["024055"]``.

The view ``transactions`` shows both as one row; `unpack_transaction` makes the transaction of it. Elements without
``null`` and ``true`` are those of a store of before version 0009, and read in the same way.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, Final

from acquirer.data.types import Row
from acquirer.model.rows import Transaction
from acquirer.store import schema
from acquirer.store.schema import TRANSACTION, TRANSACTION_FORM, sql_name
from acquirer.store.statements import founded, having, inserted, query, versioned

FORMS_KEPT: Final = 4096
"""Forms whose numbers are remembered: more than a day has, and any peer may send any processing code."""

SHARED_ELEMENTS: Final = frozenset({"code", "date", "settlement_date"})
"""Elements of a reply that exchanges of a day share."""

OWN_ELEMENTS: Final = ("rrn", "auth_id")
"""Elements that a row has in a column of its own."""

_PLACE: Final = {name: place for place, name in enumerate(schema.transaction.names)}
_VERSION: Final = _PLACE["version"]
_REPLY, _REVERSAL = _PLACE["reply_elements"], _PLACE["reversal_elements"]
_VALUES_OF: Final = ((_REPLY, _PLACE["reply_values"]), (_REVERSAL, _PLACE["reversal_values"]))
_OWN: Final = {name: _PLACE[name] for name in OWN_ELEMENTS}

_shared: Final = itemgetter(*[_PLACE[name] for name in TRANSACTION_FORM[:-2]])  # all but the elements of replies
_dump: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_OWN_COLUMNS: Final = [one.name for one in TRANSACTION.columns if one.name not in TRANSACTION_FORM]
_OF_NEW: Final = {
    "version": 1,
    "reversed_us": 0,
    "reversal_reason": "",
    "refunded_minor": 0,
    "authorised_minor": 0,
    **dict.fromkeys(["original_tid", "original_batch", "original_stan", "original_rrn", "reversal_values"], ""),
}
"""What a new sale has in the columns that are written last: it refers to no other, and nothing has become of it yet."""

_own: Final = itemgetter(*[_PLACE[name] for name in _OWN_COLUMNS if name not in _OF_NEW])
_mostly_usual: Final = itemgetter(*[_PLACE[name] for name in _OWN_COLUMNS if name in _OF_NEW])
COLUMNS: Final = (
    *[name for name in _OWN_COLUMNS if name not in _OF_NEW],
    *("form", "reply_values"),
    *[name for name in (*_OWN_COLUMNS, "reversal_values") if name in _OF_NEW],
)
"""The order of values in a narrow row."""

_USUAL: Final = tuple([_OF_NEW[name] for name in COLUMNS if name in _OF_NEW])

_NEW_ROWS: Final = founded(schema.transaction_row, _USUAL, COLUMNS)
_ROWS: Final = versioned(schema.transaction_row, COLUMNS)
_FORMS: Final = inserted(schema.transaction_form)
_FORM_NUMBER: Final = query("id", sql_name(schema.transaction_form.name), [having(*schema.transaction_form.names[1:])])
_LAST_FORM: Final = query("coalesce(max(id), 0)", sql_name(schema.transaction_form.name))

Pattern = tuple[Any, ...]
"""Names of elements, each before what the form has of its value: text, None or True."""


class TransactionRows:
    """Writes transactions over the cursor of a database transaction. After a rollback call `forget`."""

    def __init__(self) -> None:
        self._forms: dict[tuple[Any, ...], int] = {}

    def write(self, cursor: sqlite3.Cursor, rows: Sequence[Row]) -> int:
        """Write rows that `schema.TRANSACTION` packed; return how many followed the version they were decided on."""
        new = [self._narrow(cursor, row) for row in rows if row[_VERSION] == 1]
        others = [self._narrow(cursor, row) for row in rows if row[_VERSION] != 1]
        return _NEW_ROWS.write(cursor, new) + _ROWS.write(cursor, others)

    def forget(self) -> None:
        """Forget what is known of the database: what was written is not there any more."""
        self._forms.clear()

    def _narrow(self, cursor: sqlite3.Cursor, row: Row) -> Row:
        reply, reply_values = _split(row, _REPLY)
        reversal, reversal_values = _split(row, _REVERSAL)
        key = (_shared(row), reply, reversal)
        form = self._forms.get(key) or self._number_form(cursor, key)
        return (*_own(row), form, reply_values, *_mostly_usual(row), reversal_values)

    def _number_form(self, cursor: sqlite3.Cursor, key: tuple[Any, ...]) -> int:
        """Return the number of a form, which is written if it is not there yet."""
        shared, *patterns = key
        form = (*shared, *[_dump(dict(zip(one[::2], one[1::2], strict=True))) for one in patterns])
        found = cursor.execute(_FORM_NUMBER, form).fetchone()
        if found is None:
            ((last,),) = cursor.execute(_LAST_FORM).fetchall()
            found = (last + 1,)
            _FORMS.write(cursor, [(*found, *form)])
        if len(self._forms) >= FORMS_KEPT:
            self._forms.clear()
        number = self._forms[key] = int(found[0])
        return number


def unpack_transaction(row: Row) -> Transaction:
    """Return the transaction that a row of the view holds.

    Raises:
        ValueError, TypeError: its elements are none, or its values do not fit its form.
    """
    values = list(row)
    for place, given in _VALUES_OF:
        values[place] = _filled(row, row[place], row[given])
    return TRANSACTION.unpack(tuple(values))


def _split(row: Row, place: int) -> tuple[Pattern, str]:
    """Return what the form says of the elements of a packed row, and the values that the row keeps, as JSON."""
    elements: Any = row[place]
    return (_usual_split((*elements,))(row, elements) or _split_each(row, elements)) if elements else ((), "")


def _split_each(row: Row, elements: Mapping[str, str]) -> tuple[Pattern, str]:
    """Return the same of any elements; each is looked at."""
    pattern: list[Any] = []
    values = []
    for name, text in elements.items():
        kept: Any = None
        if name in SHARED_ELEMENTS:
            kept = text
        elif name in _OWN and row[_OWN[name]] == text:
            kept = True
        else:
            values.append(text)
        pattern += (name, kept)
    return tuple(pattern), f"[{','.join(map(encode_basestring, values))}]" if values else ""


@lru_cache(FORMS_KEPT)
def _usual_split(names: tuple[str, ...]) -> Callable[[Row, Mapping[str, str]], tuple[Pattern, str] | None]:
    """Return the function that splits elements of these names, compiled; it returns None where a row's own one differs.

    Its source is made of numbers alone.
    """
    values = [f"e{at}" for at in range(len(names))]
    own = [f"row[{_OWN[name]}] != {value}" for name, value in zip(names, values, strict=True) if name in _OWN]
    pattern, kept = [], []
    for at, (name, value) in enumerate(zip(names, values, strict=True)):
        pattern.append(f"names[{at}], {value if name in SHARED_ELEMENTS else name in _OWN or None}, ")
        if name not in SHARED_ELEMENTS and name not in _OWN:
            kept.append(f"{{quoted({value})}}")
    given = f"f'[{','.join(kept)}]'" if kept else "''"
    source = [
        "def split(row, elements):",
        f"[{', '.join(values)}] = elements.values()",
        *[f"if {' or '.join(own)}: return None"] * bool(own),
        f"return ({''.join(pattern)}), {given}",
    ]
    known: dict[str, Any] = {"names": names, "quoted": encode_basestring}
    exec(compile("\n    ".join(source), "<generated split>", "exec"), known)  # noqa: S102  made of numbers alone
    split: Callable[[Row, Mapping[str, str]], tuple[Pattern, str] | None] = known["split"]
    return split


def _filled(row: Row, pattern: Any, values: Any) -> Mapping[str, str]:
    """Return elements: the texts of a pattern, and what it takes from the row."""
    form, given = json.loads(pattern), json.loads(values) if values else []
    if type(form) is not dict or type(given) is not list:
        raise ValueError("what should be an object of texts is none")
    rest = iter(given)
    elements: dict[str, Any] = {}
    for name, kept in form.items():
        if kept is None:
            elements[name] = next(rest, None)
        elif kept is True and name in _OWN:
            elements[name] = row[_OWN[name]]
        else:
            elements[name] = kept
    if not all(type(text) is str for text in elements.values()) or next(rest, None) is not None:
        raise ValueError("what should be an object of texts is none")
    return elements
