"""Remarks about exchanges, and parts of a store that are emptied, whichever process writes its groups."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.model.effects import Changes, CommitOutcome
from acquirer.model.rows import Card
from acquirer.store import ExchangeFilter, open_reader
from acquirer.store.remarks import remark_beside

DONE = CommitOutcome.DONE


@pytest.fixture(params=["memory", "sqlite", "process"])
def client(request: pytest.FixtureRequest, opened: Callable[..., Any], url: str, process_recorder: Any) -> Any:
    """A started store, in memory, on disk, and on disk where a process of its own writes."""
    recorder = process_recorder if request.param == "process" else None
    return opened("memory:" if request.param == "memory" else url, recorder)


def numbers(client: Any) -> list[int]:
    with client.store.reader() as reader:
        return [one.id for one in reader.exchanges()]


def test_a_remark_about_an_exchange_stays_and_finds_it(client: Any) -> None:
    client.register()
    client.sign_on()
    client.sign_on()
    assert client.store.remark(2, mark="look").comment == ""
    remark = client.store.remark(2, comment="card 6212345678901232 again")
    assert (remark.mark, remark.comment) == ("look", "card 621234******1232 again")
    with client.store.reader() as reader:
        assert [(one.mark, one.comment) for one in reader.exchanges()] == [("", ""), (remark.mark, remark.comment)]
        assert reader.exchange(2).mark == "look"
    client.store.remark(2, mark="", comment="")
    with client.store.reader() as reader:
        assert reader.exchange(2).mark == ""
    with pytest.raises(LookupError, match="there is no exchange 3"):
        client.store.remark(3, mark="x")


def test_a_remark_is_written_beside_a_host_that_serves(client: Any, database: Path) -> None:
    if client.store.url == "memory:":
        with pytest.raises(Exception, match="ends with its process"):
            remark_beside(client.store.url, 1, "x", None)
        return
    client.register()
    client.sign_on()
    assert remark_beside(client.store.url, 1, "from elsewhere", None).mark == "from elsewhere"
    assert client.sign_on() == DONE, "the host goes on"
    with open_reader(client.store.url) as reader:
        assert [one.mark for one in reader.exchanges()] == ["from elsewhere", ""]
    with pytest.raises(LookupError):
        remark_beside(client.store.url, 9, "x", None)


def test_an_emptied_journal_goes_on_counting(client: Any, database: Path, opened: Callable[[str], Any]) -> None:
    client.register()
    client.sign_on()
    client.sign_on()
    client.store.remark(1, mark="x")
    client.store.reset(["journal"])
    assert numbers(client) == []
    assert client.session().version == 2, "sessions are another part"
    client.store.reset(["journal"])
    assert client.sign_on() == DONE
    assert numbers(client) == [3]
    if client.store.url != "memory:":
        client.store.reset(["journal"])
        client.close()
        again = opened(client.store.url)
        again.sign_on()
        assert numbers(again) == [4], "also of a host that is started anew"
        with sqlite3.connect(database) as connection:
            assert connection.execute("SELECT count(*) FROM remark").fetchone() == (0,)


def test_exchanges_beyond_a_segment_are_found_after_a_reset(client: Any, exchange: Callable[..., Any]) -> None:
    client.register()
    client.commit(*[Changes(exchange()) for _ in range(1_100)])
    client.store.reset(["journal"])
    client.commit(*[Changes(exchange()) for _ in range(1_000)])
    with client.store.reader() as reader:
        assert len(reader.exchanges()) == 1_000
        assert len([*reader.every(ExchangeFilter(tid="10000161"))]) == 1_000
        assert len([*reader.every(ExchangeFilter(service=reader.exchanges()[0].service))]) == 1_000


def test_sessions_begin_anew_and_keep_their_batch_unless_the_books_are_emptied_too(
    client: Any, exchange: Callable[..., Any]
) -> None:
    client.register(downloads=("capk",))
    client.commit(Changes(exchange(), replace(client.session(), batch="000007", signed_on_us=5)))
    client.store.reset(["sessions"])
    session = client.session()
    assert (session.batch, session.signed_on_us, session.downloads) == ("000007", 0, ("capk",))
    assert session.version > 1, "what was decided on the one before is decided anew"
    client.store.reset(["books"])
    assert client.session().batch == "000001"
    assert client.sign_on() == DONE


def test_cards_have_spent_nothing_once_the_books_are_emptied(client: Any, exchange: Callable[..., Any]) -> None:
    client.register()
    client.commit(Changes(exchange(), card=Card("token", pan_masked="621234******1232", spent_minor=5)))
    assert client.card("token").spent_minor == 5
    client.store.reset(["books"])
    assert client.card("token") is None
