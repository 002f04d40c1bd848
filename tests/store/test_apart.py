"""A hand in another process writes what the store's own would, and its end is the store's."""

from __future__ import annotations

import io
import queue
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from acquirer.exchange.effects import Changes, Commit, Load, Outcome
from acquirer.exchange.reasons import Reason
from acquirer.exchange.rows import Card, Session, Transaction, TransactionKey
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import Registration
from acquirer.store import StoreError, apart, open_reader, open_store

TID = "10000161"
KEY = TransactionKey("880210010210162", TID, "000001", "000001")


class Desk:
    """A store whose hand is apart, and its outcomes in the order of their coming."""

    def __init__(self, url: str, dialect: object) -> None:
        self.store = open_store(url)
        tmk = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
        self.store.register([Registration(TID, KEY.mid, tmk)], Vault(self.store.master_key))
        self.calls: queue.SimpleQueue = queue.SimpleQueue()
        self.store.start(self.calls.put, apart=[("unionpay-pos", dialect)])
        self.process = self.store._ledger.hand._process

    def commit(self, changes: Changes) -> Outcome:
        found: list[Outcome] = []
        self.store.commit(Commit(changes, time.monotonic() + 60), found.append)
        self.calls.get(timeout=30)()
        return found[0]


@pytest.fixture
def dialect():
    return load_dialect("unionpay-pos")


@pytest.fixture
def desk(url, dialect):
    desk = Desk(url, dialect)
    yield desk
    desk.store.close()
    assert desk.process.poll() is not None


def test_it_writes_what_the_stores_own_hand_writes(url, dialect, made, tmp_path, desk):
    def changes() -> Changes:
        evidence = made(reason=Reason.APPROVED, why="because", notes=("one", "two"), tid=TID, reply={39: "00"})
        sale = Transaction(KEY, made={"code": "00"}, amount_minor=5, reason=Reason.APPROVED)
        return Changes(evidence, Session(TID, operator="01"), sale, Card("c" * 32))

    here = open_store(f"sqlite:///{tmp_path / 'here.db'}")
    here.start()
    here.commit(Commit(changes(), time.monotonic() + 60), lambda _outcome: None)
    here.close()
    one = changes()
    assert desk.commit(one) is Outcome.DONE
    assert one.evidence.id == 1
    desk.store.close()

    def everything(path: str) -> list[list[tuple]]:
        with sqlite3.connect(path) as connection:
            return [
                connection.execute(f"SELECT * FROM {table}").fetchall()
                for table in ("journal", "session", "transactions", "card")
            ]

    assert everything(url.removeprefix("sqlite:///")) == everything(str(tmp_path / "here.db"))


def test_versions_are_checked_there_and_kept_here(desk, made):
    session = desk.store.load(Load(TID)).session
    assert desk.commit(Changes(made(), session)) is Outcome.DONE
    assert desk.store.load(Load(TID)).session.version == 1
    assert desk.commit(Changes(made(), session)) is Outcome.CONFLICT
    assert desk.commit(Changes(made(), replace(session, version=1))) is Outcome.DONE


@pytest.mark.parametrize("value", [2**70, "\ud800", object()])
def test_what_cannot_be_written_is_refused_alone(desk, made, value):
    assert desk.commit(Changes(made(), Session(TID, operator=value))) is Outcome.OVERLOADED
    assert "could not be written" in desk.store.complaint
    assert desk.commit(Changes(made(), Session(TID))) is Outcome.DONE
    assert desk.store.failure == ""


def test_when_it_dies_the_store_has_failed(desk, made):
    assert desk.commit(Changes(made())) is Outcome.DONE
    desk.process.kill()
    desk.process.wait()
    assert desk.commit(Changes(made())) is Outcome.FAILED
    assert "the process that writes has ended" in desk.store.failure


def test_a_database_that_fails_is_told_of_and_not_tried_again(desk, made, url):
    other = sqlite3.connect(url.removeprefix("sqlite:///"))
    other.execute("DROP TABLE journal")
    other.close()
    assert desk.commit(Changes(made())) is Outcome.FAILED
    assert "no such table: journal" in desk.store.failure


def test_signals_meant_for_the_host_do_not_end_it(desk, made):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        desk.process.send_signal(number)
    assert desk.commit(Changes(made())) is Outcome.DONE


def test_a_process_that_cannot_begin_says_why(url, dialect):
    store = open_store(url)
    with pytest.raises(StoreError, match=r"cannot begin: .*no-such-dialect"):
        store.start(apart=[("no-such-dialect", dialect)])
    store.close()


def test_a_host_that_is_killed_leaves_nobody_behind(url, dialect):
    """The writer of a killed host ends by itself, and gives the lock back."""
    desk = Desk(url, dialect)
    desk.store.close()
    script = (
        "import os, signal, sys; from acquirer.store import open_store; "
        "from acquirer.settings.specs import load_dialect; store = open_store(sys.argv[1]); "
        "store.start(apart=[('unionpay-pos', load_dialect('unionpay-pos'))]); "
        "print(store._ledger.hand._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, url], stdout=subprocess.PIPE, check=False, timeout=60)
    open_store(url).close()
    stat = Path(f"/proc/{int(killed.stdout)}/stat")
    end_s = time.monotonic() + 10
    while stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z":  # not every init reaps orphans
        assert time.monotonic() < end_s, "it lives on"
        time.sleep(0.01)


def test_values_of_any_kind_travel_whole(made):
    pipe = io.BytesIO()
    value = ([("x", b"\x00", 1, None, {39: "00"}, True)], [], 5)
    apart._put(pipe, value)
    pipe.seek(0)
    assert apart._take(pipe) == value
    pipe.seek(0)
    pipe.truncate(12)
    with pytest.raises(EOFError):
        apart._take(pipe)


def test_what_it_wrote_can_be_read_while_it_writes(desk, made, url):
    assert desk.commit(Changes(made(tid=TID))) is Outcome.DONE
    with open_reader(url) as reader:
        assert [entry.tid for entry in reader.exchanges()] == [TID]
