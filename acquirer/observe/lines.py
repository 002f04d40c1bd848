"""Lines: what is said of an exchange or an event, as one JSON object or as one line a person can read.

An exchange is told from its row in the journal, which is masked. Text that came from the wire is escaped, because a log
is read on terminals (ASVS 16.4.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from operator import itemgetter
from typing import Any, Protocol

from structlog.processors import JSONRenderer

from acquirer.data.text import printable
from acquirer.data.types import JournalRow
from acquirer.journal.entry import COLUMNS, LOGGED
from acquirer.journal.render import is_plain

Line = MutableMapping[str, Any]


@dataclass(slots=True)
class Event:
    """Anything else worth a line: ``started``, ``refused``, ``stopped`` …"""

    at_us: int
    name: str
    sentence: str
    fields: Mapping[str, Any]


_texts = itemgetter(*(1 + COLUMNS.index(name) for name in LOGGED))
_others = itemgetter(0, *(1 + COLUMNS.index(name) for name in ("at_us", "replayed", "notes", "took_us")))


class Render(Protocol):
    """How lines are written down."""

    def exchange(self, row: JournalRow) -> str:
        """The line of an exchange."""

    def event(self, event: Event) -> str:
        """The line of anything else."""


def exchange_line(row: JournalRow) -> Line:
    """The canonical line of one exchange; what is empty is left out."""
    number, at_us, replayed, notes, took_us = _others(row)
    line: Line = {"event": "exchange", "at": _utc(at_us), "id": number}
    line.update([pair for pair in zip(LOGGED, _texts(row), strict=True) if pair[1]])
    if notes:
        line["notes"] = notes.split("\n")
    if replayed:
        line["replayed"] = True
    line["took_ms"] = took_us / 1000
    return line


def event_line(event: Event) -> Line:
    """The line of an event: its name, its time, its sentence and whatever belongs to it."""
    line: Line = {"event": event.name, "at": _utc(event.at_us), "why": event.sentence, **event.fields}
    return {key: value for key, value in line.items() if value != ""}


_encode = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode
_json = JSONRenderer(serializer=lambda line, **_: _encode(line))  # json.dumps would make an encoder for each line
_quoted = json.encoder.encode_basestring


class AsJson:
    """One JSON object in each line."""

    def exchange(self, row: JournalRow) -> str:
        number, at_us, replayed, notes, took_us = _others(row)
        texts = _texts(row)
        if is_plain(texts):  # most lines: half the price of an encoder that looks at each value
            told = [f'"{name}":"{text}"' for name, text in zip(LOGGED, texts, strict=True) if text]
        else:
            told = [f'"{name}":{_quoted(text)}' for name, text in zip(LOGGED, texts, strict=True) if text]
        if notes:
            told.append(f'"notes":[{",".join([_quoted(note) for note in notes.split(_NEXT)])}]')
        if replayed:
            told.append('"replayed":true')
        return f'{{"event":"exchange","at":"{_utc(at_us)}","id":{number},{",".join(told)},"took_ms":{took_us / 1000}}}'

    def event(self, event: Event) -> str:
        text = _json(None, "", event_line(event))
        return text if isinstance(text, str) else text.decode()


_NEXT = "\n"


GREEN, YELLOW, RED, GREY, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[90m", "\x1b[0m"


class AsText:
    """Lines for eyes: ``12:00:00  10000001  0800 sign_on   000001  00  approved: …``."""

    def __init__(self, timezone: tzinfo, *, colour: bool) -> None:
        self._timezone = timezone
        self._colour = colour

    def event(self, event: Event) -> str:
        line = event_line(event)
        rest = [f"{key}={value}" for key, value in line.items() if key not in ("event", "at", "why")]
        told = " ".join(filter(None, [f"{event.name}:", event.sentence, *rest])).removesuffix(":")
        return printable(f"{self._clock(event.at_us)}  {told}")

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

    def _paint(self, code: str, line: Line) -> str:
        if not self._colour:
            return code
        reason = line.get("reason", "")
        colour = GREEN if reason == "approved" else GREY if not code.strip() else YELLOW
        return f"{RED if reason == 'system_fault' else colour}{code}{PLAIN}"


@lru_cache(maxsize=4)  # lines come in the order of time
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _utc(at_us: int) -> str:
    at_s, rest_us = divmod(at_us, 1_000_000)
    return f"{_second(at_s)}.{rest_us // 1000:03d}Z"
