"""Looking at all of a store: a whole one is OK, and each kind of damage is a sentence."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acquirer.model.effects import Changes, CommitOutcome, Load
from acquirer.model.rows import Card, Signature, Transaction, TransactionKey, Upload
from acquirer.store import StoreError, schema
from acquirer.store.check import check_store
from acquirer.store.location import companion

TID = "10000161"
KEY = TransactionKey("880210010210162", TID, "000001", "000001")
IMAGE = b"\x00\x00\x01\x00 an image"


@pytest.fixture
def served(opened, exchange):
    """A served store with a sale and its signature."""
    client = opened()
    rrn = client.store.load(Load(TID)).rrn
    sale = Transaction(KEY, kind="sale", amount_minor=5, rrn=rrn, used_us=1, at_us=1)
    signature = Signature(KEY, 1, hashlib.sha256(IMAGE).hexdigest(), len(IMAGE), dialect="unionpay-pos")
    upload = Upload(KEY, signature=signature, stream=IMAGE)
    assert (
        client.commit(
            Changes(exchange(tid=TID), client.session(), sale, card=Card("c" * 32)), Changes(exchange(), upload=upload)
        )
        == [CommitOutcome.DONE] * 2
    )
    return client


def test_a_served_store_is_ok(served, url):
    found = check_store(url)
    assert (found.problems, found.version) == ([], schema.REVISION)
    assert {name: number for name, number in found.rows.items() if number} == {
        "terminal": 2, "session": 1, "transactions": 1, "transaction_form": 1, "card": 1, "signature": 1, "exchange": 2,
        "exchange_form": 1, "blob": 1,
    }  # fmt: skip


def test_a_store_of_an_earlier_version_is_ok(tmp_path):
    directory = Path(__file__).parents[1] / "v01" / "store"
    for name in ("acquirer.db", "acquirer.db.key"):
        (tmp_path / name).write_bytes((directory / name).read_bytes())
    found = check_store(f"sqlite:///{tmp_path}/acquirer.db")
    assert found.problems == []
    assert found.version != schema.REVISION
    assert found.rows["journal"] > 50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE exchange SET data = 'x' WHERE id = 1", r"a row of table exchange: it has 1 value, its form \d+"),
        ("UPDATE exchange SET data = x'ff'", r"a row of table exchange: data holds 1 bytes\): .*2 such rows"),
        ("UPDATE exchange SET data = CAST(x'ff' AS TEXT) WHERE id = 1", "damaged .*Could not decode to UTF-8"),
        ("UPDATE exchange SET form = 7", "table exchange_form has no form 7"),
        ("UPDATE exchange_form SET code = x'ff'", "a row of table exchange_form: code holds 1 bytes"),
        ("INSERT INTO exchange_segment VALUES (1, 0, 5, 6)", "table exchange_segment does not say what is in the"),
        ("UPDATE transaction_row SET amount_minor = 'x'", "a row of table transactions: amount_minor holds str 'x'"),
        ("UPDATE card SET pin_tries = 0.5", "a row of table card: pin_tries holds float '0.5'"),
        ("UPDATE blob SET data = x'00'", "image [0-9a-f]{64} is not what was kept under this name"),
        ("DELETE FROM blob", "signature 1 of terminal 10000161, batch 000001, STAN 000001 lacks its image"),
        ("UPDATE transaction_row SET rrn = '000000099999'", "numbers up to 99999 were given out, table meta says"),
        ("DELETE FROM meta WHERE name = 'rrn'", "rrn is missing in table meta"),
        ("UPDATE meta SET value = 'x' WHERE name = 'rrn'", "rrn in table meta is str 'x'"),
        ("UPDATE meta SET value = 'x' WHERE name = 'vault'", r"acquirer\.db\.key is not the key of"),
        ("UPDATE terminal SET tmk = x'00' WHERE tid = '10000162'", "keys of terminal 10000162 cannot be opened"),
        ("DROP INDEX transaction_row_by_use", "index transaction_row_by_use of table transaction_row is missing"),
        ("DROP TABLE card", "it has no table card"),
        ("UPDATE alembic_version SET version_num = '9999'", "a later one wrote it"),
    ],
)
def test_each_kind_of_damage_is_named(served, url, database, statement, sentence):
    served.close()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)
    problems = check_store(url).problems
    assert re.search(sentence, "\n".join(problems)), problems
    assert all("acquirer.db" in problem for problem in problems)


def test_a_damaged_index_is_found(served, url, database):
    """SQLite itself does not notice it when it reads."""
    served.close()
    change = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'transaction_row_by_use'"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(change, ("used_us", "at_us"))
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("UPDATE transaction_row SET at_us = 7, used_us = 1700000000000000")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(change, ("at_us", "used_us"))
    assert "transaction_row_by_use" in check_store(url).problems[0]


def test_a_key_file_that_is_gone_is_named(served, url, database):
    served.close()
    companion(database, ".key").unlink()
    (problem,) = check_store(url).problems
    assert "acquirer.db.key is missing" in problem


def test_where_there_is_no_store_there_is_nothing_to_check(url):
    with pytest.raises(StoreError, match="there is no store at"):
        check_store(url)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE exchange SET data = 'x' WHERE id = 1",
         "DB is damaged (a row of table exchange: it has 1 value, its form 0): put a backup back, or use a new store "
         "(1 such row)"),
        ("UPDATE exchange SET data = x'ff'",
         "DB is damaged (a row of table exchange: data holds 1 bytes): put a backup back, or use a new store "
         "(2 such rows)"),
        ("UPDATE blob SET data = x'00'",
         "DB: image IMAGE is not what was kept under this name: put a backup back"),
        ("DELETE FROM blob",
         "DB: signature 1 of terminal 10000161, batch 000001, STAN 000001 lacks its image: put a backup back"),
        ("UPDATE transaction_row SET rrn = '000000099999'",
         "DB: reference numbers up to 99999 were given out, table meta says 2: put a backup back"),
        ("DELETE FROM meta WHERE name = 'rrn'",
         "DB: rrn is missing in table meta: put a backup back"),
        ("UPDATE meta SET value = 'x' WHERE name = 'rrn'",
         "DB is damaged (rrn in table meta is str 'x'): put a backup back, or use a new store"),
        ("UPDATE meta SET value = 'x' WHERE name = 'vault'",
         "DB.key is not the key of DB: put its own back"),
        ("UPDATE terminal SET tmk = x'00' WHERE tid = '10000162'",
         "DB: the keys of terminal 10000162 cannot be opened: register it anew"),
        ("UPDATE terminal SET bdk = x'00' WHERE tid = '10000162'",
         "DB: the keys of terminal 10000162 cannot be opened: register it anew"),
        ("UPDATE terminal SET fixed_keys = x'00' WHERE tid = '10000162'",
         "DB: the keys of terminal 10000162 cannot be opened: register it anew"),
        ("UPDATE terminal SET tmk = 'x' WHERE tid = '10000162'",
         "DB is damaged (a row of table terminal: tmk holds str 'x'): put a backup back, or use a new store "
         "(1 such row)"),
        ("DROP INDEX transaction_row_by_use",
         "DB: index transaction_row_by_use of table transaction_row is missing: put a backup back"),
        ("DROP TABLE card",
         "DB is damaged (it has no table card): put a backup back, or use a new store"),
        ("UPDATE signature SET png = 'ab'",
         "DB: signature 1 of terminal 10000161, batch 000001, STAN 000001 lacks its image: put a backup back"),
    ],
)  # fmt: skip
def test_whole_sentences(served, url, database, statement, sentence):
    served.close()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)
    (problem,) = check_store(url).problems
    image = hashlib.sha256(IMAGE).hexdigest()
    assert problem.replace(str(database), "DB").replace(image, "IMAGE") == sentence
