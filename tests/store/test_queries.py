"""Asking a store what was exchanged: filters, order, pages, and a host that goes on meanwhile."""

from __future__ import annotations

import pytest

from acquirer.model.effects import Changes
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.store import ExchangeFilter, StoreError, open_reader
from acquirer.store import queries as module


@pytest.fixture
def busy(client, exchange):
    """Three exchanges of two terminals."""
    for tid, stan, code, service in [
        ("10000161", "000001", "00", "sign_on"),
        ("10000162", "000001", "A0", "sale"),
        ("10000161", "000002", "A0", "sale"),
    ]:
        client.commit(Changes(exchange(tid=tid, stan=stan, code=code, service=service, mti="0200")))
    return client


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (ExchangeFilter(), [1, 2, 3]),
        (ExchangeFilter(tid="10000161"), [1, 3]),
        (ExchangeFilter(stan="000001"), [1, 2]),
        (ExchangeFilter(code="A0"), [2, 3]),
        (ExchangeFilter(tid="10000161", code="A0"), [3]),
        (ExchangeFilter(service="sale"), [2, 3]),
        (ExchangeFilter(mti="0800"), []),
        (ExchangeFilter(after=2), [3]),
        (ExchangeFilter(tid="10000161' OR '1"), []),
    ],
)
def test_only_what_is_wanted(busy, wanted, numbers):
    with busy.store.reader() as reader:
        assert [entry.id for entry in reader.exchanges(wanted)] == numbers
        assert [entry.id for entry in reader.following(wanted)] == numbers
        assert [entry.id for entry in reader.every(wanted)] == numbers


def test_a_limit_keeps_the_latest_in_their_order(busy):
    with busy.store.reader() as reader:
        assert [entry.id for entry in reader.exchanges(limit=2)] == [2, 3]
        assert reader.exchanges(limit=0) == []


def test_all_are_read_in_pages(busy, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 2)
    with busy.store.reader() as reader:
        assert [entry.id for entry in reader.every()] == [1, 2, 3]


def test_one_exchange_by_its_number(busy):
    with busy.store.reader() as reader:
        assert reader.exchange(2).code == "A0"
        assert reader.exchange(4) is None


def test_terminals_with_how_they_stand(busy):
    busy.sign_on("10000162", "07 ")
    with busy.store.reader() as reader:
        assert [(config.tid, session.operator) for config, session in reader.terminals()] == [
            ("10000161", ""),
            ("10000162", "07 "),
        ]
        assert reader.terminal("10000162")[1].version == 1
        assert reader.terminal("x") is None


def test_transactions_in_the_order_of_their_arrival(client, exchange):
    for stan, at in (("000002", 2), ("000001", 1)):
        key = TransactionKey("m", "10000161", "000001", stan)
        client.commit(Changes(exchange(), transaction=Transaction(key, at_us=at)))
    with client.store.reader() as reader:
        assert [one.key.stan for one in reader.transactions()] == ["000001", "000002"]
        assert len(reader.transactions("10000161")) == 2
        assert reader.transactions("10000162") == []


def test_a_reader_sees_each_answered_commit_while_the_host_goes_on(opened, url, exchange):
    client = opened()
    with open_reader(url) as reader:
        for number in range(1, 30):
            client.commit(Changes(exchange()))
            assert reader.exchanges(limit=1)[0].id == number


def test_a_reader_that_is_closed_says_so(opened, url):
    opened()
    reader = open_reader(url)
    reader.close()
    with pytest.raises(StoreError, match=r"acquirer\.db cannot be used: Cannot operate on a closed database"):
        reader.terminals()


def test_closing_a_reader_of_memory_leaves_the_store_open(opened, exchange):
    client = opened("memory:")
    client.store.reader().close()
    client.commit(Changes(exchange()))
    with client.store.reader() as reader:
        assert len(reader.exchanges()) == 1
