"""One exchange as the journal remembers it: what `render` wrote, read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from acquirer.journal.render import COLUMNS


@dataclass(frozen=True, slots=True)
class Entry:
    """A masked exchange. `delivery` is what became of the reply: sent, unless something else is known."""

    id: int
    at_us: int
    dialect: str
    peer: str
    mti: str
    service: str
    tid: str
    mid: str
    batch: str
    stan: str
    code: str
    reason: str
    why: str
    notes: tuple[str, ...]
    rrn: str
    amount_minor: int | None
    pan_masked: str
    replayed: bool
    fault: str
    request: Mapping[str, str]  # DE → masked value
    failure: str  # of decoding: why
    reply_mti: str
    reply: Mapping[str, str] | None  # None: nothing was answered
    frame_bytes: int
    took_us: int
    delivery: str = ""
    before_failure: str = ""  # the bytes that were understood, in hex, with stars for hidden digits


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "notes": lambda text: tuple(text.split("\n")) if text else (),
    "replayed": bool,
    "request": json.loads,
    "reply": lambda text: json.loads(text) if text else None,
}
"""Columns that are more than what SQLite keeps."""


def entry_of(row: tuple[Any, ...]) -> Entry:
    """The entry of a row: number, columns as in `render.COLUMNS`, delivery or None."""
    number, *values, delivery = row
    read = {name: _READ[name](value) if name in _READ else value for name, value in zip(COLUMNS, values, strict=True)}
    read["failure"], _, before = read["failure"].partition("\n")
    return Entry(
        id=number, delivery=delivery or ("" if read["reply"] is None else "sent"), before_failure=before, **read
    )


def as_json(entry: Entry) -> dict[str, Any]:
    """The entry for machines: amounts are integer minor units, numbers of the trade are strings."""
    made: dict[str, Any] = {"id": entry.id}
    for name in COLUMNS:
        value = getattr(entry, name)
        made[name] = list(value) if isinstance(value, tuple) else value
    return made | {"delivery": entry.delivery, "before_failure": entry.before_failure}
