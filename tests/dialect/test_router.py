"""Which route a message takes: by MTI and element values, and the same whenever it is asked again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.dialect.definitions import Route
from acquirer.dialect.router import REMEMBERED, Router
from acquirer.settings.specs import load_dialect
from acquirer.wire.grammar import Locator
from acquirer.wire.message import Message

SALE = load_dialect("unionpay-pos").find_route("sale")
ELEMENTS = {"processing_code": Locator(3), "transaction_type": Locator(60, 0, 2)}


def route(service: str, mti: str, **when: tuple[str, ...]) -> Route:
    return replace(SALE, service=service, mti=mti, when=when)


def message(mti: str, processing_code: str, transaction_type: str = "22") -> Message:
    return Message(b"", mti, {3: processing_code, 60: f"{transaction_type}000001"})


ROUTES = (
    route("sale", "0200", processing_code=("000000",)),
    route("balance", "0200", processing_code=("310000",), transaction_type=("01",)),
    route("reversal", "0400", processing_code=("000000",)),
    route("advice", "0220", processing_code=("000000",)),
)


def service(router: Router, one: Message) -> str | None:
    found = router.find(one)
    return found.service if found else None


def test_messages_with_equal_values_and_different_mtis_take_different_routes() -> None:
    router = Router(ROUTES, ELEMENTS)
    for _ in range(2):  # the second time from what is remembered
        assert service(router, message("0220", "000000")) == "advice"
        assert service(router, message("0400", "000000")) == "reversal"
        assert service(router, message("0400", "310000")) is None
    routes = [route("one", "0100", processing_code=("00",)), route("other", "0300", processing_code=("00",))]
    two = Router(routes, ELEMENTS)
    assert [service(two, message(mti, "00")) for mti in ("0100", "0300", "0100")] == ["one", "other", "one"]


def test_every_condition_of_a_route_must_hold() -> None:
    router = Router(ROUTES, ELEMENTS)
    assert service(router, message("0200", "310000", "01")) == "balance"
    assert service(router, message("0200", "310000", "03")) is None
    assert service(router, message("0200", "000000", "03")) == "sale"


@pytest.mark.parametrize(
    ("mti", "expected"), [("0401", "reversal"), ("0221", "advice"), ("0402", None), ("9999", None)]
)
def test_the_repeat_digit_plays_no_role(mti: str, expected: str | None) -> None:
    router = Router(ROUTES, ELEMENTS)
    assert service(router, message(mti, "000000")) == expected
    assert router.knows(mti) == (expected is not None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["0200", "0201", "0220", "0400", "0500"]),
            st.sampled_from(["000000", "310000", "200000"]),
            st.sampled_from(["01", "22"]),
        ),
        max_size=30,
    )
)
def test_an_answer_does_not_depend_on_earlier_ones(asks: list[tuple[str, str, str]]) -> None:
    router = Router(ROUTES, ELEMENTS)
    for ask in asks:
        assert service(router, message(*ask)) == service(Router(ROUTES, ELEMENTS), message(*ask))


def test_what_is_remembered_is_bounded() -> None:
    router = Router(ROUTES, ELEMENTS)
    for number in range(REMEMBERED + 10):
        assert service(router, message("0400", f"{number + 1:06}")) is None
    assert 0 < len(router._remembered) <= REMEMBERED
    assert service(router, message("0400", "000000")) == "reversal"
