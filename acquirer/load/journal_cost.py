"""What a journal costs: bytes of the database for an exchange, and how long queries take once it is large."""

from __future__ import annotations

import socket
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, perf_counter
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.journal.exchange_filter import ExchangeFilter
from acquirer.journal.search import JournalSearch
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.generator import KeptConnections
from acquirer.load.servers import DIALECT, MASTER_KEY, REGISTERED, ServerProcess, approved_answer, host
from acquirer.load.terminals import Sales, signed_on
from acquirer.matcher.expression import ALWAYS
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS
from acquirer.settings.specs import load_dialect
from acquirer.store.queries import Reader, open_reader

COUNT: Final = 1_000_000
ALONE: Final = 5_000  # exchanges one after another, each in a group of its own
CONNECTIONS: Final = 200
SLICE: Final = 20_000  # exchanges driven at a time, half of them sales
SLICE_S: Final = 120.0  # at most, for each

BYTES_MARK: Final = 400
QUICK_MARK_MS: Final = 100.0
"""For queries that an index leads, and those that end at their limit."""

BOUNDED_MARK_MS: Final = 1_500.0
"""For all others: a second of looking, and what the last page took."""

UNKNOWN_TID: Final = FIRST_TID + REGISTERED
"""Of a terminal that is refused at the beginning: what is looked for lies as far back as it can."""

_SIZE: Final = "SELECT sum(pgsize) FROM dbstat WHERE name GLOB 'exchange*'"  # tables and their indexes


class NoPageSizes(ConfigurationError):
    """This SQLite does not say how large its tables are."""


@dataclass(frozen=True, slots=True)
class JournalQuery:
    """A query whose time is measured; one that is not `quick` looks through all it may."""

    title: str
    filter: str = ""
    limit: int | None = 50
    quick: bool = True


def measure_journal(count: int = COUNT) -> int:
    """Fill a journal with `count` exchanges; print its size and the times of queries; return 1 when a mark is missed.

    Raises:
        NoPageSizes: this SQLite does not say how large its tables are.
    """
    dialect = load_dialect(DIALECT)
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as directory:
        single = min(ALONE, count)
        print(f"one after another: {_filled(Path(directory), dialect, single, 1):.0f} bytes an exchange, of {single:,}")
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as directory:
        bytes_each = _filled(Path(directory), dialect, count, CONNECTIONS)
        missed = bytes_each > BYTES_MARK
        mark = f"mark {BYTES_MARK} {'MISSED' if missed else 'reached'}"
        print(f"under load: {bytes_each:.0f} bytes an exchange, of {count:,} ({mark})", flush=True)
        with open_reader(f"sqlite:///{directory}/bench.db") as reader:
            for one in queries_of(reader):
                missed |= _timed(reader, one)
    return int(missed)


def queries_of(reader: Reader) -> list[JournalQuery]:
    """Return queries of a journal; times and STAN are those of an exchange in its middle."""
    (last,), (refused,) = reader.exchanges(limit=1), reader.exchanges(ExchangeFilter(tid=str(UNKNOWN_TID)))
    middle = reader.exchange(last.id // 2 + 1)
    assert middle is not None
    since, until = (_moment(middle.at_us + seconds * 1_000_000) for seconds in (0, 1))
    return [
        JournalQuery("the latest"),
        JournalQuery("a terminal's latest", f"tid={FIRST_TID + 7}"),
        JournalQuery("a terminal's only one, long ago", f"tid={UNKNOWN_TID}"),
        JournalQuery("a terminal that is not there", "tid=99999999"),
        JournalQuery("a service's latest", "service=sale"),
        JournalQuery("a service and a code, long ago", f"service=sign_on & code={refused.code}"),
        JournalQuery("a service and a code that never was", "service=sale & code=51"),
        JournalQuery("a service and a time", f"service=sale & since={since} & until={until}"),
        JournalQuery("a STAN that many have", f"stan={middle.stan}", limit=5),
        JournalQuery("a STAN that is not there", "stan=999999", quick=False),
        JournalQuery("an amount that is not there", "amount=77777.77", quick=False),
    ]


def _timed(reader: Reader, wanted: JournalQuery) -> bool:
    """Ask once; print how long it took, and return whether that is too long."""
    search = JournalSearch(reader, UTC, monotonic)
    condition = parse_filter(wanted.filter, JOURNAL_KEYS) if wanted.filter else ALWAYS
    begin_s = perf_counter()
    found = search.list(condition, wanted.limit)
    took_ms = (perf_counter() - begin_s) * 1000
    mark_ms = QUICK_MARK_MS if wanted.quick else BOUNDED_MARK_MS
    missed = took_ms > mark_ms
    outcome = f"mark {mark_ms:.0f} ms {'MISSED' if missed else 'reached'}"
    stopped = f"; {found.note}" if found.note else ""
    print(f"  {wanted.title + ':':36} {took_ms:8.1f} ms, {len(found)} found ({outcome}){stopped}", flush=True)
    return missed


def _filled(directory: Path, dialect: Dialect, count: int, connections: int) -> float:
    """Have a host journal so many exchanges, sign-ons and sales in turn; return the bytes that each takes."""
    templates, mid = sign_on_templates(dialect, REGISTERED)
    with host(directory, mid) as server:
        _refused(server, dialect)
        sign_on_bytes = len(approved_answer(server, dialect, templates[-1]))
        tids = [str(FIRST_TID + REGISTERED - 1 - number) for number in range(connections)]
        sellers = signed_on(server.address, dialect, tids, mid, MASTER_KEY)
        sale_bytes = len(approved_answer(server, dialect, Sales(sellers, 1, 1)))
        kept = KeptConnections(server.address, templates[:connections])
        done, stan = 0, 2
        while done < count:
            part = min(SLICE, count - done)
            sales = part // 2
            kept.use(templates[:connections])
            _driven(kept, part - sales, sign_on_bytes)
            kept.use([Sales(sellers, stan, sales)] * connections)
            _driven(kept, sales, sale_bytes)
            stan += sales // connections + 1
            done += part
        kept.close()
        server.settled_cpu_s()
    with closing(sqlite3.connect(directory / "bench.db")) as database:
        try:
            ((size,),) = database.execute(_SIZE).fetchall()
        except sqlite3.OperationalError as exc:
            raise NoPageSizes(f"this SQLite does not say how large tables are ({exc}): use one with dbstat") from None
        ((exchanges,),) = database.execute("SELECT count(*) FROM exchange").fetchall()
    return float(size / exchanges)


def _driven(kept: KeptConnections, count: int, answer_bytes: int) -> None:
    figures = kept.run(count, SLICE_S, answer_bytes)
    if lost := figures.failed + figures.unanswered + figures.unexpected:
        raise SystemExit(f"{lost} of {lost + figures.answered} exchanges failed")


def _refused(server: ServerProcess, dialect: Dialect) -> None:
    """Have one sign-on refused: its terminal is not registered."""
    ((*_, template), _mid) = sign_on_templates(dialect, UNKNOWN_TID - FIRST_TID + 1)
    with socket.create_connection(server.address, timeout=SLICE_S) as connection:
        connection.sendall(template.frame(bytes.fromhex("000001")))
        connection.recv(4096)


def _moment(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
