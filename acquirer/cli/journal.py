"""``acquirer journal``: what was exchanged, and why each request was answered so; ``list`` and ``tail`` themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import typer

from acquirer.cli import journal_export, journal_mark, journal_show, journal_verify
from acquirer.cli.errors import Code
from acquirer.cli.journal_query import (
    BeforeOption,
    FilterArgument,
    Show,
    condition_of,
    open_journal,
    printer,
)
from acquirer.cli.moments import SinceOption, UntilOption, moment_us
from acquirer.cli.stores import JsonOption, StoreOption, reading, settings
from acquirer.cli.streams import say

if TYPE_CHECKING:
    from acquirer.matcher.expression import Expression
    from acquirer.store import ExchangeFilter, Reader

app = typer.Typer(rich_markup_mode=None)

POLL_S = 0.2  # how often `tail` looks: soon enough for eyes, nothing for a disk

Tid: Any = typer.Option("", "--tid", metavar="TID", help="Only of this terminal.")
Stan: Any = typer.Option("", "--stan", metavar="STAN", help="Only with this trace number.")
CodeOption: Any = typer.Option("", "--code", metavar="CODE", help="Only answered with this code.")
Service: Any = typer.Option("", "--service", metavar="NAME", help="Only of this service: sale, sign_on, reversal …")
ReasonOption: Any = typer.Option("", "--reason", metavar="NAME", help="Only for this reason: approved, mac_differs …")

_ATOMS: Final = ("tid", "stan", "code", "service", "reason")


@app.command("list")
def list_(
    filters: list[str] = FilterArgument,
    tid: str = Tid,
    stan: str = Stan,
    code: str = CodeOption,
    service: str = Service,
    reason: str = ReasonOption,
    since: str = SinceOption,
    until: str = UntilOption,
    limit: int = typer.Option(50, "--limit", "-n", metavar="N", min=0, help="The latest so many; 0 lists all."),
    before: int | None = BeforeOption,
    store: str | None = StoreOption,
    as_json: bool = JsonOption,
) -> int:
    """List exchanges, the latest last, each with its why."""
    wanted = _Wanted(tid, stan, code, service, reason, since, until)
    if filters or before:
        found = _print_found(wanted, filters, limit, before, store, as_json=as_json)
    else:
        found = False
        with _opened(wanted, store, as_json) as (reader, chosen, show):
            for entry in reader.exchanges(chosen, limit) if limit else reader.every(chosen):
                show(entry)
                found = True
    if not found:
        for problem in wanted.unknown(filters):
            say(problem)
    return Code.OK


@app.command()
def tail(
    filters: list[str] = FilterArgument,
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
    for problem in wanted.unknown(filters):
        say(problem)
    condition = condition_of(filters)
    with open_journal(store, condition, as_json=as_json) as journal:
        reader, chosen = journal.reader, wanted.filter(journal.config.timezone)
        fits = journal.search.fits(condition)
        newest = journal.search.newest()
        if since:
            entries = list(reader.every(chosen))
        elif filters:
            entries = journal.search.list(wanted.condition(filters), limit)
        else:
            entries = reader.exchanges(chosen, limit) if limit else []
        seen = max([newest, *[entry.id for entry in entries]])
        while True:
            for entry in filter(fits, entries):
                journal.show(entry)
            if not entries:
                time.sleep(POLL_S)
            entries = reader.following(replace(chosen, after=seen))
            seen = max([seen, *[entry.id for entry in entries]])


app.command()(journal_show.show)
app.command()(journal_verify.find)
app.command()(journal_verify.wait)
app.command()(journal_verify.verify)
app.command()(journal_export.export)
app.command()(journal_mark.mark)


def _print_found(
    wanted: _Wanted, filters: Sequence[str] | None, limit: int, before: int | None, store: str | None, *, as_json: bool
) -> bool:
    """Print what a search finds, and where it stopped; return whether it found anything."""
    condition = wanted.condition(filters)
    with open_journal(store, condition, as_json=as_json) as journal:
        times = wanted.filter(journal.config.timezone)
        found = journal.search.list(condition, limit or None, before, times.since_us, times.until_us)
    for entry in found:
        journal.show(entry)
    if found.gave_up:
        say(f"{found.note[0].upper()}{found.note[1:]}: --before {found.before} continues.")
    return bool(found)


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

    def condition(self, filters: Sequence[str] | None) -> Expression:
        """Return it as a condition, but for its times, together with filters. Raises Exit."""
        from acquirer.data.text import whole_stan
        from acquirer.matcher.expression import Atom, conjunction

        typed = {**{name: getattr(self, name) for name in _ATOMS}, "stan": whole_stan(self.stan)}
        atoms = [Atom(name, "equal", value) for name, value in typed.items() if value]
        return conjunction([*atoms, condition_of(filters)])

    def unknown(self, filters: Sequence[str] | None) -> Iterator[str]:
        """Yield a sentence for each value that no exchange has."""
        typed = {name: {value} - {""} for name, value in asdict(self).items()}
        yield from _unknown(typed, "--")
        if filters:
            from acquirer.matcher.expression import required

            condition = condition_of(filters)
            yield from _unknown({name: required(condition, name) or set() for name in _ATOMS}, "")


def _unknown(wanted: Mapping[str, Set[str]], prefix: str) -> Iterator[str]:
    """Yield a sentence for each code, reason and service that no exchange has; `prefix` goes before their names."""
    from acquirer.settings.shipped_words import misspelt, response_codes

    for code in sorted(wanted["code"]):
        if code not in response_codes():
            yield f"no dialect that ships knows a code '{code}'; 'acquirer dialect show NAME' lists those of one"
    for name in ("reason", "service"):
        for value in sorted(wanted[name]):
            if problem := misspelt(name, value):
                yield f"{prefix}{name}: {problem}"


@contextmanager
def _opened(wanted: _Wanted, store: str | None, as_json: bool) -> Iterator[tuple[Reader, ExchangeFilter, Show]]:
    """Open the store; return its reader, what is looked for, and what prints it."""
    config = settings(store)
    chosen = wanted.filter(config.timezone)
    show = printer(config.timezone, as_json)
    with reading(config.store) as reader:
        yield reader, chosen, show
