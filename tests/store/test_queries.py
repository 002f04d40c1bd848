"""Asking a store what was exchanged: filters, order, pages, and a host that goes on meanwhile."""

from __future__ import annotations

import threading
from contextlib import suppress
from hashlib import sha256

import pytest

from acquirer.model.effects import Changes
from acquirer.model.rows import Signature, Transaction, TransactionKey, Upload
from acquirer.store import ExchangeFilter, StoreError, open_reader
from acquirer.store import queries as module
from acquirer.store.filters import TerminalFilter
from acquirer.store.queries import Reader


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
        assert [one.at_us for one in reader.transactions("10000161", "000002")] == [2]
        assert reader.transactions("10000161", "000002", "000009") == []


def test_one_transaction_by_its_key(client, exchange):
    key = TransactionKey("m", "10000161", "000001", "000002")
    client.commit(Changes(exchange(), transaction=Transaction(key, at_us=2)))
    with client.store.reader() as reader:
        assert reader.transaction(key).at_us == 2
        assert reader.transaction(key._replace(mid="n")) is None


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


def read_to_the_end(reader: Reader, begun: threading.Barrier) -> None:
    begun.wait()
    with suppress(StoreError):
        while True:
            reader.transactions()


def test_a_store_in_memory_is_closed_between_two_queries_of_other_threads(opened):
    for _ in range(30):
        store = opened("memory:").store
        begun = threading.Barrier(4)
        threads = [threading.Thread(target=read_to_the_end, args=(store.reader(), begun)) for _ in range(3)]
        for thread in threads:
            thread.start()
        begun.wait()
        store.close()
        for thread in threads:
            thread.join()


def signed(stan: str, batch: str, at_us: int, *, number: int = 1, tid: str = "10000161", **more: object) -> Upload:
    key = TransactionKey("880210010210162", tid, batch, stan)
    image = f"{stan}{number}{tid}".encode()
    row = Signature(key, number, sha256(image).hexdigest(), len(image), at_us=at_us, **more)  # type: ignore[arg-type]
    return Upload(key, signature=row, stream=image)


def test_signatures_in_the_order_of_their_arrival(client, exchange):
    uploads = [
        signed("000003", "000001", 10),
        signed("000001", "000002", 20),
        signed("000001", "000002", 20, number=2),
        signed("000001", "000001", 30, picture="none"),
        signed("000009", "000001", 20, tid="10000162"),
    ]
    for one in reversed(uploads):
        client.commit(Changes(exchange(), upload=one))

    def found(**wanted: str) -> list[tuple[str, str, str, int]]:
        with client.store.reader() as reader:
            rows = reader.signatures(**wanted)
        return [(one.key.tid[-1], one.key.batch[-1], one.key.stan[-1], one.number) for one in rows]

    assert found() == [
        ("1", "1", "3", 1),
        ("1", "2", "1", 1),
        ("1", "2", "1", 2),
        ("2", "1", "9", 1),
        ("1", "1", "1", 1),
    ]
    assert found(tid="10000162") == [("2", "1", "9", 1)]
    assert found(stan="000001", batch="000001") == [("1", "1", "1", 1)]
    assert found(tid="10000161", stan="000003", batch="000002") == []
    with client.store.reader() as reader:
        assert reader.damaged_signatures() == []
        waiting = [(one.key.stan, one.number, image) for one, image in reader.waiting_signatures(10)]
        assert waiting[0] == ("000003", 1, b"000003110000161")
        assert sorted(waiting[1:]) == [
            ("000001", 1, b"000001110000161"),
            ("000001", 2, b"000001210000161"),
            ("000009", 1, b"000009110000162"),
        ]
        assert [one.key.stan for one, _ in reader.waiting_signatures(1)] == ["000003"]
        assert len(reader.waiting_signatures(10, skip=1)) == 3
        assert reader.waiting_signatures(10, skip=4) == []
        assert reader.blob(sha256(b"000003110000161").hexdigest()) == b"000003110000161"
        assert reader.blob("00") is None


def test_uploads_that_were_refused(client, exchange):
    for service, reason, code in (
        ("signature", "signature_differs", "30"),
        ("signature_part", "signature_unusable", "30"),
        ("signature", "approved", "00"),
        ("signature_part", "duplicate", "94"),
        ("sale", "card_lost", "41"),
    ):
        known = {"service": service, "reason": reason, "code": code, "why": f"{reason} here", "batch": "000007"}
        client.commit(Changes(exchange(stan="000012", amount_minor=1234, **known)))
    with client.store.reader() as reader:
        refused = reader.refused_uploads()
    assert [(one.tid, one.batch, one.stan, one.amount_minor, one.code, one.why, one.reason) for one in refused] == [
        ("10000161", "000007", "000012", 1234, "30", "signature_differs here", "signature_differs"),
        ("10000161", "000007", "000012", 1234, "30", "signature_unusable here", "signature_unusable"),
    ]
    assert refused[0].at_us == exchange().at_us


def test_replies_that_were_not_sent(client, exchange):
    for number, service in enumerate(("signature", "signature", "sale"), 1):
        client.commit(Changes(exchange(stan=f"{number:06}", batch="000007", service=service)))
    for number in (2, 3):
        client.store.delivered(number, "silent")
    client.commit(Changes(exchange()))
    with client.store.reader() as reader:
        assert reader.undelivered("signature") == {("10000161", "000007", "000002"): "silent"}


def test_terminals_by_patterns(client):
    client.register("20000001")
    with client.store.reader() as reader:
        assert [one.tid for one, _ in reader.terminals(TerminalFilter(tid="1*"))] == ["10000161", "10000162"]
        assert [one.tid for one, _ in reader.terminals(TerminalFilter(tid="*1"), 1)] == ["10000161"]
        assert reader.terminals(TerminalFilter(mid="1*")) == []
        assert [one.tid for one, _ in reader.terminals(TerminalFilter(tid="1*"), 1, "10000161")] == ["10000162"]
        assert [one.tid for one, _ in reader.terminals(limit=2)] == ["10000161", "10000162"]
        assert reader.terminals(limit=0) == []
        assert (reader.count_terminals(), reader.count_terminals(TerminalFilter(tid="2???????"))) == (3, 1)
        assert reader.terminal_numbers() == ["10000161", "10000162", "20000001"]


def test_a_store_in_memory_is_read_in_its_own_process_only():
    with pytest.raises(StoreError) as exc:
        open_reader("memory:")
    assert str(exc.value) == "a memory: store ends with its process: name the sqlite: store you want to read"


@pytest.mark.parametrize(
    ("since_us", "until_us", "numbers"),
    [(0, 0, [1, 2, 3]), (20, 0, [2, 3]), (21, 0, [3]), (0, 20, [1]), (0, 21, [1, 2]), (20, 30, [2]), (31, 0, [])],
)
def test_exchanges_of_a_span_of_time(client, exchange, since_us, until_us, numbers):
    for at_us in (10, 20, 30):
        evidence = exchange()
        evidence.at_us = at_us
        client.commit(Changes(evidence))
    with client.store.reader() as reader:
        found = reader.exchanges(ExchangeFilter(since_us=since_us, until_us=until_us))
        assert [entry.id for entry in found] == numbers
