"""Whole sentences about messages that no service takes: what keeps them from the nearest one."""

from __future__ import annotations

from typing import Any

from acquirer.host.explain.routes import nearest_service
from acquirer.wire.message import Message
from tests.host.conftest import Pos


def near(pos: Pos, **elements: Any) -> str:
    """Return what is said about a sale with other elements."""
    dialect = pos.rig.host.dialect
    mti = elements.pop("mti", None) or "0200"
    return nearest_service(dialect, dialect.decode(pos.sale_frame(mti=mti, stan="000012", **elements)))


def test_one_element_differs(pos: Pos) -> None:
    assert near(pos, processing_code="200000") == (
        "DE 3 (processing code) is 200000; send 000000 in DE 3 for a sale (0200); or DE 60 (transaction type, "
        "characters 1–2) is 22; send 23 in DE 60 for a void (0200)"
    )
    assert near(pos, transaction_type="25") == (
        "DE 60 (transaction type, characters 1–2) is 25; send 22 in DE 60 for a sale (0200)"
    )
    assert near(pos, condition="99") == ("DE 25 (condition) is 99; send 00 in DE 25 for a sale (0200)")
    assert near(pos, condition=None) == ("DE 25 (condition) is missing; send 00 in DE 25 for a sale (0200)")


def test_two_elements_differ(pos: Pos) -> None:
    assert near(pos, processing_code="990000", transaction_type="99") == (
        "DE 60 (transaction type, characters 1–2) is 99 and DE 3 (processing code) is 990000; send 22 in DE 60 and "
        "000000 in DE 3 for a sale (0200); or DE 60 (transaction type, characters 1–2) is 99 and DE 3 (processing "
        "code) is 990000; send 23 in DE 60 and 200000 in DE 3 for a void (0200)"
    )
    assert near(pos, processing_code="990000", condition="99") == (
        "DE 3 (processing code) is 990000 and DE 25 (condition) is 99; send 000000 in DE 3 and 00 in DE 25 for a "
        "sale (0200)"
    )


def test_too_many_elements_differ(pos: Pos) -> None:
    assert near(pos, processing_code="990000", condition="99", transaction_type="99", function="999") == ""


def test_another_mti(pos: Pos) -> None:
    assert near(pos, mti="0220") == "this is a sale but for its MTI; send 0200"
    assert near(pos, mti="0100") == "this is a sale but for its MTI; send 0200"


def test_a_field_that_ends_before_the_element(pos: Pos) -> None:
    dialect = pos.rig.host.dialect
    sale = dialect.decode(pos.sale_frame(stan="000012"))
    ends = "is not there, the field has only"
    for value, has in (("2", "1 character"), ("", "0 characters")):
        sentence = nearest_service(dialect, Message(sale.raw, "0200", {**sale.fields, 60: value}))
        assert sentence == (
            f"DE 60 (transaction type, characters 1–2) {ends} {has}; send 22 in DE 60 for a sale (0200)"
        )
