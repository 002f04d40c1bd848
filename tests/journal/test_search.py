"""Searches of the journal: what they find, how much they look at, and where they say that they stopped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acquirer.journal.search import PAGE, WIDEST, Bounds, FoundEntries, JournalSearch
from tests.journal.fake_source import SHANGHAI, FakeSource, expression, search_of


@pytest.fixture(scope="module")
def source() -> FakeSource:
    source = FakeSource()
    for number in range(1, 3 * WIDEST):
        source.add("sale" if number % 3 else "void", tid=f"1000{number % 7:04}", stan=f"{number:06}")
    return source


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "limit", "numbers"),
    [
        ("", 3, [23997, 23998, 23999]),
        ("service=void", 2, [23994, 23997]),
        ("stan=000001", None, [1]),
        ("stan=000001 | stan=023999", None, [1, 23999]),
        ("tid=10000001 & id<20", None, [1, 8, 15]),
        ("(tid=10000001 | tid=10000003) & id<20", None, [1, 3, 8, 10, 15, 17]),
        ("tid=10000001 & stan=*8", 2, [23878, 23948]),
        ("stan=no", None, []),
        ("tid=10000001", 0, []),
        ("tid=A & tid=B", None, []),
    ],
)
def test_what_fits_is_found_oldest_first(source: FakeSource, text: str, limit: int | None, numbers: list[int]) -> None:
    found = search_of(source).list(expression(text), limit)
    assert [entry.id for entry in found] == numbers
    assert not found.gave_up
    assert found.note == ""


def test_a_list_continues_before_its_oldest(source: FakeSource) -> None:
    search = search_of(source)
    first = search.list(expression("tid=10000001 & id>23950"), 3)
    assert ([entry.id for entry in first], first.before) == ([23983, 23990, 23997], 23983)
    second = search.list(expression("tid=10000001 & id>23950"), 99, first.before)
    assert ([entry.id for entry in second], second.before) == ([23955, 23962, 23969, 23976], None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "exchanges", "looked_at", "before"),
    [
        ("stan=none", 100, 100, 23900),  # window by window
        ("stan=none", 5_000, 5_000, 19_000),
        ("", 700, 700, 23300),
        ("tid=10000001", 10, 10, 23934),  # by index: the tenth is the oldest it looked at
        ("(tid=10000001 | tid=10000002) & amount>1", 3, 3, 23991),
    ],
)
def test_a_search_says_where_it_stopped(
    source: FakeSource, text: str, exchanges: int, looked_at: int, before: int
) -> None:
    found = search_of(source, Bounds(exchanges)).list(expression(text))
    assert (found.gave_up, found.looked_at, found.before) == (True, looked_at, before)
    assert found.note == f"looked at {looked_at} exchanges, and at none before #{before}"


@pytest.mark.slow
@pytest.mark.parametrize("text", ["service=echo | stan=00000*", "tid=10000001", "tid=10000001 & stan=00*", ""])
def test_a_search_that_is_continued_to_its_end_finds_what_one_would(source: FakeSource, text: str) -> None:
    whole = search_of(source).list(expression(text))
    bounded = search_of(source, Bounds(1_300))
    found: list[int] = []
    before: int | None = None
    while True:
        part: FoundEntries = bounded.list(expression(text), before=before)
        found = [entry.id for entry in part] + found
        before = part.before
        if before is None:
            break
    assert found == [entry.id for entry in whole]


def clock(*readings: float) -> Iterator[float]:
    yield from readings
    while True:
        yield readings[-1]


@pytest.mark.parametrize(("text", "before"), [("stan=none", 23500), ("tid=10000001", 23948)])
def test_time_that_is_over_ends_a_search_once_something_was_looked_at(
    source: FakeSource, text: str, before: int
) -> None:
    readings = clock(0.0, 1.0)
    found = JournalSearch(source, SHANGHAI, lambda: next(readings)).list(expression(text))
    assert (found.gave_up, found.before) == (True, before)
    readings = clock(0.0, 1.0)
    unbounded = JournalSearch(source, SHANGHAI, lambda: next(readings), bounds=Bounds(seconds=None))
    assert unbounded.list(expression(text)).before is None


def test_what_is_found_in_the_first_window_needs_no_other(source: FakeSource) -> None:
    source.returned = 0
    assert search_of(source).find(expression("service=void"))[0].id == 23997
    assert source.returned <= PAGE + 1


def test_an_empty_journal() -> None:
    search = search_of(FakeSource())
    assert (search.newest(), search.list(), search.find(expression("tid=A")), search.list().before) == (0, [], [], None)
