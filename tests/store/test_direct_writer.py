"""What the host's own process writes: in transactions of their own, while a batch writer writes groups."""

from __future__ import annotations

import sqlite3

import pytest

from acquirer.model.effects import Changes
from acquirer.model.rows import Picture, Signature, TransactionKey
from acquirer.store.database import connect_writing
from acquirer.store.direct_writer import DirectWriter
from acquirer.store.rrn import BLOCK
from acquirer.store.transaction_writer import TransactionWriter, set_meta
from acquirer.store.uploads import RenderedSignature
from tests.store.packing import pack


@pytest.fixture
def connection(database):
    connection = connect_writing(database)
    yield connection
    connection.close()


@pytest.fixture
def direct(connection):
    return DirectWriter(connection)


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_is_written(direct):
    def fail(cursor: sqlite3.Cursor) -> None:
        set_meta(cursor, "a", "1")
        raise ValueError

    with pytest.raises(ValueError):
        direct.transact(fail)
    direct.transact(lambda cursor: set_meta(cursor, "b", "2"))
    assert (direct.meta("a"), direct.meta("b")) == ("", "2")


def test_numbers_that_were_not_given_out_are_given_back_at_the_end(direct, connection):
    direct.transact(lambda cursor: set_meta(cursor, "rrn", str(BLOCK)))
    direct.rrns.written(BLOCK)
    assert [direct.rrns.take() for _ in range(3)] == [f"{n:012d}" for n in (1, 2, 3)]
    assert DirectWriter(connection).rrns.limit == BLOCK  # after a kill what was reserved is lost
    direct.return_rrns()
    assert DirectWriter(connection).rrns.limit == 3


def test_while_another_program_holds_the_database_they_are_given_up(direct, connection, database):
    direct.transact(lambda cursor: set_meta(cursor, "rrn", str(BLOCK)))
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    direct.return_rrns()
    other.close()
    assert DirectWriter(connection).rrns.limit == BLOCK


def test_what_must_be_written_waits_for_another_program_and_fails_when_that_takes_too_long(direct, database):
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        direct.transact(lambda cursor: set_meta(cursor, "a", "1"), 0.001)
    other.close()
    direct.transact(lambda cursor: set_meta(cursor, "a", "1"), 0.001)
    assert direct.meta("a") == "1"


def test_pictures_and_groups_of_another_connection_count_the_same_exchanges(direct, database, exchange):
    """What writes groups may have a connection of its own, in another process: neither takes the other's number."""
    beside = connect_writing(database)
    writer = TransactionWriter(beside, lambda _rows: None)
    one = Signature(TransactionKey("880210010210162", "10000161", "000001", "000001"), 1, "0" * 64, 1)
    numbers = []
    for _ in range(3):
        evidence = exchange(service="picture")
        direct.write_pictures([RenderedSignature(one, Picture(), evidence)])
        numbers.append(evidence.id)
        changes = Changes(exchange())
        written = writer.write_group([pack(changes)], (), None)
        assert not isinstance(written, str)
        numbers += written.numbers or []
    assert numbers == [1, 2, 3, 4, 5, 6]
    beside.close()
