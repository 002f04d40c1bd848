"""``acquirer journal list|show|tail``: what was exchanged, and why each request was answered as it was."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.stores import JsonOption, StoreOption, clock_time, reading, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.text import Text as Line

    from acquirer.journal.entry import Entry
    from acquirer.store import Reader, ExchangeFilter

app = typer.Typer(rich_markup_mode=None)

POLL_S = 0.2  # how often `tail` looks: soon enough for eyes, nothing for a disk

Tid: Any = typer.Option("", "--tid", metavar="TID", help="Only of this terminal.")
Stan: Any = typer.Option("", "--stan", metavar="STAN", help="Only with this trace number.")
CodeOption: Any = typer.Option("", "--code", metavar="CODE", help="Only answered with this code.")


@app.command("list")
def list_(
    tid: str = Tid,
    stan: str = Stan,
    code: str = CodeOption,
    limit: int = typer.Option(50, "--limit", "-n", metavar="N", min=0, help="The latest so many; 0 lists all."),
    store: str | None = StoreOption,
    as_json: bool = JsonOption,
) -> int:
    """List exchanges, the latest last, each with its why."""
    with _looking(tid, stan, code, store, as_json) as (reader, wanted, say):
        for entry in reader.exchanges(wanted, limit) if limit else reader.every(wanted):
            say(entry)
    return Code.OK


@app.command()
def tail(
    tid: str = Tid,
    stan: str = Stan,
    code: str = CodeOption,
    limit: int = typer.Option(10, "--limit", "-n", metavar="N", min=0, help="Begin with the latest so many."),
    store: str | None = StoreOption,
    as_json: bool = JsonOption,
) -> int:
    """Show exchanges as they come, until stopped with Ctrl-C."""
    from dataclasses import replace

    with _looking(tid, stan, code, store, as_json) as (reader, wanted, say):
        newest = reader.exchanges(limit=1)
        entries = reader.exchanges(wanted, limit) if limit else []
        seen = max([entry.id for entry in [*newest, *entries]], default=0)
        while True:
            for entry in entries:
                say(entry)
                seen = max(seen, entry.id)
            if not entries:
                time.sleep(POLL_S)
            entries = reader.following(replace(wanted, after=seen))


@app.command()
def show(
    number: int = typer.Argument(metavar="NUMBER", help="As 'list' shows it."),
    store: str | None = StoreOption,
    as_json: bool = JsonOption,
) -> int:
    """Show one exchange: request and reply field by field, and why."""
    from acquirer.cli.tables import KEY, QUIET, Line, console, table
    from acquirer.journal.entry import as_json as plain
    from acquirer.observe.lines import printable

    config = settings(store)
    with reading(config.store) as reader:
        entry = reader.exchange(number)
    if entry is None:
        raise Exit(Code.USAGE, f"{config.store} has no exchange {number}; 'acquirer journal list' shows the latest.")
    if as_json:
        print(json.dumps(plain(entry), ensure_ascii=False))
        return Code.OK
    screen = console()
    screen.print(_line(entry, config.timezone), soft_wrap=True)
    facts = f"{entry.dialect}, from {entry.peer or 'nowhere'}, {entry.frame_bytes} bytes, {entry.took_us / 1000:g} ms"
    screen.print(Line(printable(f"{facts}; merchant {entry.mid or '?'}, batch {entry.batch or '?'}"), "dim"))
    if entry.failure:
        screen.print(f"undecodable: {printable(entry.failure)}", soft_wrap=True)
    if entry.before_failure:
        screen.print(_understood(entry.before_failure))
    names = _names(entry.dialect)
    reply = entry.reply or {}
    if not (entry.request or reply):
        screen.print(Line("No field was read. " + ("No reply." if entry.reply is None else "An empty reply."), QUIET))
        return Code.OK
    grid = table("DE>", "Name", f"Request {entry.mti}", f"Reply {entry.reply_mti}" if entry.reply_mti else "No reply")
    for de in sorted({*entry.request, *reply}, key=int):
        values = [printable(fields.get(de, "")) for fields in (entry.request, reply)]
        grid.add_row(Line(de, KEY), names.get(de, ""), *values)
    screen.print(grid)
    return Code.OK


def _understood(digits: str) -> Line:
    """A dump of the bytes before a failure; stars among its digits are hidden ones."""
    from acquirer.cli.tables import hex_lines

    hidden = frozenset(at for at, digit in enumerate(digits) if digit == "*")
    return hex_lines(bytes.fromhex(digits.replace("*", "0")), hidden, frozenset())


@contextmanager
def _looking(
    tid: str, stan: str, code: str, store: str | None, as_json: bool
) -> Iterator[tuple[Reader, ExchangeFilter, Callable[[Entry], None]]]:
    """What is looked at, what is looked for, and what prints it."""
    from acquirer.store import ExchangeFilter

    config = settings(store)
    say = _printer(config.timezone, as_json)
    with reading(config.store) as reader:
        yield reader, ExchangeFilter(tid=tid, stan=stan, code=code), say


def _printer(timezone: str, as_json: bool) -> Callable[[Entry], None]:
    """Prints an exchange as one line."""
    if as_json:
        from acquirer.journal.entry import as_json as plain

        return lambda entry: print(json.dumps(plain(entry), ensure_ascii=False), flush=True)
    from acquirer.cli.tables import console

    screen = console()
    return lambda entry: screen.print(_line(entry, timezone), soft_wrap=True)


def _line(entry: Entry, timezone: str) -> Line:
    """One exchange on one line, as long as its why is; nothing from the wire can move a cursor."""
    from acquirer.cli.tables import KEY, QUIET, WRONG, Line
    from acquirer.observe.lines import printable

    why = "; ".join(filter(None, [entry.why or entry.failure or entry.reason, *entry.notes]))
    marks = [f"fault: {entry.fault}" if entry.fault else "", "repeated" if entry.replayed else ""]
    if entry.delivery != "sent":
        marks.append(entry.delivery)
    line = Line(f"{entry.id:>6}  ", QUIET).append(f"{clock_time(entry.at_us, timezone)}  ", QUIET)
    line.append(printable(f"{entry.tid:8}  "), KEY)
    line.append(printable(f"{entry.mti:4} {entry.service:9} {entry.stan:6}  "), "")
    line.append(
        printable(f"{entry.code:2}  "), "green" if entry.reason == "approved" else WRONG if entry.code else QUIET
    )
    line.append(printable(why), "")
    return line.append("".join(f" [{mark}]" for mark in marks if mark), QUIET)


def _names(dialect: str) -> Mapping[str, str]:
    """Names of the DEs, if the dialect it was spoken in is one we have."""
    from acquirer.data.toml import DataError
    from acquirer.settings.specs import load_dialect

    try:
        return {str(de): spec.name.en for de, spec in load_dialect(dialect).fields.items()}
    except DataError:
        return {}
