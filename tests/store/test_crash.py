"""Killed at any moment: what was answered is there, whole, and no number is given twice."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.settings.registration import Registration
from acquirer.store import open_reader, open_store
from acquirer.store.queries import Reader

CRASHER = Path(__file__).with_name("crasher.py")
KILLS = 8
KILLS_WITH_PROCESS = 6  # each starts two processes


@pytest.fixture
def store_url(url):
    store = open_store(url)
    tmk = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
    store.register([Registration(f"{n:08d}", "880210010210162", tmk) for n in range(40)], Vault(store.master_key))
    store.close()
    return url


def children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            if entry.read_text().rpartition(")")[2].split()[1] == str(parent):
                found.append(int(entry.parent.name))
    return found


def run_and_kill(url: str, turn: int, after_lines: int, after_s: float, *writer: str) -> list[list[str]]:
    """Let a process commit; kill -9 it after some lines and some more moments; return what it printed as answered."""
    process = subprocess.Popen([sys.executable, str(CRASHER), url, str(turn), *writer], stdout=subprocess.PIPE)
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(after_lines + 1)]
    # The writers are killed too every other time, as when a whole process group is ended.
    writing = children(process.pid) if turn % 2 else []
    threading.Event().wait(after_s)
    process.send_signal(signal.SIGKILL)
    for child in writing:
        with suppress(ProcessLookupError):  # it was quick
            os.kill(child, signal.SIGKILL)
    lines += process.stdout.readlines()
    assert process.wait(timeout=30) == -signal.SIGKILL
    process.stdout.close()
    assert lines[0] == b"ready\n"
    with Path(url.removeprefix("sqlite:///") + ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a process that wrote for it writes what it was asked for, then it ends
    return [line.decode().split() for line in lines[1:] if line.endswith(b"\n")]


def check_whole(database: Path, answered: dict[str, list[str]]) -> None:
    """Every answered exchange is stored; every stored one has its sale, its session's and its card's step."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)

    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    journal = {str(one.id): [one.tid, one.stan, one.rrn] for one in Reader(connection).exchanges()}
    lost = [number for number, (_, tid, _, stan, rrn) in answered.items() if journal.get(number) != [tid, stan, rrn]]
    assert lost == [], "answered, and not there"
    sales = rows("SELECT tid, stan, rrn FROM transactions")
    assert sorted(map(list, sales)) == sorted(journal.values()), (
        "an exchange without its sale, or a sale without its exchange"
    )
    assert len({rrn for _, _, rrn in sales}) == len(sales), "a reference number was given twice"
    counted = rows("SELECT tid, count(*), sum(amount_minor) FROM transactions GROUP BY tid ORDER BY tid")
    assert rows("SELECT token, version, spent_minor FROM card ORDER BY token") == counted
    assert rows("SELECT tid, version, version FROM session ORDER BY tid") == counted
    assert rows("PRAGMA integrity_check") == [("ok",)]
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kills", "writer"),
    [
        (KILLS, ()),
        (KILLS_WITH_PROCESS, ("process",)),
        (KILLS_WITH_PROCESS, ("process", "tests.store.checkpointing_writer")),
    ],
    ids=["thread", "process", "process in checkpoints"],
)
def test_kill_9_many_times(store_url, database, kills, writer):
    """With a process that writes, the host is killed: what it heard of must be written, the rest may be."""
    draw = random.Random(20261120)
    answered: dict[str, list[str]] = {}  # by exchange number
    for turn in range(kills):
        answered_lines = run_and_kill(
            store_url, turn, draw.choice([0, 1, 50, 700, 2000]), draw.random() * 0.02, *writer
        )
        for line in answered_lines:
            assert line[0] not in answered, "an exchange number was given twice"
            answered[line[0]] = line
        check_whole(database, answered)
    versions: dict[str, int] = {}
    for _, tid, version, _, _ in answered.values():
        versions[tid] = max(versions.get(tid, 0), int(version))
    with open_reader(store_url) as reader:
        for config, session in reader.terminals():
            assert session.version >= versions.get(config.tid, 0)
    assert len(answered) > 1000, "too little was answered for this to mean anything"


def test_a_killed_store_can_be_read_before_it_is_started_again(store_url, database):
    answered_lines = run_and_kill(store_url, 1, 200, 0.0)
    assert database.with_name("acquirer.db-wal").stat().st_size > 0
    with open_reader(store_url) as reader:
        assert len(reader.exchanges()) >= len(answered_lines)
        found = reader.terminal("00000000")
        assert found is not None
        assert found[1].version > 0
    assert database.with_name("acquirer.db-wal").stat().st_size > 0  # reading put nothing away
    open_store(store_url).close()
    assert not database.with_name("acquirer.db-wal").exists()
