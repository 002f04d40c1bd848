"""Exchanges as text: a line for each, with its why; in a transcript the masked fields of both messages below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from textwrap import wrap
from typing import Final, Literal

from acquirer.data.text import local_time, printable
from acquirer.journal.entry import Entry

Role = Literal["number", "terminal", "message", "approved", "declined", "unanswered", "why", "mark"]
"""What a piece of a line is, for who paints it."""

_INDENT: Final = " " * 8
_WIDTH: Final = 120


def line_parts(entry: Entry, timezone: tzinfo) -> list[tuple[str, Role]]:
    """Return one exchange as the pieces of one line, as long as its why is; nothing from the wire moves a cursor."""
    why = "; ".join(filter(None, [entry.why or entry.failure or entry.reason, *entry.notes]))
    marks = [f"fault: {entry.fault}" if entry.fault else "", "repeated" if entry.replayed else ""]
    if entry.delivery != "sent":
        marks.append(entry.delivery)
    marks += [f"mark: {printable(entry.mark)}" if entry.mark else "", printable(entry.comment)]
    answered: Role = "approved" if entry.reason == "approved" else "declined" if entry.code else "unanswered"
    return [
        (f"{entry.id:>6}  {local_time(entry.at_us, timezone)}  ", "number"),
        (printable(f"{entry.tid:8}  "), "terminal"),
        (printable(f"{entry.mti:4} {entry.service:9} {entry.stan:6}  "), "message"),
        (printable(f"{entry.code:2}  "), answered),
        (printable(why), "why"),
        ("".join(f" [{mark}]" for mark in marks if mark), "mark"),
    ]


def plain_line(entry: Entry, timezone: tzinfo) -> str:
    """Return one exchange on one line."""
    return "".join([text for text, _ in line_parts(entry, timezone)]).rstrip()


def transcript_of(entries: Iterable[Entry], timezone: tzinfo) -> str:
    """Return exchanges as a text of lines, each with the fields of request and reply below it."""
    lines: list[str] = []
    for entry in entries:
        lines.append(plain_line(entry, timezone))
        lines += _fields("request", entry.mti, entry.request)
        if entry.reply is not None:
            lines += _fields("reply", entry.reply_mti, entry.reply)
    return "\n".join(lines)


def _fields(word: str, mti: str, fields: Mapping[str, str]) -> list[str]:
    if not fields:
        return []
    shown = "  ".join(f"{de}: {printable(value)}" for de, value in sorted(fields.items(), key=lambda one: int(one[0])))
    return wrap(f"{word} {mti}  {shown}", _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT + "  ")
