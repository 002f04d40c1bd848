"""Lines of log: an exchange or an event as one JSON object, or as one line that a person can read.

The line of an exchange is made from its row in the journal, which is masked. Text that was received over the wire is
escaped, because a log is read on terminals (ASVS 16.4.1).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, MutableMapping
from datetime import datetime, tzinfo
from operator import itemgetter
from typing import Any, Final, Protocol, TextIO

from acquirer.data.text import printable
from acquirer.data.types import JournalRow
from acquirer.journal.entry import COLUMNS, LOGGED
from acquirer.observe.event import LogEvent, utc

LogLine = MutableMapping[str, Any]

_texts = itemgetter(*(1 + COLUMNS.index(name) for name in LOGGED))
_notes = itemgetter(1 + COLUMNS.index("notes"))
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


_NEXT: Final = "\n"  # between notes, in a row


UsualLine = Callable[[JournalRow], "str | None"]
"""Returns the line of an exchange that has certain texts, none of which JSON has to escape; else None."""


class AsJson:
    """One JSON object in each line."""

    def __init__(self) -> None:
        self._usual: dict[bytes, UsualLine] = {}  # by which texts there are; hosts write a few dozen
        self._last: UsualLine = _not_usual

    def __reduce__(self) -> tuple[type[AsJson], tuple[()]]:
        """Travel to another process without what was compiled here."""
        return AsJson, ()

    def exchange(self, row: JournalRow) -> str:
        return self._last(row) or self._exchange(row)

    def _exchange(self, row: JournalRow) -> str:
        there = bytes(map(bool, (*_texts(row), _notes(row))))
        usual = self._last = self._usual.get(there) or self._usual.setdefault(there, _usual_line(there))
        return usual(row) or _as_json(exchange_line(row))

    def event(self, event: LogEvent) -> str:
        from acquirer.observe.event_lines import event_as_json  # structlog

        return event_as_json(event)


_as_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _not_usual(_row: JournalRow) -> None:
    """Return None: nothing is known of usual exchanges yet."""


def _usual_line(there: bytes) -> UsualLine:
    """Return the function for exchanges with certain texts: Python source made of the names of columns, and compiled.

    An encoder that looks at each value costs as much as all the rest.

    Args:
        there: a byte for each of `LOGGED` and one for notes, 0 where there is no such text.
    """
    texts = [name for name, is_there in zip((*LOGGED, "notes"), there, strict=True) if is_there]
    absent = [name for name in (*LOGGED, "notes", "replayed") if name not in texts]
    pairs = "".join([f',"{name}":"{{{name}}}"' for name in texts if name != "notes"])
    notes = ',"notes":["{notes}"]' * ("notes" in texts)
    line = (
        f'{{{{"event":"exchange","at":"{{utc(at_us)}}","id":{{number}}{pairs}{notes},"took_ms":{{took_us / 1000}}}}}}'
    )
    source = [
        "def usual(row):",
        f"[number, {', '.join(COLUMNS)}] = row",
        f"if {' or '.join([*absent, *[f'not {name}' for name in texts]])}: return None",
        f"text = f{''.join([f'{{{name}}}' for name in texts])!r}",
        "if not (text.isascii() and text.isprintable()) or '\"' in text or '\\\\' in text: return None",
        f"return f{line!r}",
    ]
    names: dict[str, Any] = {"utc": utc}
    exec(compile("\n    ".join(source), "<generated line>", "exec"), names)  # noqa: S102  made of our own names
    usual: UsualLine = names["usual"]
    return usual


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


def render_for(mode: str, stream: TextIO | None, timezone: tzinfo) -> Render:
    """Return how lines to a stream are written: ``readable``, ``json``, or ``auto``, for eyes if it is a terminal."""
    terminal = stream is not None and stream.isatty()
    if mode == "json" or (mode == "auto" and not terminal):
        return AsJson()
    return AsText(timezone, colour=terminal and not os.environ.get("NO_COLOR"))
