"""One exchange as the journal remembers it, read back.

`Entry` extends `model.evidence.ExchangeRecord`, so a field added there is one here. Reading needs neither dialects nor
messages: ``acquirer journal`` imports nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from acquirer.model.columns import row_format
from acquirer.model.evidence import ExchangeRecord

_NOT_STORED: Final[dict[str, Any]] = {"stored": False}


@dataclass(slots=True, repr=False)
class Entry(ExchangeRecord):
    """A masked exchange."""

    id: int = 0
    dialect: str = ""
    request: Mapping[str, str] = field(default_factory=dict)  # DE → masked value
    failure: str = ""  # why it could not be decoded
    reply: Mapping[str, str] | None = None  # DE → masked value; None: nothing was answered
    delivery: str = field(default="", metadata=_NOT_STORED)  # pending, sent, withheld, undelivered, elsewhere
    before_failure: str = field(default="", metadata=_NOT_STORED)  # hex of what was decoded, with stars where masked
    mark: str = field(default="", metadata=_NOT_STORED)  # what people say of it
    comment: str = field(default="", metadata=_NOT_STORED)

    def __repr__(self) -> str:
        """Return it in a line, for a failed assertion: what it was, the code, and why."""
        name = " ".join(filter(None, (f"#{self.id}", self.mti, self.service, self.stan, self.tid and f"of {self.tid}")))
        damage = f"fault {self.fault}" if self.fault else ""
        delivery = "" if self.delivery == "sent" else self.delivery
        parts = filter(None, (self.code, self.why or self.failure or str(self.reason), damage, delivery))
        return f"<{name}: {', '.join(parts)}>"


_FIRST: Final = (
    "id", "at_us", "dialect", "peer", "mti", "service", "tid", "mid", "batch", "stan", "code", "reason", "why", "notes",
    "rrn", "amount_minor", "pan_masked", "replayed", "fault", "request", "failure", "reply_mti", "reply", "frame_bytes",
    "took_us",
)  # fmt: skip
"""What version 0.1 knew of an entry, in the order of its output; later ones stand behind."""

NAMES: Final = (*_FIRST, *[one.name for one in fields(Entry) if one.name not in _FIRST])
"""Everything about an entry, in the order of output."""

RECORD: Final = row_format(ExchangeRecord, masked=False)
"""How the record of an exchange is handed to what masks it."""

COLUMNS: Final = ("dialect", *[column.name for column in RECORD.columns])
"""Names of what is kept of an exchange in plain values: its dialect, then the fields of its record."""

NUMBERS: Final = frozenset([column.name for column in RECORD.columns if column.type == "INTEGER"])
"""Those that are integers; all others are text."""

LOGGED: Final = (
    "dialect",
    *[
        one.name
        for one in fields(ExchangeRecord)
        if one.name not in {"notes", *NUMBERS} and one.metadata.get("logged", True)
    ],
)
"""Texts that a line of the log tells, where there are any; `observe.lines` adds notes and numbers in its own forms."""


def as_json(entry: Entry) -> dict[str, Any]:
    """Return the entry for machines: amounts are integer minor units; tid, STAN and other numbers are strings."""
    document: dict[str, Any] = {}
    for name in NAMES:
        value = getattr(entry, name)
        document[name] = list(value) if isinstance(value, tuple) else value
    return document
