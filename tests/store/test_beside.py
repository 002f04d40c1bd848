"""The thread that writes: on the loop's behalf, in order, and telling of it when the answer is on its way."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

import pytest

from acquirer.journal.render import COLUMNS
from acquirer.model.effects import Changes
from acquirer.store import open_reader
from acquirer.store.batch_writer import ThreadWriter
from acquirer.store.database import connect_writing
from acquirer.store.transaction_writer import Written, packed, set_meta


class Trial:
    """A thread that writes to memory, its calls to the loop, and what it answered."""

    def __init__(self, made) -> None:
        self.connection = connect_writing(None)
        self.turn = threading.Lock()
        self.calls: SimpleQueue = SimpleQueue()
        self.told: SimpleQueue = SimpleQueue()
        self.answers: list[Written | str] = []
        self.hands = ThreadWriter(self.connection, self.turn, self.calls.put, self.told.put)
        self._made = made

    def write(self, *whys: str) -> None:
        evidence = [self._made(why=why) for why in whys]
        self.hands.write([packed(Changes(one), one.dialect) for one in evidence], (), None)

    def call(self) -> None:
        """Make one call that came from the thread."""
        self.calls.get(timeout=30)()

    def whys(self) -> str:
        return " ".join(why for (why,) in self.connection.execute("SELECT why FROM journal ORDER BY id"))


@pytest.fixture
def trial(made):
    trial = Trial(made)
    trial.hands.begin(trial.answers.append)
    yield trial
    trial.hands.end()
    trial.connection.close()


def test_groups_are_written_and_answered_in_order(trial):
    for turn in range(5):
        trial.write(f"{turn}a", f"{turn}b")
    for _ in range(5):
        trial.call()
    assert trial.answers == [Written([n, n + 1]) for n in range(1, 10, 2)]
    assert trial.whys() == "0a 0b 1a 1b 2a 2b 3a 3b 4a 4b"


def test_nothing_is_answered_but_on_the_loops_thread(trial):
    trial.write("a")
    call = trial.calls.get(timeout=30)
    assert trial.answers == []
    call()
    assert trial.answers == [Written([1])]


def test_it_tells_what_it_has_written_when_the_answer_is_on_its_way(trial):
    with trial.turn:
        trial.write("a")
        assert trial.told.empty()
    [row] = trial.told.get(timeout=30)
    assert (row[0], row[1 + COLUMNS.index("why")]) == (1, "a")
    assert not trial.calls.empty()


def test_who_waits_is_answered_now_and_nobody_is_answered_twice(trial):
    trial.write("a")
    trial.write("b")
    trial.hands.wait()
    assert trial.answers == [Written([1])]
    trial.hands.wait()
    for _ in range(2):
        trial.call()
    assert trial.answers == [Written([1]), Written([2])]


def test_whoever_is_answered_may_wait_for_the_next(trial):
    def answered(found: Written | str) -> None:
        trial.answers.append(found)
        if len(trial.answers) == 1:
            trial.hands.wait()

    trial.hands._answered = answered
    trial.write("a")
    trial.write("b")
    trial.call()
    assert trial.answers == [Written([1]), Written([2])]


def test_what_goes_wrong_with_whoever_is_answered_is_theirs(trial):
    def answered(found: Written | str) -> None:
        raise Empty

    trial.hands._answered = answered
    trial.write("a")
    with pytest.raises(Empty):
        trial.call()


def test_it_shares_the_connection_with_whoever_has_the_turn(trial):
    with trial.turn:
        trial.write("a")
        trial.connection.execute("BEGIN IMMEDIATE")
        set_meta(trial.connection.cursor(), "a", "1")
        trial.connection.execute("ROLLBACK")
    trial.hands.wait()
    assert trial.answers == [Written([1])]


def test_a_loop_that_has_gone_stops_nobody(trial):
    def gone(_call: object) -> None:
        raise RuntimeError("Event loop is closed")

    trial.hands._soon = gone
    trial.write("a")
    trial.write("b")
    trial.hands.wait()
    trial.hands.wait()
    assert trial.whys() == "a b"


def test_the_end_waits_for_what_was_asked_and_told(made):
    trial = Trial(made)
    trial.hands.begin(trial.answers.append)
    for turn in range(5):
        trial.write(str(turn))
    trial.hands.end()
    assert trial.whys() == "0 1 2 3 4"
    assert trial.told.qsize() == trial.calls.qsize() == 5
    trial.connection.close()


def test_a_loop_that_is_closed_before_its_store_loses_nothing(opened, made):
    desk = opened()
    desk.queue(Changes(made()))
    desk.turn()
    desk.queue(Changes(made()))
    desk.loop.close()
    desk.close()
    with open_reader(desk.store.url) as reader:
        assert len(reader.exchanges()) == 2
