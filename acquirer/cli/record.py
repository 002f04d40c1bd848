"""``acquirer record``: rules or a journey made of what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.recordings import (
    DialectOption,
    RecordingOptions,
    SourceArgument,
    TraceOption,
    WhereOption,
    open_recording,
)
from acquirer.cli.stores import StoreOption
from acquirer.cli.streams import say

FORMS = ("rules", "journey")


def command(
    source: str = SourceArgument,
    form: Annotated[
        str, typer.Option("--as", metavar="rules|journey", help="A pack of rules, or a script of terminal steps.")
    ] = "rules",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.toml", help="Where to write it; without it, to stdout.")
    ] = None,
    name: Annotated[str, typer.Option(metavar="TEXT", help="What rules, or the journey, are called after.")] = "",
    cards: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="For a journey: the test cards; else the shipped ones.")
    ] = None,
    terminals: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="With a trace or capture: master keys, for cards on encrypted tracks; else the demo terminals'.",
        ),
    ] = None,
    dialect: str = DialectOption,
    store: str | None = StoreOption,
    trace: Path | None = TraceOption,
    where: list[str] | None = WhereOption,
    as_json: Annotated[
        bool, typer.Option("--json", help="What was reproduced and what was not, as one JSON object; needs --out.")
    ] = False,
) -> int:
    """Make rules or a journey of a recording: a journal of a relay or a host, a trace, or a capture in any form.

    With the rules, 'acquirer serve --pack FILE' answers as the recorded host did; the journey does again what its
    terminals did ('acquirer check FILE', against another host with --host). What cannot be reproduced is said, and
    stands as comments in the file. Ends with 1 when nothing can be.
    """
    from acquirer.app.recorded_cards import note_cards
    from acquirer.app.recorded_journey import recorded_journey
    from acquirer.app.recorded_rules import recorded_rules
    from acquirer.cli.json_output import print_object
    from acquirer.data.text import plural
    from acquirer.settings.cards import load_cards
    from acquirer.settings.terminals import named_or_demo_terminals

    if form not in FORMS:
        raise Exit(Code.USAGE, f"--as: '{form}' is none of {', '.join(FORMS)}.")
    if cards is not None and form != "journey":
        raise Exit(Code.USAGE, "--cards is for a journey: rules know cards by the numbers that a journal shows.")
    if as_json and out is None:
        raise Exit(Code.USAGE, "--json needs --out FILE.toml: without it the file itself goes to stdout.")
    options = RecordingOptions(source, dialect, store, trace, where or (), whole=trace is not None)
    compiled, recording = open_recording(options)
    note_cards(compiled, recording, named_or_demo_terminals(terminals))
    called = name or ("recorded" if form == "rules" else "what was recorded")
    if form == "rules":
        result = recorded_rules(recording.exchanges, compiled.dialect, called)
    else:
        result = recorded_journey(recording.exchanges, compiled.dialect, load_cards(cards), called)
    for sentence in result.left_out:
        say(f"Not reproduced: {sentence}.")
    if not result.reproduced:
        raise Exit(Code.EXPECTATION_FAILED, "Nothing of the recording can be reproduced.")
    if not result.text:
        raise Exit(Code.EXPECTATION_FAILED, "No rule is needed: what was recorded a host of ours answers by itself.")
    _write(result.text, out)
    total = len(recording.exchanges)
    if as_json:
        found = {"exchanges": total, "reproduced": result.reproduced, "left_out": result.left_out, "file": str(out)}
        print_object(found)
    else:
        where_to = f", in {out}" if out is not None else ""
        say(f"{result.reproduced} of {plural(total, 'exchange')} reproduced{where_to}.")
    return Code.OK


def _write(text: str, out: Path | None) -> None:
    from acquirer.settings.private_file import write_private

    if out is None:
        print(text, end="")
        return
    try:
        write_private(out, text.encode())
    except OSError as exc:
        raise Exit(Code.USAGE, f"--out {out}: cannot be written: {(exc.strerror or str(exc)).lower()}.") from None
