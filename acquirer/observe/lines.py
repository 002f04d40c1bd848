"""Lines of log: an exchange or an event as one JSON object, or as one line that a person can read.

The line of an exchange is made from its row in the journal, which is masked. Text that was received over the wire is
escaped, because a log is read on terminals (ASVS 16.4.1).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, MutableMapping, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Final, Protocol, TextIO

from acquirer.data.text import printable
from acquirer.journal.entry import LOGGED, Entry
from acquirer.journal.packed import SEPARATOR, Form, NumberedExchange, PackedExchange, unpacker
from acquirer.observe.event import LogEvent, utc, utc_of_millisecond

LogLine = MutableMapping[str, Any]

FORMS_KEPT: Final = 256
"""Forms whose functions are remembered: more than a host's traffic has, and any peer may send any bitmap."""


class Render(Protocol):
    """How lines are written down."""

    def exchanges(self, several: Sequence[NumberedExchange]) -> list[str]:
        """Return the lines of exchanges."""

    def event(self, event: LogEvent) -> str:
        """Return the line of anything else."""


def exchange_line(entry: Entry) -> LogLine:
    """Return the canonical line of one exchange; what is empty is left out."""
    line: LogLine = {"event": "exchange", "at": utc(entry.at_us), "id": entry.id}
    line.update([(name, text) for name in LOGGED if (text := getattr(entry, name))])
    if entry.notes:
        line["notes"] = list(entry.notes)
    if entry.replayed:
        line["replayed"] = True
    line["took_ms"] = entry.took_us / 1000
    return line


UsualLine = Callable[[int, int, str, str, bool], "str | None"]
"""Takes number, time, tid and values of an exchange of one form, and whether it is known that JSON writes all of its
texts as they are; returns None where JSON has to escape one."""


_unpacker: Final = lru_cache(FORMS_KEPT)(unpacker)


def _entry(number: int, one: PackedExchange) -> Entry:
    """Return an exchange as the journal's readers have it."""
    at_us, tid, form, data = one
    return _unpacker(form)(number, at_us, tid, data, None)


class AsJson:
    """One JSON object in each line."""

    def exchanges(self, several: Sequence[NumberedExchange]) -> list[str]:
        plain = _are_plain(several)
        lines = []
        last: Form | None = None
        usual: UsualLine = _unusual
        for number, one in several:
            at_us, tid, form, data = one
            if form is not last:  # looking one up compares seven texts
                usual, last = _usual_line(form), form
            lines.append(usual(number, at_us, tid, data, plain) or _as_json(exchange_line(_entry(number, one))))
        return lines

    def event(self, event: LogEvent) -> str:
        from acquirer.observe.event_lines import event_as_json  # structlog

        return event_as_json(event)


_as_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _are_plain(several: Sequence[NumberedExchange]) -> bool:
    """Return whether JSON writes all texts of exchanges as they are; no list of theirs has more than one then."""
    tids = "".join([tid for _, (_, tid, _, _) in several]).encode("utf-8", "surrogatepass")
    data = "".join([data for _, (_, _, _, data) in several]).encode("utf-8", "surrogatepass")
    return not tids.translate(None, _PLAIN) and not data.translate(None, _PLAIN_AND_SEPARATOR)


def _unusual(_number: int, _at_us: int, _tid: str, _data: str, _plain: bool) -> None:
    """Return None: nothing is known of a form."""


@lru_cache(FORMS_KEPT)
def _usual_line(form: Form) -> UsualLine:
    """Return the function for exchanges of a form: Python source made of names of columns, and compiled.

    An encoder that looks at each value costs as much as all the rest. What the form says is encoded once; of the values
    it is enough to see that none has a character that JSON would escape: what is left without the others is nothing but
    the newlines between notes. Mostly that is seen of many exchanges at once.
    """
    names_in_row = [name for name in form.names.split() if "=" not in name]
    logged = (*LOGGED, "notes", "replayed", "took_us")
    count = max([place for place, name in enumerate(names_in_row, 1) if name in logged], default=0)
    kept = names_in_row[:count]
    parts = ['{{"event":"exchange","at":"{utc_of_millisecond(at_us // 1000)}","id":{number}']
    given = ["tid", *["notes"] * ("notes" in kept)]
    for name in LOGGED:
        if name == "tid" or name in kept:
            parts.append(f',"{name}":"{{{name}}}"')
            given += [name] * (name != "tid")
        elif known := getattr(form, name, ""):
            parts.append(f',"{name}":{_as_json(known).replace("{", "{{").replace("}", "}}")}')
    parts += [',"notes":["{notes.replace(newline, between)}"]'] * ("notes" in kept)
    parts += [',"replayed":true'] * ("replayed" in kept)
    parts.append(',"took_ms":{took_ms(took_us)}}}' if "took_us" in kept else ',"took_ms":0.0}}')
    values = "".join([f"{{{name}}}" for name in given])
    newlines = 'b"\\n" * notes.count(newline)' if "notes" in kept else 'b""'
    variables = ", ".join([*[name.replace(".", "_") for name in kept], *["_"] * (count < len(names_in_row))])
    source = [
        "def usual(number, at_us, tid, data, plain):",
        *[f"[{variables}] = data.split({SEPARATOR!r}, {count})"] * bool(kept),
        "if not tid: return None",
        f"if not plain and f{values!r}.encode('utf-8', 'surrogatepass').translate(None, unescaped) != {newlines}:",
        "    return None",
        f"return f{''.join(parts)!r}",
    ]
    names: dict[str, Any] = {"newline": "\n", "between": '","', "unescaped": _PLAIN, "took_ms": _took_ms}
    names["utc_of_millisecond"] = utc_of_millisecond
    exec(compile("\n    ".join(source), "<generated line>", "exec"), names)  # noqa: S102  made of our own names
    usual: UsualLine = names["usual"]
    return usual


_PLAIN: Final = bytes([one for one in range(0x20, 0x7F) if one not in b'"\\'])
"""Characters that JSON writes as they are, of ASCII."""

_PLAIN_AND_SEPARATOR: Final = _PLAIN + SEPARATOR.encode()


@lru_cache(4096)  # most exchanges take less than four milliseconds
def _took_ms(took_us: str) -> str:
    """Return milliseconds as JSON has them."""
    return str(int(took_us) / 1000)


GREEN, YELLOW, RED, GREY, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[90m", "\x1b[0m"


class AsText:
    """Lines for eyes: ``12:00:00  10000001  0800 sign_on   000001  00  approved: …``."""

    def __init__(self, timezone: tzinfo, *, colour: bool) -> None:
        self._timezone = timezone
        self._colour = colour

    def event(self, event: LogEvent) -> str:
        from acquirer.observe.event_lines import event_as_text  # structlog

        return event_as_text(event, self._clock(event.at_us))

    def exchanges(self, several: Sequence[NumberedExchange]) -> list[str]:
        return [self._exchange(number, one) for number, one in several]

    def _exchange(self, number: int, one: PackedExchange) -> str:
        line = exchange_line(_entry(number, one))
        why = "; ".join([line.get("why", line.get("reason", "")), *line.get("notes", ())])
        if fault := line.get("fault"):
            why += f" [fault: {fault}]"
        if compared := line.get("compared"):
            why += f" [{compared}]"
        code = line.get("code", "")
        clock, service = self._clock(one[0]), line.get("service", "")
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
