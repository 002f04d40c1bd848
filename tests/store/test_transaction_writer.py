"""Writing a group: all at once, or commit by commit when one of them cannot be written; reporting and purging."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.effects import Changes
from acquirer.model.rows import Card, Generation, Session, SignaturePart, Transaction, TransactionKey, Upload
from acquirer.settings.specs import load_dialect
from acquirer.store import purge, schema
from acquirer.store.database import connect_writing
from acquirer.store.open_files import OpenFiles
from acquirer.store.purge import DAY_US, HOUR_US, KEEP_DAYS
from acquirer.store.queries import Reader
from acquirer.store.statements import GROUP, SESSIONS, select
from acquirer.store.transaction_writer import CONFLICT, UNWRITABLE, GroupResult, TransactionWriter
from tests.store.packing import pack

DIALECT = load_dialect("unionpay-pos")
KEY = TransactionKey("880210010210162", "10000161", "000001", "000001")


class Writes(TransactionWriter):
    """A writer of changes that notes what it reports."""

    def __init__(self, connection: sqlite3.Connection, keep_days: int = KEEP_DAYS) -> None:
        self.reported: list[Any] = []
        super().__init__(
            connection, lambda rows: self.reported.extend((row[0], row[1][1]) for row in rows), keep_days=keep_days
        )

    def write(self, *changes: Changes, deliveries=(), rrn_limit=None) -> GroupResult | str:
        return self.write_group([pack(one) for one in changes], deliveries, rrn_limit)

    def numbers(self, *changes: Changes) -> list[int]:
        written = self.write(*changes)
        assert isinstance(written, GroupResult)
        assert written.numbers is not None
        return written.numbers


@pytest.fixture
def writer(connection):
    return Writes(connection)


def count(connection: sqlite3.Connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_session_of_which_only_the_stan_differs_is_written_as_a_whole_one_is(connection, writer, exchange):
    stored = Session("10000161", batch="000002", operator="01 ", current=Generation(3, "003", b"sealed", "kcvs", 5))
    assert writer.numbers(Changes(exchange(), stored)) == [1]
    stored.version = 1
    for stan in ("000007", "000007", "000008"):
        after = replace(stored, last_stan=stan)
        packed = pack(Changes(exchange(), after), {stored.tid: stored}.get)
        assert (packed[2], packed[10]) == (None, (stored.tid, stored.version + 1, stan))
        assert writer.write_group([packed], (), None).numbers[0] > 0
        assert connection.execute(select(schema.session)).fetchall() == [schema.SESSION.pack(after)]
        assert writer.write_group([packed], (), None).numbers == [CONFLICT], "it was decided on an old version"
        stored = replace(after, version=after.version + 1)
    unknown = (*pack(Changes(exchange()))[:10], ("10000162", 2, "000001"))
    assert writer.write_group([unknown], (), None).numbers == [CONFLICT], "there is no such row"


@pytest.mark.parametrize("changed", [{"unused": True}, {"sign_on_spent": True}, {"version": 2}, {"current": None}])
def test_a_session_that_differs_in_more_is_written_whole(exchange, changed):
    before = Session("10000161", 1, current=Generation(3, "003", b"sealed", "kcvs", 5))
    after = replace(before, last_stan="000001", **changed)
    for stored in (before, after, None):
        packed = pack(Changes(exchange(), after), {before.tid: stored}.get)
        assert (packed[2], packed[10]) == (SESSIONS.short(schema.SESSION.pack(after)), None)


def test_groups_of_every_size_are_written_whole(connection, writer, exchange):
    total = 0
    for size in [*range(1, 20), 63, 64, 65, 127, 255, GROUP]:
        group = [Changes(exchange(), Session(f"{total + n:08d}")) for n in range(size)]
        assert writer.numbers(*group) == list(range(total + 1, total + size + 1))
        total += size
    assert count(connection, "exchange") == count(connection, "session") == total


def test_numbers_of_exchanges_go_on_where_they_stopped(connection, writer, exchange):
    assert writer.numbers(Changes(exchange())) == [1]
    assert Writes(connection).numbers(Changes(exchange()), Changes(exchange())) == [2, 3]


def test_one_conflict_leaves_the_others_of_its_group_alone(connection, writer, exchange):
    writer.write(Changes(exchange(), Session("10000161")))
    group = [Changes(exchange(), Session(tid), card=Card(tid)) for tid in ("10000160", "10000161", "10000162")]
    assert writer.numbers(*group) == [2, CONFLICT, 3]
    assert count(connection, "exchange") == count(connection, "session") == 3
    assert connection.execute("SELECT token FROM card").fetchall() == [("10000160",), ("10000162",)]


def test_of_two_groups_that_decided_on_one_version_the_first_wins(connection, writer, exchange):
    """The second lies ready while the first is written: neither knows of the other."""
    card = Card("c" * 32)
    numbers = [writer.numbers(Changes(exchange(), card=replace(card, spent_minor=n))) for n in (1, 2)]
    assert numbers == [[1], [CONFLICT]]
    assert connection.execute("SELECT version, spent_minor FROM card").fetchall() == [(1, 1)]


@pytest.mark.parametrize(("field", "unwritable"), [("bad_macs", 2**70), ("operator", "\ud800"), ("bad_macs", object())])
def test_a_row_that_cannot_be_written_is_refused_alone(connection, writer, exchange, field, unwritable):
    bad = Session("10000161", **{field: unwritable})
    written = writer.write(Changes(exchange(), bad), Changes(exchange(), Session("10000162")))
    assert written.numbers == [UNWRITABLE, 1]
    assert "could not be written" in written.last_error
    assert count(connection, "session") == count(connection, "exchange") == 1
    assert writer.write(Changes(exchange())) == GroupResult([2])


def test_an_exchange_that_cannot_be_rendered_is_journalled_without_its_fields(connection, writer, exchange):
    assert writer.numbers(Changes(exchange(reply={39: object()}, reply_mti="0810", why="because"))) == [1]
    (entry,) = Reader(connection).exchanges()
    assert (entry.why, entry.reply) == ("because", None)
    assert "could not be rendered" in entry.notes[0]


def test_a_disk_that_fails_is_not_tried_again(connection, writer, exchange):
    connection.execute("PRAGMA max_page_count = 1")  # the disk is full
    problem = writer.write(*[Changes(exchange(why="x" * 5000)) for _ in range(GROUP)])
    assert problem == "the database cannot be used: database or disk is full"
    connection.execute("PRAGMA max_page_count = 100000")
    assert writer.write(Changes(exchange())) == problem
    writer.follow_up()
    assert writer.reported == []


def test_a_file_that_fails_is_named(database, exchange):
    connection = connect_writing(database)
    writer = TransactionWriter(connection, lambda _rows: None, files=OpenFiles(database))
    changes = Changes(exchange())
    group = [pack(changes)]
    assert writer.write_group(group, (), None) == GroupResult([1])
    connection.execute("DROP TABLE exchange")
    assert (
        writer.write_group(group, (), None)
        == f"{database} is damaged (no such table: exchange): put a backup back, or use a new store"
    )
    connection.close()


def test_who_writes_between_two_tries_takes_no_number_away(database, exchange):
    """A group that cannot be written at once is begun anew: by then pictures may have been journalled by the host."""
    connection, beside = connect_writing(database), connect_writing(database)
    writer, other = Writes(connection), Writes(beside)
    writer.write(Changes(exchange(), Session("10000161")))
    rolled_back: list[str] = []

    def seen(statement: str) -> None:
        if rolled_back and statement.startswith("BEGIN"):
            rolled_back.clear()
            assert other.numbers(Changes(exchange())) == [2]
        elif statement == "ROLLBACK":
            rolled_back.append(statement)

    connection.set_trace_callback(seen)
    assert writer.numbers(Changes(exchange()), Changes(exchange(), Session("10000161")), Changes(exchange())) == [
        3,
        CONFLICT,
        4,
    ]
    connection.close()
    beside.close()


def test_while_another_program_writes_the_file_nothing_is_lost(database, exchange):
    connection = connect_writing(database)
    writer = Writes(connection)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    connection.execute("PRAGMA busy_timeout = 1")
    result = writer.write(Changes(exchange()), rrn_limit=10)
    assert result == GroupResult(None)
    writer.follow_up()
    other.close()
    assert writer.write(Changes(exchange())) == GroupResult([1])
    assert count(connection, "meta") == 0  # nothing of the refused group is there
    connection.close()


def busy_timeout_ms(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("PRAGMA busy_timeout").fetchone()
    return int(found)


def test_nothing_is_answered_that_was_written_to_a_file_which_is_gone(connection, exchange, tmp_path, monkeypatch):
    files = OpenFiles(tmp_path / "a.db")
    sentences = iter(["", "a.db was removed"])
    monkeypatch.setattr(files, "gone", lambda: next(sentences))
    writer = TransactionWriter(connection, lambda _rows: None, files=files)
    changes = [Changes(exchange()) for _ in range(3)]
    groups = [[pack(one)] for one in changes]
    assert writer.write_group(groups[0], (), None) == GroupResult([1])
    assert writer.write_group(groups[1], (), None) == "a.db was removed"
    assert writer.write_group(groups[2], (), None) == "a.db was removed"  # and it is not looked for again
    assert count(connection, "exchange") == 2


def test_only_the_first_group_waits_long_for_another_program(database, exchange):
    """While the lock lasts no terminal waits for more than a moment to hear that the host is busy."""
    connection = connect_writing(database)
    writer = Writes(connection)
    usual_ms = busy_timeout_ms(connection)
    other = sqlite3.connect(database, isolation_level=None)
    for _ in range(2):
        other.execute("BEGIN EXCLUSIVE")
        connection.execute("PRAGMA busy_timeout = 1")  # a test need not wait
        assert writer.write(Changes(exchange())) == GroupResult(None)
        assert busy_timeout_ms(connection) < usual_ms / 10
        assert writer.write(Changes(exchange())) == GroupResult(None)
        other.execute("COMMIT")
        assert isinstance(writer.write(Changes(exchange())), GroupResult)
        assert busy_timeout_ms(connection) == usual_ms
    assert count(connection, "exchange") == 2
    other.close()
    connection.close()


def test_a_lock_between_two_attempts_on_a_group_is_waited_for_too(database, exchange, monkeypatch):
    """A group that cannot be written as a whole is begun again: another program may be faster."""
    connection = connect_writing(database)
    writer = Writes(connection)
    other = sqlite3.connect(database, isolation_level=None)
    whole = writer._all_at_once

    def taken(*group: Any) -> bool:
        written = whole(*group)
        connection.execute("ROLLBACK")
        other.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA busy_timeout = 1")
        connection.execute("BEGIN")
        return written

    monkeypatch.setattr(writer, "_all_at_once", taken)
    old = Session("10000161", version=3)
    assert writer.write(Changes(exchange(), Session("10000161")), Changes(exchange(), old)) == GroupResult(None)
    other.close()
    monkeypatch.undo()
    assert writer.write(Changes(exchange(), Session("10000161")), Changes(exchange(), old)) == GroupResult(
        [1, CONFLICT]
    )
    connection.close()


def test_deliveries_travel_along_or_alone_and_the_last_word_stays(connection, writer, exchange):
    writer.write(Changes(exchange()), deliveries=[(1, "sent"), (2, "sent")])
    assert writer.write(deliveries=[(1, "undelivered")]) == GroupResult([])
    assert connection.execute("SELECT * FROM delivery").fetchall() == [(1, "undelivered"), (2, "sent")]


def test_a_limit_of_reference_numbers_is_written_with_any_outcome_of_its_group(connection, writer, exchange):
    writer.write(Changes(exchange(), Session("10000161")), rrn_limit=10)
    assert writer.write(Changes(exchange(), Session("10000161")), rrn_limit=20).numbers == [CONFLICT]
    assert connection.execute("SELECT value FROM meta WHERE name = 'rrn'").fetchall() == [("20",)]


def test_what_is_journalled_is_reported_once_by_the_follow_up(writer, exchange):
    writer.write(Changes(exchange("10000160"), Session("10000160")), Changes(exchange("10000161"), Session("10000161")))
    assert writer.reported == []
    writer.follow_up()
    assert writer.reported == [(1, "10000160"), (2, "10000161")]
    bad = Changes(exchange("10000163"), Session("10000163", operator="\ud800"))
    writer.write(Changes(exchange("10000161"), Session("10000161")), Changes(exchange("10000162")), bad)
    writer.follow_up()
    writer.follow_up()
    assert writer.reported[2:] == [(3, "10000162")]  # not of the conflict, and not of what could not be written


def test_deliveries_alone_are_reported_too_because_conditions_may_wait_for_them(connection, exchange):
    reports: list[int] = []
    writer = TransactionWriter(connection, lambda rows: reports.append(len(rows)))
    for commits, deliveries, expected in (
        ([Changes(exchange())], [], [1]),
        ([], [(1, "undelivered")], [1, 0]),
        ([Changes(exchange())], [(1, "sent")], [1, 0, 1]),
        ([], [], [1, 0, 1]),
    ):
        packed = [pack(one) for one in commits]
        writer.write_group(packed, deliveries, 1 if not (packed or deliveries) else None)
        writer.follow_up()
        writer.follow_up()
        assert reports == expected


def sale(exchange, now_us: int, batch: str, stan: str, unused_us: int) -> Changes:
    evidence = exchange()
    evidence.at_us = now_us
    key = KEY._replace(batch=batch, stan=stan)
    return Changes(evidence, transaction=Transaction(key, used_us=now_us - unused_us))


def stans(connection: sqlite3.Connection) -> str:
    return "".join(stan for (stan,) in connection.execute("SELECT stan FROM transactions ORDER BY stan"))


KEPT_US = KEEP_DAYS * DAY_US
NOW_US = 100 * DAY_US


def test_transactions_are_deleted_once_they_are_out_of_use_and_their_batch_is_closed(connection, writer, exchange):
    writer.write(Changes(exchange(), Session("10000161", batch="000002")))
    writer.write(
        sale(exchange, NOW_US, "000001", "1", KEPT_US + 1),
        sale(exchange, NOW_US, "000001", "2", KEPT_US),
        sale(exchange, NOW_US, "000002", "3", KEPT_US + 1),  # may still be repeated, reversed, voided
    )
    assert stans(connection) == "123"
    writer.follow_up()
    assert stans(connection) == "23"


def test_a_reference_to_a_transaction_keeps_it(connection, writer, exchange):
    """What counts is its last use, not its age: a refund of it, a signature for it."""
    writer.write(Changes(exchange(), Session("10000161", batch="000002")))
    old = sale(exchange, NOW_US, "000001", "1", KEPT_US + 1)
    old.transaction.at_us = NOW_US - KEPT_US - 1
    writer.write(old)
    refund = sale(exchange, NOW_US, "000001", "2", 0)
    assert old.transaction is not None
    refund.original = replace(old.transaction, version=1, used_us=NOW_US, refunded_minor=5)
    writer.write(refund)
    writer.follow_up()
    assert stans(connection) == "12"


@pytest.mark.parametrize(("keep_days", "left"), [(1, "3"), (2, "23"), (3, "123")])
def test_the_days_that_transactions_are_kept_are_a_setting(connection, exchange, keep_days, left):
    writer = Writes(connection, keep_days)
    writer.write(Changes(exchange(), Session("10000161", batch="000002")))
    unused = {"1": 3 * DAY_US, "2": 2 * DAY_US, "3": DAY_US}
    writer.write(*[sale(exchange, NOW_US, "000001", stan, unused_us) for stan, unused_us in unused.items()])
    writer.follow_up()
    assert stans(connection) == left


def test_settlements_are_deleted_with_their_details_once_they_are_as_old_unless_their_batch_is_open(
    connection, writer, exchange
):
    writer.write(Changes(exchange(), Session("10000161", batch="000003")))
    for batch, age_us in (("000001", KEPT_US + 1), ("000002", KEPT_US), ("000003", KEPT_US + 1)):
        evidence = exchange()
        evidence.at_us = NOW_US
        key, at_us = KEY._replace(batch=batch), NOW_US - age_us
        settled = Settlement(key.mid, key.tid, batch, "closed", "equal", at_us=at_us)
        detail = UploadedDetail(key, "request", "agrees", at_us=NOW_US - KEPT_US - 1)  # it was uploaded before
        writer.write(Changes(evidence, settlement=settled, details=(detail,)))
    writer.follow_up()
    for table in ("settlement", "detail"):
        assert connection.execute(f"SELECT batch FROM {table}").fetchall() == [("000002",), ("000003",)]


@pytest.mark.parametrize("keep_days", [1, KEEP_DAYS])
def test_parts_of_signatures_live_a_day(connection, exchange, keep_days):
    writer = Writes(connection, keep_days)
    for stan, age_us in (("1", DAY_US + 1), ("2", DAY_US)):
        key = KEY._replace(stan=stan)
        evidence = exchange()
        evidence.at_us = NOW_US
        part = SignaturePart(key, 1, False, b"a", at_us=NOW_US - age_us)
        writer.write(Changes(evidence, upload=Upload(key, part=part)))
    writer.follow_up()
    assert connection.execute("SELECT stan FROM signature_part").fetchall() == [("2",)]


def test_it_purges_once_an_hour_of_the_exchanges_own_time(connection, writer, exchange):
    writer.write(Changes(exchange(), Session("10000161", batch="000002")))
    left = []
    for number, minutes in enumerate((0, 30, 59, 60, 61)):
        writer.write(sale(exchange, NOW_US + minutes * HOUR_US // 60, "000001", str(number), KEPT_US + DAY_US))
        writer.follow_up()
        left.append(stans(connection))
    assert left == ["", "1", "12", "", "4"]


def test_a_clock_that_jumps_for_one_group_deletes_nothing(connection, writer, exchange):
    writer.write(Changes(exchange(), Session("10000161", batch="000002")))
    left = []
    for number, days in enumerate((0, 400, 0, 400, 400)):
        writer.write(sale(exchange, NOW_US + days * DAY_US, "000001", str(number), days * DAY_US))
        writer.follow_up()
        left.append(stans(connection))
    assert left == ["0", "01", "012", "0123", ""]  # unused since the first day, for those who trust the clock


@pytest.mark.parametrize(("step_us", "left"), [(DAY_US - 1, ""), (DAY_US, "0"), (1 - DAY_US, ""), (-DAY_US, "0")])
def test_a_step_of_a_day_between_two_groups_is_one_of_the_clock(connection, writer, exchange, step_us, left):
    first = sale(exchange, NOW_US, "000002", "9", 0)  # of the open batch: it stays
    first.session = Session("10000161", batch="000002")
    writer.write(first)
    writer.follow_up()
    writer.write(sale(exchange, NOW_US + step_us, "000001", "0", KEPT_US + DAY_US))
    writer.follow_up()
    assert stans(connection) == f"{left}9"


def test_a_clock_that_was_set_back_goes_on_purging(connection, writer, exchange):
    writer.write(Changes(exchange(), Session("10000161", batch="000002")))
    left = []
    for number, days in enumerate((0, -40, -40)):
        writer.write(sale(exchange, NOW_US + days * DAY_US, "000001", str(number), KEPT_US + DAY_US))
        writer.follow_up()
        left.append(stans(connection))
    assert left == ["", "1", ""]


def test_a_group_of_which_nothing_was_journalled_does_not_make_it_purge(connection, writer, exchange):
    writer.write(Changes(exchange(), Session("10000161", batch="000002")))
    writer.write(sale(exchange, NOW_US, "000001", "1", KEPT_US + DAY_US))
    writer.write(deliveries=[(1, "undelivered")])
    writer.follow_up()
    assert stans(connection) == "1"


def test_while_another_program_writes_the_file_purging_waits_for_an_hour(database, exchange):
    connection = connect_writing(database)
    connection.execute("PRAGMA busy_timeout = 1")
    writer = Writes(connection)
    writer.write(Changes(exchange(), Session("10000161", batch="000002")))
    writer.write(sale(exchange, NOW_US, "000001", "1", KEPT_US + DAY_US))
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer.follow_up()
    other.close()
    assert writer.write(sale(exchange, NOW_US + HOUR_US, "000002", "2", 0)) == GroupResult([3])
    assert stans(connection) == "12"
    writer.follow_up()
    assert stans(connection) == "2"
    connection.close()


def test_a_database_that_fails_while_it_is_purged_has_failed(connection, writer, exchange, monkeypatch):
    monkeypatch.setattr(purge, "_UNUSED", "DELETE FROM gone WHERE ?")
    writer.write(Changes(exchange()))
    writer.follow_up()
    assert not connection.in_transaction  # what shares the connection can go on
    assert writer.write(Changes(exchange())) == (
        "the database is damaged (no such table: gone): put a backup back, or use a new store"
    )
    assert count(connection, "exchange") == 1
