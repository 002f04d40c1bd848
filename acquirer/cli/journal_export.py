"""``acquirer journal export``: exchanges as JSON lines, as text, or as packets that Wireshark opens."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from zoneinfo import ZoneInfo

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.journal_query import FilterArgument, OpenJournal, condition_of, document_of, open_journal
from acquirer.cli.stores import StoreOption, settings, warn
from acquirer.cli.streams import say

if TYPE_CHECKING:
    from acquirer.inspect.trace_text import TracedFrame
    from acquirer.journal.entry import Entry
    from acquirer.matcher.expression import Expression
    from acquirer.settings.config import Config

SAME_FRAME_US: Final = 1_000_000
"""A request is traced just before its exchange begins; one that is further away is of another exchange."""


def export(
    filters: list[str] = FilterArgument,
    form: str = typer.Option("jsonl", "--format", metavar="jsonl|text|pcapng", help="JSON lines, text, or packets."),
    out: Path | None = typer.Option(
        None, "--out", "-o", metavar="FILE", help="A new file, for its owner alone; without it, stdout."
    ),
    trace: Path | None = typer.Option(
        None,
        "--trace",
        metavar="FILE",
        help="For packets: the trace of 'acquirer serve --trace', whose raw, unmasked frames are taken.",
    ),
    store: str | None = StoreOption,
) -> int:
    """Write all exchanges that fit, oldest first, masked as they are kept. Packets are raw frames where a trace has
    them, else made again of the masked fields; their comments say which."""
    if form not in _FORMS:
        raise Exit(Code.USAGE, f"--format: '{form}' is none of jsonl, text and pcapng.")
    if trace is not None and form != "pcapng":
        raise Exit(Code.USAGE, "--trace: only packets are made of raw frames; take it out, or give --format pcapng.")
    if out is None and form == "pcapng" and sys.stdout.isatty():
        raise Exit(Code.USAGE, "Packets are no text for a screen: name a file with -o.")
    condition = condition_of(filters)
    config = settings(store, trace=trace)
    count = 0
    with open_journal(store, condition, as_json=False) as journal, _opened(out) as file:
        entries = _entries(journal, condition)
        for piece in _FORMS[form](entries, journal, config, trace):
            file.write(piece)
            count += 1
    if out is not None:
        from acquirer.data.text import plural

        say(f"{out}: {plural(count - (form == 'pcapng'), 'exchange')}.")
    return Code.OK


def _entries(journal: OpenJournal, condition: Expression) -> Iterator[Entry]:
    """Yield all that fits, however many there are."""
    from acquirer.journal.lookup import make_plan
    from acquirer.store import ExchangeFilter

    plan = make_plan(condition, journal.search.timezone)
    if not plan.lookups:
        return
    lookup = plan.lookups[0] if len(plan.lookups) == 1 else ExchangeFilter(after=min(one.after for one in plan.lookups))
    fits = journal.search.fits(condition)
    for entry in journal.reader.every(lookup):
        if plan.before is not None and entry.id >= plan.before:
            return
        if fits(entry):
            yield entry


def _as_lines(entries: Iterable[Entry], journal: OpenJournal, _config: Config, _trace: Path | None) -> Iterator[bytes]:
    import json

    encode = json.JSONEncoder(ensure_ascii=False).encode
    for entry in entries:
        yield f"{encode(document_of(entry, journal.config.timezone))}\n".encode("utf-8", "backslashreplace")


def _as_text(entries: Iterable[Entry], journal: OpenJournal, _config: Config, _trace: Path | None) -> Iterator[bytes]:
    from acquirer.journal.transcript import transcript_of

    zone = ZoneInfo(journal.config.timezone)
    for entry in entries:
        yield f"{transcript_of([entry], zone)}\n".encode("utf-8", "backslashreplace")


def _as_packets(entries: Iterable[Entry], _journal: OpenJournal, config: Config, trace: Path | None) -> Iterator[bytes]:
    from acquirer.cli.journal_query import dialect_finder
    from acquirer.data.text import plural
    from acquirer.journal.packets import ExchangePackets

    path = config.trace if config.trace is not None and (trace or config.trace.is_file()) else None
    writer = ExchangePackets(dialect_finder(config), _frame_finder(path))
    yield writer.head()
    for entry in entries:
        yield writer.packets(entry)
    if writer.raw:
        frames = f"the raw frames of {plural(writer.raw, 'exchange')} are unmasked"
        warn(f"{frames}, with card numbers, tracks and PIN blocks: delete the file when it was looked at")
    if writer.left_out:
        say(f"{plural(writer.left_out, 'exchange')} without a message: no packets.")


_FORMS: Final = {"jsonl": _as_lines, "text": _as_text, "pcapng": _as_packets}


def _frame_finder(trace: Path | None) -> Callable[[Entry], Sequence[TracedFrame]]:
    """Return what finds the raw frames of an exchange; each request belongs to one exchange only."""
    if trace is None:
        return lambda _entry: ()
    from acquirer.cli.raw_frames import traced_frames
    from acquirer.inspect.trace_text import frames_of_exchange

    by_peer: dict[str, list[TracedFrame]] = defaultdict(list)
    for frame in traced_frames(trace):
        by_peer[frame.source].append(frame)
        by_peer[frame.target].append(frame)
    taken: set[tuple[str, int]] = set()

    def find(entry: Entry) -> Sequence[TracedFrame]:
        found = frames_of_exchange(by_peer.get(entry.peer, []), entry.peer, entry.at_us)
        if not found or abs(entry.at_us - found[0].at_us) > SAME_FRAME_US:
            return ()
        request = (entry.peer, found[0].at_us)
        if request in taken:
            return ()
        taken.add(request)
        return found

    return find


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    """Open what is written to; a new file is taken away again when it cannot be written whole."""
    if out is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    from acquirer.settings.private_file import open_private

    if out.exists():
        raise Exit(Code.USAGE, f"{out} exists: name a new file, it would be written over.")
    try:
        with os.fdopen(open_private(out, os.O_WRONLY), "wb") as file:
            yield file
    except BaseException as exc:
        out.unlink(missing_ok=True)
        if not isinstance(exc, OSError):
            raise
        raise Exit(Code.USAGE, f"{out}: cannot be written ({(exc.strerror or str(exc)).lower()}).") from None
