"""``acquirer journal list|show|tail``: what was exchanged, and why each request was answered as it was."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.listing import BAD, GOOD, KEY, PLAIN, QUIET, Painter
from acquirer.cli.moments import SinceOption, UntilOption, moment_us
from acquirer.cli.stores import JsonOption, StoreOption, clock_time, reading, settings, with_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.text import Text as Line

    from acquirer.journal.entry import Entry
    from acquirer.store import ExchangeFilter, Reader

app = typer.Typer(rich_markup_mode=None)

POLL_S = 0.2  # how often `tail` looks: soon enough for eyes, nothing for a disk

Tid: Any = typer.Option("", "--tid", metavar="TID", help="Only of this terminal.")
Stan: Any = typer.Option("", "--stan", metavar="STAN", help="Only with this trace number.")
CodeOption: Any = typer.Option("", "--code", metavar="CODE", help="Only answered with this code.")
Service: Any = typer.Option("", "--service", metavar="NAME", help="Only of this service: sale, sign_on, reversal …")
ReasonOption: Any = typer.Option("", "--reason", metavar="NAME", help="Only for this reason: approved, mac_differs …")


@app.command("list")
def list_(
    tid: str = Tid,
    stan: str = Stan,
    code: str = CodeOption,
    service: str = Service,
    reason: str = ReasonOption,
    since: str = SinceOption,
    until: str = UntilOption,
    limit: int = typer.Option(50, "--limit", "-n", metavar="N", min=0, help="The latest so many; 0 lists all."),
    store: str | None = StoreOption,
    as_json: bool = JsonOption,
) -> int:
    """List exchanges, the latest last, each with its why."""
    found = False
    wanted = _Wanted(tid, stan, code, service, reason, since, until)
    with _opened(wanted, store, as_json) as (reader, chosen, show):
        for entry in reader.exchanges(chosen, limit) if limit else reader.every(chosen):
            show(entry)
            found = True
    if not found:
        for problem in wanted.unknown():
            print(problem, file=sys.stderr)
    return Code.OK


@app.command()
def tail(
    tid: str = Tid,
    stan: str = Stan,
    code: str = CodeOption,
    service: str = Service,
    reason: str = ReasonOption,
    since: str = SinceOption,
    limit: int = typer.Option(10, "--limit", "-n", metavar="N", min=0, help="Begin with the latest so many."),
    store: str | None = StoreOption,
    as_json: bool = JsonOption,
) -> int:
    """Show exchanges as they happen, until stopped with Ctrl-C; with --since, all from then on first."""
    wanted = _Wanted(tid, stan, code, service, reason, since)
    for problem in wanted.unknown():
        print(problem, file=sys.stderr)
    with _opened(wanted, store, as_json) as (reader, chosen, show):
        newest = reader.exchanges(limit=1)
        entries = list(reader.every(chosen)) if since else reader.exchanges(chosen, limit) if limit else []
        seen = max([entry.id for entry in [*newest, *entries]], default=0)
        while True:
            for entry in entries:
                show(entry)
                seen = max(seen, entry.id)
            if not entries:
                time.sleep(POLL_S)
            entries = reader.following(replace(chosen, after=seen))


@app.command()
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
    from acquirer.journal.entry import as_json as document_of

    config = settings(store, trace=trace)
    with reading(config.store) as reader:
        entry = reader.exchange(number)
    if entry is None:
        raise Exit(Code.USAGE, f"{config.store} has no exchange {number}; 'acquirer journal list' shows the latest.")
    frames = frames_of(config.trace, entry) if raw else []
    if as_json:
        document = with_times(document_of(entry), config.timezone)
        print(
            json.dumps({**document, "frames": list(map(frame_json, frames))} if raw else document, ensure_ascii=False)
        )
        return Code.OK
    if raw:
        print_frames(frames)
        return Code.OK
    print(_line(entry, config.timezone, Painter()), flush=True)
    screen = tables.console()
    facts = f"{entry.dialect}, from {entry.peer or 'nowhere'}, {entry.frame_bytes} bytes, {entry.took_us / 1000:g} ms"
    about = printable(f"{facts}; merchant {entry.mid or '?'}, batch {entry.batch or '?'}")
    screen.print(tables.Line(about, tables.QUIET))
    if entry.failure:
        screen.print(f"undecodable: {printable(entry.failure)}", soft_wrap=True)
    if entry.before_failure:
        screen.print(_decoded_bytes(entry.before_failure))
    names = _names(entry.dialect)
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


@dataclass(frozen=True)
class _Wanted:
    """What the options of a list ask for, as they were typed."""

    tid: str
    stan: str
    code: str
    service: str
    reason: str
    since: str
    until: str = ""

    def filter(self, timezone: str) -> ExchangeFilter:
        """Return it for a reader. Raises Exit."""
        from acquirer.data.text import whole_stan
        from acquirer.store import ExchangeFilter

        return ExchangeFilter(
            self.tid,
            whole_stan(self.stan),
            self.code,
            self.service,
            self.reason,
            since_us=moment_us("--since", self.since, timezone),
            until_us=moment_us("--until", self.until, timezone, end_of_day=True),
        )

    def unknown(self) -> Iterator[str]:
        """Yield a sentence for each value that no exchange has."""
        if self.code and self.code not in _codes():
            yield f"no dialect that ships knows a code '{self.code}'; 'acquirer dialect show NAME' lists those of one"
        from acquirer.data.toml import did_you_mean
        from acquirer.model.reasons import Reason

        for option, value, known in (
            ("reason", self.reason, {reason.value for reason in Reason}),
            ("service", self.service, _services()),
        ):
            if value and value not in known and (near := did_you_mean(value, known)):
                yield f"--{option}: no exchange has {option} '{value}'{near}"


@contextmanager
def _opened(
    wanted: _Wanted, store: str | None, as_json: bool
) -> Iterator[tuple[Reader, ExchangeFilter, Callable[[Entry], None]]]:
    """Open the store; return its reader, what is looked for, and what prints it."""
    config = settings(store)
    chosen = wanted.filter(config.timezone)
    show = _printer(config.timezone, as_json)
    with reading(config.store) as reader:
        yield reader, chosen, show


def _printer(timezone: str, as_json: bool) -> Callable[[Entry], None]:
    """Return what prints an exchange as one line."""
    if as_json:
        from acquirer.journal.entry import as_json as document_of

        return lambda entry: print(json.dumps(with_times(document_of(entry), timezone), ensure_ascii=False), flush=True)
    painter = Painter()
    return lambda entry: print(_line(entry, timezone, painter), flush=True)


def _line(entry: Entry, timezone: str, painter: Painter) -> str:
    """Return one exchange on one line, as long as its why is; nothing from the wire can move a cursor."""
    from acquirer.data.text import printable

    why = "; ".join(filter(None, [entry.why or entry.failure or entry.reason, *entry.notes]))
    marks = [f"fault: {entry.fault}" if entry.fault else "", "repeated" if entry.replayed else ""]
    if entry.delivery != "sent":
        marks.append(entry.delivery)
    parts = (
        (f"{entry.id:>6}  {clock_time(entry.at_us, timezone)}  ", QUIET),
        (printable(f"{entry.tid:8}  "), KEY),
        (printable(f"{entry.mti:4} {entry.service:9} {entry.stan:6}  "), PLAIN),
        (printable(f"{entry.code:2}  "), GOOD if entry.reason == "approved" else BAD if entry.code else QUIET),
        (printable(why), PLAIN),
        ("".join(f" [{mark}]" for mark in marks if mark), QUIET),
    )
    return "".join([painter.paint(text, style) for text, style in parts]).rstrip()


def _codes() -> set[str]:
    """Return the response codes of all dialects that ship."""
    return {str(code) for document in _documents() for code in document.get("codes", {})}


def _services() -> set[str]:
    """Return the services of all routes of dialects that ship."""
    routes = [item for document in _documents() for item in document.get("routes", {}).items()]
    return {route.get("service", name) for name, route in routes if isinstance(route, dict)}


def _documents() -> list[dict[str, Any]]:
    """Return all dialects that ship, as their files stand."""
    import tomli

    from acquirer.settings.shipped import specs_dir

    return [tomli.loads(path.read_text(encoding="utf-8")) for path in specs_dir().glob("*.toml")]


def _names(dialect: str) -> Mapping[str, str]:
    """Return the English names of the DEs, if the dialect is one that ships with the program.

    They are read from its file as they stand: compiling a dialect takes four times as long as all the rest.
    """
    import tomli

    from acquirer.settings.shipped import specs_dir

    names: dict[str, str] = {}
    path = specs_dir() / f"{dialect}.toml"
    while path.is_file():
        document = tomli.loads(path.read_text(encoding="utf-8"))
        for de, field in document.get("fields", {}).items():
            if isinstance(field, dict) and (name := field.get("name")):
                names.setdefault(de, name if isinstance(name, str) else name[0])
        path = path.with_name(f"{document.get('extends', '')}.toml")
    return names
