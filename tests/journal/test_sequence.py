"""Verifying an order: which steps are found, and what is said of the one that is missing."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.journal.sequence import MOST_STEPS, ExpectedOrder, verify_order
from acquirer.journal.verification import Verification
from tests.journal.fake_source import FakeSource, FakeWaiter, expression, search_of


def ordered(services: str, steps: str, **more: Any) -> Verification:
    source = FakeSource()
    for service in services.split():
        source.add(service, mti="0200")
    return verified(source, FakeWaiter(), steps, **more)


def verified(source: FakeSource, waiter: FakeWaiter, steps: str, scope: str = "", **more: Any) -> Verification:
    conditions = [expression(f"service={step}" if "=" not in step else step) for step in steps.split(", ")]
    return verify_order(search_of(source), waiter, ExpectedOrder(conditions, scope=expression(scope), **more))


@pytest.mark.parametrize(
    ("services", "steps", "loose", "strict"),
    [
        ("sale sign_on sale", "sale, sign_on, sale", True, True),
        ("sale echo sign_on sale", "sale, sign_on, sale", True, False),
        ("echo sale sign_on echo", "sale, sign_on", True, True),
        ("sale sale sign_on", "sale, sign_on", True, True),
        ("sign_on sale", "sale, sign_on", False, False),
        ("sale", "sale, sale", False, False),
        ("sale sale", "sale, sale", True, True),
        ("", "sale", False, False),
        ("echo sale", "code=00, service=sale & code=00", True, True),
    ],
)
def test_which_orders_are_seen(services: str, steps: str, loose: bool, strict: bool) -> None:
    assert ordered(services, steps).met is loose
    assert ordered(services, steps, strict=True).met is strict


def test_an_order_that_was_not_seen_in_words() -> None:
    found = ordered("sale sign_on echo", "sale, sign_on, stan=000003 & service=sale", within_s=5.0)
    assert found.text.splitlines() == [
        "expected sale, then sign_on, then sale of STAN 000003 within 5 s, saw the first 2 of 3 steps in 3 exchanges",
        "missing: sale of STAN 000003 after #2 0200 sign_on",
        "nearest: #3 0200 echo  stan: wanted 000003, was absent ≠; service: wanted sale, was echo ≠   nothing fits",
    ]
    assert [entry.id for entry in found.entries] == [1, 2]


def test_what_stands_between_is_named() -> None:
    found = ordered("sale echo sign_on", "sale, sign_on", strict=True)
    assert found.text.splitlines() == [
        "expected sale, directly then sign_on, saw the first 1 of 2 steps in 3 exchanges",
        "missing: sign_on directly after #1 0200 sale",
        "instead: #2 0200 echo",
        "nearest: #2 0200 echo  service: wanted sign_on, was echo ≠   nothing fits",
    ]


def test_only_the_scope_is_looked_at() -> None:
    source = FakeSource()
    source.add("sale", tid="A")
    source.add("echo", tid="B")
    source.add("sign_on", tid="A")
    assert verified(source, FakeWaiter(), "sale, sign_on", "tid=A", strict=True).met
    assert not verified(source, FakeWaiter(), "sale, sign_on", "tid=B").met
    assert not verified(source, FakeWaiter(), "sale, sign_on", "tid=A", after=1).met


def test_steps_are_waited_for_and_seen_at_once() -> None:
    source = FakeSource()
    source.add("sale", delivery="pending")
    waiter = FakeWaiter((1.0, lambda: source.add("echo")), (2.0, lambda: source.add("sign_on")), (3.0, lambda: None))
    found = verified(source, waiter, "sale, sign_on", within_s=5.0)
    assert (found.met, waiter.time_s, found.text) == (True, 2.0, "expected sale, then sign_on, saw #1 sale, #3 sign_on")


def test_a_delivery_is_looked_at_again() -> None:
    source = FakeSource()
    sale = source.add("sale", delivery="pending")

    def answer() -> None:
        sale.delivery = "sent"

    assert verified(source, FakeWaiter((1.0, answer)), "delivery=sent, service=echo", within_s=2.0).count == 1


@pytest.mark.parametrize("number", [0, MOST_STEPS + 1])
def test_the_number_of_steps_has_bounds(number: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to {MOST_STEPS} steps, not {number}"):
        verify_order(search_of(FakeSource()), FakeWaiter(), ExpectedOrder([expression("")] * number))
