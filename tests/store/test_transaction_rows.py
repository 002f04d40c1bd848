"""A transaction in a narrow row and its form is the transaction that was written, and takes few bytes of a store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.model.rows import Transaction, TransactionKey
from acquirer.store import schema, transaction_rows
from acquirer.store.database import create
from acquirer.store.schema import TRANSACTION
from acquirer.store.statements import select
from acquirer.store.transaction_rows import TransactionRows, unpack_transaction

BEGIN_US = 1_795_977_655_148_552
SALES, TERMINALS = 20_000, 100
BYTES = 250
"""Of a transaction in the database, its indexes and what pages leave empty counted."""


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A new store in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    yield connection
    connection.close()


def sale(number: int, **changes: Any) -> Transaction:
    """A sale as a UnionPay host books it; terminals sell in turn."""
    tid, stan = number % TERMINALS, number // TERMINALS
    at_us = BEGIN_US + number * 250_000
    rrn = f"{number:012}"
    return Transaction(
        **{
            "key": TransactionKey("880210010210162", f"{30_000_001 + tid}", "000001", f"{stan:06}"),
            "processing_code": "000000",
            "transaction_type": "22",
            "amount_minor": 1_00 + number % 90_000,
            "currency": "156",
            "pan_masked": "621234******1232",
            "card": f"{number % 1_000:032x}",
            "entry_mode": "012",
            "operator": "01 ",
            "reason": "approved",
            "code": "00",
            "rrn": rrn,
            "reply_elements": {
                "code": "00",
                "time": f"{number % 86_400:06}",
                "date": "1130",
                "settlement_date": "1130",
                "rrn": rrn,
            },
            "generation": 1,
            "at_us": at_us,
            "business_date": "20261130",
            "mti": "0200",
            "used_us": at_us,
            **changes,
        }
    )


def kept(connection: sqlite3.Connection) -> list[Transaction]:
    return [unpack_transaction(row) for row in connection.execute(select(schema.transaction, order="stan, tid"))]


def write(rows: TransactionRows, connection: sqlite3.Connection, *transactions: Transaction) -> int:
    return rows.write(connection.cursor(), [TRANSACTION.pack(one) for one in transactions])


def forms(connection: sqlite3.Connection) -> list[str]:
    return [text for (text,) in connection.execute("SELECT reply_elements FROM transaction_form ORDER BY id")]


def size(connection: sqlite3.Connection) -> int:
    """Return the bytes of all pages with transactions, their forms and the indexes of both."""
    try:
        found = connection.execute("SELECT sum(pgsize) FROM dbstat WHERE name GLOB '*transaction_*'").fetchone()
    except sqlite3.OperationalError:
        pytest.skip("this SQLite does not say how large tables are")
    return int(found[0])


def test_a_transaction_takes_at_most_250_bytes_with_its_indexes(connection):
    rows = TransactionRows()
    connection.execute("BEGIN")
    for first in range(0, SALES, 100):  # a group of commits
        assert write(rows, connection, *[sale(number) for number in range(first, first + 100)]) == 100
    connection.execute("COMMIT")
    assert size(connection) <= BYTES * SALES
    assert forms(connection) == ['{"code":"00","time":null,"date":"1130","settlement_date":"1130","rrn":true}']


def test_what_is_written_is_read_again_and_its_next_version_takes_its_place(connection):
    rows = TransactionRows()
    first, second = sale(1), sale(2, rrn="", auth_id="000002", reply_elements={"auth_id": "000002", "44": "银联\x1f"})
    assert write(rows, connection, first, second) == 2
    first.version = second.version = 1
    assert kept(connection) == [first, second]
    undone = sale(1, version=1, state="reversed", reversed_us=BEGIN_US, reversal_elements={"code": "00", "time": "1"})
    assert write(rows, connection, undone) == 1
    undone.version = 2
    assert kept(connection) == [undone, second]
    assert write(rows, connection, sale(2)) == 0, "it was decided on an old version"
    assert kept(connection) == [undone, second]


@given(st.dictionaries(st.sampled_from(["code", "time", "date", "rrn", "auth_id", "44", "银联"]), st.text(max_size=9)))
def test_elements_are_split_alike_in_one_go_and_one_by_one(elements: dict[str, str]) -> None:
    place = schema.transaction.names.index("reply_elements")
    for own in ({}, {name: elements[name] for name in ("rrn", "auth_id") if name in elements}):
        row = TRANSACTION.pack(sale(1, reply_elements=elements, **own))
        pattern, text = transaction_rows._split(row, place)
        assert (pattern, text) == transaction_rows._split_each(row, elements)
        values = [elements[name] for name, kept in zip(pattern[::2], pattern[1::2], strict=True) if kept is None]
        assert text == (json.dumps(values, ensure_ascii=False, separators=(",", ":")) if values else "")


def test_a_number_that_is_not_the_rows_own_stays_what_it_is(connection):
    odd = sale(1, reply_elements={"rrn": "another", "auth_id": "", "code": "99"})
    write(TransactionRows(), connection, odd)
    odd.version = 1
    assert kept(connection) == [odd]


def test_forms_are_shared_and_found_again(connection):
    write(TransactionRows(), connection, sale(1), sale(2), sale(3, code="51", reply_elements={"code": "51"}))
    assert len(forms(connection)) == 2
    write(TransactionRows(), connection, sale(4), sale(5, code="51", reply_elements={"code": "51"}))
    assert len(forms(connection)) == 2
    write(TransactionRows(), connection, sale(6, business_date="20261201"))
    assert len(forms(connection)) == 3


def test_after_a_rollback_forms_are_written_again(connection):
    rows = TransactionRows()
    connection.execute("BEGIN")
    write(rows, connection, sale(1))
    connection.execute("ROLLBACK")
    rows.forget()
    write(rows, connection, sale(1))
    assert [one.code for one in kept(connection)] == ["00"]


def test_however_many_forms_there_are_few_are_remembered(connection, monkeypatch):
    monkeypatch.setattr(transaction_rows, "FORMS_KEPT", 3)
    rows = TransactionRows()
    write(rows, connection, *[sale(number, processing_code=f"{number:06}") for number in range(10)])
    assert len(rows._forms) <= 3
    assert [one.processing_code for one in kept(connection)] == [f"{number:06}" for number in range(10)]


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("{", ""),
        ("7", ""),
        ('{"time":7}', ""),
        ('{"time":true}', ""),
        ('{"time":null}', ""),
        ('{"time":null}', "[7]"),
        ('{"time":null}', '["1","2"]'),
        ("{}", '"1"'),
    ],
)
def test_what_fits_no_form_is_an_error(connection, form, values):
    write(TransactionRows(), connection, sale(1))
    connection.execute("UPDATE transaction_form SET reply_elements = ?", (form,))
    connection.execute("UPDATE transaction_row SET reply_values = ?", (values,))
    with pytest.raises(ValueError, match=r".+"):
        kept(connection)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("mid = '' AND tid = '' AND batch = '' AND stan = ''", "sqlite_autoindex_transaction_row_1"),
        ("tid = ''", "sqlite_autoindex_transaction_row_1"),
        ("mid = '' AND rrn = 'x' AND rrn <> ''", "transaction_row_by_rrn"),
        ("mid = '' AND card = 'x' AND authorised_minor > 0", "transaction_row_by_authorisation"),
    ],
)
def test_a_transaction_is_found_by_an_index(connection, condition, index):
    plan = connection.execute(f"EXPLAIN QUERY PLAN {select(schema.transaction, condition)}").fetchall()
    assert [step[3].split("INDEX ")[1].split(" ")[0] for step in plan if "transaction_row" in step[3]] == [index]
    assert not any("SCAN" in step[3] for step in plan)


def test_a_new_transaction_whose_key_exists_is_not_counted_and_changes_nothing(connection):
    rows = TransactionRows()
    assert write(rows, connection, sale(1)) == 1
    assert write(rows, connection, sale(1, amount_minor=5), sale(2)) == 1
    first, second = sale(1), sale(2)
    first.version = second.version = 1
    assert kept(connection) == [first, second]


def test_new_transactions_and_next_versions_are_written_together(connection):
    rows = TransactionRows()
    assert write(rows, connection, sale(1)) == 1
    assert write(rows, connection, sale(2), sale(1, version=1, state="reversed"), sale(3)) == 3
    assert [(one.key.stan, one.version, one.state) for one in kept(connection)] == [
        (sale(number).key.stan, 2 if number == 1 else 1, "reversed" if number == 1 else sale(1).state)
        for number in (1, 2, 3)
    ]
