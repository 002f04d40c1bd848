"""An entry of the journal as conditions look at it (`acquirer.matcher`)."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

from acquirer.journal.entry import Entry
from acquirer.matcher.keys import field_place

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect
    from acquirer.wire.message import Value

_COLUMNS: Final = {
    "service": "service",
    "mti": "mti",
    "tid": "tid",
    "mid": "mid",
    "batch": "batch",
    "stan": "stan",
    "rrn": "rrn",
    "code": "code",
    "reason": "reason",
    "pan": "pan_masked",
    "dialect": "dialect",
    "peer": "peer",
    "replayed": "replayed",
    "delivery": "delivery",
    "fault": "fault",
    "rule": "rule",
    "generation": "generation",
    "operator": "operator",
    "compared": "compared",
    "id": "id",
    "why": "why",
    "mark": "mark",
    "comment": "comment",
}
"""Key → field of an entry."""


class JournalSubject:
    """One entry.

    Args:
        timezone: in which times are looked at.
        dialect: of the entry; without it, parts of fields (``de.60.3``) are absent.
    """

    __slots__ = ("_dialect", "_timezone", "entry")

    def __init__(self, entry: Entry, timezone: tzinfo, dialect: Dialect | None = None) -> None:
        self.entry = entry
        self._timezone = timezone
        self._dialect = dialect

    def value(self, key: str) -> str | int:
        """Return the value of a key; "" where there is none."""
        entry = self.entry
        name = _COLUMNS.get(key)
        if name is not None:
            found: str | int = getattr(entry, name)
            return found
        if key == "amount":
            return "" if entry.amount_minor is None else entry.amount_minor
        if key == "moment":
            try:
                return datetime.fromtimestamp(entry.at_us // 1_000_000, self._timezone).strftime("%Y%m%d%H%M%S")
            except (ValueError, OverflowError, OSError):  # before the year 1 or after 9999
                return ""
        place = field_place(key)
        if place is None:
            return ""
        value = entry.request.get(str(place[0]), "")
        return value if not place[1] else self._part(value, *place)

    def _part(self, value: str, de: int, number: int) -> str:
        if self._dialect is None or not value:
            return ""
        from acquirer.wire.message import Message  # here: reading a journal needs no messages

        request: dict[int, Value] = {int(name): text for name, text in self.entry.request.items()}
        layout = self._dialect.layout(Message(b"", self.entry.mti, request), de)
        parts = layout.parts if layout is not None else ()
        if number > len(parts) or parts[number - 1].sensitivity:
            return ""
        return value[parts[number - 1].start : parts[number - 1].stop]
