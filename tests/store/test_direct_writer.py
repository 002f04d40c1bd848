"""What the host's own process writes: in transactions of their own, while somebody else writes groups."""

from __future__ import annotations

import sqlite3

import pytest

from acquirer.model.effects import Changes
from acquirer.model.rows import Picture, Signature, TransactionKey
from acquirer.store.database import connect_writing
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.rrn import BLOCK
from acquirer.store.transaction_writer import TransactionWriter, packed, set_meta
from acquirer.store.uploads import Developed


@pytest.fixture
def connection(database):
    connection = connect_writing(database)
    yield connection
    connection.close()


@pytest.fixture
def ledger(connection):
    return DirectWriter(connection)


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_is_written(ledger):
    def fail(cursor: sqlite3.Cursor) -> None:
        set_meta(cursor, "a", "1")
        raise ValueError

    with pytest.raises(ValueError):
        ledger.transact(fail)
    ledger.transact(lambda cursor: set_meta(cursor, "b", "2"))
    assert (ledger.meta("a"), ledger.meta("b")) == ("", "2")


def test_numbers_are_counted_when_they_are_reserved_on_disk_and_given_back_at_the_end(ledger, connection):
    assert ledger.numbers.used_up
    ledger.reserve()
    assert (ledger.numbers.limit, ledger.meta("rrn")) == (BLOCK, str(BLOCK))
    assert [ledger.numbers.take() for _ in range(3)] == [f"{n:012d}" for n in (1, 2, 3)]
    assert DirectWriter(connection).numbers.limit == BLOCK  # after a kill what was reserved is lost
    ledger.settle()
    assert DirectWriter(connection).numbers.limit == 3


def test_numbers_that_could_not_be_reserved_are_not_counted(ledger, connection, database):
    connection.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        ledger.reserve()
    assert ledger.numbers.used_up
    other.close()
    ledger.reserve()
    assert ledger.numbers.limit == BLOCK


def test_pictures_and_groups_of_another_connection_count_the_same_exchanges(ledger, database, made):
    """Whoever writes groups may have a connection of its own, in another process: neither takes the other's number."""
    beside = connect_writing(database)
    hand = TransactionWriter(beside, lambda _told: None)
    one = Signature(TransactionKey("880210010210162", "10000161", "000001", "000001"), 1, "0" * 64, 1)
    numbers = []
    for _ in range(3):
        evidence = made(service="picture")
        ledger.develop([Developed(one, Picture(), evidence)])
        numbers.append(evidence.id)
        changes = Changes(made())
        numbers += hand.try_to_write([packed(changes, changes.evidence.dialect)], (), None).numbers
    assert numbers == [1, 2, 3, 4, 5, 6]
    beside.close()
