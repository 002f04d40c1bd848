"""A process that writes what the store's own thread would, and whose end is the store's."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import random
import signal
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from acquirer.model.effects import Changes, CommitOutcome
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Picture, Session, Signature, Transaction, TransactionKey, Upload
from acquirer.observe.lines import AsJson
from acquirer.process import channel as child
from acquirer.process.recorder import recorder
from acquirer.store import StoreError, open_reader, open_store
from acquirer.store.group_committer import AHEAD
from acquirer.store.statements import GROUP
from acquirer.store.transaction_writer import Written
from acquirer.store.uploads import Developed

TID = "10000161"
KEY = TransactionKey("880210010210162", TID, "000001", "000001")
DONE, FAILED = CommitOutcome.DONE, CommitOutcome.FAILED


@pytest.fixture
def desk(started, opened, apart):
    """A store with a process of its own that a test may leave in any state."""
    desk = opened(apart=apart)
    desk.process = started[0]
    yield desk
    desk.close()
    assert desk.process.returncode is not None


def image(number: int) -> bytes:
    return random.Random(number).randbytes(8_000)


def signature(number: int) -> Signature:
    digest = hashlib.sha256(image(number)).hexdigest()
    return Signature(KEY._replace(stan=f"{number:06}"), 1, digest, 8_000, dialect="unionpay-pos")


def upload(made, number: int) -> Changes:
    """Eight thousand bytes to write."""
    one = signature(number)
    return Changes(made(), upload=Upload(one.key, signature=one, stream=image(number)))


def rows(url: str, query: str) -> list[tuple]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return connection.execute(query).fetchall()


# -- the same as here --------------------------------------------------------------------------------------------------


def test_it_writes_what_the_stores_own_thread_writes(opened, apart, made, tmp_path):
    texts = ("消费", "\x00", "x" * 200_000)
    desks = [opened(apart=apart), opened(f"sqlite:///{tmp_path / 'here.db'}")]
    desks[1].register()
    for desk in desks:
        for number, text in enumerate(texts):
            key = KEY._replace(stan=f"{number:06}")
            reply = {39: "00", 64: b"\xff"}
            evidence = made(reason=Reason.APPROVED, why=text, notes=("one", text), tid=TID, reply=reply)
            sale = Transaction(key, made={"code": text}, amount_minor=5, reason=Reason.APPROVED)
            changes = Changes(evidence, replace(desk.session(), operator=text), sale, Card(f"{number:032}"))
            assert desk.commit(changes, upload(made, number)) == [DONE, DONE]
            desk.store.delivered(evidence.id, "damaged")
        assert desk.commit(Changes(made(), Session(TID, 1))) == [CommitOutcome.CONFLICT]
        desk.close()
    for table in ("journal", "session", "transactions", "card", "signature", "blob", "delivery", "meta"):
        found = [rows(desk.store.url, f"SELECT * FROM {table} ORDER BY 1, 2") for desk in desks]
        if table == "meta":  # with a key of its own each
            found = [[row for row in some if row[0] != "vault"] for some in found]
        assert found[0] == found[1], table
        assert found[0] or table == "meta"


def test_versions_are_checked_there_and_kept_here(office, made):
    before = replace(office.session())
    assert office.commit(Changes(made(), replace(before))) == [DONE]
    assert office.store._ledger.sessions.get(TID).version == before.version + 1
    assert office.commit(Changes(made(), replace(before))) == [CommitOutcome.CONFLICT]
    assert office.store._ledger.sessions.get(TID) is None
    assert office.commit(Changes(made(), replace(office.session()))) == [DONE]
    assert office.session().version == before.version + 2


def test_what_cannot_be_written_is_refused_alone(office, made):
    for value in (2**70, "\ud800", object()):
        bad, good = replace(office.session(), operator=value), replace(office.session("10000162"))
        assert office.commit(Changes(made(), bad), Changes(made(), good)) == [CommitOutcome.OVERLOADED, DONE]
        assert "could not be written" in office.store.complaint
    assert office.commit(Changes(made(), office.session())) == [DONE]


def test_what_it_wrote_can_be_read_while_it_writes(office, made):
    with open_reader(office.store.url) as reader:
        for number in range(30):
            evidence = made(stan=f"{number:06}")
            assert office.commit(Changes(evidence)) == [DONE]
            [entry] = reader.exchanges(limit=1)
            assert (entry.id, entry.stan) == (evidence.id, evidence.stan)


def test_this_process_writes_beside_it(office, made):
    """Terminals and pictures are written from here, while groups are written there."""
    exchanges, pictures = [made() for _ in range(800)], [made(service="picture") for _ in range(40)]
    office.commit(upload(made, 1))
    answered = []
    for turn, evidence in enumerate(pictures):
        answered += [office.queue(Changes(one)) for one in exchanges[20 * turn : 20 * turn + 20]]
        office.turn()
        office.store.develop([Developed(signature(1), Picture(24, turn, b"PNG"), evidence)])
    assert set(office.wait(*answered)) == {DONE}
    assert office.register("10000163").added == 1
    numbers = sorted(one.id for one in exchanges + pictures)
    assert numbers == list(range(numbers[0], numbers[0] + 840))
    with office.store.reader() as reader:
        assert all(reader.exchange(one.id).service == "picture" for one in pictures)


# -- pipes -------------------------------------------------------------------------------------------------------------


@contextmanager
def standing_still(process: subprocess.Popen[bytes]) -> Iterator[None]:
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_groups_ahead_are_answered_in_order_and_the_host_goes_on_meanwhile(office, made):
    office.session()  # with the first reference number
    evidence = [made() for _ in range(AHEAD + 3)]
    answered = []
    order: list[int] = []
    with standing_still(office.process):
        for number, one in enumerate(evidence):
            answered.append(office.queue(Changes(one)))
            answered[-1].add_done_callback(lambda _one, number=number: order.append(number))
            office.turn()
            office.session()  # nobody waits for a process that stands still
        assert not any(one.done() for one in answered)
    assert office.wait(*answered) == [DONE] * (AHEAD + 3)
    assert order == list(range(AHEAD + 3))
    assert [one.id - evidence[0].id for one in evidence] == order


@pytest.mark.parametrize("by", ["the loop", "settle", "close"])
def test_groups_larger_than_the_pipe_arrive_whole(desk, made, by, url):
    """Two megabytes a group, through a pipe of a page: what does not fit is sent when there is room."""
    fcntl.fcntl(desk.process.stdin.fileno(), fcntl.F_SETPIPE_SZ, 4096)
    numbers = range(2 * GROUP + 50)
    answered = [desk.queue(upload(made, number)) for number in numbers]
    desk.turn()
    assert not answered[-1].done()
    if by == "settle":
        desk.store._writer.settle()
    elif by == "close":
        desk.close()
    if by != "the loop":
        assert all(one.done() for one in answered)
    assert desk.wait(*answered) == [DONE] * len(numbers)
    with open_reader(url) as reader:
        assert [one.digest for one in reader.signatures()] == [signature(number).digest for number in numbers]
        assert all(reader.blob(signature(number).digest) == image(number) for number in numbers)


def test_settling_waits_for_the_process(office, made):
    with standing_still(office.process):
        answered = [office.queue(Changes(made())) for _ in range(3 * GROUP)]
        office.turn()
    office.store._writer.settle()
    assert [one.result() for one in answered] == [DONE] * (3 * GROUP)


ACTOR = """
import os, struct, sys, time
def take():
    size, = struct.unpack(">Q", sys.stdin.buffer.read(8))
    sys.stdin.buffer.read(size)
def say(data, pieces):
    for at in range(0, len(data), pieces):
        os.write(1, data[at : at + pieces])
        time.sleep(0)
greeting, groups, pieces, *answers = sys.argv[1:]
if greeting:
    take()
    say(bytes.fromhex(greeting), 1000)
for _ in range(int(groups)):
    take()
say(b"".join(map(bytes.fromhex, answers)), int(pieces))
"""


def message(value: object) -> str:
    data = pickle.dumps(value)
    return (struct.pack(">Q", len(data)) + data).hex()


@pytest.fixture
def acted(monkeypatch, opened, apart):
    """``acted(2, Written([1]), Written([2]))``: a store whose process takes two groups, answers that and ends."""

    def start(groups: int, *answers: object, pieces: int = 1_000_000, greeting: bool = True):
        arguments = [message(None) if greeting else "", str(groups), str(pieces), *map(message, answers)]
        monkeypatch.setattr(
            child,
            "start",
            lambda _module, **streams: subprocess.Popen([sys.executable, "-SEc", ACTOR, *arguments], **streams),
        )
        return opened(apart=apart)

    return start


@pytest.mark.parametrize("pieces", [1, 7, 1_000_000])
def test_answers_come_whole_however_they_are_cut(acted, made, pieces):
    desk = acted(2, Written([5], "why"), Written([6, 7]), pieces=pieces)
    first = desk.queue(Changes(made()))
    desk.turn()
    evidence = [made(), made()]
    assert desk.wait(first, *(desk.queue(Changes(one)) for one in evidence)) == [DONE] * 3
    assert [one.id for one in evidence] == [6, 7]
    assert desk.store.complaint == "why"


def test_whoever_is_answered_may_wait_for_an_answer_that_came_along(acted, made):
    """Two answers are read at once; over the first one somebody runs out of reference numbers."""
    desk = acted(2, Written([1]), Written([2]))
    first = desk.queue(Changes(made()))
    desk.turn()
    second = desk.queue(Changes(made()))
    done = desk.store._writer._written[0].commits[0]

    def settle(outcome: CommitOutcome) -> None:
        first.set_result(outcome)
        desk.store._writer.settle()

    desk.store._writer._written[0].commits[0] = (done[0], settle)
    assert desk.wait(first, second) == [DONE, DONE]


def test_what_was_answered_before_its_end_counts(acted, made):
    desk = acted(1, Written([1]))
    answered = []
    for _ in range(3):
        answered.append(desk.queue(Changes(made())))
        desk.turn()
    assert desk.wait(*answered) == [DONE, FAILED, FAILED]
    assert "the process that writes has ended" in desk.store.failure


def test_an_answer_that_is_cut_short_is_none(acted, made, monkeypatch):
    desk = acted(1, pieces=1)
    assert desk.commit(Changes(made())) == [FAILED]


# -- ends --------------------------------------------------------------------------------------------------------------


def test_when_it_dies_the_store_has_failed(desk, made):
    assert desk.commit(Changes(made())) == [DONE]
    desk.process.kill()
    desk.process.wait()
    assert desk.commit(Changes(made())) == [FAILED]
    assert desk.store.failure == "the store failed and stops: the process that writes has ended"
    assert desk.commit(Changes(made())) == [FAILED]
    desk.store.delivered(1, "sent")


@pytest.mark.parametrize("answered_before", [0, 1, GROUP, 3 * GROUP])
def test_killed_at_any_moment_everybody_is_answered_and_nobody_falsely(desk, made, url, answered_before):
    evidence = [made(stan=f"{number:06}") for number in range(8 * GROUP)]
    answered = [desk.queue(Changes(one)) for one in evidence]
    desk.turn()
    if answered_before:
        desk.wait(*answered[:answered_before])
    desk.process.kill()
    outcomes = desk.wait(*answered)
    done = outcomes.count(DONE)
    assert outcomes == [DONE] * done + [FAILED] * (len(outcomes) - done)
    assert answered_before <= done < len(outcomes)
    desk.close()
    journal = rows(url, "SELECT id, stan FROM journal ORDER BY id")
    assert journal[:done] == [(one.id, one.stan) for one in evidence[:done]]
    assert len(journal) % GROUP == 0  # a group is there whole, or not at all


def test_a_database_that_fails_is_told_of_and_not_tried_again(desk, made, url):
    rows(url, "DROP TABLE journal")
    assert desk.commit(Changes(made())) == [FAILED]
    assert "no such table: journal" in desk.store.failure


def test_signals_meant_for_the_host_do_not_end_it(office, made):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        office.process.send_signal(number)
    assert office.commit(Changes(made())) == [DONE]


def test_a_process_that_cannot_begin_says_why(opened, apart, url, loop, monkeypatch):
    store = open_store(url)
    dialect = next(iter(apart.args[0].values()))
    with pytest.raises(StoreError, match=r"cannot begin: .*no-such-dialect"):
        store.start(loop, print, recorder([("no-such-dialect", dialect)], None, AsJson()))
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(StoreError, match=r"acquirer.db cannot be started: .*No such file"):
        store.start(loop, print, apart)
    store.close()


@pytest.mark.parametrize("script", ["", "import sys; sys.stdin.buffer.read(8)"])
def test_a_process_that_ends_before_it_began_is_told_of(apart, url, loop, monkeypatch, script):
    monkeypatch.setattr(
        child, "start", lambda _module, **streams: subprocess.Popen([sys.executable, "-SEc", script], **streams)
    )
    store = open_store(url)
    with pytest.raises(StoreError, match=r"cannot begin: the process that writes has ended"):
        store.start(loop, print, apart)
    store.close()


HOST = """
import asyncio, os, signal, sys, time
from acquirer.process.recorder import recorder
from acquirer.model.effects import Changes, Commit
from acquirer.model.evidence import Evidence
from acquirer.observe.lines import AsJson
from acquirer.settings.specs import load_dialect
from acquirer.store import open_store

loop = asyncio.new_event_loop()
store = open_store(sys.argv[1])
dialect = load_dialect("unionpay-pos")
store.start(loop, None, recorder([("unionpay-pos", dialect)], sys.stderr, AsJson()))
for number in range(int(sys.argv[2])):
    store.commit(Commit(Changes(Evidence(1, dialect=dialect, why="x" * 500)), time.monotonic() + 60), lambda _outcome: None)
loop.call_soon(loop.stop)
loop.run_forever()
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A host that asks for exchanges, and is killed before it hears of them."""


@pytest.fixture
def killed_host(url) -> Callable[[int], int]:
    """``killed_host(5)``: the log it wrote to, which is not read yet."""
    files: list[int] = []

    def start(exchanges: int) -> int:
        reads, writes = os.pipe()
        files.append(reads)
        fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4096)
        arguments = [sys.executable, "-c", HOST, url, str(exchanges)]
        killed = subprocess.run(arguments, stderr=writes, check=False, timeout=60)
        os.close(writes)
        assert killed.returncode == -signal.SIGKILL
        return reads

    yield start
    for file in files:
        os.close(file)


def everything(file: int) -> bytes:
    """What is written until nobody writes any more."""
    found = b""
    while data := os.read(file, 1 << 16):
        found += data
    return found


def test_a_host_that_is_killed_leaves_nobody_behind(killed_host, url):
    """Its writer ends by itself and gives the lock back; what it was asked for is written and told, and no more."""
    log = killed_host(5)
    lines = everything(log).splitlines()
    assert [line.startswith(b'{"event":"exchange"') for line in lines] == [True] * 5
    assert len(rows(url, "SELECT id FROM journal")) == 5
    with Path(url.removeprefix("sqlite:///") + ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for its end
    open_store(url).close()


def test_a_log_that_nobody_reads_does_not_keep_the_next_host_out(killed_host, url):
    killed_host(100)
    open_store(url).close()
    assert len(rows(url, "SELECT id FROM journal")) == 100


def test_a_message_that_is_cut_short_is_not_written(desk, made, url):
    assert desk.commit(Changes(made())) == [DONE]
    os.write(desk.process.stdin.fileno(), struct.pack(">Q", 1000) + b"half of it")
    desk.process.stdin.close()
    assert desk.process.wait(30) == 0
    assert desk.commit(Changes(made())) == [FAILED]


def test_a_second_host_is_turned_away_while_it_writes(office):
    with pytest.raises(StoreError, match=f"in use by process {os.getpid()}"):
        open_store(office.store.url)
