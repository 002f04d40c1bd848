"""One exchange as the journal remembers it: its columns, and what `render` wrote, read back.

`Entry` extends `model.evidence.ExchangeRecord`, so a field added there is a column here. Reading needs neither dialects
nor messages: ``acquirer journal`` imports nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import Any, Final

from acquirer.data.types import Row
from acquirer.model.columns import row_format
from acquirer.model.evidence import ExchangeRecord

_NOT_STORED: Final[dict[str, Any]] = {"stored": False}


@dataclass(slots=True)
class Entry(ExchangeRecord):
    """A masked exchange."""

    id: int = 0
    dialect: str = ""
    request: Mapping[str, str] = field(default_factory=dict)  # DE → masked value
    failure: str = ""  # why it could not be decoded
    reply: Mapping[str, str] | None = None  # DE → masked value; None: nothing was answered
    delivery: str = field(default="", metadata=_NOT_STORED)  # what became of the reply: "sent", "undelivered" …
    before_failure: str = field(default="", metadata=_NOT_STORED)  # hex of what was decoded, with stars where masked


FORMAT: Final = row_format(Entry)

FIRST_COLUMNS: Final = (
    "id", "at_us", "dialect", "peer", "mti", "service", "tid", "mid", "batch", "stan", "code", "reason", "why", "notes",
    "rrn", "amount_minor", "pan_masked", "replayed", "fault", "request", "failure", "reply_mti", "reply", "frame_bytes",
    "took_us",
)  # fmt: skip
"""The columns that version 0.1 had, in the order they have in its files; later ones stand behind them."""

_place: Final = {name: place for place, name in enumerate(FIRST_COLUMNS)}

STORED: Final = tuple(sorted(FORMAT.columns, key=lambda column: _place.get(column.name, len(_place))))
"""The columns of the journal, its number first: in the order of the file, in which SQLite writes rows without copying
their values once more."""

COLUMNS: Final = tuple([column.name for column in STORED[1:]])
"""What a row of the journal holds, in this order, after its number."""

NUMBERS: Final = frozenset([column.name for column in STORED[1:] if column.type == "INTEGER"])
"""Columns that are integers; all others are text."""

LOGGED: Final = (
    "dialect",
    *[
        one.name
        for one in fields(ExchangeRecord)
        if one.name not in {"notes", *NUMBERS} and one.metadata.get("logged", True)
    ],
)
"""Texts that a line of the log tells, where there are any; `observe.lines` adds notes and numbers in its own forms."""

_in_order: Final = itemgetter(*[("id", *COLUMNS).index(column.name) for column in FORMAT.columns])


def entry_of(row: Row) -> Entry:
    """Return the entry of a row: number, columns as in `COLUMNS`, delivery or None where it is not known otherwise."""
    entry = FORMAT.unpack(_in_order(row))
    entry.delivery = row[-1] or ("" if entry.reply is None else "sent")
    entry.failure, _, entry.before_failure = entry.failure.partition("\n")
    return entry


def as_json(entry: Entry) -> dict[str, Any]:
    """Return the entry for machines: amounts are integer minor units; tid, STAN and other numbers are strings."""
    document: dict[str, Any] = {}
    for name in ("id", *COLUMNS, "delivery", "before_failure"):
        value = getattr(entry, name)
        document[name] = list(value) if isinstance(value, tuple) else value
    return document
