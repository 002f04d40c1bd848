"""The thread that writes: on the loop's behalf, in order, and reporting it when the outcome is on its way."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from acquirer.model.effects import Changes
from acquirer.store import open_reader
from acquirer.store.batch_writer import ThreadWriter
from acquirer.store.database import connect_writing
from acquirer.store.queries import Reader
from acquirer.store.transaction_writer import GroupResult, set_meta
from tests.journal.entries import entry_of
from tests.store.packing import pack


class Trial:
    """A thread that writes to memory, its calls to the loop, and what it reported."""

    def __init__(self, exchange) -> None:
        self.connection = connect_writing(None)
        self.lock = threading.Lock()
        self.calls: SimpleQueue[Any] = SimpleQueue()
        self.written: SimpleQueue[Any] = SimpleQueue()
        self.results: list[GroupResult | str] = []
        self.writer = ThreadWriter(self.connection, self.lock, self.calls.put, self.written.put)
        self._exchange = exchange

    def write(self, *whys: str) -> None:
        evidence = [self._exchange(why=why) for why in whys]
        self.writer.write([pack(Changes(one)) for one in evidence], (), None)

    def call(self) -> None:
        """Make one call that the thread asked for."""
        self.calls.get(timeout=30)()

    def whys(self) -> str:
        return " ".join(entry.why for entry in Reader(self.connection).exchanges())


@pytest.fixture
def trial(exchange):
    trial = Trial(exchange)
    trial.writer.start(trial.results.append)
    yield trial
    trial.writer.close()
    trial.connection.close()


def test_groups_are_written_and_reported_in_order(trial):
    for number in range(5):
        trial.write(f"{number}a", f"{number}b")
    for _ in range(5):
        trial.call()
    assert trial.results == [GroupResult([n, n + 1]) for n in range(1, 10, 2)]
    assert trial.whys() == "0a 0b 1a 1b 2a 2b 3a 3b 4a 4b"


def test_nothing_is_reported_but_on_the_loops_thread(trial):
    trial.write("a")
    call = trial.calls.get(timeout=30)
    assert trial.results == []
    call()
    assert trial.results == [GroupResult([1])]


def test_what_is_written_is_reported_when_the_outcome_is_on_its_way(trial):
    with trial.lock:
        trial.write("a")
        assert trial.written.empty()
    [row] = trial.written.get(timeout=30)
    assert (row[0], entry_of(row[1]).why) == (1, "a")
    assert not trial.calls.empty()


def test_waiting_reports_a_group_now_and_no_group_twice(trial):
    trial.write("a")
    trial.write("b")
    trial.writer.wait()
    assert trial.results == [GroupResult([1])]
    trial.writer.wait()
    for _ in range(2):
        trial.call()
    assert trial.results == [GroupResult([1]), GroupResult([2])]


def test_a_report_may_wait_for_the_next_group(trial):
    def report(result: GroupResult | str) -> None:
        trial.results.append(result)
        if len(trial.results) == 1:
            trial.writer.wait()

    trial.writer._on_group = report
    trial.write("a")
    trial.write("b")
    trial.call()
    assert trial.results == [GroupResult([1]), GroupResult([2])]


def test_what_a_report_raises_is_raised_on_the_loops_thread(trial):
    def report(result: GroupResult | str) -> None:
        raise Empty

    trial.writer._on_group = report
    trial.write("a")
    with pytest.raises(Empty):
        trial.call()


def test_it_shares_the_connection_with_what_holds_the_lock(trial):
    with trial.lock:
        trial.write("a")
        trial.connection.execute("BEGIN IMMEDIATE")
        set_meta(trial.connection.cursor(), "a", "1")
        trial.connection.execute("ROLLBACK")
    trial.writer.wait()
    assert trial.results == [GroupResult([1])]


def test_a_loop_that_is_closed_does_not_stop_it(trial):
    def gone(_call: object) -> None:
        raise RuntimeError("Event loop is closed")

    trial.writer._call_soon = gone
    trial.write("a")
    trial.write("b")
    trial.writer.wait()
    trial.writer.wait()
    assert trial.whys() == "a b"


def test_closing_waits_for_every_group_and_its_report(exchange):
    trial = Trial(exchange)
    trial.writer.start(trial.results.append)
    for number in range(5):
        trial.write(str(number))
    trial.writer.close()
    assert trial.whys() == "0 1 2 3 4"
    assert trial.written.qsize() == trial.calls.qsize() == 5
    trial.connection.close()


def test_a_loop_that_is_closed_before_its_store_loses_nothing(opened, exchange):
    client = opened()
    client.queue(Changes(exchange()))
    client.turn()
    client.queue(Changes(exchange()))
    client.loop.close()
    client.close()
    with open_reader(client.store.url) as reader:
        assert len(reader.exchanges()) == 2


def test_waiting_ends_where_nothing_is_written(trial):
    with pytest.raises(TimeoutError):
        trial.writer.wait(0.01)
    assert trial.results == []
