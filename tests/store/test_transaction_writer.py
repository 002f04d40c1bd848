"""The hand that writes a group: all at once, or item by item when one of them cannot be written."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from acquirer.journal.render import COLUMNS
from acquirer.model.effects import Changes
from acquirer.model.rows import Card, Session, SignaturePart, Transaction, TransactionKey, Upload
from acquirer.store import statements
from acquirer.store.database import connect_writing
from acquirer.store.statements import GROUP
from acquirer.store.transaction_writer import CONFLICT, DAY_US, HOUR_US, UNWRITABLE, TransactionWriter, Written, packed

_TID = 1 + COLUMNS.index("tid")
KEY = TransactionKey("880210010210162", "10000161", "000001", "000001")


class Writes(TransactionWriter):
    """A hand that is asked for changes, and notes what it told."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.told: list[tuple[int, str]] = []
        super().__init__(connection, lambda rows: self.told.extend((row[0], row[_TID]) for row in rows))

    def write(self, *changes: Changes, deliveries=(), limit=None) -> Written | str:
        return self.try_to_write([packed(one, one.evidence.dialect) for one in changes], deliveries, limit)

    def numbers(self, *changes: Changes) -> list[int]:
        written = self.write(*changes)
        assert isinstance(written, Written)
        assert written.numbers is not None
        return written.numbers


@pytest.fixture
def hand(connection):
    return Writes(connection)


def count(connection: sqlite3.Connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_groups_of_every_size_are_written_whole(connection, hand, made):
    total = 0
    for size in [*range(1, 20), 63, 64, 65, 127, 255, GROUP]:
        group = [Changes(made(), Session(f"{total + n:08d}")) for n in range(size)]
        assert hand.numbers(*group) == list(range(total + 1, total + size + 1))
        total += size
    assert count(connection, "journal") == count(connection, "session") == total


def test_numbers_of_exchanges_go_on_where_they_stopped(connection, hand, made):
    assert hand.numbers(Changes(made())) == [1]
    assert Writes(connection).numbers(Changes(made()), Changes(made())) == [2, 3]


def test_one_conflict_leaves_the_others_of_its_group_alone(connection, hand, made):
    hand.write(Changes(made(), Session("10000161")))
    group = [Changes(made(), Session(tid), card=Card(tid)) for tid in ("10000160", "10000161", "10000162")]
    assert hand.numbers(*group) == [2, CONFLICT, 3]
    assert count(connection, "journal") == count(connection, "session") == 3
    assert connection.execute("SELECT token FROM card").fetchall() == [("10000160",), ("10000162",)]


def test_of_two_groups_that_decided_on_one_version_the_first_wins(connection, hand, made):
    """The second lies ready while the first is written: neither knows of the other."""
    card = Card("c" * 32)
    numbers = [hand.numbers(Changes(made(), card=replace(card, spent_minor=n))) for n in (1, 2)]
    assert numbers == [[1], [CONFLICT]]
    assert connection.execute("SELECT version, spent_minor FROM card").fetchall() == [(1, 1)]


@pytest.mark.parametrize("unwritable", [2**70, "\ud800", object()])
def test_a_row_nobody_can_write_is_refused_alone(connection, hand, made, unwritable):
    bad = Session("10000161", operator=unwritable)
    written = hand.write(Changes(made(), bad), Changes(made(), Session("10000162")))
    assert written.numbers == [UNWRITABLE, 1]
    assert "could not be written" in written.complaint
    assert count(connection, "session") == count(connection, "journal") == 1
    assert hand.write(Changes(made())) == Written([2])


def test_an_exchange_nobody_can_render_is_journalled_without_its_fields(connection, hand, made):
    assert hand.numbers(Changes(made(reply={39: object()}, reply_mti="0810", why="because"))) == [1]
    why, notes, reply = connection.execute("SELECT why, notes, reply FROM journal").fetchone()
    assert (why, reply) == ("because", "")
    assert "could not be rendered" in notes


def test_a_disk_that_fails_is_not_tried_again(connection, hand, made):
    connection.execute("PRAGMA max_page_count = 1")  # the disk is full
    problem = hand.write(*[Changes(made(why="x" * 5000)) for _ in range(GROUP)])
    assert problem == "OperationalError: database or disk is full"
    connection.execute("PRAGMA max_page_count = 100000")
    assert hand.write(Changes(made())) == problem
    hand.follow_up()
    assert hand.told == []


def test_who_writes_between_two_tries_takes_no_number_away(database, made):
    """A group that cannot be written at once is begun anew: by then pictures may have been journalled by the host."""
    connection, beside = connect_writing(database), connect_writing(database)
    hand, other = Writes(connection), Writes(beside)
    hand.write(Changes(made(), Session("10000161")))
    rolled_back: list[str] = []

    def seen(statement: str) -> None:
        if rolled_back and statement.startswith("BEGIN"):
            rolled_back.clear()
            assert other.numbers(Changes(made())) == [2]
        elif statement == "ROLLBACK":
            rolled_back.append(statement)

    connection.set_trace_callback(seen)
    assert hand.numbers(Changes(made()), Changes(made(), Session("10000161")), Changes(made())) == [3, CONFLICT, 4]
    connection.close()
    beside.close()


def test_a_file_somebody_else_writes_is_nobodys_loss(database, made):
    connection = connect_writing(database)
    connection.execute("PRAGMA busy_timeout = 1")
    hand = Writes(connection)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    numbers, complaint = hand.write(Changes(made()), limit=10)
    assert numbers is None
    assert "another program" in complaint
    hand.follow_up()
    other.close()
    assert hand.write(Changes(made())) == Written([1])
    assert count(connection, "meta") == 0  # of what was asked meanwhile nothing is there
    connection.close()


def test_deliveries_travel_along_or_alone_and_the_last_word_stays(connection, hand, made):
    hand.write(Changes(made()), deliveries=[(1, "sent"), (2, "sent")])
    assert hand.write(deliveries=[(1, "undelivered")]) == Written([])
    assert connection.execute("SELECT * FROM delivery").fetchall() == [(1, "undelivered"), (2, "sent")]


def test_a_limit_of_reference_numbers_is_written_whatever_becomes_of_its_group(connection, hand, made):
    hand.write(Changes(made(), Session("10000161")), limit=10)
    assert hand.write(Changes(made(), Session("10000161")), limit=20).numbers == [CONFLICT]
    assert connection.execute("SELECT value FROM meta WHERE name = 'rrn'").fetchall() == [("20",)]


def test_it_tells_of_what_it_journalled_once_and_only_when_asked_to_follow_up(hand, made):
    hand.write(Changes(made("10000160"), Session("10000160")), Changes(made("10000161"), Session("10000161")))
    assert hand.told == []
    hand.follow_up()
    assert hand.told == [(1, "10000160"), (2, "10000161")]
    bad = Changes(made("10000163"), Session("10000163", operator="\ud800"))
    hand.write(Changes(made("10000161"), Session("10000161")), Changes(made("10000162")), bad)
    hand.follow_up()
    hand.follow_up()
    assert hand.told[2:] == [(3, "10000162")]  # not of the conflict, and not of what could not be written


def sale(made, now_us: int, batch: str, stan: str, age_us: int) -> Changes:
    evidence = made()
    evidence.at_us = now_us
    return Changes(evidence, transaction=Transaction(KEY._replace(batch=batch, stan=stan), at_us=now_us - age_us))


def stans(connection: sqlite3.Connection) -> str:
    return "".join(stan for (stan,) in connection.execute("SELECT stan FROM transactions ORDER BY stan"))


def test_what_is_long_over_is_forgotten_and_open_batches_are_not(connection, hand, made):
    now_us = 10 * DAY_US
    hand.write(Changes(made(), Session("10000161", batch="000002")))
    old, young = DAY_US + 1, DAY_US
    forgotten, part = sale(made, now_us, "000001", "1", old), SignaturePart(KEY, 1, False, b"a", at_us=1)
    forgotten.upload = Upload(KEY, part=part)
    hand.write(forgotten, sale(made, now_us, "000001", "2", young), sale(made, now_us, "000002", "3", old))
    assert stans(connection) == "123"
    hand.follow_up()
    assert stans(connection) == "23"
    assert count(connection, "signature_part") == 0


def test_it_looks_for_what_is_over_once_an_hour_of_the_exchanges_own_time(connection, hand, made):
    hand.write(Changes(made(), Session("10000161", batch="000002")))
    left = []
    for number, minutes in enumerate((0, 30, 59, 60, 61)):
        hand.write(sale(made, 10 * DAY_US + minutes * HOUR_US // 60, "000001", str(number), 2 * DAY_US))
        hand.follow_up()
        left.append(stans(connection))
    assert left == ["", "1", "12", "", "4"]


def test_a_group_of_which_nothing_was_journalled_is_no_reason_to_look(connection, hand, made):
    hand.write(Changes(made(), Session("10000161", batch="000002")))
    hand.write(sale(made, 10 * DAY_US, "000001", "1", 2 * DAY_US))
    hand.write(deliveries=[(1, "undelivered")])
    hand.follow_up()
    assert stans(connection) == "1"


def test_a_file_somebody_else_writes_is_cleared_up_an_hour_later(database, made):
    connection = connect_writing(database)
    connection.execute("PRAGMA busy_timeout = 1")
    hand = Writes(connection)
    hand.write(Changes(made(), Session("10000161", batch="000002")))
    hand.write(sale(made, 10 * DAY_US, "000001", "1", 2 * DAY_US))
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    hand.follow_up()
    other.close()
    assert hand.write(sale(made, 10 * DAY_US + HOUR_US, "000002", "2", 0)) == Written([3])
    assert stans(connection) == "12"
    hand.follow_up()
    assert stans(connection) == "2"
    connection.close()


def test_a_database_that_fails_while_it_is_cleared_up_has_failed(connection, hand, made, monkeypatch):
    monkeypatch.setattr(statements, "PURGE", "DELETE FROM gone WHERE ?")
    hand.write(Changes(made()))
    hand.follow_up()
    assert not connection.in_transaction  # whoever shares the connection can go on
    assert hand.write(Changes(made())) == "OperationalError: no such table: gone"
    assert count(connection, "journal") == 1
