"""Reference numbers: none is given out before it is reserved on disk, and none twice, whoever reserves it."""

from __future__ import annotations

import random
import shutil
import sqlite3

import pytest

from acquirer.model.effects import Changes, CommitOutcome, Load
from acquirer.model.rows import Signature, TransactionKey
from acquirer.store import direct_writer as ledger_module
from acquirer.store import group_committer as writer_module
from acquirer.store import open_store
from acquirer.store import rrn as numbers_module

TID = "10000161"


@pytest.fixture
def few(monkeypatch):
    """Four numbers at once: they are always just used up."""
    for module in (numbers_module, ledger_module, writer_module):
        monkeypatch.setattr(module, "BLOCK", 4)


def reserved(url: str) -> int:
    """The limit that is on disk, as whoever starts after a kill would find it."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        (limit,) = connection.execute("SELECT value FROM meta WHERE name = 'rrn'").fetchone()
    connection.close()
    return int(limit)


def take(desk) -> int:
    """The next number; all that were given out are reserved."""
    number = int(desk.store.load(Load(TID)).rrn)
    assert number <= reserved(desk.store.url)
    return number


@pytest.fixture(params=["beside", "apart"])
def desk(request, opened, apart, few):
    return opened(apart=apart if request.param == "apart" else None)


def test_numbers_used_up_while_a_group_with_a_new_limit_is_written_are_not_reserved_again(desk, made):
    assert [take(desk) for _ in range(3)] == [1, 2, 3]
    answered = desk.queue(Changes(made()))
    desk.turn()  # it is with whoever writes, and brings a limit of 8
    assert [take(desk) for _ in range(6)] == [4, 5, 6, 7, 8, 9]
    assert answered.done()  # 5 was waited for
    assert desk.wait(answered) == [CommitOutcome.DONE]
    assert desk.store._ledger.numbers.limit == reserved(desk.store.url) == 12


def test_numbers_used_up_while_groups_wait_go_on_as_soon_as_the_group_with_more_is_written(desk, made):
    assert [take(desk) for _ in range(4)] == [1, 2, 3, 4]
    answered = [desk.queue(Changes(made())) for _ in range(3 * writer_module.GROUP)]
    desk.turn()
    answered += [desk.queue(Changes(made()))]  # not even handed over
    assert take(desk) == 5
    assert answered[0].done()
    assert not answered[-1].done()
    assert desk.wait(*answered) == [CommitOutcome.DONE] * len(answered)


def test_whatever_happens_in_between_each_number_is_given_once_and_reserved(desk, made, tmp_path):
    draw = random.Random(20261121)
    signature = Signature(TransactionKey("880210010210162", TID, "000001", "000001"), 1, "0" * 64, 1)
    answered = []
    number = 0
    for _ in range(400):
        match draw.choice(["take", "take", "take", "commit", "turn", "wait", "note", "write"]):
            case "take":
                assert take(desk) == number + 1
                number += 1
            case "commit":
                answered.append(desk.queue(Changes(made())))
            case "turn":
                desk.turn()
            case "wait":
                assert set(desk.wait(*answered)) <= {CommitOutcome.DONE}
            case "note":
                desk.store.delivered(1, "sent")
            case "write":
                desk.store.import_signature(signature, b"", b"")
    assert set(desk.wait(*answered)) == {CommitOutcome.DONE}
    desk.store._writer.settle()  # of a note that is alone
    killed = tmp_path / "killed.db"  # as a kill leaves it
    for ending in ("", "-wal"):
        shutil.copy(f"{desk.store.url.removeprefix('sqlite:///')}{ending}", f"{killed}{ending}")
    shutil.copy(f"{desk.store.url.removeprefix('sqlite:///')}.key", f"{killed}.key")
    again = open_store(f"sqlite:///{killed}")
    assert int(again.load(Load(TID)).rrn) > number
    again.close()
    desk.close()
    again = open_store(desk.store.url)
    assert int(again.load(Load(TID)).rrn) == number + 1
    again.close()


def test_a_store_that_has_failed_still_gives_no_number_twice(opened, few, url, made):
    """What became of the last group is unknown, and with it whether its limit is on disk."""
    desk = opened()
    assert [take(desk) for _ in range(3)] == [1, 2, 3]
    desk.store._writing.execute("ALTER TABLE journal RENAME TO elsewhere")
    assert desk.commit(Changes(made())) == [CommitOutcome.FAILED]
    assert int(desk.store.load(Load(TID)).rrn) == 4
    desk.store._writing.execute("ALTER TABLE elsewhere RENAME TO journal")
