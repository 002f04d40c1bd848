"""What of a condition indexes answer: together with the rest it means what the condition means."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.journal.entry import Entry
from acquirer.journal.exchange_filter import ExchangeFilter as Wanted
from acquirer.journal.lookup import MOST_LOOKUPS, SearchPlan, make_plan
from acquirer.journal.subject import JournalSubject
from acquirer.matcher.expression import ALWAYS, All, Atom, Expression, Not, compiled, conjunction, disjunction
from acquirer.matcher.filter_text import as_filter
from tests.journal.fake_source import NEW_YEAR_US, SHANGHAI, FakeSource, expression, search_of

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its summer time is half an hour


@pytest.mark.parametrize(
    ("text", "lookups", "before", "rest"),
    [
        ("", [Wanted()], None, ""),
        ("tid=10000161", [Wanted(tid="10000161")], None, ""),
        ("service=sale & code!=00", [Wanted(service="sale")], None, "code!=00"),
        (
            "mti=0200 & stan=000003 & reason=approved",
            [Wanted(mti="0200", stan="000003", reason="approved")],
            None,
            "",
        ),
        ("tid=A | tid=B", [Wanted(tid="A"), Wanted(tid="B")], None, ""),
        (
            "(tid=A & code=51) | (tid=A & code=61)",
            [Wanted(tid="A")],
            None,
            "(tid=A & code=51) | (tid=A & code=61)",
        ),
        ("(tid=A | tid=B) & (tid=B | tid=C)", [Wanted(tid="B")], None, ""),
        ("tid=A & tid=B", [], None, ""),
        (
            "(service=sale | service=void) & code=00",
            [Wanted(code="00", service=s) for s in ("sale", "void")],
            None,
            "",
        ),
        ("tid=A & (code=51 | code=61)", [Wanted(tid="A")], None, "code=51 | code=61"),
        ("tid=A | code=00", [Wanted()], None, "tid=A | code=00"),
        ("!(tid=A)", [Wanted()], None, "tid!=A"),
        ('code="" & rrn', [Wanted()], None, 'code="" & rrn=?'),
        ("id=12", [Wanted(after=11)], 13, ""),
        ("id>3 & id<=9", [Wanted(after=3)], 10, ""),
        ("id=3..9 & id>=5", [Wanted(after=4)], 10, ""),
        ("id<4 & id<9", [Wanted()], 4, ""),
        ("id!=4", [Wanted()], None, "id!=4"),
        ("since=2026-01-01", [Wanted(since_us=NEW_YEAR_US)], None, ""),
        ("until=2026-01-01T00:00:01 & until=2027-01-01", [Wanted(until_us=NEW_YEAR_US + 1_000_000)], None, ""),
        ("until=1969-01-01", [], None, ""),
        ("since=08:00", [Wanted()], None, "since=08:00:00"),
        ("since=0001-01-01", [Wanted()], None, ""),
        ("until=9999-12-31T23:59:59", [Wanted(until_us=253402271999 * 1_000_000)], None, ""),
        ("tid=T00* & amount>10", [Wanted()], None, "tid=T00* & amount>10.00"),
        ("pan=621234* & delivery=sent", [Wanted()], None, "pan=621234* & delivery=sent"),
        (" | ".join(f"tid={n}" for n in range(9)), [Wanted()], None, " | ".join(f"tid={n}" for n in range(9))),
    ],
)
def test_a_condition_is_divided(text: str, lookups: list[Wanted], before: int | None, rest: str) -> None:
    plan = make_plan(expression(text), SHANGHAI)
    assert (list(plan.lookups), plan.before, as_filter(plan.rest)) == (lookups, before, rest)


def test_which_searches_are_led_by_an_index() -> None:
    led = ["tid=A", "tid=A | tid=B", "service=sale & code=00", "service=sale & since=2026-01-01", "tid=A & tid=B"]
    led += ["service=sale", "code=00", "reason=approved", "mti=0200", "until=2026-01-01", "tid=A & stan=000003"]
    assert [text for text in led if not make_plan(expression(text), SHANGHAI).selective] == []
    searched = ["", "stan=000003", "service=sale & stan=000003", "tid=A | code=00", "amount>10", "tid=T00*"]
    assert [text for text in searched if make_plan(expression(text), SHANGHAI).selective] == []


def test_an_hour_that_a_clock_shows_twice_is_compared_as_text_too() -> None:
    """On 25 October 2026 it is half past two in Berlin at 00:30 and again at 01:30 UTC."""
    first_us, second_us = (1_792_888_200_000_000, 1_792_891_800_000_000)
    since, until = (make_plan(expression(f"{key}=2026-10-25T02:30"), BERLIN) for key in ("since", "until"))
    assert (since.lookups[0].since_us, until.lookups[0].until_us) == (first_us, second_us)
    assert (since.rest, until.rest) == (expression("since=2026-10-25T02:30"), expression("until=2026-10-25T02:30"))


TIDS, SERVICES, CODES = ("A", "B", "C", ""), ("sale", "void", "echo", ""), ("00", "51", "")
MOMENTS = (
    "20260329013000",
    "20260329023000",
    "20261025023000",
    "20261004021500",
    "20260405014500",
    "083000",
    "20260231000000",
)

ATOMS = st.one_of(
    st.builds(Atom, st.just("tid"), st.just("equal"), st.sampled_from(TIDS)),
    st.builds(Atom, st.just("service"), st.just("equal"), st.sampled_from(SERVICES)),
    st.builds(Atom, st.just("code"), st.just("equal"), st.sampled_from(CODES)),
    st.builds(Atom, st.sampled_from(["tid", "code", "rrn"]), st.sampled_from(["present", "absent"])),
    st.builds(Atom, st.just("id"), st.sampled_from(["equal", ">", ">=", "<", "<="]), st.integers(0, 12).map(str)),
    st.builds(lambda low, more: Atom("id", "range", str(low), str(low + more)), st.integers(0, 9), st.integers(0, 9)),
    st.builds(Atom, st.sampled_from(["since", "until"]), st.just("equal"), st.sampled_from(MOMENTS)),
    st.builds(Atom, st.just("tid"), st.just("glob"), st.sampled_from(["A*", "*"])),
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda below: st.one_of(
        st.builds(Not, below),
        st.builds(conjunction, st.lists(below, min_size=1, max_size=4)),
        st.builds(disjunction, st.lists(below, min_size=1, max_size=4)),
    ),
    max_leaves=8,
)
TURNS_US = (1_774_746_000_000_000, 1_792_890_000_000_000, 1_791_041_400_000_000, 1_775_314_800_000_000)
TIMES = st.builds(lambda turn, more: turn + more * 450_000_000, st.sampled_from(TURNS_US), st.integers(-9, 9))


@st.composite
def journals(draw: st.DrawFn) -> list[Entry]:
    count = draw(st.integers(0, 10))
    return [
        Entry(
            at_us=draw(TIMES),
            tid=draw(st.sampled_from(TIDS)),
            service=draw(st.sampled_from(SERVICES)),
            code=draw(st.sampled_from(CODES)),
            id=number + 1,
        )
        for number in range(count)
    ]


@given(EXPRESSIONS, journals(), st.sampled_from([SHANGHAI, BERLIN, LORD_HOWE]))
def test_index_and_rest_find_what_the_condition_fits(
    condition: Expression, entries: list[Entry], zone: ZoneInfo
) -> None:
    fits = compiled(condition)
    expected = [entry.id for entry in entries if fits(JournalSubject(entry, zone))]
    search = search_of(FakeSource(entries))
    search.timezone = zone
    assert [entry.id for entry in search.list(condition)] == expected


def test_more_values_than_are_looked_up_are_compared() -> None:
    values = [Atom("tid", "equal", str(number)) for number in range(MOST_LOOKUPS + 1)]
    plan = make_plan(disjunction(values), SHANGHAI)
    assert (plan.lookups, plan.rest) == ((Wanted(),), disjunction(values))
    assert len(make_plan(disjunction(values[1:]), SHANGHAI).lookups) == MOST_LOOKUPS


def test_a_plan_without_conditions_finds_all() -> None:
    assert make_plan(ALWAYS, SHANGHAI) == SearchPlan()
    assert SearchPlan().bounded(3, 9) == SearchPlan((Wanted(after=3),), 9, All())
