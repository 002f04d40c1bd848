"""``acquirer journal show``: one exchange, field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.journal_query import document_of, printer
from acquirer.cli.stores import JsonOption, StoreOption, reading, settings

if TYPE_CHECKING:
    from rich.text import Text as Line


def show(
    number: int = typer.Argument(metavar="NUMBER", help="As 'list' shows it."),
    raw: bool = typer.Option(
        False, "--raw", help="Its frames, unmasked, of the trace that 'acquirer serve --trace' keeps."
    ),
    trace: Path | None = typer.Option(
        None, "--trace", metavar="FILE", help="That trace, where settings do not name it; for --raw."
    ),
    store: str | None = StoreOption,
    as_json: bool = JsonOption,
) -> int:
    """Show one exchange: request and reply field by field, and why."""
    from acquirer.cli import tables
    from acquirer.cli.raw_frames import frame_json, frames_of, print_frames
    from acquirer.data.text import printable
    from acquirer.settings.shipped_words import field_names

    config = settings(store, trace=trace)
    with reading(config.store) as reader:
        entry = reader.exchange(number)
    if entry is None:
        raise Exit(Code.USAGE, f"{config.store} has no exchange {number}; 'acquirer journal list' shows the latest.")
    frames = frames_of(config.trace, entry) if raw else []
    if as_json:
        document = document_of(entry, config.timezone)
        if raw:
            document["frames"] = [frame_json(frame, config.timezone) for frame in frames]
        print(json.dumps(document, ensure_ascii=False))
        return Code.OK
    if raw:
        print_frames(frames)
        return Code.OK
    printer(config.timezone, as_json=False)(entry)
    screen = tables.console()
    facts = f"{entry.dialect}, from {entry.peer or 'nowhere'}, {entry.frame_bytes} bytes, {entry.took_us / 1000:g} ms"
    about = printable(f"{facts}; merchant {entry.mid or '?'}, batch {entry.batch or '?'}")
    screen.print(tables.Line(about, tables.QUIET))
    if entry.failure:
        screen.print(f"undecodable: {printable(entry.failure)}", soft_wrap=True)
    if entry.before_failure:
        screen.print(_decoded_bytes(entry.before_failure))
    names = field_names(entry.dialect)
    reply = entry.reply or {}
    if not (entry.request or reply):
        answer = "No reply." if entry.reply is None else "An empty reply."
        screen.print(tables.Line(f"No field was read. {answer}", tables.QUIET))
        return Code.OK
    answer = f"Reply {entry.reply_mti}" if entry.reply_mti else "No reply"
    grid = tables.table("DE>", "Name", f"Request {entry.mti}", answer)
    for de in sorted({*entry.request, *reply}, key=int):
        values = [printable(fields.get(de, "")) for fields in (entry.request, reply)]
        grid.add_row(tables.Line(de, tables.KEY), names.get(de, ""), *values)
    screen.print(grid)
    return Code.OK


def _decoded_bytes(digits: str) -> Line:
    """Return a dump of the bytes before a failure; stars among its digits are hidden ones."""
    from acquirer.cli.tables import hex_lines

    hidden = frozenset(at for at, digit in enumerate(digits) if digit == "*")
    return hex_lines(bytes.fromhex(digits.replace("*", "0")), hidden, frozenset())
