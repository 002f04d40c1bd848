"""The words that sentences are made of: where an element travels, what a transaction is called."""

from __future__ import annotations

import pytest

from acquirer.host.text import named, numbered, place
from acquirer.model.rows import TransactionKey
from acquirer.settings.specs import load_dialect

KEY = TransactionKey("880210010210162", "10000161", "000007", "000012")


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ("amount", "DE 4 (amount)"),
        ("processing_code", "DE 3 (processing code)"),
        ("batch", "DE 60 (batch, characters 3–8)"),
        ("slip", "DE 55 (slip)"),
        ("no_such", "no such"),
    ],
)
def test_an_element_and_where_it_travels(element: str, words: str) -> None:
    assert place(load_dialect("unionpay-pos"), element) == words


def test_an_element_that_is_the_rest_of_its_field() -> None:
    dialect = load_dialect("iso8583-1993-ascii")
    assert place(dialect, "original_acquirer") == "DE 56 (original acquirer, from character 23 on)"


def test_a_transaction_is_called_by_what_its_numbers_are_unique_within() -> None:
    batches, times = load_dialect("unionpay-pos"), load_dialect("iso8583-1987-binary")
    assert numbered(batches, KEY) == "STAN 000012, batch 000007"
    assert numbered(batches, KEY, " in ") == "STAN 000012 in batch 000007"
    assert numbered(batches, KEY._replace(batch="")) == "STAN 000012"
    assert numbered(times, KEY._replace(batch="0310120000"), " in ") == "STAN 000012, sent 0310120000"


def test_identifiers_are_printable() -> None:
    assert named("") == "''"
    assert named("1 2") == "1 2"
    assert named("\x1b[1m") == "1B5B316D (hex)"
    assert named("银联".encode("gbk").decode("latin-1")) == "银联"
