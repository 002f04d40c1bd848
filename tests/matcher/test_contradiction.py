"""Conditions that nothing fits are found, and none that something fits is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.matcher.contradiction import contradictions
from acquirer.matcher.expression import All, Any, Atom, Not, compiled
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS, RULE_KEYS, OneValue


def of(text, **least):
    return [key for key, _ in contradictions(parse_filter(text, RULE_KEYS), least)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ("amount>10 & amount<5", ["amount"]),
        ("amount>10.00 & amount<10.02", []),
        ("amount>10.00 & amount<10.01", ["amount"]),
        ("amount=10.00..20.00 & !(amount>=10 & amount<=20)", ["amount"]),
        ("amount<0", ["amount"]),
        ("!(amount>0) & !(amount<0)", []),  # of what has no amount, too
        ("amount=1.00 & amount=*.66", ["amount"]),
        ("amount>5 & amount=*.66", []),  # not known
        ("tid=10000161 & tid=10000162", ["tid"]),
        ("tid=10000161 & tid=1000016*", []),
        ("(tid=10000161 | tid=10000162) & tid!=1000016*", ["tid"]),
        ("tid=10000161 & service=sale & service!=sale", ["service"]),
        ("tid=10000161 | (tid=10000162 & tid=10000163)", []),  # the other one may hold
        ("tid>10000161 & tid<10000161", []),  # of text, not known
        ("nth<1", []),
        ("since=08:00 & until=18:00", []),
        ("since=18:00 & until=08:00", []),  # over midnight
        ("since=08:00 & until=08:00", ["until"]),
        ("until=00:00", ["until"]),
        ("since=22:00 & until=00:00", []),
        ("since=2026-01-02 & until=2026-01-02T00:00:01", []),
        ("since=2026-01-02 & until=2026-01-02", ["until"]),
        ("since=2026-01-02 & since=2026-01-05 & until=2026-01-03", ["until"]),
        ("since=2026-01-02 & until=08:00", []),
    ],
)
def test_keys_of_which_no_value_fits(text, keys):
    assert of(text) == keys


def test_two_faults_may_act_on_one_exchange():
    assert list(contradictions(parse_filter("fault=late & fault=wrong_mac", JOURNAL_KEYS))) == []


def test_numbers_may_begin_higher():
    assert of("nth<1", nth=1) == ["nth"]
    assert of("nth=2", nth=2) == []
    assert of("nth=2 | nth=1", nth=3) == ["nth"]


numbers = st.integers(0, 12)
atoms = st.one_of(
    st.builds(
        lambda operator, n: Atom("nth", operator, str(n)), st.sampled_from(["equal", ">", ">=", "<", "<="]), numbers
    ),
    st.builds(lambda low, n: Atom("nth", "range", str(low), str(low + n)), numbers, numbers),
)
expressions = st.recursive(
    atoms,
    lambda part: st.one_of(
        part.map(Not), st.lists(part, min_size=1, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(part, min_size=1, max_size=3).map(lambda parts: Any(tuple(parts))),
    ),
    max_leaves=6,
)  # fmt: skip


@given(expressions, st.integers(0, 5))
def test_numbers_are_impossible_exactly_when_none_fits(expression, least):
    possible = any(compiled(expression)(OneValue(number)) for number in range(least, 30))
    assert bool(list(contradictions(expression, {"nth": least}))) is not possible
