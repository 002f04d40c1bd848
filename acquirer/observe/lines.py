"""Lines: what is said of an exchange or an event, as one JSON object or as one line a person can read.

Nothing sensitive gets here: evidence is asked for names and reasons only, never for fields of the message. Text that
came from the wire is escaped, because a log is read on terminals (ASVS 16.4.1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from operator import attrgetter
from typing import Any

from structlog.processors import JSONRenderer

from acquirer.journal.evidence import Evidence
from acquirer.wire.masking import mask_card_numbers

Line = MutableMapping[str, Any]
Render = Callable[[Line], str]


@dataclass(slots=True)
class Exchange:
    """One exchange as it goes to the log. Not frozen: one is made per exchange."""

    evidence: Evidence
    delivery: str


@dataclass(slots=True)
class Event:
    """Anything else worth a line: ``started``, ``refused``, ``stopped`` …"""

    at_us: int
    name: str
    sentence: str
    fields: Mapping[str, Any]


NAMES = (
    "peer",
    "mti",
    "service",
    "tid",
    "mid",
    "batch",
    "stan",
    "rrn",
    "code",
    "reason",
    "replayed",
    "fault",
)
"""What a line takes from evidence as it is, when there is any."""

Facts = tuple[Any, ...]
"""What a line is made of, plain values only: they can be handed to another process."""

_facts = attrgetter("at_us", "id", "took_us", "why", "notes", *NAMES)


def facts(exchange: Exchange) -> Facts:
    """What there is to tell of an exchange; nothing is masked yet."""
    evidence = exchange.evidence
    return (evidence.dialect.name, exchange.delivery if evidence.reply is not None else "", *_facts(evidence))


def line_of(told: Facts) -> Line:
    """The canonical line of one exchange; what is empty is left out."""
    dialect, delivery, at_us, number, took_us, why, notes, *named = told
    line: Line = {"event": "exchange", "at": _utc(at_us), "id": number, "dialect": dialect}
    line.update([pair for pair in zip(NAMES, named, strict=True) if pair[1]])
    if why:
        line["why"] = mask_card_numbers(why)
    if notes:
        line["notes"] = [mask_card_numbers(note) for note in notes]
    if delivery:
        line["delivery"] = delivery
    line["took_ms"] = took_us / 1000
    return line


def exchange_line(exchange: Exchange) -> Line:
    """The line of an exchange, made here and now."""
    return line_of(facts(exchange))


def event_line(event: Event) -> Line:
    """The line of an event: its name, its time, its sentence and whatever belongs to it."""
    line: Line = {"event": event.name, "at": _utc(event.at_us), "why": event.sentence, **event.fields}
    return {key: value for key, value in line.items() if value != ""}


_encode = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode
_json = JSONRenderer(serializer=lambda line, **_: _encode(line))  # json.dumps would make an encoder for each line


def as_json(line: Line) -> str:
    """One JSON object."""
    text = _json(None, "", line)
    return text if isinstance(text, str) else text.decode()


GREEN, YELLOW, RED, GREY, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[90m", "\x1b[0m"


class Readable:
    """Lines for eyes: ``12:00:00  10000001  0800 sign_on   000001  00  approved: …``."""

    def __init__(self, timezone: tzinfo, *, colour: bool) -> None:
        self._timezone = timezone
        self._colour = colour

    def __call__(self, line: Line) -> str:
        clock = datetime.fromisoformat(line["at"]).astimezone(self._timezone).strftime("%H:%M:%S")
        if line["event"] != "exchange":
            return printable(f"{clock}  {self._event(line)}")
        why = "; ".join([line.get("why", line.get("reason", "")), *line.get("notes", ())])
        if fault := line.get("fault"):
            why += f" [fault: {fault}]"
        if (delivery := line.get("delivery", "sent")) != "sent":
            why += f" [{delivery}]"
        code = line.get("code", "")
        head = printable(
            f"{clock}  {line.get('tid', ''):8}  {line.get('mti', ''):4} {line.get('service', ''):9} "
            f"{line.get('stan', ''):6}  "
        )
        return f"{head}{self._paint(f'{printable(code):2}', line)}  {printable(why)}"

    def _event(self, line: Line) -> str:
        rest = [f"{key}={value}" for key, value in line.items() if key not in ("event", "at", "why")]
        return " ".join(filter(None, [f"{line['event']}:", line.get("why", ""), *rest])).removesuffix(":")

    def _paint(self, code: str, line: Line) -> str:
        if not self._colour:
            return code
        reason = line.get("reason", "")
        colour = GREEN if reason == "approved" else GREY if not code.strip() else YELLOW
        return f"{RED if reason == 'system_fault' else colour}{code}{PLAIN}"


def printable(text: str) -> str:
    """Text that cannot move a cursor, ring a bell or begin a new line.

    >>> printable("批准 \\x1b[2J")
    '批准 \\\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@lru_cache(maxsize=4)  # lines come in the order of time
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _utc(at_us: int) -> str:
    at_s, rest_us = divmod(at_us, 1_000_000)
    return f"{_second(at_s)}.{rest_us // 1000:03d}Z"
