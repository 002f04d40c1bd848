"""Signatures in the store: written with their exchange, found again, pictured, counted; and older stores."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.model.effects import Changes, CommitOutcome
from acquirer.model.evidence import Evidence
from acquirer.model.rows import (
    Flag,
    Picture,
    Signature,
    SignaturePart,
    SlipElement,
    Transaction,
    TransactionKey,
    Upload,
)
from acquirer.settings.specs import load_dialect
from acquirer.store import StoreError, open_reader, open_store, schema
from acquirer.store.database import connect_beside, revision
from acquirer.store.purge import DAY_US
from acquirer.store.reprints import count_reprint
from acquirer.store.uploads import RenderedSignature
from acquirer.testing import running_host

MID, TID = "880210010210162", "10000161"
KEY = TransactionKey(MID, TID, "000001", "000007")
IMAGE = b"an image"
V0001 = Path(__file__).with_name("v0001.sql")


def evidence(**known: object) -> Evidence:
    return Evidence(at_us=1_700_000_000_000_000, dialect=load_dialect("unionpay-pos"), tid=TID, **known)  # type: ignore[arg-type]


def signature(key: TransactionKey = KEY, number: int = 1, image: bytes = IMAGE, **more: object) -> Signature:
    return Signature(
        key,
        number,
        hashlib.sha256(image).hexdigest(),
        len(image),
        at_us=1_700_000_000_000_000 + number,
        dialect="unionpay-pos",
        slip=(SlipElement("FF01", "CFFBB7D1", "消费"), SlipElement("FF05", "", "[4 characters hidden]")),
        flags=(Flag("rrn-differs", "why"),),
        **more,  # type: ignore[arg-type]
    )


def upload(one: Signature, image: bytes = IMAGE, forget: tuple[int, ...] = ()) -> Changes:
    return Changes(evidence(), upload=Upload(one.key, signature=one, stream=image, forget=forget))


@pytest.fixture(params=["memory:", "disk"])
def client(request, opened, url):
    client = opened("memory:" if request.param == "memory:" else url)
    client.register(TID)
    return client


def test_a_signature_is_found_as_it_was_kept(client):
    one = signature(amount_minor=1234, captured="pen", parts=3)
    assert client.commit(upload(one)) == [CommitOutcome.DONE]
    loaded = client.uploaded(KEY)
    assert loaded.signatures == (one,)
    with client.store.reader() as reader:
        assert reader.signatures() == [one]
        assert reader.signatures("10000162") == []
        assert reader.blob(one.digest) == IMAGE
        assert reader.waiting_signatures(5) == [(one, IMAGE)]


def test_a_number_given_twice_is_a_conflict_and_the_first_stays(client):
    assert client.commit(upload(signature())) == [CommitOutcome.DONE]
    other = signature(image=b"another")
    assert client.commit(upload(other, b"another")) == [CommitOutcome.CONFLICT]
    with client.store.reader() as reader:
        assert reader.signatures() == [signature()]
        assert reader.blob(other.digest) is None  # nothing of it was written
    assert client.commit(upload(replace(other, number=2), b"another")) == [CommitOutcome.DONE]


def test_uploads_in_one_group_stand_beside_everything_else(client):
    session = replace(client.session(), operator="02 ")
    others = [upload(signature(KEY._replace(stan=f"{n:06}"))) for n in range(100, 160)]
    assert client.commit(Changes(evidence(), session), *others) == [CommitOutcome.DONE] * 61
    with client.store.reader() as reader:
        assert len(reader.signatures()) == 60
    assert client.session().operator == "02 "


def test_of_two_in_a_group_for_one_sale_the_second_conflicts(client):
    assert sorted(
        outcome.value for outcome in client.commit(upload(signature()), upload(signature(image=b"b"), b"b"))
    ) in (["conflict", "done"],)


def test_parts_wait_and_are_forgotten_with_the_signature(client):
    for number, stream in ((2, b"b"), (1, b"a"), (3, b"c")):
        part = SignaturePart(
            KEY, number, number == 3, stream, at_us=1_700_000_000_000_000, slip=(SlipElement("FF01", "", "x"),)
        )
        assert client.commit(Changes(evidence(), upload=Upload(KEY, part=part))) == [CommitOutcome.DONE]
    parts = client.uploaded(KEY).parts
    assert [(one.part, one.stream, one.last) for one in parts] == [(1, b"a", False), (2, b"b", False), (3, b"c", True)]
    again = SignaturePart(KEY, 2, False, b"B", at_us=1_700_000_000_000_000)
    client.commit(Changes(evidence(), upload=Upload(KEY, part=again, forget=(1,))))
    with client.store.reader() as reader:
        assert [(one.part, one.stream) for one in reader.signature_parts()] == [(2, b"B"), (3, b"c")]
    client.commit(upload(signature(), forget=(2, 3)))
    assert client.uploaded(KEY).parts == ()


def test_parts_that_are_not_completed_are_deleted_after_a_day(client):
    now_us = evidence().at_us
    for number, age_us in ((1, DAY_US + 1), (2, DAY_US)):
        part = SignaturePart(KEY, number, False, b"a", at_us=now_us - age_us)
        client.queue(Changes(evidence(), upload=Upload(KEY._replace(stan=f"{number:06}"), part=part)))
    client.commit(Changes(evidence()))
    client.commit(Changes(evidence()))  # is written after the follow-up of the group before
    with client.store.reader() as reader:
        assert [one.part for one in reader.signature_parts()] == [2]


@pytest.mark.parametrize(("named", "held"), [("000010", "000002"), ("000010", "000009"), ("000002", "000001")])
def test_the_last_eight_batches_are_looked_through(named, held, client):
    client.commit(Changes(evidence(), transaction=Transaction(KEY._replace(batch=held), amount_minor=99)))
    found = client.uploaded(KEY._replace(batch=named)).elsewhere
    assert found is not None
    assert found.key.batch == held


@pytest.mark.parametrize(("named", "held"), [("000010", "000001"), ("000001", "000000"), ("000010", "000011")])
def test_no_other_batches_are_looked_through(named, held, client):
    client.commit(Changes(evidence(), transaction=Transaction(KEY._replace(batch=held), amount_minor=99)))
    assert client.uploaded(KEY._replace(batch=named)).elsewhere is None


def test_a_sale_that_is_there_is_nowhere_else(client):
    for batch in ("000002", "000003"):
        client.commit(Changes(evidence(), transaction=Transaction(KEY._replace(batch=batch), amount_minor=99)))
    assert client.uploaded(KEY._replace(batch="000003"), "000002").elsewhere is None


@pytest.mark.parametrize(("batch", "found"), [("000003", True), ("000001", True), ("000077", False), ("000012", False)])
def test_a_sale_is_looked_for_in_the_batches_before(batch, found, client):
    sale = Transaction(KEY._replace(batch="000002"), amount_minor=99)
    client.commit(Changes(evidence(), replace(client.session(), batch="000002"), sale))
    elsewhere = client.uploaded(KEY._replace(batch=batch), client.session().batch).elsewhere
    assert elsewhere is not None
    assert (elsewhere.amount_minor, elsewhere.key.batch) == (99, "000002")
    client.commit(Changes(evidence(), replace(client.session(), batch="000500")))
    elsewhere = client.uploaded(KEY._replace(batch=batch), client.session().batch).elsewhere
    assert (elsewhere is not None) == (batch == "000003")


def test_a_picture_is_kept_beside_its_signature_with_its_flags_and_its_line_in_the_journal(client):
    one = signature()
    client.commit(upload(one))
    picture = Picture(24, 16, b"PNG", (Flag("blank", "no ink"), Flag("rrn-differs", "known already")))
    client.store.write_pictures([RenderedSignature(one, picture, evidence(service="picture", why="blank: no ink"))])
    with client.store.reader() as reader:
        (kept,) = reader.signatures()
        assert [flag.name for flag in kept.flags] == ["rrn-differs", "blank"]
        assert (kept.picture, kept.width, kept.height) == ("made", 24, 16)
        assert reader.blob(kept.png) == b"PNG"
        assert reader.waiting_signatures(5) == []
        assert [entry.why for entry in reader.exchanges() if entry.service == "picture"] == ["blank: no ink"]
    assert client.commit(Changes(evidence())) == [CommitOutcome.DONE]  # numbers of the journal go on


def test_an_image_that_shows_nothing_waits_no_longer(client):
    one = signature()
    client.commit(upload(one))
    client.store.write_pictures([RenderedSignature(one, Picture(flags=(Flag("undecodable", "why"),)))])
    with client.store.reader() as reader:
        assert reader.signatures()[0].picture == "none"
        assert reader.waiting_signatures(5) == []


def test_one_image_signed_twice_is_kept_once(client):
    client.commit(upload(signature()), upload(signature(KEY._replace(stan="000008"))))
    with client.store.reader() as reader:
        assert len(reader.signatures()) == 2
        assert reader._all("SELECT count(*) FROM blob") == [(1,)]


def test_an_imported_signature_never_takes_the_place_of_one(client):
    one = replace(signature(), picture="made", png=hashlib.sha256(b"PNG").hexdigest())
    other = (replace(one, digest="0" * 64), b"x", b"")
    assert client.store.import_signatures([(one, IMAGE, b"PNG"), other, (one, b"", b"")]) == ["added", "taken", "known"]
    with client.store.reader() as reader:
        assert reader.signatures() == [one]
        assert reader.blob(one.png) == b"PNG"


def test_an_import_that_fails_in_the_middle_leaves_nothing(client):
    def exported():
        yield signature(), IMAGE, b""
        raise ValueError("the folder has more files than are read")

    with pytest.raises(ValueError, match="more files"):
        client.store.import_signatures(exported())
    with client.store.reader() as reader:
        assert (reader.signatures(), reader.blob(signature().digest)) == ([], None)


def test_reprints_are_counted_beside_an_open_store(opened, url):
    client = opened(url)
    client.register(TID)
    assert [count_reprint(url, KEY) for _ in range(3)] == [1, 2, 3]
    assert count_reprint(url, KEY._replace(stan="000008")) == 1
    assert client.sign_on() is CommitOutcome.DONE


def test_reprints_counted_by_many_at_once_are_all_counted(url):
    open_store(url).close()
    numbers: list[int] = []
    threads = [threading.Thread(target=lambda: numbers.append(count_reprint(url, KEY))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 13))


def test_no_reprint_is_counted_where_there_is_no_store(url):
    with pytest.raises(StoreError, match="there is no store at"):
        count_reprint(url, KEY)
    with pytest.raises(StoreError, match="ends with its process"):
        count_reprint("memory:", KEY)


@pytest.fixture
def old_store(database):
    """A store that the program of version 0001 left, with its key file."""
    text = V0001.read_text(encoding="utf-8")
    connection = sqlite3.connect(database)
    connection.executescript(text)
    connection.close()
    found = re.search("key file: ([0-9a-f]{64})", text)
    assert found
    key = database.with_name(f"{database.name}.key")
    key.write_text(found[1] + "\n")
    key.chmod(0o600)
    return f"sqlite:///{database}"


def test_an_old_store_is_read_as_it_is(old_store, database):
    before = database.read_bytes()
    with open_reader(old_store) as reader:
        assert [entry.service for entry in reader.exchanges()] == ["sign_on", "sale", "sale"]
        assert reader.exchange(2).code == "00"
        [(terminal, session)] = reader.terminals()
        assert (terminal.tid, session.batch) == (TID, "000001")
        assert [sale.amount_minor for sale in reader.transactions()] == [1234, 5678]
        assert [*reader.signatures(), *reader.signature_parts(), *reader.waiting_signatures(1)] == []
        assert reader.blob("0" * 64) is None
    assert database.read_bytes() == before


def test_in_an_old_store_nothing_is_written_before_it_is_brought_up_to_date(old_store, database):
    with pytest.raises(StoreError, match=r"is of version 0001, this program of .*: .*start 'acquirer serve' once"):
        connect_beside(database, schema.reprint)


def test_an_old_store_is_served_as_it_was_and_takes_signatures_from_then_on(old_store, database, tmp_path):
    columns = "mid, tid, batch, stan, version, kind, state, amount_minor, rrn, auth_id, code, at_us"
    before = sqlite3.connect(database)
    journal = before.execute("SELECT * FROM journal ORDER BY id").fetchall()
    sales = before.execute(f"SELECT {columns} FROM transactions ORDER BY stan").fetchall()
    sessions = before.execute("SELECT * FROM session").fetchall()
    before.close()
    assert (len(journal), len(sales), len(sessions)) == (3, 2, 1)
    with running_host(store=old_store, clock="2025-03-10T12:00:30") as host:
        assert [one.key.stan for one in host.transactions] == ["000002", "000003"]
        with Terminal(TID, host=host.address, state=tmp_path / "terminal", sign_upload="at-once") as terminal:
            for _ in range(3):  # uses up the numbers of the sales that are there
                terminal.sign_on()
            assert terminal.sale("1.00", sign="Ann").signature == "uploaded"
        assert len(host.signatures) == 1
        assert host.journal.find(service="sale").rrn > journal[-1][14]  # numbers go on
    after = sqlite3.connect(database)
    assert revision(after) == schema.REVISION
    now = after.execute("SELECT * FROM journal ORDER BY id").fetchall()
    assert [row[: len(journal[0])] for row in now] == journal  # later ones stand in another table
    assert after.execute("SELECT min(id) FROM exchange").fetchone() == (4,)
    assert after.execute(f"SELECT {columns} FROM transactions ORDER BY stan").fetchall()[:2] == sales
    after.close()
