"""A group of commits: all at once, or item by item when one of them cannot be written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.exchange.effects import Changes, Outcome
from acquirer.exchange.rows import Card, Session, Transaction, TransactionKey
from acquirer.store import ledger as ledger_module
from acquirer.store import numbers as numbers_module
from acquirer.store.database import connect_writing
from acquirer.store.ledger import DAY_US, Ledger
from acquirer.store.statements import GROUP

DONE, CONFLICT, OVERLOADED = Outcome.DONE, Outcome.CONFLICT, Outcome.OVERLOADED


@pytest.fixture
def connection():
    connection = connect_writing(None)
    yield connection
    connection.close()


@pytest.fixture
def ledger(connection):
    return Ledger(connection)


def count(connection: sqlite3.Connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_groups_of_every_size_are_written_whole(connection, ledger, made):
    total = 0
    for size in [*range(1, 20), 63, 64, 65, 127, 255, GROUP]:
        group = [Changes(made(), Session(f"{total + n:08d}")) for n in range(size)]
        assert ledger.write(group) == [DONE] * size
        assert [one.evidence.id for one in group] == list(range(total + 1, total + size + 1))
        total += size
    assert count(connection, "journal") == count(connection, "session") == total


def test_of_two_rivals_in_one_group_the_first_wins(connection, ledger, made):
    card = Card("c" * 32)
    assert ledger.write([Changes(made(), card=replace(card, spent_minor=n)) for n in (1, 2)]) == [DONE, CONFLICT]
    assert connection.execute("SELECT version, spent_minor FROM card").fetchall() == [(1, 1)]
    assert count(connection, "journal") == 1


def test_a_token_is_not_taken_for_a_terminal(ledger, made):
    assert ledger.write([Changes(made(), Session("10000161")), Changes(made(), card=Card("10000161"))]) == [DONE, DONE]


def test_one_conflict_leaves_the_others_of_its_group_alone(connection, ledger, made):
    ledger.write([Changes(made(), Session("10000161"))])
    group = [Changes(made(), Session(tid), card=Card(tid)) for tid in ("10000160", "10000161", "10000162")]
    assert ledger.write(group) == [DONE, CONFLICT, DONE]
    assert count(connection, "journal") == count(connection, "session") == 3
    assert connection.execute("SELECT token FROM card").fetchall() == [("10000160",), ("10000162",)]
    assert (group[0].evidence.id, group[2].evidence.id) == (2, 3)


@pytest.mark.parametrize("unwritable", [2**70, "\ud800", object()])
def test_a_row_nobody_can_write_is_refused_alone(connection, ledger, made, unwritable):
    bad = Session("10000161", operator=unwritable)
    assert ledger.write([Changes(made(), bad), Changes(made(), Session("10000162"))]) == [OVERLOADED, DONE]
    assert "could not be written" in ledger.complaint
    assert count(connection, "session") == count(connection, "journal") == 1


def test_an_exchange_nobody_can_render_is_journalled_without_its_fields(connection, ledger, made):
    assert ledger.write([Changes(made(reply={39: object()}, reply_mti="0810", why="because"))]) == [DONE]
    why, notes, reply = connection.execute("SELECT why, notes, reply FROM journal").fetchone()
    assert (why, reply) == ("because", "")
    assert "could not be rendered" in notes


def test_a_disk_that_fails_is_not_tried_again(connection, ledger, made):
    ledger.write([Changes(made(), Session("10000161"))])
    connection.execute("PRAGMA max_page_count = 1")  # the disk is full
    with pytest.raises(sqlite3.OperationalError, match="full"):
        ledger.write([Changes(made(why="x" * 5000)) for _ in range(GROUP)])
    assert ledger.sessions.get("10000161") is None  # nothing that is kept can be trusted now


def test_a_file_somebody_else_writes_is_nobodys_loss(database, made):
    connection = connect_writing(database)
    ledger = Ledger(connection)
    connection.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert ledger.write([Changes(made())]) == [OVERLOADED]
    assert "another program" in ledger.complaint
    other.close()
    assert ledger.write([Changes(made())]) == [DONE]
    connection.close()


def test_deliveries_travel_along_and_the_last_word_stays(connection, ledger, made):
    ledger.write([Changes(made())], [(1, "sent"), (2, "sent")])
    ledger.write([], [(1, "undelivered")])
    assert connection.execute("SELECT * FROM delivery").fetchall() == [(1, "undelivered"), (2, "sent")]


def test_what_is_long_over_is_forgotten_and_open_batches_are_not(connection, ledger, made):
    now_us = 10 * DAY_US

    def sale(batch: str, stan: str, age_us: int) -> Changes:
        key = TransactionKey("m" * 15, "10000161", batch, stan)
        return Changes(made(), transaction=Transaction(key, at_us=now_us - age_us))

    old, young = DAY_US + 1, DAY_US - 1
    ledger.write([Changes(made(), Session("10000161", batch="000002"))])
    ledger.write([sale("000001", "1", old), sale("000001", "2", young), sale("000002", "3", old)])
    assert ledger.purge(now_us) == 1
    assert connection.execute("SELECT stan FROM transactions ORDER BY stan").fetchall() == [("2",), ("3",)]


def test_numbers_of_exchanges_go_on_where_they_stopped(connection, ledger, made):
    ledger.write([Changes(made())] * 1)
    group = [Changes(made())]
    Ledger(connection).write(group)
    assert group[0].evidence.id == 2


class Turn:
    """A lock that lets somebody in at the very moment it is left."""

    def __init__(self, somebody: Callable[[], None]) -> None:
        self.lock = threading.Lock()
        self.moments = [somebody]

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_wrong: object) -> None:
        self.lock.release()
        if self.moments:
            self.moments.pop()()


def test_no_number_is_given_out_that_is_not_reserved_on_disk(ledger, made, monkeypatch):
    """The loop has run out of numbers and reserves; the writer tops up before the loop has gone on.

    Neither may count the other's block as its own: the writer is held right before it writes until the loop is done.
    """
    topped_up, go_on = threading.Event(), threading.Event()
    write = ledger.hand.write

    def held(items, deliveries, limit):
        topped_up.set()
        assert go_on.wait(30)
        return write(items, deliveries, limit)

    monkeypatch.setattr(ledger.hand, "write", held)
    writer = threading.Thread(target=lambda: ledger.write([Changes(made())]))

    def let_the_writer_in() -> None:
        writer.start()
        assert topped_up.wait(30)

    for module in (numbers_module, ledger_module):
        monkeypatch.setattr(module, "BLOCK", 4)
    ledger.turn = Turn(let_the_writer_in)
    ledger.numbers.take()
    go_on.set()
    writer.join()
    assert ledger.numbers.limit == int(ledger.meta("rrn"))


decisions = st.lists(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from("xy"), st.integers(0, 3)),
        min_size=1,
        max_size=6,
    ),
    max_size=8,
)


@settings(max_examples=150)
@given(groups=decisions)
def test_versions_never_skip_and_nothing_is_half_written(groups, made):
    """A model: each row is its version; an item is written when both its versions are current, else not at all.

    A row that is not there at all (the past was forgotten between decision and commit) is written as it was decided.
    """
    connection = connect_writing(None)
    ledger = Ledger(connection)
    model: dict[str, int] = {}
    written = 0
    for group in groups:
        changes = [
            Changes(made(), Session(tid, version), card=Card(token, card_version))
            for tid, version, token, card_version in group
        ]
        touched: set[str] = set()
        for (tid, version, token, card_version), outcome in zip(group, ledger.write(changes), strict=True):
            right = model.get(tid, version) == version and model.get(token, card_version) == card_version
            first = touched.isdisjoint({tid, token})
            assert outcome is (DONE if right and first else CONFLICT)
            if first:
                touched |= {tid, token}
            if outcome is DONE:
                model[tid], model[token] = version + 1, card_version + 1
                written += 1
    rows = connection.execute("SELECT tid, version FROM session UNION ALL SELECT token, version FROM card")
    assert dict(rows.fetchall()) == model
    assert count(connection, "journal") == written
    connection.close()
