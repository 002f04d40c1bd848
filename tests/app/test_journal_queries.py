"""Searches over real stores, and what wakes those that wait."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from acquirer.app.journal_queries import REST_S, CommitWaiter, JournalChanges, StoreSource
from acquirer.journal.search import Bounds, JournalSearch
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS
from acquirer.model.effects import Changes, Commit, CommitOutcome
from acquirer.model.evidence import Evidence
from acquirer.settings.specs import load_dialect
from acquirer.store import Store, open_store

DIALECT = load_dialect("unionpay-pos")
SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YEAR_US = 1_767_196_800_000_000
EXCHANGES = 2_300  # more than two of the segments that a store looks through


async def fill(store: Store) -> None:
    """Journal exchanges of some terminals, a second apart."""
    drawn = random.Random(7)
    loop = asyncio.get_running_loop()
    store.start(loop, lambda _rows: None)
    answers = []
    for number in range(1, EXCHANGES + 1):
        evidence = Evidence(
            at_us=NEW_YEAR_US + number * 1_000_000,
            dialect=DIALECT,
            mti=drawn.choice(("0200", "0400")),
            service=drawn.choice(("sale", "reversal", "sale", "echo")),
            tid=drawn.choice(("10000001", "10000002", "10000003", "")),
            stan=f"{drawn.randrange(40):06}",
            code=drawn.choice(("00", "00", "51", "")),
            reason=drawn.choice(("approved", "chosen")),
            amount_minor=drawn.choice((None, 100, 6666)),
        )
        answer: asyncio.Future[CommitOutcome] = loop.create_future()
        store.commit(Commit(Changes(evidence), time.monotonic() + 60), answer.set_result)
        answers.append(answer)
        if number % 50 == 0:  # of refusals only so many may wait
            store.flush()
    assert set(await asyncio.gather(*answers)) == {CommitOutcome.DONE}
    store.delivered(EXCHANGES, "undelivered")
    store.flush()


@pytest.fixture(scope="module", params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("journal") / "acquirer.db"
    opened = open_store("memory:" if request.param == "memory" else f"sqlite:///{path}")
    asyncio.run(fill(opened))
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "",
        "tid=10000001",
        "tid=10000001 & stan=000003",
        "tid=10000001 | tid=10000003",
        "(tid=10000001 | tid=10000003) & code=51 & amount>50",
        "tid!=10000001 & id>500",
        'tid="" & code=""',
        "service=sale & code=51",
        "(service=sale | service=echo) & mti=0400",
        "service=sale & since=2026-01-01T00:08:00",
        "service=sale & since=2026-01-01T00:02:00 & until=2026-01-01T00:04:00",
        "since=00:09 & until=00:10",
        "reason=chosen & stan=000007",
        "stan=000003 | amount=66.66 & id<100",
        "service=refund",
        "service=sale & code=99",
        "id=20..30",
        "mti=0400 & delivery!=sent",
        "tid=1* & !(service=sale | amount=1)",
    ],
)
def test_an_indexed_search_finds_what_the_condition_fits(store: Store, text: str) -> None:
    search = JournalSearch(StoreSource(store.reader), SHANGHAI, time.monotonic, bounds=Bounds(seconds=None))
    condition = parse_filter(text, JOURNAL_KEYS)
    with store.reader() as reader:
        entries = reader.exchanges()
    assert len(entries) == EXCHANGES
    expected = [entry.id for entry in filter(search.fits(condition), entries)]
    assert [entry.id for entry in search.list(condition)] == expected
    assert [entry.id for entry in search.list(condition, 3)] == expected[-3:]
    assert [entry.id for entry in search.list(condition, before=1301)] == [one for one in expected if one < 1301]


def test_what_changed_since_the_last_look_is_not_waited_for() -> None:
    changes = JournalChanges()
    waiter = CommitWaiter(changes)
    changes.notify()
    waiter.wait(60.0)  # returns at once: there is something that was not seen
    waking = threading.Timer(0.01, changes.notify)
    waking.start()
    waiter.wait(60.0)
    waking.join()
    assert changes.number == 2
    waiter.wait(0.0)
    assert waiter.now_s() <= waiter.now_s()


def test_a_journal_that_grows_all_the_time_is_looked_at_with_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, pauses = [100.0], list[float]()
    monkeypatch.setattr("acquirer.app.journal_queries.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("acquirer.app.journal_queries.time.sleep", pauses.append)
    changes = JournalChanges()
    waiter = CommitWaiter(changes)
    for passed_s in (0.0, REST_S / 2, 1.0, 0.0):
        changes.notify()
        clock[0] += passed_s
        waiter.wait(60.0)
    assert pauses == pytest.approx([REST_S / 2, REST_S])
