"""``acquirer decode``: a message as a table for people, or as JSON for machines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.cli.tables import Line
    from acquirer.inspect.explain import Explanation
    from acquirer.inspect.explained_rows import ExplainedRow
    from acquirer.inspect.guess import Guess

INPUT_LIMIT_BYTES = 4 << 20  # some thousand messages: a capture to look at, not a log
DUMPED_BYTES = 64 << 10  # of all messages together: four thousand lines, two seconds
LONG_VALUE = 32  # hex digits that still read at a glance


def command(
    message: list[str] = typer.Argument(
        None, metavar="FILE|-|HEX", help="A file (binary, hex or a dump), - for stdin, or the hex itself."
    ),
    dialect: str = typer.Option("", "--dialect", metavar="NAME|FILE", help="Its dialect; without it, a guess."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object per message, one per line."),
    unsafe_show: bool = typer.Option(False, "--unsafe-show", help="Show card numbers, tracks, PIN blocks and keys."),
) -> int:
    """Show a message as a table: fields, parts, meanings, bytes. A length, TPDU or head before it may be missing."""
    from acquirer.inspect.guess import guess_dialect
    from acquirer.settings.specs import dialect_names, load_dialect
    from acquirer.wire.framing import FrameError

    data = _read(message or [])
    try:
        found = guess_dialect(data, [load_dialect(name) for name in ([dialect] if dialect else dialect_names())])
    except FrameError as exc:
        raise Exit(Code.UNDECODABLE, f"{exc.detail[:1].upper()}{exc.detail[1:]}.") from None
    if unsafe_show:
        print("Nothing is masked: do not paste this where others can read it.", file=sys.stderr)
    explanations = [_explained(found, frame, unsafe_show) for frame in found.frames]
    dumped = 0
    for number, explanation in enumerate(explanations):
        if as_json:
            document = {**explanation.as_json(found.framing), "why": found.why, "sure": found.sure}
            print(json.dumps(document, ensure_ascii=False))
        else:
            _print(explanation, found, number, max(0, DUMPED_BYTES - dumped))
            dumped += len(explanation.frame)
    if error := next((one.error for one in explanations if one.error), ""):
        raise Exit(Code.UNDECODABLE, f"Undecodable as {found.dialect.name}: {error}.")
    return Code.OK


def _explained(found: Guess, frame: bytes, unsafe_show: bool) -> Explanation:
    from acquirer.inspect.explain import explain, explain_failure
    from acquirer.wire.message import DecodeError

    try:
        message = found.dialect.decode(frame)
    except DecodeError as exc:
        return explain_failure(found.dialect, frame, exc, unsafe_show)
    return explain(found.dialect, message, unsafe_show)


def _read(words: list[str]) -> bytes:
    """Return the bytes that were named: a file's, stdin's, or hex on the command line."""
    from acquirer.inspect.hexdump import read_hex

    name = words[0] if len(words) == 1 else ""
    if not words and sys.stdin.isatty():
        raise Exit(Code.USAGE, "Name a file, give hex, or pipe a message into 'acquirer decode'.")
    if not words or name == "-":
        return _bytes("stdin", sys.stdin.buffer.read(INPUT_LIMIT_BYTES + 1))
    if path := _file(name):
        with path.open("rb") as file:
            return _bytes(name, file.read(INPUT_LIMIT_BYTES + 1))
    try:
        return read_hex(" ".join(words))
    except ValueError as exc:
        hint = f"There is no file '{name}', and as hex: " if name and len(name) < 100 else "As hex: "
        raise Exit(Code.USAGE, f"{hint}{exc}.") from None


def _file(name: str) -> Path | None:
    try:
        return Path(name) if name and Path(name).exists() else None
    except OSError:  # longer than a name can be: it is hex
        return None


def _bytes(name: str, raw: bytes) -> bytes:
    """Return what a file holds: the bytes its text spells as hex, else itself."""
    from acquirer.inspect.hexdump import read_hex

    if not raw:
        raise Exit(Code.USAGE, f"{name}: is empty.")
    if len(raw) > INPUT_LIMIT_BYTES:
        raise Exit(
            Code.USAGE, f"{name}: is larger than {INPUT_LIMIT_BYTES >> 20} MiB; cut out the messages of interest."
        )
    try:
        return read_hex(raw.decode("ascii"))
    except ValueError as exc:
        if raw.startswith(b"0000  ") and b"**" in raw:
            raise Exit(Code.USAGE, f"{name}: {exc}.") from None
        return raw


def _print(explanation: Explanation, found: Guess, number: int, dump_bytes: int) -> None:
    from acquirer.cli.tables import ALERT, KEY, QUIET, WIDE, Line, console, count, hex_lines, table

    screen = console()
    wide = screen.width >= WIDE
    if number:
        screen.print()
    title = Line(explanation.title.en, "bold")
    if explanation.title.zh:
        title.append(f" {explanation.title.zh}")
    screen.print(title.append(f"  {explanation.dialect}, {count(len(explanation.frame), 'byte')}", QUIET))
    screen.print(Line(("" if found.sure else "A guess: ") + found.why, QUIET))
    grid = table("DE", "Field", *(("字段", "Bytes") if wide else ()), "Value", "Meaning")
    bounds = []

    def add(row: ExplainedRow, depth: int, value: str | Line, style: str = "") -> None:
        first, last = row.span[0], row.span[1] - 1
        names = (row.name.zh, Line(f"{first}–{last}" if first < last else str(first), QUIET)) if wide else ()
        meaning = f"{row.meaning.en} {row.meaning.zh if wide else ''}".rstrip()
        grid.add_row(
            Line("  " * depth + row.key, style or (QUIET if depth else KEY)), row.name.en, *names, value, meaning
        )

    for top in (*explanation.before, *explanation.fields):
        bounds.append(top.span[0])
        for depth, row in top.walk():
            add(row, depth, _value(row))
    if explanation.failure:
        add(explanation.failure, 0, Line("✗", ALERT), ALERT)
    screen.print(grid)
    if dump_bytes:
        screen.print(hex_lines(explanation.frame[:dump_bytes], explanation.hidden, frozenset(bounds)))
    if (left_out := len(explanation.frame) - dump_bytes) > 0:
        limit = f"dumps end after {DUMPED_BYTES} bytes together; cut out the messages of interest"
        screen.print(Line(f"… {count(left_out, 'byte')} left out: {limit}", QUIET))
    for note in explanation.notes:
        screen.print(Line(f"• {note}"))


def _value(row: ExplainedRow) -> str | Line:
    """Return a value, or only its size when the rows below show all that is in it."""
    from acquirer.cli.tables import HIDDEN, QUIET, Line

    if row.within and row.binary and len(row.value) > LONG_VALUE:
        return Line(f"{row.span[1] - row.span[0]} bytes", QUIET)
    return Line(row.value, HIDDEN) if row.hidden and not row.within else Line(row.value)
