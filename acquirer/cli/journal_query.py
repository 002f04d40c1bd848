"""What the commands of ``acquirer journal`` share: options, filters, searches, and how an exchange is printed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.help import FILTER
from acquirer.cli.listing import BAD, GOOD, KEY, PLAIN, QUIET, Painter
from acquirer.cli.stores import reading, settings, with_times
from acquirer.cli.streams import say

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect
    from acquirer.journal.entry import Entry
    from acquirer.journal.search import JournalSearch
    from acquirer.matcher.expression import Expression
    from acquirer.settings.config import Config
    from acquirer.store import Reader

Show = Callable[["Entry"], None]

FilterArgument: Any = typer.Argument(
    None,
    metavar=FILTER,
    help="Which exchanges: 'service=sale & code!=00 & amount>100', with & | ! ( ); of several, all must hold.",
)
AfterOption: Any = typer.Option(None, "--after", metavar="NUMBER", min=1, help="Only exchanges after this one.")
BeforeOption: Any = typer.Option(
    None, "--before", metavar="NUMBER", min=1, help="Only exchanges before this one: continues a search that stopped."
)

STYLES: Final = {
    "number": QUIET,
    "terminal": KEY,
    "message": PLAIN,
    "approved": GOOD,
    "declined": BAD,
    "unanswered": QUIET,
    "why": PLAIN,
    "mark": QUIET,
}
"""How each piece of an exchange's line is painted."""


def condition_of(filters: Sequence[str] | None, *, must_say: bool = False) -> Expression:
    """Return the condition that filters make together.

    Args:
        must_say: whether what is misspelt is refused too, for a command that ends with whether something fits.

    Raises:
        Exit: one cannot be used; one sentence with its place.
    """
    from acquirer.matcher.expression import conjunction
    from acquirer.matcher.filter_text import parse_filter
    from acquirer.matcher.keys import JOURNAL_KEYS, ConditionError

    try:
        condition = conjunction([parse_filter(text, JOURNAL_KEYS) for text in filters or ()])
        if filters:
            from acquirer.app.journal_conditions import refuse_impossible, refuse_misspelt

            refuse_impossible(condition)
            if must_say:
                refuse_misspelt(condition)
        return condition
    except ConditionError as exc:
        place = f"the filter cannot be used at '{exc.place}': " if exc.place else ""
        stop = "" if str(exc).endswith("?") else "."
        raise Exit(Code.USAGE, f"{place}{exc}{stop}") from None


def seconds_of(option: str, text: str) -> float:
    """Return the duration that an option names, in seconds. Raises Exit."""
    from acquirer.scenario.parameters import read_duration_ms

    try:
        return read_duration_ms(text) / 1000
    except ValueError as exc:
        raise Exit(Code.USAGE, f"{option}: {exc}.") from None


@dataclass(frozen=True, slots=True)
class OpenJournal:
    """The journal of a store, what searches it, and what prints its exchanges."""

    config: Config
    reader: Reader
    search: JournalSearch
    show: Show


@contextmanager
def open_journal(store: str | None, condition: Expression, *, as_json: bool) -> Iterator[OpenJournal]:
    """Open a journal for what a condition asks."""
    from acquirer.app.journal_queries import StoreSource
    from acquirer.journal.search import JournalSearch

    config = settings(store)
    show = printer(config.timezone, as_json)
    with reading(config.store) as reader:
        source = StoreSource(lambda: nullcontext(reader))
        dialect_of = dialect_finder(config) if _asks_for_parts(condition) else lambda _name: None
        yield OpenJournal(
            config, reader, JournalSearch(source, ZoneInfo(config.timezone), time.monotonic, dialect_of), show
        )


def dialect_finder(config: Config) -> Callable[[str], Dialect | None]:
    """Return what finds a dialect by its name: one that ships, or the one that settings name."""
    from acquirer.settings.specs import dialect_names, load_dialect

    @cache
    def find(name: str) -> Dialect | None:
        if name in dialect_names():
            return load_dialect(name)
        configured = load_dialect(config.dialect) if config.dialect.endswith(".toml") else None
        if configured is not None and configured.name == name:
            return configured
        if name:
            say(f"{name} is no dialect that ships: name its file as ACQUIRER_DIALECT.")
        return None

    return find


def printer(timezone: str, as_json: bool) -> Show:
    """Return what prints an exchange as one line."""
    if as_json:
        from acquirer.cli.json_output import print_object

        def show(entry: Entry) -> None:
            print_object(document_of(entry, timezone))
            sys.stdout.flush()  # for who reads a stream

        return show
    return partial(_print_line, painter=Painter(), zone=ZoneInfo(timezone))


def document_of(entry: Entry, timezone: str) -> dict[str, Any]:
    """Return an exchange for programs, with its times."""
    from acquirer.journal.entry import as_json

    return with_times(as_json(entry), timezone)


def _print_line(entry: Entry, painter: Painter, zone: ZoneInfo) -> None:
    from acquirer.journal.transcript import line_parts

    parts = [painter.paint(text, STYLES[role]) for text, role in line_parts(entry, zone)]
    print("".join(parts).rstrip(), flush=True)


def _asks_for_parts(condition: Expression) -> bool:
    """Return whether a condition names a part of a field, which only the dialect knows."""
    from acquirer.matcher.expression import keys_of
    from acquirer.matcher.keys import field_place

    return any(place is not None and place[1] for place in map(field_place, keys_of(condition)))
