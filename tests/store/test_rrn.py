"""Reference numbers: none is given out before it is reserved on disk, and none twice, whichever process reserves."""

from __future__ import annotations

import random
import shutil
import sqlite3

import pytest

from acquirer.model.effects import Changes, CommitOutcome, Load
from acquirer.model.rows import Signature, TransactionKey
from acquirer.store import direct_writer, group_committer, open_store, rrn
from acquirer.store.statements import GROUP

TID = "10000161"


@pytest.fixture
def few(monkeypatch):
    """Four numbers at once: they are always just used up."""
    for module in (rrn, direct_writer, group_committer):
        monkeypatch.setattr(module, "BLOCK", 4)


def reserved(url: str) -> int:
    """The limit that is on disk, as the next start after a kill would find it."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        (limit,) = connection.execute("SELECT value FROM meta WHERE name = 'rrn'").fetchone()
    connection.close()
    return int(limit)


def take(client) -> int:
    """The next number; all that were given out are reserved."""
    number = int(client.store.load(Load(TID)).rrn)
    assert number <= reserved(client.store.url)
    return number


@pytest.fixture(params=["thread", "process"])
def client(request, opened, process_recorder, few):
    return opened(recorder=process_recorder if request.param == "process" else None)


def test_numbers_used_up_while_a_group_with_a_new_limit_is_written_are_not_reserved_again(client, exchange):
    assert [take(client) for _ in range(3)] == [1, 2, 3]
    answered = client.queue(Changes(exchange()))
    client.turn()  # it is with the writer, and brings a limit of 8
    assert [take(client) for _ in range(6)] == [4, 5, 6, 7, 8, 9]
    assert answered.done()  # 5 was waited for
    assert client.wait(answered) == [CommitOutcome.DONE]
    assert client.store._direct.rrns.limit == reserved(client.store.url) == 12


def test_numbers_used_up_while_groups_wait_go_on_as_soon_as_the_group_with_more_is_written(client, exchange):
    assert [take(client) for _ in range(4)] == [1, 2, 3, 4]
    answered = [client.queue(Changes(exchange())) for _ in range(3 * GROUP)]
    client.turn()
    answered += [client.queue(Changes(exchange()))]  # not even handed over
    assert take(client) == 5
    assert answered[0].done()
    assert not answered[-1].done()
    assert client.wait(*answered) == [CommitOutcome.DONE] * len(answered)


def test_each_number_in_any_order_of_events_is_given_once_and_reserved(client, exchange, tmp_path):
    draw = random.Random(20261121)
    signature = Signature(TransactionKey("880210010210162", TID, "000001", "000001"), 1, "0" * 64, 1)
    answered = []
    number = 0
    for _ in range(400):
        match draw.choice(["take", "take", "take", "commit", "turn", "wait", "note", "write"]):
            case "take":
                assert take(client) == number + 1
                number += 1
            case "commit":
                answered.append(client.queue(Changes(exchange())))
            case "turn":
                client.turn()
            case "wait":
                assert set(client.wait(*answered)) <= {CommitOutcome.DONE}
            case "note":
                client.store.delivered(1, "sent")
            case "write":
                client.store.import_signature(signature, b"", b"")
    assert set(client.wait(*answered)) == {CommitOutcome.DONE}
    client.store.flush()  # of a note that is alone
    killed = tmp_path / "killed.db"  # as a kill leaves it
    for ending in ("", "-wal"):
        shutil.copy(f"{client.store.url.removeprefix('sqlite:///')}{ending}", f"{killed}{ending}")
    shutil.copy(f"{client.store.url.removeprefix('sqlite:///')}.key", f"{killed}.key")
    again = open_store(f"sqlite:///{killed}")
    assert int(again.load(Load(TID)).rrn) > number
    again.close()
    client.close()
    again = open_store(client.store.url)
    assert int(again.load(Load(TID)).rrn) == number + 1
    again.close()


def test_a_store_that_has_failed_still_gives_no_number_twice(opened, few, url, exchange):
    """What became of the last group is unknown, and with it whether its limit is on disk."""
    client = opened()
    assert [take(client) for _ in range(3)] == [1, 2, 3]
    client.store._writing.execute("ALTER TABLE journal RENAME TO elsewhere")
    assert client.commit(Changes(exchange())) == [CommitOutcome.FAILED]
    assert int(client.store.load(Load(TID)).rrn) == 4
    client.store._writing.execute("ALTER TABLE elsewhere RENAME TO journal")
