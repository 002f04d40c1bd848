"""Lines of log: an exchange or an event as one JSON object, or as one line that a person can read.

The line of an exchange is made from its row in the journal, which is masked. Text that was received over the wire is
escaped, because a log is read on terminals (ASVS 16.4.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, MutableMapping, Sequence
from datetime import datetime, tzinfo
from operator import itemgetter
from typing import Any, Final, Protocol

from acquirer.data.text import printable
from acquirer.data.types import JournalRow
from acquirer.journal.entry import COLUMNS, LOGGED
from acquirer.observe.event import LogEvent, utc

LogLine = MutableMapping[str, Any]

_texts = itemgetter(*(1 + COLUMNS.index(name) for name in LOGGED))
_others = itemgetter(0, *(1 + COLUMNS.index(name) for name in ("at_us", "replayed", "notes", "took_us")))


class Render(Protocol):
    """How lines are written down."""

    def exchange(self, row: JournalRow) -> str:
        """Return the line of an exchange."""

    def event(self, event: LogEvent) -> str:
        """Return the line of anything else."""


def exchange_line(row: JournalRow) -> LogLine:
    """Return the canonical line of one exchange; what is empty is left out."""
    number, at_us, replayed, notes, took_us = _others(row)
    line: LogLine = {"event": "exchange", "at": utc(at_us), "id": number}
    line.update([pair for pair in zip(LOGGED, _texts(row), strict=True) if pair[1]])
    if notes:
        line["notes"] = notes.split(_NEXT)
    if replayed:
        line["replayed"] = True
    line["took_ms"] = took_us / 1000
    return line


_quoted: Final = json.encoder.encode_basestring
_NEXT: Final = "\n"  # between notes, in a row


class AsJson:
    """One JSON object in each line."""

    def __init__(self) -> None:
        self._templates: dict[bytes, str] = {}  # by which texts there are; hosts write a few dozen

    def exchange(self, row: JournalRow) -> str:
        number, at_us, replayed, notes, took_us = _others(row)
        texts = _texts(row)
        there = bytes(map(bool, texts))
        template = self._templates.get(there) or self._add_template(there)
        values: Iterable[str] = filter(None, texts)
        if _is_plain((*texts, notes)):
            rest = f',"notes":["{notes}"]' if notes else ""
        else:  # seldom: an encoder that looks at each value costs as much as all the rest
            values = map(_inside_quotes, values)
            rest = f',"notes":[{",".join([_quoted(note) for note in notes.split(_NEXT)])}]' if notes else ""
        if replayed:
            rest += ',"replayed":true'
        return template % (utc(at_us), number, *values, rest, took_us / 1000)

    def _add_template(self, there: bytes) -> str:
        pairs = "".join([f',"{name}":"%s"' for name, is_there in zip(LOGGED, there, strict=True) if is_there])
        template = self._templates[there] = f'{{"event":"exchange","at":"%s","id":%d{pairs}%s,"took_ms":%s}}'
        return template

    def event(self, event: LogEvent) -> str:
        from acquirer.observe.event_lines import event_as_json  # structlog

        return event_as_json(event)


def _inside_quotes(text: str) -> str:
    return _quoted(text)[1:-1]


def _is_plain(values: Sequence[str]) -> bool:
    """Whether JSON takes these as they are: each one line of printable ASCII without quotes and backslashes."""
    text = "".join(values)
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


GREEN, YELLOW, RED, GREY, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[90m", "\x1b[0m"


class AsText:
    """Lines for eyes: ``12:00:00  10000001  0800 sign_on   000001  00  approved: …``."""

    def __init__(self, timezone: tzinfo, *, colour: bool) -> None:
        self._timezone = timezone
        self._colour = colour

    def event(self, event: LogEvent) -> str:
        from acquirer.observe.event_lines import event_as_text  # structlog

        return event_as_text(event, self._clock(event.at_us))

    def exchange(self, row: JournalRow) -> str:
        line = exchange_line(row)
        why = "; ".join([line.get("why", line.get("reason", "")), *line.get("notes", ())])
        if fault := line.get("fault"):
            why += f" [fault: {fault}]"
        code = line.get("code", "")
        clock, service = self._clock(_others(row)[1]), line.get("service", "")
        head = printable(
            f"{clock}  {line.get('tid', ''):8}  {line.get('mti', ''):4} {service:9} {line.get('stan', ''):6}  "
        )
        return f"{head}{self._paint(f'{printable(code):2}', line)}  {printable(why)}"

    def _clock(self, at_us: int) -> str:
        return datetime.fromtimestamp(at_us // 1_000_000, self._timezone).strftime("%H:%M:%S")

    def _paint(self, code: str, line: LogLine) -> str:
        if not self._colour:
            return code
        reason = line.get("reason", "")
        colour = GREEN if reason == "approved" else GREY if not code.strip() else YELLOW
        return f"{RED if reason == 'system_fault' else colour}{code}{PLAIN}"
