"""The writer's thread against a ledger that does as it is told: gathering, limits, deadlines, failure."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from acquirer.exchange.effects import Changes, Commit, Outcome
from acquirer.store import writer as module
from acquirer.store.statements import GROUP
from acquirer.store.writer import Writer


class Slow:
    """A ledger that waits to be let on, and notes what it was given."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.deliveries: list[tuple[int, str]] = []
        self.purged: list[int] = []
        self.entered: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.go = threading.Semaphore(0)
        self.wrong: Exception | None = None

    def write(self, group: Sequence[Changes], deliveries: Sequence[tuple[int, str]] = ()) -> list[Outcome]:
        self.entered.put(None)
        assert self.go.acquire(timeout=30)
        if self.wrong:
            raise self.wrong
        self.groups.append(len(group))
        self.deliveries += deliveries
        return [Outcome.DONE] * len(group)

    def purge(self, now_us: int) -> int:
        self.purged.append(now_us)
        return 0


class Loop:
    """What a writer calls back to."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.later: list[Callable[[], None]] = []
        self.outcomes: list[Outcome] = []

    def turn(self) -> None:
        """Run one call that came from the writer's thread."""
        self.calls.get(timeout=30)()


@pytest.fixture
def ledger():
    return Slow()


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def writer(ledger, loop):
    made = Writer(ledger, loop.calls.put, None)
    yield made
    ledger.go.release(1000)
    made.end()


@pytest.fixture
def commit(loop, made):
    def queued(writer: Writer, patience_s: float = 60.0) -> None:
        writer.commit(Commit(Changes(made()), time.monotonic() + patience_s), loop.outcomes.append)

    return queued


def test_what_waits_during_a_commit_is_the_next_group_and_the_loop_hears_once(writer, ledger, loop, commit):
    commit(writer)
    ledger.entered.get(timeout=30)
    for _ in range(GROUP + 44):
        commit(writer)
    ledger.go.release(3)
    for _ in range(3):
        loop.turn()
    assert ledger.groups == [1, GROUP, 44]
    assert loop.outcomes == [Outcome.DONE] * (GROUP + 45)
    assert writer.waiting == 0
    assert loop.calls.empty()


def test_one_loop_iteration_is_handed_over_together(ledger, loop, commit):
    writer = Writer(ledger, loop.calls.put, loop.later.append)
    for _ in range(10):
        commit(writer)
    assert ledger.entered.empty()
    assert len(loop.later) == 1
    loop.later.pop()()
    ledger.go.release(2)
    loop.turn()
    assert ledger.groups == [10]
    writer.end()


def test_a_commit_past_its_deadline_is_not_written(writer, ledger, loop, commit):
    commit(writer)
    ledger.entered.get(timeout=30)
    commit(writer, patience_s=-1)
    commit(writer)
    ledger.go.release(2)
    loop.turn()
    loop.turn()
    assert loop.outcomes == [Outcome.DONE, Outcome.EXPIRED, Outcome.DONE]
    assert ledger.groups == [1, 1]


def test_too_many_waiting_ask_for_a_pause_then_are_refused(writer, ledger, loop, commit, monkeypatch):
    monkeypatch.setattr(module, "CONGESTED_COMMITS", 5)
    monkeypatch.setattr(module, "FULL_COMMITS", 8)
    for _ in range(5):
        commit(writer)
    assert not writer.congested
    commit(writer)
    assert writer.congested
    for _ in range(5):
        commit(writer)
    assert (writer.waiting, loop.outcomes) == (8, [])  # nobody is called back from within `commit`
    for _ in range(3):
        loop.turn()
    assert loop.outcomes == [Outcome.OVERLOADED] * 3
    ledger.go.release(100)
    while len(loop.outcomes) < 11:
        loop.turn()
    assert not writer.congested


def test_waiting_too_long_asks_for_a_pause_then_refuses(writer, ledger, loop, commit, monkeypatch):
    commit(writer)
    ledger.entered.get(timeout=30)
    assert not writer.congested
    monkeypatch.setattr(module, "CONGESTED_S", 0.0)
    assert writer.congested
    monkeypatch.setattr(module, "FULL_S", 0.0)
    commit(writer)
    loop.turn()
    assert loop.outcomes == [Outcome.OVERLOADED]


def test_a_failure_is_final_and_told_to_everybody(writer, ledger, loop, commit):
    commit(writer)
    ledger.entered.get(timeout=30)
    commit(writer)
    ledger.wrong = sqlite3.OperationalError("disk I/O error")
    ledger.go.release()
    loop.turn()
    loop.turn()
    commit(writer)
    loop.turn()
    assert loop.outcomes == [Outcome.FAILED] * 3
    assert writer.failure == "the store failed and stops: OperationalError: disk I/O error"
    assert ledger.groups == []  # nothing was tried again


def test_the_end_commits_and_answers_what_waits(ledger, loop, commit):
    writer = Writer(ledger, loop.calls.put, loop.later.append)
    for _ in range(300):
        commit(writer)
    writer.delivered(1, "sent")
    ledger.go.release(100)
    writer.end()
    while not loop.calls.empty():
        loop.turn()
    assert (sum(ledger.groups), len(loop.outcomes)) == (300, 300)
    assert ledger.deliveries == [(1, "sent")]


def test_a_loop_that_has_gone_stops_nobody(ledger, commit):
    def gone(_call: Callable[[], None]) -> None:
        raise RuntimeError("Event loop is closed")

    writer = Writer(ledger, gone, None)
    ledger.go.release(100)
    commit(writer)
    commit(writer)
    writer.end()
    assert sum(ledger.groups) == 2


def test_a_note_of_a_quiet_host_is_written_by_itself(writer, ledger):
    writer.delivered(7, "undelivered")
    ledger.entered.get(timeout=30)
    ledger.go.release()
    writer.end()
    assert ledger.deliveries == [(7, "undelivered")]


def test_old_rows_are_forgotten_once_an_hour_of_the_exchanges_own_time(writer, ledger, loop, made):
    ledger.go.release(100)
    for minutes in (0, 30, 59, 60, 61):
        evidence = made()
        evidence.at_us += minutes * 60_000_000
        writer.commit(Commit(Changes(evidence), time.monotonic() + 60), loop.outcomes.append)
        loop.turn()
    writer.end()
    assert [at - made().at_us for at in ledger.purged] == [0, 3_600_000_000]
