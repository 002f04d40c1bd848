"""What commands on recordings share: where one is read from, and one sentence when it cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.help import FILTER
from acquirer.cli.stores import reading, settings
from acquirer.cli.streams import say

if TYPE_CHECKING:
    from acquirer.app.recording import RecordedExchange, Recording
    from acquirer.dialect.compiled import CompiledDialect
    from acquirer.dialect.dialect import Dialect
    from acquirer.journal.entry import Entry
    from acquirer.store import Reader
    from acquirer.terminal.card import CardData

SourceArgument: Any = typer.Argument(
    metavar="NUMBERS|CAPTURE|-",
    help="Exchanges of the journal (12, 3..9, all), or a capture in any form: packets, dumps, hex, a log, a trace.",
)
DialectOption: Any = typer.Option("", "--dialect", metavar="NAME|FILE", help="Of a capture; without it, a guess.")
TraceOption: Any = typer.Option(
    None, "--trace", metavar="FILE", help="That has the bytes of those exchanges, as serve and relay write it."
)
WhereOption: Any = typer.Option(None, "--where", metavar=FILTER, help="Only exchanges that fit, as in 'service=sale'.")

CAPTURE_BYTES: Final = 64 << 20  # a day of some hundred terminals; what is longer is cut by who captured it

_NUMBERS: Final = re.compile(r"all|[0-9]{1,18}(?:\.\.[0-9]{0,18})?(?:,[0-9]{1,18}(?:\.\.[0-9]{0,18})?)*")


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """Where a recording is.

    Args:
        test_card: for exchanges of a journal without a trace.
        whole: whether whole messages are needed; else what a journal shows is enough.
    """

    source: str
    dialect: str = ""
    store: str | None = None
    trace: Path | None = None
    where: Sequence[str] = ()
    test_card: CardData | None = None
    whole: bool = True


def open_recording(options: RecordingOptions) -> tuple[CompiledDialect, Recording]:
    """Return a recording and its dialect. Raises Exit, DataError: it cannot be used."""
    from acquirer.app.dialects import served_dialect
    from acquirer.app.recording import RecordingError
    from acquirer.dialect.compiled import CompiledDialect

    in_journal = _NUMBERS.fullmatch(options.source) is not None and not Path(options.source).exists()
    try:
        recording = _of_journal(options) if in_journal else _of_capture(options)
    except RecordingError as exc:
        sentence = str(exc)
        found = f"{sentence[:1].upper()}{sentence[1:]}" if in_journal else f"{options.source}: {sentence}"
        raise Exit(Code.USAGE, f"{found}.") from None
    for note in recording.notes:
        say(f"{note[:1].upper()}{note[1:]}.")
    if options.where:
        fitting = list(_fitting(recording.exchanges, options.where, recording.dialect))
        wanted = {id(one) for one in fitting}
        recording.others += [one for one in recording.exchanges if id(one) not in wanted]
        recording.exchanges = fitting
    compiled = served_dialect(options.dialect) if options.dialect else CompiledDialect(recording.dialect)
    return compiled, recording


def _of_capture(options: RecordingOptions) -> Recording:
    from acquirer.app.recording import read_recording
    from acquirer.cli.inputs import read_input
    from acquirer.settings.specs import dialect_names, load_dialect

    if options.trace is not None:
        raise Exit(Code.USAGE, "--trace is for exchanges of the journal: a trace is itself a capture, name it alone.")
    if options.source != "-" and not Path(options.source).exists():
        raise Exit(Code.USAGE, f"{options.source} is neither a file nor numbers of exchanges, as in 12, 3..9 or all.")
    given = read_input([options.source], CAPTURE_BYTES, "cut out the messages of interest", text=False)
    names = [options.dialect] if options.dialect else dialect_names()
    return read_recording(given.data, [load_dialect(name) for name in names])


def _of_journal(options: RecordingOptions) -> Recording:
    from acquirer.app.journal_recording import rebuilt_exchange, traced_exchange
    from acquirer.app.recording import RecordedExchange, Recording, RecordingError, trace_exchanges
    from acquirer.cli.journal_query import dialect_finder
    from acquirer.cli.raw_frames import traced_frames

    config = settings(options.store, trace=options.trace, dialect=options.dialect or None)
    with reading(config.store) as reader:
        entries = list(_entries(reader, options.source))
    if not entries:
        sentence = f"{config.store} has no exchange {options.source}; 'acquirer journal list' shows the latest."
        raise Exit(Code.USAGE, sentence)
    names = list(dict.fromkeys(entry.dialect for entry in entries))
    if len(names) > 1:
        raise RecordingError(f"exchanges of {' and '.join(names)} are among them: name those of one dialect")
    dialect = dialect_finder(config)(names[0])
    if dialect is None:
        raise RecordingError(f"dialect {names[0]} is not known here: name its file, --dialect FILE.toml")
    if not options.whole:
        return Recording(dialect, [RecordedExchange(entry) for entry in entries])
    notes: list[str] = []
    kept = [entry for entry in entries if entry.request]
    if len(kept) < len(entries):
        notes.append(f"{len(entries) - len(kept)} of {len(entries)} exchanges have no request that can be sent")
    if config.trace is None:
        return Recording(dialect, [rebuilt_exchange(entry, dialect, options.test_card) for entry in kept], notes)
    frames = traced_frames(config.trace)
    found = [traced_exchange(entry, frames, dialect) for entry in kept]
    return Recording(dialect, found, notes, trace_exchanges(dialect, frames))


def _entries(reader: Reader, numbers: str) -> Iterator[Entry]:
    """Yield the exchanges that are named, in the order in which they are."""
    from acquirer.journal.exchange_filter import ExchangeFilter

    if numbers == "all":
        yield from reader.every()
        return
    for low, high in map(_range, numbers.split(",")):
        if low == high:
            found = reader.exchange(low)
            yield from () if found is None else (found,)
        else:
            for entry in reader.every(ExchangeFilter(after=low - 1)):
                if high is not None and entry.id > high:
                    break
                yield entry


def _range(part: str) -> tuple[int, int | None]:
    low, dots, high = part.partition("..")
    return int(low), (int(high) if high else None) if dots else int(low)


def _fitting(
    exchanges: Sequence[RecordedExchange], filters: Sequence[str], dialect: Dialect
) -> Iterator[RecordedExchange]:
    from zoneinfo import ZoneInfo

    from acquirer.cli.journal_query import condition_of
    from acquirer.journal.subject import JournalSubject
    from acquirer.matcher.expression import compiled

    fits = compiled(condition_of(filters))
    zone = ZoneInfo(settings(None).timezone)
    return (one for one in exchanges if fits(JournalSubject(one.entry, zone, dialect)))
