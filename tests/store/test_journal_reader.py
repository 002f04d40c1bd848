"""What finds exchanges, and that it finds all of them: plans of queries, segments, old rows before new ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.journal.entry import Entry
from acquirer.journal.exchange_filter import ExchangeFilter
from acquirer.journal.render import render
from acquirer.model.evidence import Evidence
from acquirer.settings.specs import load_dialect
from acquirer.store import schema
from acquirer.store.database import connect_writing
from acquirer.store.journal_reader import JournalReader
from acquirer.store.journal_writer import JournalWriter, next_segment

DIALECT = load_dialect("unionpay-pos")
AT_US = 1_767_254_400_000_000
SEVERAL = 3 * schema.SEGMENT + 100

KINDS = (("sign_on", "00", "approved"), ("sale", "00", "approved"), ("sale", "51", "funds"), ("echo", "00", "approved"))


def evidence(number: int) -> Evidence:
    """One of many exchanges; each terminal, kind and second has its own rhythm, so that all combinations occur."""
    service, code, reason = KINDS[(number * 7 + number // 1500) % len(KINDS)]
    return Evidence(
        AT_US + number * 10_000 - (5_000_000 if number % 97 == 0 else 0),  # clocks go back too
        tid=f"1000000{number % 9}",
        stan=f"{number % 500:06}",
        mti="0200" if service == "sale" else "0800",
        service=service,
        code=code,
        reason=reason,
        dialect=DIALECT,
    )


def write(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    connection.execute("BEGIN")
    JournalWriter().write(connection.cursor(), [(number, render(evidence(number))) for number in numbers])
    connection.execute("COMMIT")


class Journal:
    """A journal in memory, and the statements that its reader ran."""

    def __init__(self) -> None:
        self.connection = connect_writing(None)
        self.statements: list[tuple[str, tuple[Any, ...]]] = []
        self.reader = JournalReader(self._all, None)

    def _all(self, sql: str, *values: Any) -> list[Any]:
        self.statements.append((sql, values))
        return self.connection.execute(sql, values).fetchall()

    def plans(self) -> set[str]:
        """How SQLite walks through the table of exchanges for what was asked."""
        found = set()
        for sql, values in self.statements:
            for *_, detail in self.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values):
                if detail.split()[1] == "exchange":
                    found.add(detail)
        return found


@pytest.fixture(scope="module")
def journal() -> Iterator[Journal]:
    filled = Journal()
    for first in range(1, SEVERAL, 256):  # as groups of commits are written
        write(filled.connection, range(first, min(first + 256, SEVERAL)))
    yield filled
    filled.connection.close()


def fits(entry: Entry, wanted: ExchangeFilter) -> bool:
    texts = ("tid", "stan", "code", "service", "reason", "mti")
    return (
        all(getattr(wanted, name) in ("", getattr(entry, name)) for name in texts)
        and entry.at_us >= wanted.since_us
        and (not wanted.until_us or entry.at_us < wanted.until_us)
        and entry.id > wanted.after
    )


MOMENTS = st.just(0) | st.integers(-6_000_000, SEVERAL * 10_000 + 1).map(lambda after_us: AT_US + after_us)
FILTERS = st.builds(
    ExchangeFilter,
    tid=st.sampled_from(["", "10000003", "10000008", "99999999"]),
    stan=st.sampled_from(["", "", "000007", "000499", "999999"]),
    code=st.sampled_from(["", "00", "51", "77"]),
    service=st.sampled_from(["", "sale", "echo", "void"]),
    reason=st.sampled_from(["", "approved", "funds"]),
    mti=st.sampled_from(["", "0200", "0800"]),
    since_us=MOMENTS,
    until_us=MOMENTS,
    after=st.just(0) | st.integers(0, SEVERAL),
)


@pytest.mark.slow
@given(wanted=FILTERS, before=st.none() | st.integers(0, SEVERAL + 5))
def test_everything_that_fits_is_found_in_order_and_nothing_else(journal, wanted, before):
    every = [entry for entry in journal.reader.oldest_first(ExchangeFilter()) if fits(entry, wanted)]
    assert [*journal.reader.oldest_first(wanted)] == every
    found = [*journal.reader.newest_first(wanted, before)]
    assert found == [entry for entry in reversed(every) if before is None or entry.id < before]


def test_entries_read_as_they_were_written(journal):
    entry = journal.reader.exchange(1234)
    (found,) = journal.reader.newest_first(ExchangeFilter(after=1233), 1235)
    assert found == entry
    one = evidence(1234)
    assert (entry.id, entry.at_us, entry.tid, entry.stan) == (1234, one.at_us, one.tid, one.stan)
    assert (entry.service, entry.code, entry.reason) == (one.service, one.code, one.reason)


BY_NUMBER = "SEARCH exchange USING INTEGER PRIMARY KEY (rowid>?"
BY_TID = "SEARCH exchange USING INDEX exchange_by_tid (<expr>=? AND tid=? AND rowid>?)"


@pytest.mark.parametrize(
    ("wanted", "plan"),
    [
        (ExchangeFilter(), BY_NUMBER),
        (ExchangeFilter(tid="10000003"), BY_TID),
        (ExchangeFilter(tid="10000003", mti="0800", since_us=AT_US + 15_000_000), BY_TID),
        (ExchangeFilter(service="sale", code="51"), f"{BY_NUMBER} AND rowid<?)"),
        (ExchangeFilter(service="echo", since_us=AT_US + 20_000_000, until_us=AT_US + 21_000_000),
         f"{BY_NUMBER} AND rowid<?)"),
        (ExchangeFilter(stan="000007"), BY_NUMBER),
    ],
)  # fmt: skip
def test_each_query_is_led_by_an_index(journal, wanted, plan):
    journal.statements.clear()
    assert [*journal.reader.newest_first(wanted)]
    ends = "SEARCH exchange"  # the first and the last number: each found in one step
    assert {one for one in journal.plans() if one != ends and not one.startswith(plan)} == set()


def test_only_segments_that_may_hold_what_is_wanted_are_looked_at(journal):
    def looked_at(wanted: ExchangeFilter) -> int:
        journal.statements.clear()
        found = [*journal.reader.newest_first(wanted)]
        assert found or not wanted.since_us
        return sum("LEFT JOIN" in sql for sql, _ in journal.statements)

    assert looked_at(ExchangeFilter(service="sale", since_us=AT_US + 1, until_us=AT_US + 50_000)) == 2  # and the tail
    assert looked_at(ExchangeFilter(service="void")) == 1
    assert looked_at(ExchangeFilter(service="sale")) == 4


def test_each_full_segment_is_described_once(journal):
    assert next_segment(journal.connection) == 3
    described = journal.connection.execute("SELECT segment, count(*) FROM exchange_segment GROUP BY 1").fetchall()
    assert described == [(0, 4), (1, 4), (2, 4)]


def test_a_segment_that_another_writer_has_filled_is_described_by_the_next(journal):
    """Signatures are journalled by the host's own process, beside the one that writes groups."""
    other = Journal()
    cursor, writer = other.connection.cursor(), JournalWriter()
    writer.write(cursor, [(number, render(evidence(number))) for number in range(1, 1000)])
    JournalWriter().write(cursor, [(1000 + number, render(evidence(number))) for number in range(100)])
    writer.write(cursor, [(number, render(evidence(number))) for number in range(1100, 3000)])
    assert next_segment(other.connection) == 2
    sales = ExchangeFilter(service="sale", code="51")
    assert len([*other.reader.oldest_first(sales)]) == len(
        [entry for entry in other.reader.oldest_first(ExchangeFilter()) if fits(entry, sales)]
    )
    other.connection.close()


def test_what_was_rolled_back_is_not_taken_for_written(journal):
    other = Journal()
    cursor, writer = other.connection.cursor(), JournalWriter()
    cursor.execute("BEGIN")
    writer.write(cursor, [(number, render(evidence(number))) for number in range(1, 1500)])
    cursor.execute("ROLLBACK")
    writer.forget()
    writer.write(cursor, [(number, render(evidence(number))) for number in range(1, 1200)])
    assert len([*other.reader.oldest_first(ExchangeFilter(service="sale"))]) > 0
    assert next_segment(other.connection) == 1
    other.connection.close()
