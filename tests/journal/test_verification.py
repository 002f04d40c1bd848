"""Waiting and verifying: what is answered when, and the text in its fixed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from acquirer.journal.expected_count import read_count
from acquirer.journal.search import Bounds
from acquirer.journal.verification import KEPT, PAST_ONLY, ExpectedExchanges, Verification, verify_count
from tests.journal.fake_source import FakeSource, FakeWaiter, expression, search_of

Source = FakeSource


def verified(
    source: FakeSource, waiter: FakeWaiter, text: str, count: int | str | None = None, **more: Any
) -> Verification:
    expected = ExpectedExchanges(expression(text), read_count(count), **{"within_s": 5.0, **more})
    return verify_count(search_of(source), waiter, expected)


def morning() -> FakeSource:
    """Fourteen exchanges of one terminal, a rule and its fault at one of them."""
    source = FakeSource()
    for number in range(1, 11):
        source.add("sale", mti="0200", stan=f"{number:06}", amount_minor=1000)
    source.add("sale", mti="0200", stan="000011", amount_minor=6666, rule="tunnel", fault="silent", delivery="silent")
    source.add("reversal", mti="0400", stan="000004", amount_minor=6666)
    source.add("sale", mti="0200", stan="000012", tid="10000162")
    source.add("echo", mti="0820")
    source.add("echo", mti="0820")
    return source


def test_a_failure_names_the_nearest_and_the_rules_that_fired() -> None:
    waiter = FakeWaiter()
    found = verified(morning(), waiter, "service=reversal & stan=000003 & tid=10000161", 1)
    assert found.text.splitlines() == [
        "expected exactly 1 reversal of STAN 000003 within 5 s, saw 0 of 14 exchanges of terminal 10000161",
        "nearest: #12 0400 reversal  stan: wanted 000003, was 000004 ≠   everything else fits",
        "nearest: #3 0200 sale  service: wanted reversal, was sale ≠   everything else fits",
        "nearest: #9 0200 sale  service: wanted reversal, was sale ≠; stan: wanted 000003, was 000009 ≠   "
        "everything else fits",
        "rules that fired: 'tunnel' ×1 (fault silent) at #11 0200 sale 66.66",
    ]
    assert (found.met, found.count, found.entries) == (False, 0, ())
    assert [miss.subject.value("id") for miss in found.nearest] == [12, 3, 9]
    assert waiter.waits == [5.0]


def adds(source: FakeSource, *services: str) -> Callable[[], object]:
    return lambda: [source.add(service) for service in services]


@pytest.mark.parametrize(
    ("count", "past", "planned", "more", "met", "at_s", "first_line"),
    [
        (None, ["sale"], [], {}, True, 0.0, "expected at least 1 sale, saw 1"),
        (None, [], [(2.0, ["sale"])], {}, True, 2.0, "expected at least 1 sale, saw 1"),
        (None, ["echo"], [], {}, False, 5.0, "expected at least 1 sale within 5 s, saw 0 of 1 exchange"),
        (None, [], [], {"within_s": 0.0}, False, 0.0, "expected at least 1 sale, saw 0 of 0 exchanges"),
        (
            2,
            ["sale"],
            [(1.0, ["echo"]), (2.0, ["sale"])],
            {},
            True,
            2.0,
            f"expected exactly 2 sales, saw 2; {PAST_ONLY}",
        ),
        (1, ["sale"], [(2.0, ["sale"])], {}, True, 0.0, f"expected exactly 1 sale, saw 1; {PAST_ONLY}"),
        (
            1,
            ["sale"],
            [(2.0, ["sale"])],
            {"quiet_s": 3.0},
            False,
            2.0,
            "expected exactly 1 sale for 3 s within 5 s, saw 2 of 2 exchanges",
        ),
        (1, ["sale"], [(2.0, ["echo"])], {"quiet_s": 3.0}, True, 3.0, "expected exactly 1 sale for 3 s, saw 1"),
        (1, [], [(4.0, ["sale"])], {"quiet_s": 2.0}, True, 6.0, "expected exactly 1 sale for 2 s, saw 1"),
        (1, ["sale", "sale"], [], {}, False, 0.0, "expected exactly 1 sale within 5 s, saw 2 of 2 exchanges"),
        (0, ["echo"], [], {}, True, 0.0, f"expected no sale, saw 0; {PAST_ONLY}"),
        (
            0,
            ["echo"],
            [(1.0, ["sale"])],
            {"quiet_s": 2.0},
            False,
            1.0,
            "expected no sale for 2 s, saw 1 of 2 exchanges",
        ),
        (0, ["echo"], [(3.0, ["sale"])], {"quiet_s": 2.0}, True, 2.0, "expected no sale for 2 s, saw 0"),
        (
            "1..2",
            [],
            [(1.0, ["sale", "sale", "sale"])],
            {},
            False,
            1.0,
            "expected 1 to 2 sales within 5 s, saw 3 of 3 exchanges",
        ),
        (">=2", ["sale"] * 3, [], {}, True, 0.0, "expected at least 2 sales, saw 3"),
        (1, ["sale", "sale"], [], {"after": 1}, True, 0.0, f"expected exactly 1 sale, saw 1; {PAST_ONLY}"),
        (
            1,
            ["sale", "echo"],
            [],
            {"after": 1},
            False,
            5.0,
            "expected exactly 1 sale within 5 s, saw 0 of 1 exchange after #1",
        ),
    ],
)
def test_when_what_is_answered(
    count: int | str | None,
    past: list[str],
    planned: list[tuple[float, list[str]]],
    more: dict[str, Any],
    met: bool,
    at_s: float,
    first_line: str,
) -> None:
    source = FakeSource()
    adds(source, *past)()
    waiter = FakeWaiter(*((at, adds(source, *services)) for at, services in planned))
    found = verified(source, waiter, "service=sale", count, **more)
    assert (found.met, waiter.time_s, found.text.splitlines()[0]) == (met, at_s, first_line)
    assert found.count == sum(entry.service == "sale" for entry in source.entries[more.get("after", 0) :])


def test_too_many_are_shown_instead_of_near_misses() -> None:
    source = FakeSource()
    adds(source, "sale", "echo", "sale", "sale", "sale")()
    found = verified(source, FakeWaiter(), "service=sale & code=00", "1..2")
    assert found.text.splitlines()[1:] == [
        "fits: #3 sale  10000161",
        "fits: #4 sale  10000161",
        "fits: #5 sale  10000161",
    ]
    assert found.nearest == ()


def test_only_what_is_new_is_looked_at_again() -> None:
    source = FakeSource()
    adds(source, *["echo"] * 900)()
    waiter = FakeWaiter(*((float(at), adds(source, "sale")) for at in range(1, 5)))
    source.returned = 0
    assert verified(source, waiter, "service=echo | service=sale & code=00", 904).met
    assert source.returned < 2 * 904


def test_a_delivery_that_changes_is_looked_at_again() -> None:
    source = FakeSource()
    sale = source.add("sale", delivery="pending")

    def answer() -> None:
        sale.delivery = "sent"

    found = verified(source, FakeWaiter((1.0, answer)), "service=sale & delivery=sent", 1)
    assert (found.met, found.count) == (True, 1)


def test_the_latest_that_fit_are_returned_oldest_first() -> None:
    source = FakeSource()
    adds(source, *["sale"] * (KEPT + 5))()
    waiter = FakeWaiter((1.0, adds(source, "sale", "sale")))
    found = verified(source, waiter, "service=sale", f">={KEPT + 7}")
    assert [entry.id for entry in found.entries] == list(range(8, KEPT + 8))


def test_what_is_enough_is_counted_no_further() -> None:
    source = FakeSource()
    adds(source, *["sale"] * 3_000)()
    found = verified(source, FakeWaiter(), "service=sale")
    assert (found.count, found.text) == (KEPT, f"expected at least 1 sale, saw at least {KEPT}")
    assert [entry.id for entry in found.entries] == list(range(3_001 - KEPT, 3_001))
    assert verified(source, FakeWaiter(), "service=sale", ">=2000").count == 2_000
    assert source.returned < 6_000
    assert verified(source, FakeWaiter(), "service=sale", 3_000).count == 3_000


def test_a_search_that_stopped_early_says_so() -> None:
    source = FakeSource()
    adds(source, *["sale"] * 30)()
    search = search_of(source, Bounds(10))
    found = verify_count(search, FakeWaiter(), ExpectedExchanges(expression("service=sale & code=0*"), read_count(10)))
    assert (
        found.text
        == f"expected exactly 10 sales with code like 0*, saw 10; {PAST_ONLY}; exchanges before #21 were not looked at"
    )
    missed = verify_count(search, FakeWaiter(), ExpectedExchanges(expression("stan=000001"), read_count(1)))
    assert missed.text.splitlines()[0] == (
        "expected exactly 1 exchange of STAN 000001, saw 0 of the latest 10 exchanges; exchanges before #21 were not "
        "looked at"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "exchange"),
        ("service=sale & amount>10 & code!=00", "sale with amount above 10.00, code not 00"),
        ("tid=T00* & (code=51 | code=61)", "exchange with tid like T00*, code 51 or 61"),
        ("service=sale | code=51", "exchange with (service=sale | code=51)"),
        (
            "stan=000001 & rrn & since=2026-01-02T08:00",
            "exchange of STAN 000001 with rrn present, since 2026-01-02T08:00:00",
        ),
        ("pan=6212345678901232 & replayed", "exchange with pan 621234******1232, replayed true"),
        ('why="card 6212345678901232"', "exchange with why card 621234******1232"),
        ("!(service=sale & code=00)", "exchange with (!(service=sale & code=00))"),
    ],
)
def test_what_was_expected_in_words(text: str, words: str) -> None:
    found = verified(FakeSource(), FakeWaiter(), text, within_s=0.0)
    assert found.text == f"expected at least 1 {words}, saw 0 of 0 exchanges"


def test_faults_without_a_rule_and_many_rules() -> None:
    source = FakeSource()
    source.add("sale", fault="late")
    source.add("sale", fault="late")
    for number in range(7):
        source.add("echo", rule=f"rule {number}")
    text = verified(source, FakeWaiter(), "service=void", within_s=0.0).text
    assert text.splitlines()[-2:] == [
        "rules that fired: 'rule 6' ×1 at #9 echo; 'rule 5' ×1 at #8 echo; 'rule 4' ×1 at #7 echo; "
        "'rule 3' ×1 at #6 echo; 'rule 2' ×1 at #5 echo; and 2 more",
        "faults that acted: 'late' ×2 at #2 sale",
    ]
