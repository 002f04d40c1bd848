"""``acquirer doctor``: what a capture is, in which dialect and framing, how sure that is and why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.json_output import print_object

if TYPE_CHECKING:
    from rich.table import Table

    from acquirer.dialect.dialect import Dialect
    from acquirer.inspect.doctor import CaptureDiagnosis, CapturedMessage, StreamDiagnosis
    from acquirer.wire.message import Message

INPUT_LIMIT_BYTES = 64 << 20  # a packet capture of a test run; more is cut to the port of interest first

SHOWN = ("stan", "tid", "code")  # of each message, if its dialect has them


def command(
    capture: str = typer.Argument(
        ..., metavar="CAPTURE|-", help="Packets, bytes, hex, dumps, base64, a log; - is stdin."
    ),
    dialect: list[str] = typer.Option(
        [], "--dialect", metavar="NAME|FILE", help="Try only these, or files of your own."
    ),
    terminals: Path | None = typer.Option(
        None, "--terminals", metavar="FILE", help="Terminals with their keys: MACs, PINs and tracks are looked at too."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object per connection, one per line."),
) -> int:
    """Say what a capture is: which dialect, which framing, how sure and why; and list the messages in it."""
    from acquirer.cli.inputs import read_input
    from acquirer.inspect.capture_forms import CaptureError
    from acquirer.inspect.doctor import diagnose_capture
    from acquirer.settings.specs import dialect_names, load_dialect

    data = read_input([capture], INPUT_LIMIT_BYTES, "cut out what is of interest", text=False).data
    dialects = [load_dialect(name) for name in dialect or dialect_names()]
    try:
        diagnosis = diagnose_capture(data, dialects)
    except CaptureError as exc:
        raise Exit(Code.UNDECODABLE, f"{capture}: {exc}.") from None
    found = [_host_says(group, dialects, terminals) if terminals else [] for group in diagnosis.groups]
    if as_json:
        for group, findings in zip(diagnosis.groups, found, strict=True):
            host = (
                {"host": [{"message": number, "sentence": sentence} for number, sentence in findings]}
                if terminals
                else {}
            )
            print_object({**_as_json(diagnosis, group), **host})
    else:
        _print(diagnosis, found)
    if not diagnosis.groups:
        raise Exit(Code.UNDECODABLE, f"{capture}: there is no connection with bytes in it.")
    problems = [found.problem for group in diagnosis.groups for found in group.messages if found.problem]
    if not all(group.guess for group in diagnosis.groups):
        raise Exit(Code.UNDECODABLE, "Not all of it is ISO 8583.")
    if problems:
        from acquirer.data.text import plural

        raise Exit(Code.UNDECODABLE, f"{plural(len(problems), 'message')} cannot be read.")
    return Code.OK


def _host_says(group: StreamDiagnosis, dialects: list[Dialect], terminals: Path) -> list[tuple[int, str]]:
    """Return what a host with these terminals would say: number of the message (0: the whole stream), and sentence."""
    from acquirer.app.dry_run import DryRun
    from acquirer.settings.terminals import read_terminals

    guess = group.guess
    named = dialects[0] if len(dialects) == 1 else None
    dialect = named or (guess.dialect if guess else None)
    if dialect is None:
        return []
    host = DryRun(dialect, read_terminals(terminals))
    if named is not None and (
        guess is None or guess.framing != named.framing.bare.spelling or guess.dialect is not named
    ):
        return [(0, one) for stream in group.streams for one in host.stream(stream.data, _now_us())]
    found = []
    for number, one in enumerate(group.messages, 1):
        message = one.message
        if message is not None and one.is_reply:
            findings = host.reply(message)
        else:
            findings = host.request(one.frame, int(one.at_s * 1_000_000) if one.at_s is not None else _now_us())
        found += [(number, sentence) for sentence in findings]
    if guess is not None and guess.framing == dialect.framing.bare.spelling:
        replies = [one.stream for one in group.messages if one.is_reply]
        for stream in group.streams:
            if stream not in replies:
                found += [(0, sentence) for sentence in host.ending(stream.data, _now_us())]
    return found


def _now_us() -> int:
    return int(datetime.now().timestamp() * 1_000_000)


def _as_json(diagnosis: CaptureDiagnosis, group: StreamDiagnosis) -> dict[str, Any]:
    guess = group.guess
    return {
        "form": diagnosis.form,
        "notes": list(diagnosis.notes),
        "streams": [stream.name for stream in group.streams],
        "dialect": guess.dialect.name if guess else None,
        "framing": guess.framing if guess else None,
        "certainty": group.certainty,
        "also": list(guess.also) if guess else [],
        "why": list(group.why),
        "messages": [_message(found, guess.framing) for found in group.messages] if guess else [],
    }


def _message(found: CapturedMessage, framing: str) -> dict[str, Any]:
    at = datetime.fromtimestamp(found.at_s, UTC) if found.at_s is not None else None
    moments = {
        "at": at and at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "at_local": at and at.astimezone().isoformat(timespec="microseconds"),
    }
    return {"stream": found.stream.name, **moments, **found.explanation.as_json(framing)}


def _print(diagnosis: CaptureDiagnosis, found: list[list[tuple[int, str]]]) -> None:
    from acquirer.cli.tables import QUIET, Line, console
    from acquirer.data.text import plural

    screen = console()
    streams = sum(len(group.streams) for group in diagnosis.groups)
    screen.print(Line(f"{diagnosis.form}, {plural(streams, 'stream')}", QUIET))
    for note in diagnosis.notes:
        screen.print(Line(f"• {note}"))
    for group, findings in zip(diagnosis.groups, found, strict=True):
        screen.print()
        _group(screen, group)
        for number, sentence in findings:
            where = f"message {number}" if number else "a host"
            screen.print(Line(f"• {where}: {sentence}"))


def _group(screen: Any, group: StreamDiagnosis) -> None:
    from acquirer.cli.tables import ALERT, KEY, QUIET, Line

    names = [stream.name for stream in group.streams if stream.name]
    if names and " → " in names[0]:
        screen.print(Line(names[0], "bold"))
    if group.guess is None:
        screen.print(Line("another protocol", ALERT))
    elif group.certainty == "unknown":
        screen.print(Line("no dialect that was tried", ALERT))
    else:
        what = Line(f"{group.guess.dialect.name}, {group.guess.framing}", KEY)
        screen.print(what.append(f"  {group.certainty}", "bold" if group.certainty == "sure" else ALERT))
    for sentence in group.why:
        screen.print(Line(f"• {sentence}", QUIET))
    if group.messages and group.certainty != "unknown":
        screen.print(_messages(group))


def _messages(group: StreamDiagnosis) -> Table:
    from acquirer.cli.tables import ALERT, QUIET, Line, table

    timed = all(found.at_s is not None for found in group.messages)
    first = group.streams[0].name.partition(" → ")[0]
    grid = table(*(("At", "") if timed else ("Where",)), "MTI", "Message", *(name.upper() for name in SHOWN), "Bytes>")
    for found in group.messages:
        title = Line(found.problem, ALERT) if found.problem else Line(found.explanation.title.en)
        where = [Line(found.stream.name, QUIET)]
        if timed:
            at = datetime.fromtimestamp(found.at_s or 0).strftime("%H:%M:%S.%f")[:-3]
            where = [Line(at, QUIET), Line("→" if found.stream.name.startswith(first) else "←")]
        grid.add_row(*where, found.explanation.mti, title, *_shown(group, found.message), str(len(found.frame)))
    return grid


def _shown(group: StreamDiagnosis, message: Message | None) -> list[str]:
    """Return what identifies a message; a code only in replies, as requests have something else in its place."""
    if message is None or group.guess is None:
        return [""] * len(SHOWN)
    dialect = group.guess.dialect
    names = [name if name != "code" or dialect.is_response(message.mti) else "" for name in SHOWN]
    return [dialect.text(message, name) if name in dialect.elements else "" for name in names]
