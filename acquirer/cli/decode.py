"""``acquirer decode``: a message as a table for people, or as JSON for machines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.json_output import print_object
from acquirer.cli.streams import say

if TYPE_CHECKING:
    from acquirer.cli.inputs import Input
    from acquirer.cli.tables import Line
    from acquirer.inspect.doctor import CaptureDiagnosis, StreamDiagnosis
    from acquirer.inspect.explain import Explanation
    from acquirer.inspect.explained_rows import ExplainedRow

INPUT_LIMIT_BYTES = 4 << 20  # some thousand messages: a capture to look at, not a log
DUMPED_BYTES = 64 << 10  # of all messages together: four thousand lines, two seconds
SHOWN = 200  # messages: more tables than a person reads through
LONG_VALUE = 32  # hex digits that still read at a glance


def command(
    message: list[str] = typer.Argument(
        None, metavar="FILE|-|HEX", help="A file (bytes, hex, a dump, packets, …), - for stdin, or the hex itself."
    ),
    dialect: str = typer.Option("", "--dialect", metavar="NAME|FILE", help="Its dialect; without it, a guess."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object per message, one per line."),
    unsafe_show: bool = typer.Option(False, "--unsafe-show", help="Show card numbers, tracks, PIN blocks and keys."),
) -> int:
    """Show a message as a table: fields, parts, meanings, bytes. A length, TPDU or head before it may be missing."""
    from acquirer.cli.inputs import read_input
    from acquirer.inspect.capture_forms import CaptureError
    from acquirer.inspect.doctor import diagnose_capture
    from acquirer.settings.specs import dialect_names, load_dialect

    if not message and sys.stdin.isatty():
        raise Exit(Code.USAGE, "Name a file, give hex, or pipe a message into 'acquirer decode'.")
    given = read_input(message or [], INPUT_LIMIT_BYTES, "cut out the messages of interest")
    if not given.data.strip():
        raise Exit(Code.USAGE, "There is nothing to decode.")
    _refuse_masked(given)
    try:
        diagnosis = diagnose_capture(
            given.data, [load_dialect(name) for name in ([dialect] if dialect else dialect_names())]
        )
    except CaptureError as exc:
        raise Exit(Code.UNDECODABLE, f"{given.name}: {exc}.") from None
    if not given.name:
        _refuse_other_text(message, diagnosis)
    for group in diagnosis.groups:
        if group.guess is None:  # another protocol
            raise Exit(Code.UNDECODABLE, f"{group.why[0][:1].upper()}{group.why[0][1:]}.")
    if unsafe_show:
        say("Nothing is masked: do not paste this where others can read it.")
    for note in diagnosis.notes:
        say(f"{note[:1].upper()}{note[1:]}.")
    dumped, error = 0, ""
    for number, (group, found) in enumerate(diagnosis.messages):
        explanation, sure = found.explained(unsafe_show), group.certainty == "sure"
        if as_json:
            print_object({**explanation.as_json(found.guess.framing), "why": found.guess.why, "sure": sure})
        elif number < SHOWN:
            why = found.guess.why if sure else f"A guess: {found.guess.why}"
            print_explanation(explanation, why, number, max(0, DUMPED_BYTES - dumped))
            dumped += len(explanation.frame)
        error = error or (explanation.error and f"Undecodable as {explanation.dialect}: {explanation.error}.")
    if not as_json:
        if (more := len(diagnosis.messages) - SHOWN) > 0:
            print(f"… {more} more messages are left out; --json prints all of them.")
        for group in diagnosis.groups:
            _print_doubts(group)
    if error:
        raise Exit(Code.UNDECODABLE, error)
    return Code.OK


def _refuse_masked(given: Input) -> None:
    """Refuse a dump of ours whose digits are masked: the original bytes are not in it."""
    from acquirer.inspect.hexdump import HexError, read_hex

    if given.data.startswith(b"0000  ") and b"**" in given.data:
        try:
            read_hex(given.data.decode("latin-1"))
        except HexError as exc:
            raise Exit(Code.USAGE, f"{given.name}: {exc}.") from None


def _refuse_other_text(words: list[str], diagnosis: CaptureDiagnosis) -> None:
    """Refuse words of a command line that are neither a file nor bytes in any form."""
    from acquirer.inspect.hexdump import HexError, read_hex

    if any(group.certainty != "unknown" or group.form for group in diagnosis.groups):
        return
    try:
        read_hex(" ".join(words))
    except HexError as exc:
        named = len(words) == 1 and len(words[0]) < 100
        hint = f"There is no file '{words[0]}', and as hex: " if named else "As hex: "
        raise Exit(Code.USAGE, f"{hint}{exc}.") from None


def _print_doubts(group: StreamDiagnosis) -> None:
    """Print why a reading is no more than a guess."""
    from acquirer.cli.tables import QUIET, Line, console

    if group.certainty == "sure":
        return
    for sentence in group.why if group.certainty == "unknown" else group.guess.doubts if group.guess else ():
        console().print(Line(f"• {sentence}", QUIET))


def print_explanation(explanation: Explanation, why: str, number: int, dump_bytes: int | None) -> None:
    """Print a message as a table, all but number 0 behind a blank line; and as a dump of so many bytes, if any."""
    from acquirer.cli.tables import ALERT, KEY, QUIET, WIDE, Line, console, hex_lines, table
    from acquirer.data.text import plural

    screen = console()
    wide = screen.width >= WIDE
    if number:
        screen.print()
    title = Line(explanation.title.en, "bold")
    if explanation.title.zh:
        title.append(f" {explanation.title.zh}")
    screen.print(title.append(f"  {explanation.dialect}, {plural(len(explanation.frame), 'byte')}", QUIET))
    screen.print(Line(why, QUIET))
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
    if dump_bytes is not None and (left_out := len(explanation.frame) - dump_bytes) > 0:
        limit = f"dumps end after {DUMPED_BYTES} bytes together; cut out the messages of interest"
        screen.print(Line(f"… {plural(left_out, 'byte')} left out: {limit}", QUIET))
    for note in explanation.notes:
        screen.print(Line(f"• {note}"))


def _value(row: ExplainedRow) -> str | Line:
    """Return a value, or only its size when the rows below show all that is in it."""
    from acquirer.cli.tables import HIDDEN, QUIET, Line

    if row.within and row.binary and len(row.value) > LONG_VALUE:
        return Line(f"{row.span[1] - row.span[0]} bytes", QUIET)
    return Line(row.value, HIDDEN) if row.hidden and not row.within else Line(row.value)
