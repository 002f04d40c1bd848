"""What every store does alike: the one over dictionaries, the one in memory and the one on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.model.batches import BatchBooks, Settlement, UploadedDetail
from acquirer.model.effects import (
    Changes,
    Commit,
    CommitOutcome,
    Load,
    LoadBatch,
    LoadCard,
    LoadOriginal,
    LoadSignatures,
)
from acquirer.model.rows import (
    Card,
    Generation,
    Policy,
    Session,
    Signature,
    SignaturePart,
    TerminalConfig,
    Transaction,
    TransactionKey,
    Upload,
)
from acquirer.settlement.totals import Totals
from acquirer.testing import FakeStore

DONE, CONFLICT = CommitOutcome.DONE, CommitOutcome.CONFLICT
MID, TID, OTHER = "880210010210162", "10000161", "10000162"
KEY = TransactionKey(MID, TID, "000001", "000003")
NOW_US = 1_700_000_000_000_000
DAY_US = 24 * 3600 * 1_000_000
GENERATION = Generation(1, "003", b"\x00sealed\xff", "PIK 900ECCE3", NOW_US)


class FakeClient:
    """The store over dictionaries, used as the others are."""

    def __init__(self) -> None:
        self.store = FakeStore()
        for tid in (TID, OTHER):
            self.store.terminals[tid] = TerminalConfig(tid, MID, "", b"sealed", "D0E06F38", policy=Policy())

    def session(self, tid: str = TID) -> Session:
        session = self.store.load(Load(tid)).session
        assert session is not None
        return session

    def commit(self, *changes: Changes) -> list[CommitOutcome]:
        return [self.store.commit(Commit(one, 0.0)) for one in changes]


@pytest.fixture(params=["dictionaries", "memory", "disk"])
def client(request: pytest.FixtureRequest, opened: Callable[[str], Any], url: str) -> Any:
    """A store that knows two terminals of one merchant."""
    if request.param == "dictionaries":
        return FakeClient()
    return opened("memory:" if request.param == "memory" else url)


def transaction(client: Any, key: TransactionKey = KEY) -> Transaction | None:
    return client.store.load(Load(key.tid, key)).transaction


def original(client: Any, key: TransactionKey | None = None, mid: str = MID, **named: str) -> str | None:
    """Load an original; return its STAN."""
    found = client.store.load_original(LoadOriginal(mid, key, **named))
    return None if found is None else found.key.stan


def sale(stan: str = "000003", tid: str = TID, **known: Any) -> Transaction:
    return Transaction(TransactionKey(MID, tid, "000001", stan), **{"used_us": NOW_US, "at_us": NOW_US, **known})


def held(stan: str, tid: str = TID, **known: Any) -> Transaction:
    """A pre-authorisation."""
    usual = {"kind": "pre_auth", "card": "c" * 32, "business_date": "20231115", "authorised_minor": 500}
    return sale(stan, tid, **{**usual, **known})


def full(tid: str = TID) -> Transaction:
    """A transaction in which no field has its default."""
    return Transaction(
        KEY._replace(tid=tid), 0, "refund", "voided", "200000", "25", 1234, "156", "621234******1232", "c" * 32, "051",
        "01", "approved", "00", "000000000007", "A1B2C3", {"39": "00", "44": "银联"}, 2, NOW_US, "20231115", NOW_US + 1,
        "98", {"39": "00"}, "0220", KEY._replace(stan="000001"), "000000000006", 99, 999, NOW_US + 2,
    )  # fmt: skip


# -- rows --------------------------------------------------------------------------------------------------------------


def test_a_terminal_that_is_not_registered_has_no_rows(client):
    loaded = client.store.load(Load("99999999", KEY))
    assert (loaded.terminal, loaded.session, loaded.transaction) == (None, None, None)


def test_a_registered_terminal_has_a_fresh_session(client):
    loaded = client.store.load(Load(TID))
    assert (loaded.terminal.tid, loaded.terminal.mid, loaded.session) == (TID, MID, Session(TID))


def test_every_load_brings_a_reference_number_of_its_own(client):
    numbers = [client.store.load(Load(TID)).rrn for _ in range(3)]
    assert len(set(numbers)) == 3
    assert {len(number) for number in numbers} == {12}


def test_what_was_committed_is_loaded_one_version_on(client, exchange):
    session = Session(
        TID, 0, "000007", NOW_US, "20231115", 2, True, True, "01", "serial", GENERATION,
        replace(GENERATION, number=2), NOW_US + 1, 3, "000009", "000006", True, True,
    )  # fmt: skip
    card = Card("c" * 32, 0, "621234******1232", 5, "20231115", 6, 7, 8)
    changes = Changes(exchange(), replace(session), full(), card=replace(card))
    assert client.commit(changes) == [DONE]
    assert client.session() == replace(session, version=1)
    assert transaction(client) == replace(full(), version=1)
    assert client.store.load_card(LoadCard(card.token)) == replace(card, version=1)
    assert client.store.load_card(LoadCard("d" * 32)) is None


@pytest.mark.parametrize("row", ["session", "transaction", "original", "card", "settlement"])
def test_a_commit_on_an_old_version_conflicts_and_leaves_nothing(client, exchange, row):
    first: dict[str, Any] = {
        "session": Session(TID),
        "transaction": sale("1"),
        "original": sale("2"),
        "card": Card("c"),
        "settlement": Settlement(MID, TID, "000001", "closed", "equal"),
    }
    fresh: dict[str, Any] = {
        "session": Session(OTHER),
        "transaction": sale("3"),
        "original": sale("4"),
        "card": Card("d"),
        "settlement": Settlement(MID, TID, "000002", "closed", "equal"),
    }
    assert client.commit(Changes(exchange(), **{name: replace(one) for name, one in first.items()})) == [DONE]
    assert client.commit(Changes(exchange(), **(fresh | {row: replace(first[row])}))) == [CONFLICT]
    assert client.session(OTHER).version == 0
    assert [transaction(client, fresh[name].key) for name in ("transaction", "original")] == [None, None]
    assert client.store.load_card(LoadCard("d")) is None
    assert client.store.load_batch(LoadBatch(MID, TID, "000002")).settlement is None


@pytest.mark.parametrize("row", ["session", "transaction", "original", "card", "settlement"])
def test_of_two_commits_on_one_row_the_first_is_written(client, exchange, row):
    """Both in one group, and both decided on the same version."""
    rows: dict[str, Any] = {
        "session": Session(TID),
        "transaction": sale("1"),
        "original": sale("1"),
        "card": Card("c"),
        "settlement": Settlement(MID, TID, "000001", "closed", "equal"),
    }
    both = [Changes(exchange(), **{row: replace(rows[row])}) for _ in range(2)]
    assert client.commit(*both) == [DONE, CONFLICT]


# -- originals ---------------------------------------------------------------------------------------------------------


def test_an_original_is_named_by_its_key(client, exchange):
    client.commit(Changes(exchange(), transaction=sale(rrn="000000000001", tid=OTHER)))
    assert original(client, KEY._replace(tid=OTHER)) == "000003"
    assert original(client, KEY) is None
    assert original(client, KEY, rrn="000000000001") is None  # the key alone names it


@pytest.fixture
def booked(client, exchange):
    """Sales of two terminals, of another merchant, of other days."""
    rows = [
        held("000001", rrn="000000000001", auth_id="AAAAAA"),
        held("000002", OTHER, rrn="000000000002", auth_id="BBBBBB", at_us=NOW_US + 1),
        sale("000003", rrn="000000000001", business_date="20221115", at_us=NOW_US - 365 * DAY_US),  # numbers wrapped
        held("000004", auth_id="AAAAAA", card="d" * 32),
        held("000005", auth_id="BBBBBB", business_date="20231116", at_us=NOW_US + DAY_US),
        held("000008", auth_id="CCCCCC", state="voided", at_us=NOW_US + 2 * DAY_US),
        held("000009", auth_id="DDDDDD", authorised_minor=0, at_us=NOW_US + 3 * DAY_US),  # it holds nothing
        sale("000006"),  # declined: it has neither number nor authorisation
        Transaction(
            KEY._replace(mid="880210010210163", stan="000007"), rrn="000000000001", used_us=NOW_US, at_us=NOW_US
        ),
    ]
    assert client.commit(*(Changes(exchange(), transaction=one) for one in rows)) == [DONE] * len(rows)
    return client


@pytest.mark.slow
@pytest.mark.parametrize(
    ("named", "stan"),
    [
        ({"rrn": "000000000002"}, "000002"),
        ({"rrn": "000000000002", "date": "1115"}, "000002"),
        ({"rrn": "000000000002", "date": "1116"}, None),
        ({"rrn": "000000000001"}, "000001"),  # of two the latest
        ({"rrn": "000000000001", "date": "1115"}, "000001"),
        ({"rrn": "000000000009"}, None),
        ({"auth_id": "AAAAAA", "card": "c" * 32}, "000001"),
        ({"auth_id": "AAAAAA", "card": "d" * 32}, "000004"),
        ({"auth_id": "AAAAAA", "card": "e" * 32}, None),
        ({"auth_id": "BBBBBB", "card": "c" * 32}, "000005"),
        ({"auth_id": "BBBBBB", "card": "c" * 32, "date": "1115"}, "000002"),
        ({"auth_id": "CCCCCC", "card": "c" * 32}, "000008"),
        ({"auth_id": "DDDDDD", "card": "c" * 32}, None),
        ({"card": "c" * 32}, "000005"),  # the latest that stands
        ({"card": "c" * 32, "date": "1115"}, "000002"),
        ({"card": "e" * 32}, None),
        ({"rrn": "000000000002", "auth_id": "AAAAAA", "card": "c" * 32}, "000002"),  # the number comes first
        ({}, None),
        ({"date": "1115"}, None),
    ],
)
def test_an_original_is_named_by_number_or_authorisation(booked, named, stan):
    assert original(booked, **named) == stan


def test_an_original_is_of_the_same_merchant(booked):
    assert original(booked, mid="880210010210163", rrn="000000000001") == "000007"
    assert original(booked, mid="880210010210164", rrn="000000000001") is None


def test_an_original_is_written_with_what_is_tied_to_it_or_not_at_all(client, exchange):
    assert client.commit(Changes(exchange(), transaction=sale("000001", amount_minor=100))) == [DONE]
    before = transaction(client, sale("000001").key)
    assert before is not None
    refunds = [
        Changes(
            exchange(),
            transaction=sale(stan, tid, kind="refund", original=before.key),
            original=replace(before, refunded_minor=100),
        )
        for stan, tid in (("000002", TID), ("000003", OTHER))
    ]
    assert client.commit(*refunds) == [DONE, CONFLICT]  # two terminals at once never exceed it
    after = transaction(client, before.key)
    assert (after.refunded_minor, after.version) == (100, 2)
    assert transaction(client, refunds[0].transaction.key).original == before.key
    assert transaction(client, refunds[1].transaction.key) is None


# -- signatures --------------------------------------------------------------------------------------------------------


def signature(number: int = 1) -> Signature:
    return Signature(KEY, number, "0" * 64, 1, at_us=NOW_US)


def test_signatures_and_parts_of_a_sale(client, exchange):
    parts = [SignaturePart(KEY, number, number == 2, b"x", NOW_US) for number in (2, 1)]
    client.commit(*(Changes(exchange(), upload=Upload(KEY, part=part)) for part in parts[:1]))
    client.commit(*(Changes(exchange(), upload=Upload(KEY, part=part)) for part in parts[1:]))
    wanted = LoadSignatures(KEY, "000001")
    assert client.store.load_signatures(wanted).parts == (parts[1], parts[0])
    assert client.commit(Changes(exchange(), upload=Upload(KEY, signature(), b"x", forget=(1, 2)))) == [DONE]
    uploaded = client.store.load_signatures(wanted)
    assert (uploaded.signatures, uploaded.parts) == ((signature(),), ())
    assert client.store.load_signatures(LoadSignatures(KEY._replace(stan="000004"))).signatures == ()


def test_without_its_sale_the_same_number_in_the_open_batch_is_found(client, exchange):
    elsewhere = sale("000003")
    assert client.commit(Changes(exchange(), transaction=replace(elsewhere))) == [DONE]
    wanted = LoadSignatures(KEY._replace(batch="000009"), open_batch="000001")
    assert client.store.load_signatures(wanted).elsewhere == replace(elsewhere, version=1)
    assert client.store.load_signatures(LoadSignatures(KEY, "000001")).elsewhere is None  # here it is the sale itself


# -- batches -----------------------------------------------------------------------------------------------------------


def settlement() -> Settlement:
    """A settlement in which no field has its default."""
    a, b, c, d = [Totals(*range(first, first + 4)) for first in (1, 5, 9, 13)]
    return Settlement(
        MID, TID, "000001", "closed", "unequal", 0, "not balanced", a, b, c, d, {"settlement": "0" * 62}, "01",
        "000150", NOW_US, "20231115", "202", 4, NOW_US + 1,
    )  # fmt: skip


def detail(stan: str, **known: Any) -> UploadedDetail:
    return UploadedDetail(KEY._replace(stan=stan), "request", "agrees", at_us=NOW_US, **known)


def test_a_batch_is_loaded_with_all_that_is_known_of_it(client, exchange):
    nothing = client.store.load_batch(LoadBatch(MID, TID, "000001"))
    assert nothing == BatchBooks()
    others = [sale("000009", OTHER), replace(sale(), key=KEY._replace(batch="000002"))]
    client.commit(*(Changes(exchange(), transaction=one) for one in (sale("000003"), sale("000002"), *others)))
    signed = Changes(exchange(), upload=Upload(KEY, signature(), b"x"))
    uploaded = Changes(exchange(), settlement=settlement(), details=(detail("000004"), detail("000003", foreign=True)))
    assert client.commit(signed, uploaded) == [DONE, DONE]
    books = client.store.load_batch(LoadBatch(MID, TID, "000001"))
    assert books.settlement == replace(settlement(), version=1)
    assert [one.key.stan for one in books.transactions] == ["000002", "000003"]
    assert books.details == (detail("000003", foreign=True), detail("000004"))
    assert books.signed == {"000003"}


def test_of_a_batch_only_the_transactions_that_are_named(client, exchange):
    client.commit(*(Changes(exchange(), transaction=sale(stan)) for stan in ("000001", "000002", "000003")))
    client.commit(Changes(exchange(), details=(detail("000002"), detail("000003"))))
    books = client.store.load_batch(LoadBatch(MID, TID, "000001", ("000003", "000009")))
    assert [one.key.stan for one in books.transactions] == ["000003"]
    assert [one.key.stan for one in books.details] == ["000003"]
    assert client.store.load_batch(LoadBatch(MID, TID, "000001", ())).transactions == ()


def test_a_detail_that_is_uploaded_again_is_one_detail(client, exchange):
    for amount_minor in (100, 200):
        assert client.commit(Changes(exchange(), details=(detail("000003", amount_minor=amount_minor),))) == [DONE]
    books = client.store.load_batch(LoadBatch(MID, TID, "000001"))
    assert [one.amount_minor for one in books.details] == [200]


# -- the order of columns ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2"])
def test_nothing_relies_on_the_order_of_columns(seed):
    """All stores, queries, journal, its command and lines of log, with the fields of every row in another order."""
    here = Path(__file__).parent
    tests = here.parent
    files = [
        *(
            here / f"test_{name}.py"
            for name in ("contract", "queries", "sqlite", "transaction_writer", "direct_writer")
        ),
        *(tests / "journal", tests / "model", tests / "observe" / "test_lines.py", tests / "cli" / "test_journal.py"),
    ]
    chosen = ["-k", "not order_of_columns and not several_columns", *map(str, files)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "permuted", "-p", "no:cacheprovider", *chosen],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *sys.path]), "PERMUTED_SEED": seed},
        cwd=tests.parent,
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:]
