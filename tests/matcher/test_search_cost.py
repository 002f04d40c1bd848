"""No pattern that a person writes keeps the loop: it is refused, or bounded by what it may try."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.data.toml import DataError, parse_toml
from acquirer.matcher.expression import Atom, compiled, regular_expression
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS, ConditionError, OneValue
from acquirer.matcher.search_cost import LONGEST_SEARCHED, MOST_COST, search_cost
from acquirer.matcher.when import from_mapping
from acquirer.scenario.rules.reading import read_rules
from acquirer.settings.specs import load_dialect

ENDLESS = (
    "(a+)+$", "(a*)*b", "(a|a)*b", "(a|aa)+$", "(.*)*x", "([a-z]+,)*x", r"(\w+\s?)*$", "(a+?)+?b", "(?:a?){30}a{30}",
    "a?" * 30 + "a" * 30, "a*a*a*b", "(?=(a+)+b)a", "(?!(a+)+b)a", "(?>(a+)+)b", "(?i:(a+)+)$", r"(a)?(?(1)(b+)+|c)$",
    "((a{0,9}){0,9}){0,9}b", "(?i)" + "[a-c]?" * 15 + "[a-d]{90}X", "a?" * 15 + "a" * 100 + "b",
    "a*a*" + "a" * 50 + "b", r"(?:(?:(?:\b){250}){250}){250}", r"(?:\b){1000000000}", "(a++)+b",
)  # fmt: skip
USUAL = (
    "MAC differs", "too (late|early)", "^T0[0-9]{2,4}$", "^(01|02|05|07|80|90|91|98)", "MAC.*differs", "(?i)mac|pin",
    "^[0-9]{6}$", "(?:ab)+c", "[^ ]+ [^ ]+", r"\bA0\b", "", "(?<=0)1", r"(\d)\1", "1$", ".*MAC.*differs",
)  # fmt: skip


@pytest.mark.parametrize("pattern", ENDLESS)
def test_what_could_take_for_ever_is_refused_in_one_sentence_everywhere(pattern: str) -> None:
    sentence = r"may take too long to search: use fewer of \* \+ \? \{ \} \|, and none inside a repeat"
    quoted = pattern.replace("\\", "\\\\")
    with pytest.raises(ConditionError, match=sentence):
        parse_filter(f'why~"{quoted}"', JOURNAL_KEYS)
    with pytest.raises(ConditionError, match=sentence):
        from_mapping({"why": f"~{pattern}"}, JOURNAL_KEYS)
    rule = f"[[rule]]\nname = 'x'\nwhen = {{ tid = '~{pattern}' }}\nthen = {{ code = '05' }}\n"
    with pytest.raises(DataError, match=sentence):
        read_rules(parse_toml(rule, "any.toml"), [load_dialect("unionpay-pos")])


@pytest.mark.parametrize("pattern", USUAL)
def test_usual_patterns_are_taken_and_have_room(pattern: str) -> None:
    compiled(from_mapping({"why": f"~{pattern}"}, JOURNAL_KEYS))
    assert search_cost(pattern) <= MOST_COST


def test_steps_are_counted() -> None:
    places = LONGEST_SEARCHED + 1
    for pattern, steps in {
        "xyz": 3,
        "[xy]z": 6 + 1,
        "(ab)c": 2 + 10 + 1,
        "ab|cd": 2 + 2 + 10,
        "a?b": 1 + 2 * 1,
        "a*b": 256 + 257 * 1,
        "a{2,4}b": 4 + 3 * 1,
        "(?:ab|c){2}d": (1 + 2) * (2 + 1 + 10) + 4 * 1,
    }.items():
        assert search_cost(pattern) == places * steps, pattern


def test_a_search_looks_at_the_beginning_of_a_value() -> None:
    for before, found in ((LONGEST_SEARCHED - 1, True), (LONGEST_SEARCHED, False)):
        assert compiled(Atom("why", "regex", "x"))(OneValue("a" * before + "x")) == found
        assert compiled(Atom("why", "glob", "*x"))(OneValue("a" * before + "x"))


@given(st.text("ab*", max_size=12), st.text("ab", max_size=12))
def test_stars_stand_for_anything(operand: str, text: str) -> None:
    if "*" in operand and text:
        assert compiled(Atom("why", "glob", operand))(OneValue(text)) == fnmatchcase(text, operand)


def test_many_stars_end() -> None:
    """Before, each star multiplied the places to be tried by the length of the text."""
    assert not compiled(Atom("why", "glob", "*a" * 12 + "*b"))(OneValue("a" * 4_000))


def test_the_most_that_is_taken_ends() -> None:
    for pattern in ("a*a*b", "a?" * 15 + "b", "a{0,200}a{0,200}b"):
        assert search_cost(pattern) <= MOST_COST
        assert regular_expression(pattern).search("a" * 9_999, 0, LONGEST_SEARCHED) is None
