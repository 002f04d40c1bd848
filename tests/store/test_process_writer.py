"""A process that writes what the store's own thread would, and whose end is the store's."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.model.effects import Changes, CommitOutcome
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Picture, Session, Signature, Transaction, TransactionKey, Upload
from acquirer.observe.lines import AsJson
from acquirer.process import channel
from acquirer.process.store_writer import process_writer
from acquirer.store import StoreError, group_committer, open_reader, open_store
from acquirer.store.group_committer import AHEAD
from acquirer.store.statements import GROUP
from acquirer.store.transaction_writer import GroupResult
from acquirer.store.uploads import RenderedSignature

TID = "10000161"
KEY = TransactionKey("880210010210162", TID, "000001", "000001")
DONE, FAILED = CommitOutcome.DONE, CommitOutcome.FAILED


@pytest.fixture
def client(started, opened, process_recorder):
    """A store with a process of its own that a test may leave in any state."""
    client = opened(recorder=process_recorder)
    client.process = started[0]
    yield client
    client.close()
    assert client.process.returncode is not None


def image(number: int) -> bytes:
    return random.Random(number).randbytes(8_000)


def signature(number: int) -> Signature:
    digest = hashlib.sha256(image(number)).hexdigest()
    return Signature(KEY._replace(stan=f"{number:06}"), 1, digest, 8_000, dialect="unionpay-pos")


def upload(exchange, number: int) -> Changes:
    """Eight thousand bytes to write."""
    one = signature(number)
    return Changes(exchange(), upload=Upload(one.key, signature=one, stream=image(number)))


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return connection.execute(query).fetchall()


# -- the same as here --------------------------------------------------------------------------------------------------


def test_it_writes_what_the_stores_own_thread_writes(opened, process_recorder, exchange, tmp_path):
    texts = ("消费", "\x00", "x" * 200_000)
    clients = [opened(recorder=process_recorder), opened(f"sqlite:///{tmp_path / 'here.db'}")]
    clients[1].register()
    for client in clients:
        for number, text in enumerate(texts):
            key = KEY._replace(stan=f"{number:06}")
            reply = {39: "00", 64: b"\xff"}
            evidence = exchange(reason=Reason.APPROVED, why=text, notes=("one", text), tid=TID, reply=reply)
            sale = Transaction(key, reply_elements={"code": text}, amount_minor=5, reason=Reason.APPROVED)
            changes = Changes(evidence, replace(client.session(), operator=text), sale, card=Card(f"{number:032}"))
            assert client.commit(changes, upload(exchange, number)) == [DONE, DONE]
            client.store.delivered(evidence.id, "damaged")
        assert client.commit(Changes(exchange(), Session(TID, 1))) == [CommitOutcome.CONFLICT]
        client.close()
    for table in ("exchange", "session", "transactions", "card", "signature", "blob", "delivery", "meta"):
        found = [rows(client.store.url, f"SELECT * FROM {table} ORDER BY 1, 2") for client in clients]
        if table == "meta":  # with a key of its own each
            found = [[row for row in some if row[0] != "vault"] for some in found]
        assert found[0] == found[1], table
        assert found[0] or table == "meta"


def test_versions_are_checked_there_and_kept_here(process_client, exchange):
    before = replace(process_client.session())
    assert process_client.commit(Changes(exchange(), replace(before))) == [DONE]
    assert process_client.store._direct.sessions.get(TID).version == before.version + 1
    assert process_client.commit(Changes(exchange(), replace(before))) == [CommitOutcome.CONFLICT]
    assert process_client.store._direct.sessions.get(TID) is None
    assert process_client.commit(Changes(exchange(), replace(process_client.session()))) == [DONE]
    assert process_client.session().version == before.version + 2


def test_what_cannot_be_written_is_refused_alone(process_client, exchange):
    for value in (2**70, "\ud800", object()):
        bad, good = replace(process_client.session(), operator=value), replace(process_client.session("10000162"))
        assert process_client.commit(Changes(exchange(), bad), Changes(exchange(), good)) == [
            CommitOutcome.OVERLOADED,
            DONE,
        ]
        assert "could not be written" in process_client.store.last_error
    assert process_client.commit(Changes(exchange(), process_client.session())) == [DONE]


def test_what_it_wrote_can_be_read_while_it_writes(process_client, exchange):
    with open_reader(process_client.store.url) as reader:
        for number in range(30):
            evidence = exchange(stan=f"{number:06}")
            assert process_client.commit(Changes(evidence)) == [DONE]
            [entry] = reader.exchanges(limit=1)
            assert (entry.id, entry.stan) == (evidence.id, evidence.stan)


def test_this_process_writes_beside_it(process_client, exchange):
    """Terminals and pictures are written from here, while groups are written there."""
    exchanges, pictures = [exchange() for _ in range(800)], [exchange(service="picture") for _ in range(40)]
    process_client.commit(upload(exchange, 1))
    answered = []
    for turn, evidence in enumerate(pictures):
        answered += [process_client.queue(Changes(one)) for one in exchanges[20 * turn : 20 * turn + 20]]
        process_client.turn()
        process_client.store.write_pictures([RenderedSignature(signature(1), Picture(24, turn, b"PNG"), evidence)])
    assert set(process_client.wait(*answered)) == {DONE}
    assert process_client.register("10000163").added == 1
    numbers = sorted(one.id for one in exchanges + pictures)
    assert numbers == list(range(numbers[0], numbers[0] + 840))
    with process_client.store.reader() as reader:
        assert all(reader.exchange(one.id).service == "picture" for one in pictures)


# -- connection -------------------------------------------------------------------------------------------------------


@contextmanager
def standing_still(process: subprocess.Popen[bytes]) -> Iterator[None]:
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_groups_ahead_are_answered_in_order_and_the_host_goes_on_meanwhile(process_client, exchange):
    process_client.session()  # with the first reference number
    evidence = [exchange() for _ in range(AHEAD + 3)]
    answered = []
    order: list[int] = []
    with standing_still(process_client.process):
        for number, one in enumerate(evidence):
            answered.append(process_client.queue(Changes(one)))
            answered[-1].add_done_callback(lambda _one, number=number: order.append(number))
            process_client.turn()
            process_client.session()  # it does not wait for a process that stands still
        assert not any(one.done() for one in answered)
    assert process_client.wait(*answered) == [DONE] * (AHEAD + 3)
    assert order == list(range(AHEAD + 3))
    assert [one.id - evidence[0].id for one in evidence] == order


@pytest.fixture
def small_client(monkeypatch, request):
    monkeypatch.setattr(channel, "SEND_BUFFER_BYTES", 4096)
    return request.getfixturevalue("client")


@pytest.mark.slow
@pytest.mark.parametrize("by", ["the loop", "flush", "close"])
def test_groups_larger_than_the_socket_takes_arrive_whole(small_client, exchange, by, url):
    """Two megabytes a group, through a socket of a few kilobytes: what does not fit is sent when there is room."""
    client = small_client
    numbers = range(2 * GROUP + 50)
    answered = [client.queue(upload(exchange, number)) for number in numbers]
    client.turn()
    assert not answered[-1].done()
    if by == "flush":
        client.store._committer.flush()
    elif by == "close":
        client.close()
    if by != "the loop":
        assert all(one.done() for one in answered)
    assert client.wait(*answered) == [DONE] * len(numbers)
    with open_reader(url) as reader:
        assert [one.digest for one in reader.signatures()] == [signature(number).digest for number in numbers]
        assert all(reader.blob(signature(number).digest) == image(number) for number in numbers)


def test_settling_waits_for_the_process(process_client, exchange):
    with standing_still(process_client.process):
        answered = [process_client.queue(Changes(exchange())) for _ in range(3 * GROUP)]
        process_client.turn()
    process_client.store._committer.flush()
    assert [one.result() for one in answered] == [DONE] * (3 * GROUP)


ACTOR = """
import os, time

def main(connection, greeting, groups, pieces, *answers):
    def say(data, pieces):
        for at in range(0, len(data), pieces):
            os.write(connection.fileno(), data[at : at + pieces])
            time.sleep(0)

    if greeting:
        connection.recv_bytes()
        say(bytes.fromhex(greeting), 1000)
    for _ in range(int(groups)):
        connection.recv_bytes()
    say(b"".join(map(bytes.fromhex, answers)), int(pieces))
"""


def message(value: object) -> str:
    data = pickle.dumps(value)
    return (struct.pack("!i", len(data)) + data).hex()


@pytest.fixture
def starting_instead(monkeypatch, tmp_path) -> Callable[..., None]:
    """``starting_instead(code, *arguments)``: have processes run ``main`` of that code from now on."""

    def instead(code: str, *arguments: str) -> None:
        (tmp_path / "actor.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        start = channel.start
        monkeypatch.setattr(channel, "start", lambda _module, **options: start("actor", *arguments, **options))

    return instead


@pytest.fixture
def acted(starting_instead, opened, process_recorder, monkeypatch):
    """``acted(2, GroupResult([1]), GroupResult([2]))``: a store whose process takes two groups, answers so and ends."""
    monkeypatch.setattr(group_committer, "SECOND_GROUP", 1)

    def start(groups: int, *answers: object, pieces: int = 1_000_000, greeting: bool = True):
        starting_instead(ACTOR, message(None) if greeting else "", str(groups), str(pieces), *map(message, answers))
        return opened(recorder=process_recorder)

    return start


@pytest.mark.interpreted
@pytest.mark.parametrize("pieces", [1, 7, 1_000_000])
def test_answers_come_whole_however_they_are_cut(acted, exchange, pieces):
    client = acted(2, GroupResult([5], "why"), GroupResult([6, 7]), pieces=pieces)
    first = client.queue(Changes(exchange()))
    client.turn()
    evidence = [exchange(), exchange()]
    assert client.wait(first, *(client.queue(Changes(one)) for one in evidence)) == [DONE] * 3
    assert [one.id for one in evidence] == [6, 7]
    assert client.store.last_error == "why"


@pytest.mark.interpreted
def test_an_answer_may_be_waited_for_that_arrived_along_with_another(acted, exchange):
    """Two answers arrive at once; when the first one is handed on, reference numbers run out."""
    client = acted(2, GroupResult([1]), GroupResult([2]))
    first = client.queue(Changes(exchange()))
    client.turn()
    second = client.queue(Changes(exchange()))
    done = client.store._committer._with_writer[0].commits[0]

    def settle(outcome: CommitOutcome) -> None:
        first.set_result(outcome)
        client.store._committer.flush()

    client.store._committer._with_writer[0].commits[0] = (done[0], settle, *done[2:])
    assert client.wait(first, second) == [DONE, DONE]


def test_what_was_answered_before_its_end_counts(acted, exchange):
    client = acted(1, GroupResult([1]))
    answered = []
    for _ in range(3):
        answered.append(client.queue(Changes(exchange())))
        client.turn()
    assert client.wait(*answered) == [DONE, FAILED, FAILED]
    assert "the process that writes has ended" in client.store.fatal_error


def test_an_answer_that_is_cut_short_is_none(acted, exchange, monkeypatch):
    client = acted(1, pieces=1)
    assert client.commit(Changes(exchange())) == [FAILED]


def log_generation(url: str) -> int:
    """How often the log of a database has begun anew."""
    return int.from_bytes(Path(url.removeprefix("sqlite:///") + "-wal").read_bytes()[12:16], "big")


def test_it_puts_the_log_away_beside_its_groups(opened, process_recorder, exchange, url, monkeypatch):
    start = channel.start
    monkeypatch.setattr(
        channel, "start", lambda _module, **options: start("tests.store.checkpointing_writer", **options)
    )
    client = opened(recorder=process_recorder)
    client.commit(Changes(exchange()))
    before = log_generation(url)
    groups = 0
    while log_generation(url) == before:  # each group has a page at least, and 200 are a full log
        assert client.commit(Changes(exchange())) == [DONE]
        groups += 1
        assert groups < 1_000
    client.close()
    assert not Path(url.removeprefix("sqlite:///") + "-wal").exists()
    assert len(rows(url, "SELECT id FROM exchange")) == groups + 1


# -- ends --------------------------------------------------------------------------------------------------------------


def test_when_it_dies_the_store_has_failed(client, exchange):
    assert client.commit(Changes(exchange())) == [DONE]
    client.process.kill()
    client.process.wait()
    assert client.commit(Changes(exchange())) == [FAILED]
    assert client.store.fatal_error == "the store failed and stops: the process that writes has ended"
    assert client.commit(Changes(exchange())) == [FAILED]
    client.store.delivered(1, "sent")


@pytest.mark.slow
@pytest.mark.parametrize("answered_before", [0, 1, GROUP, 3 * GROUP])
def test_killed_at_any_moment_every_commit_is_answered_and_none_falsely(client, exchange, url, answered_before):
    evidence = [exchange(stan=f"{number:06}") for number in range(8 * GROUP)]
    answered = [client.queue(Changes(one)) for one in evidence]
    client.turn()
    if answered_before:
        client.wait(*answered[:answered_before])
    client.process.kill()
    outcomes = client.wait(*answered)
    done = outcomes.count(DONE)
    assert outcomes == [DONE] * done + [FAILED] * (len(outcomes) - done)
    assert answered_before <= done < len(outcomes)
    client.close()
    journal = [(one.id, one.stan) for one in open_reader(url).exchanges()]
    assert journal[:done] == [(one.id, one.stan) for one in evidence[:done]]
    assert len(journal) % GROUP == 0  # a group is there whole, or not at all


def test_a_database_that_fails_is_reported_and_not_tried_again(client, exchange, url):
    rows(url, "DROP TABLE exchange")
    assert client.commit(Changes(exchange())) == [FAILED]
    assert "no such table: exchange" in client.store.fatal_error


def test_signals_meant_for_the_host_do_not_end_it(process_client, exchange):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process_client.process.send_signal(number)
    assert process_client.commit(Changes(exchange())) == [DONE]


@pytest.mark.slow
def test_a_process_that_cannot_begin_says_why(opened, process_recorder, url, loop, monkeypatch):
    store = open_store(url)
    dialect = next(iter(process_recorder.args[0].values()))
    with pytest.raises(StoreError, match=r"cannot begin: .*no-such-dialect"):
        store.start(loop, print, process_writer([("no-such-dialect", dialect)], None, AsJson()))
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(StoreError, match=r"acquirer.db cannot be started: .*No such file"):
        store.start(loop, print, process_recorder)
    store.close()


@pytest.mark.parametrize("ends", ["pass", "connection.recv_bytes()"])
def test_a_process_that_ends_before_it_began_is_an_error(process_recorder, url, loop, starting_instead, ends):
    starting_instead(f"def main(connection):\n    {ends}\n")
    store = open_store(url)
    with pytest.raises(StoreError, match=r"cannot begin: the process that writes has ended"):
        store.start(loop, print, process_recorder)
    store.close()


HOST = """
import asyncio, os, signal, sys, time
from acquirer.process.store_writer import process_writer
from acquirer.model.effects import Changes, Commit
from acquirer.model.evidence import Evidence
from acquirer.observe.lines import AsJson
from acquirer.settings.specs import load_dialect
from acquirer.store import open_store

loop = asyncio.new_event_loop()
store = open_store(sys.argv[1])
dialect = load_dialect("unionpay-pos")
store.start(loop, None, process_writer([("unionpay-pos", dialect)], sys.stderr, AsJson()))
for number in range(int(sys.argv[2])):
    changes = Changes(Evidence(1, dialect=dialect, reason="approved", why="x" * 500))
    store.commit(Commit(changes, time.monotonic() + 60), lambda _outcome: None)
loop.call_soon(loop.stop)
loop.run_forever()
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A host that sends exchanges, and is killed before it receives what became of them."""


@pytest.fixture
def killed_host(url) -> Iterator[Callable[[int], int]]:
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
    """What is written until no process writes any more."""
    found = b""
    while data := os.read(file, 1 << 16):
        found += data
    return found


def test_a_host_that_is_killed_leaves_no_process_behind(killed_host, url):
    """Its writer ends by itself and gives the lock back; what it was sent is written and logged, and no more."""
    log = killed_host(5)
    lines = everything(log).splitlines()
    assert [line.startswith(b'{"event":"exchange"') for line in lines] == [True] * 5
    assert len(rows(url, "SELECT id FROM exchange")) == 5
    with Path(url.removeprefix("sqlite:///") + ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for its end
    open_store(url).close()


def test_a_log_that_is_not_read_does_not_keep_the_next_host_out(killed_host, url):
    killed_host(100)
    open_store(url).close()
    assert len(rows(url, "SELECT id FROM exchange")) == 100


def test_a_message_that_is_cut_short_is_not_written(client, exchange, url):
    assert client.commit(Changes(exchange())) == [DONE]
    connection = client.store._committer._writer._channel._connection
    os.write(connection.fileno(), struct.pack("!i", 1000) + b"half of it")
    with socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_WR)
    assert client.process.wait() == 0
    assert client.commit(Changes(exchange())) == [FAILED]


def test_a_second_host_is_turned_away_while_it_writes(process_client):
    with pytest.raises(StoreError, match=f"in use by process {os.getpid()}"):
        open_store(process_client.store.url)
