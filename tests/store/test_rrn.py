"""Reference numbers: none is answered with before the disk knows it, and none twice, also under locks."""

from __future__ import annotations

import random
import sqlite3
import subprocess

import pytest

from acquirer.model.effects import Changes, CommitOutcome, Load
from acquirer.model.rows import Signature, TransactionKey
from acquirer.store import open_store, rrn
from acquirer.store.rrn import BLOCK, ReferenceNumbers
from acquirer.store.statements import GROUP

TID = "10000161"


@pytest.fixture
def few(monkeypatch):
    """Four numbers at once: they are always just used up."""
    monkeypatch.setattr(rrn, "BLOCK", 4)


def reserved(url: str) -> int:
    """The limit that is on disk, as the next start after a kill would find it."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        row = connection.execute("SELECT value FROM meta WHERE name = 'rrn'").fetchone()
    connection.close()
    return int(row[0]) if row else 0


def take(client) -> int:
    return int(client.store.load(Load(TID)).rrn)


@pytest.fixture(params=["thread", "process"])
def client(request, opened, process_recorder, few):
    return opened(recorder=process_recorder if request.param == "process" else None)


@pytest.mark.parametrize(
    ("given", "limit", "under_way", "wanted"),
    [
        (0, 0, False, BLOCK),
        (1, 0, False, 1 + BLOCK),
        (1, 0, True, 1 + BLOCK),  # a number above the limit: its own group raises it, also when one is under way
        (5, BLOCK, False, None),
        (BLOCK // 2, BLOCK, False, None),
        (BLOCK // 2 + 1, BLOCK, False, 2 * BLOCK),
        (BLOCK // 2 + 1, BLOCK, True, None),
        (BLOCK, BLOCK, True, None),
        (BLOCK + 1, BLOCK, True, 2 * BLOCK + 1),
    ],
)
def test_which_limit_a_group_writes(given, limit, under_way, wanted):
    numbers = ReferenceNumbers(limit)
    numbers.given = given
    assert numbers.limit_to_write(under_way=under_way) == wanted


def test_a_limit_never_falls():
    numbers = ReferenceNumbers(10)
    numbers.written(30)
    numbers.written(20)
    assert numbers.limit == 30


@pytest.mark.interpreted
def test_loading_never_waits_and_a_commit_brings_its_number_to_disk(client, exchange):
    assert [take(client) for _ in range(9)] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert reserved(client.store.url) == 0
    assert client.commit(Changes(exchange())) == [CommitOutcome.DONE]
    assert client.store._direct.rrns.limit == reserved(client.store.url) == 13


def test_numbers_are_given_out_while_groups_wait(client, exchange):
    answered = [client.queue(Changes(exchange())) for _ in range(3 * GROUP)]
    client.turn()
    assert [take(client) for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    assert client.wait(*answered) == [CommitOutcome.DONE] * len(answered)
    assert reserved(client.store.url) >= 6


@pytest.mark.slow
def test_each_number_in_any_order_of_events_is_given_once_and_on_disk_when_answered(client, exchange, tmp_path):
    draw = random.Random(20261121)
    signature = Signature(TransactionKey("880210010210162", TID, "000001", "000001"), 1, "0" * 64, 1)
    answered = []
    number = committed = 0
    for _ in range(400):
        match draw.choice(["take", "take", "take", "commit", "turn", "wait", "note", "write"]):
            case "take":
                assert take(client) == number + 1
                number += 1
            case "commit":
                answered.append(client.queue(Changes(exchange())))
                committed = number
            case "turn":
                client.turn()
            case "wait":
                assert set(client.wait(*answered)) <= {CommitOutcome.DONE}
                assert reserved(client.store.url) >= committed
            case "note":
                client.store.delivered(1, "sent")
            case "write":
                client.store.import_signatures([(signature, b"", b"")])
    assert set(client.wait(*answered)) == {CommitOutcome.DONE}
    client.store.flush()  # of a note that is alone
    killed = tmp_path / "killed.db"  # as a kill leaves it
    for ending in ("", "-wal", ".key"):  # not in this process: closing a file drops SQLite's locks on it
        subprocess.run(
            ["cp", f"{client.store.url.removeprefix('sqlite:///')}{ending}", f"{killed}{ending}"], check=True
        )
    again = open_store(f"sqlite:///{killed}")
    assert int(again.load(Load(TID)).rrn) > committed
    again.close()
    client.close()
    again = open_store(client.store.url)
    assert int(again.load(Load(TID)).rrn) == number + 1
    again.close()


@pytest.mark.interpreted
def test_a_store_that_has_failed_gives_back_no_number(opened, few, url, exchange):
    """What became of the last group is unknown, and with it whether its limit is on disk."""
    client = opened()
    assert [take(client) for _ in range(3)] == [1, 2, 3]
    assert client.commit(Changes(exchange())) == [CommitOutcome.DONE]
    client.store._writing.execute("ALTER TABLE exchange RENAME TO elsewhere")
    assert client.commit(Changes(exchange())) == [CommitOutcome.FAILED]
    assert take(client) == 4
    client.store._writing.execute("ALTER TABLE elsewhere RENAME TO exchange")
    client.close()
    assert reserved(url) == 7
