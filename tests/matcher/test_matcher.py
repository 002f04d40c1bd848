"""Conditions: tables and texts mean the same, and what they mean is what a plain reading of them says."""

from __future__ import annotations

import contextlib
import re
import warnings
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.matcher.expression import All, Atom, Not, compiled, keys_of, negation, required
from acquirer.matcher.filter_text import DEEPEST, LONGEST, as_filter, parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS, KEYS, REQUEST_KEYS, RULE_KEYS, ConditionError, find_key
from acquirer.matcher.near import edit_distance, near_misses
from acquirer.matcher.when import OPERATORS, from_mapping

EVERY_KEY = tuple(KEYS)


@dataclass(frozen=True)
class Dictionary:
    """A subject made of a dictionary."""

    values: dict[str, Any] = field(default_factory=dict)

    def value(self, key: str) -> str | int:
        found: str | int = self.values.get(key, "")
        return found


def fits(conditions: dict[str, Any] | str, **values: Any) -> bool:
    named = {name.replace("de_", "de.").replace("_", "."): value for name, value in values.items()}
    if isinstance(conditions, str):
        expression = parse_filter(conditions, EVERY_KEY)
    else:
        expression = from_mapping(conditions, EVERY_KEY)
    return compiled(expression)(Dictionary({**values, **named}))


@pytest.mark.parametrize(
    ("key", "written", "value", "expected"),
    [
        ("fault", "late", "wrong_mac, late", True),
        ("fault", "lat", "wrong_mac, late", False),
        ("fault", "!late", "wrong_mac, late", False),
        ("fault", "l*", "wrong_mac, late", True),
        ("fault", "~^late$", "wrong_mac, late", True),
        ("fault", "wrong_mac, late", "wrong_mac, late", True),
        ("fault", "*mac, l*", "wrong_mac, late", True),
        ("fault", "", "wrong_mac, late", False),
        ("fault", "", "", True),
        ("fault", "?", "wrong_mac, late", True),
        ("fault", "!late", "", True),
        ("code", "late", "wrong_mac, late", False),
        ("code", "00", "00", True),
        ("code", "00", "51", False),
        ("code", "!00", "51", True),
        ("code", "!00", "", True),
        ("tid", "T00*", "T0012345", True),
        ("tid", "T00*", "AT001234", False),
        ("tid", "*61", "10000161", True),
        ("tid", "10*61", "10000161", True),
        ("tid", "!T00*", "T0012345", False),
        ("tid", "~^T0[0-9]", "T0112345", True),
        ("tid", "~0[0-9]$", "T0112300", True),
        ("tid", "~^T0[0-9]$", "T0112345", False),
        ("rrn", "", "", True),
        ("rrn", "", "1", False),
        ("rrn", "!", "1", True),
        ("rrn", "?", "000000000001", True),
        ("rrn", "?", "", False),
        ("rrn", "!?", "", True),
        ("amount", "10", 1000, True),
        ("amount", "10.00", 1000, True),
        ("amount", 10, 1000, True),
        ("amount", 10.5, 1050, True),
        ("amount", "10.00", "", False),
        ("amount", ">10.00", 1001, True),
        ("amount", ">10.00", 1000, False),
        ("amount", ">=10.00", 1000, True),
        ("amount", "<10", 999, True),
        ("amount", "<=9.99", 999, True),
        ("amount", "<10", "", False),
        ("amount", "10.00..20.00", 2000, True),
        ("amount", "10.00..20.00", 1000, True),
        ("amount", "10.00..20.00", 2001, False),
        ("amount", "10..20", 1500, True),
        ("amount", "*.66", 1266, True),
        ("amount", "*.66", 6600, False),
        ("amount", "?", 0, True),
        ("amount", "", 0, False),
        ("amount", "0", 0, True),
        ("stan", ">000100", "000101", True),
        ("stan", ">000100", "000100", False),
        ("stan", ">000100", "", False),
        ("stan", "000001..000003", "000003", True),
        ("code", ">50", "A0", False),
        ("code", ["51", "61"], "61", True),
        ("code", ["51", "61"], "00", False),
        ("code", ["!51", "!61"], "61", False),
        ("code", ["!51", "!61"], "00", True),
        ("code", ["5*", "61"], "55", True),
        ("nth", 3, 3, True),
        ("nth", ">2", 3, True),
        ("nth", "2..3", 4, False),
        ("replayed", True, True, True),
        ("replayed", "false", False, True),
        ("replayed", "false", True, False),
        ("pan", "6212345678901232", "621234******1232", True),
        ("pan", "6212345678901233", "621234******1232", False),
        ("pan", "621234*", "621234******1232", True),
        ("pan", "*1232", "621234******1232", True),
        ("pan", "621234******1232", "621234******1232", True),
        ("peer", "=>1", ">1", True),
        ("peer", "=a*", "ab", False),
        ("peer", "=a*", "a*", True),
        ("peer", "a..b", "a..b", True),
        ("de.22", "05*", "051", True),
        ("de.60.3", "000", "000", True),
    ],
)
def test_a_value_is_compared_as_it_is_written(key, written, value, expected):
    expression = from_mapping({key: written}, EVERY_KEY)
    assert compiled(expression)(Dictionary({key: value})) is expected
    assert compiled(parse_filter(as_filter(expression), EVERY_KEY))(Dictionary({key: value})) is expected


@pytest.mark.parametrize(
    ("conditions", "moment", "expected"),
    [
        ({"since": "08:00"}, "20260102080000", True),
        ({"since": "08:00"}, "20260102075959", False),
        ({"until": "18:00"}, "20260102180000", False),
        ({"until": "18:00:01"}, "20260102180000", True),
        ({"since": "22:00", "until": "06:00"}, "20260102230000", True),
        ({"since": "22:00", "until": "06:00"}, "20260102053000", True),
        ({"until": "06:00", "since": "22:00"}, "20260102120000", False),
        ({"since": "2026-01-02"}, "20260102000000", True),
        ({"since": "2026-01-02T08:00"}, "20260102075959", False),
        ({"until": "2026-01-02T08:00", "since": "22:00"}, "20260101230000", True),
        ({"since": "08:00"}, "", False),
    ],
)
def test_times_of_day_and_moments(conditions, moment, expected):
    assert fits(conditions, moment=moment) is expected
    text = " & ".join(f"{key}={value}" for key, value in conditions.items())
    assert fits(text, moment=moment) is expected


def test_everything_of_a_table_must_hold_and_an_empty_one_always_does():
    assert fits({"service": "sale", "amount": ">10"}, service="sale", amount=1001)
    assert not fits({"service": "sale", "amount": ">10"}, service="sale", amount=1000)
    assert fits({})
    assert fits("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("service=sale & code!=00", True),
        ("service=sale&code!=00&tid=T00*&amount>100", True),
        ("service=sale & !(code=51 | code=61)", False),
        ("service=refund | code=51", True),
        ("service=refund | code=51 & amount<100", False),
        ("(service=refund | code=51) & amount>100", True),
        ("!service=refund", True),
        ("!!service=sale", True),
        ("tid~^T0[0-9]", True),
        ('tid~"^(T|U)0"', True),
        ("tid!~^T0[0-9]", False),
        ("rrn", False),
        ("code", True),
        ('!rrn & rrn="" & rrn!=?', True),
        ("amount=100.00..200.00", True),
        ("amount >= 150", True),
        ("amount=*.00", True),
        ("replayed", False),
        ('peer="127.0.0.1:1 (a)"', True),
        ("de.22=05* & de.60.3=000", True),
        ("code=!00", True),
    ],
)
def test_a_filter_reads_as_people_write_it(text, expected):
    subject = {"service": "sale", "code": "51", "tid": "T0012345", "amount": 15000, "rrn": "", "replayed": False}
    subject |= {"peer": "127.0.0.1:1 (a)", "de.22": "051", "de.60.3": "000"}
    assert compiled(parse_filter(text, JOURNAL_KEYS))(Dictionary(subject)) is expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("serivce=sale", "serivce: unknown key; did you mean 'service'?"),
        ("service=", "the filter cannot be read at 'service=': service has no value; write service=\"\" for an empty"),
        ("service=sale code=00", "the filter cannot be read at 'code=00': expected & or |"),
        ("(service=sale", "the filter cannot be read at its end: a ( is not closed"),
        ("service=sale)", "the filter cannot be read at ')': ')' closes nothing"),
        ("service=sale &", "the filter cannot be read at its end: expected a key, as in service=sale"),
        ("& service=sale", "expected a key"),
        ("!", "expected a key"),
        ("=5", "the filter cannot be read at '=5': expected a key"),
        ('peer="a', "the filter cannot be read at"),
        ("amount>ten", "amount: 'ten' is not an amount; write it like 12.34"),
        ("code>A0", "code: 'A0' is not a number; only digits have a size"),
        ("tid~[", "tid: '[' is not a regular expression: "),
        ("replayed=maybe", "replayed: 'maybe' is neither true nor false"),
        ("replayed>1", "replayed: has no size"),
        ("since=25:00", "since: '25:00' is not a time; write it like 08:00"),
        ("amount=20..10", "amount: '20.00..10.00' ends before it begins"),
        ("pan=62123456*", "pan: '62123456*' asks for digits that are never shown"),
        ("nth=1", "nth: is counted by a rule or a fault, which this is not; take it out"),
        ("card=visa", "card: is not kept in the journal; take it out"),
        ("de.129=1", "de.129: there is no such field; the last one is de.128"),
        ("(" * (DEEPEST + 1), f"more than {DEEPEST} parentheses inside each other"),
        ("a" * (LONGEST + 1), f"a filter has at most {LONGEST} characters"),
    ],
)
def test_a_filter_that_cannot_be_read_says_where(text, sentence):
    with pytest.raises(ConditionError, match=re.escape(sentence)):
        parse_filter(text, JOURNAL_KEYS)


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ({"code": []}, "code: is an empty list, which nothing fits"),
        ({"code": ["51", "!61"]}, "code: mixes values with ! and without in one list"),
        ({"code": 0}, 'code: write the value in quotes, as in "0": zeros in front count'),
        ({"code": {"not": "00"}}, "code: is neither a text nor a list of texts"),
        ({"amount": True}, "amount: is neither a text nor a list of texts"),
        ({"de.0": "1"}, "de.0: unknown key"),
        ({"amonut": "1"}, "amonut: unknown key; did you mean 'amount'?"),
    ],
)
def test_a_table_that_cannot_be_used_says_which_key(conditions, sentence):
    with pytest.raises(ConditionError, match=re.escape(sentence)):
        from_mapping(conditions, RULE_KEYS)


def test_what_is_not_known_yet_cannot_be_a_condition():
    with pytest.raises(ConditionError, match="code: is known only once the request is decided"):
        parse_filter("code=00", REQUEST_KEYS)
    with pytest.raises(ConditionError, match="delivery: is known only once the exchange is over"):
        parse_filter("delivery=sent", RULE_KEYS)


# properties

plain = st.text(st.sampled_from('ab01."\\ &|()'), min_size=1, max_size=6).filter(lambda text: ".." not in text)
texts = st.one_of(
    plain.map(lambda text: f"={text}"),
    plain.map(lambda text: f"!={text}"),
    st.sampled_from(["", "!", "?", "!?", "a*", "*b", "!a*b", "~a+", "!~^0", ">5", "<=10", "1..9", "!>=1"]),
)
conditions = st.dictionaries(
    st.sampled_from(["service", "tid", "code", "de.22"]),
    texts | st.lists(plain.map(lambda text: f"={text}"), min_size=1),
)
amounts = st.integers(0, 3000)
amount_texts = st.builds(
    "{}{}".format,
    st.sampled_from(["", "!", ">", ">=", "<", "<=", "!>"]),
    amounts.map(lambda n: f"{n // 100}.{n % 100:02}"),
)
subjects = st.fixed_dictionaries(
    {name: st.text(st.sampled_from("ab01"), max_size=3) for name in ("service", "tid", "code", "de.22")},
).flatmap(lambda values: st.builds(lambda amount: {**values, "amount": amount}, amounts | st.just("")))


def read_plainly(key: str, written: str, values: dict[str, Any]) -> bool:
    """What one value of a table says, worked out from its text each time."""
    value = values[key]
    if written.startswith("!"):
        return not read_plainly(key, written[1:], values)
    if written in ("", "?"):
        return (value == "") == (written == "")
    if key == "amount" or written[0] in "<>" or re.fullmatch("[0-9]+\\.\\.[0-9]+", written):
        if value == "" or not str(value).isdecimal():
            return False
        scale = 100 if key == "amount" else 1
        if ".." in written:
            low, high = written.split("..")
            return float(low) * scale <= int(value) <= float(high) * scale
        operator, number = re.fullmatch("([<>]?=?)(.*)", written).groups()
        wanted = round(float(number) * scale)
        comparison = (int(value) > wanted) - (int(value) < wanted)
        return comparison in {"": (0,), ">": (1,), ">=": (0, 1), "<": (-1,), "<=": (-1, 0)}[operator]
    if written[0] == "~":
        return bool(value) and re.search(written[1:], value) is not None
    if written[0] == "=":
        return value == written[1:]
    return bool(value) and fnmatchcase(value, written)


def holds_plainly(table: dict[str, Any], values: dict[str, Any]) -> bool:
    return all(
        any(read_plainly(key, one, values) for one in written) if isinstance(written, list) else
        read_plainly(key, written, values)
        for key, written in table.items()
    )  # fmt: skip


@given(conditions, st.none() | amount_texts, subjects)
def test_the_compiled_predicate_agrees_with_a_plain_reading(table, amount, values):
    if amount is not None:
        table = {**table, "amount": amount}
    expression = from_mapping(table, EVERY_KEY)
    assert compiled(expression)(Dictionary(values)) is holds_plainly(table, values)


@given(conditions, st.none() | amount_texts, subjects)
def test_a_table_and_its_text_are_one_expression(table, amount, values):
    if amount is not None:
        table = {**table, "amount": amount}
    expression = from_mapping(table, EVERY_KEY)
    assert parse_filter(as_filter(expression), EVERY_KEY) == expression


def trees():
    leaves = conditions.filter(bool).map(lambda table: from_mapping(table, EVERY_KEY))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda one: f"!({as_filter(one)})"),
            st.tuples(inner, st.sampled_from("&|"), inner).map(
                lambda three: f"({as_filter(three[0])}) {three[1]} ({as_filter(three[2])})"
            ),
        ).map(lambda text: parse_filter(text, EVERY_KEY)),
        max_leaves=6,
    )


@given(trees(), subjects)
def test_a_filter_that_is_written_again_means_the_same(expression, values):
    again = parse_filter(as_filter(expression), EVERY_KEY)
    assert again == expression
    subject = Dictionary(values)
    assert compiled(negation(expression))(subject) is not compiled(expression)(subject)


@given(trees(), st.sampled_from(["service", "tid"]), subjects)
def test_what_an_expression_requires_is_there_whenever_it_holds(expression, key, values):
    needed = required(expression, key)
    if needed is not None and compiled(expression)(Dictionary(values)):
        assert values[key] in needed


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ConditionError):
        parse_filter(text, JOURNAL_KEYS)


def test_what_a_conjunction_requires_is_what_all_its_parts_allow():
    expression = from_mapping({"tid": ["A", "B"], "service": "sale"}, EVERY_KEY)
    assert required(expression, "tid") == frozenset(("A", "B"))
    assert required(expression, "service") == frozenset(("sale",))
    assert required(expression, "code") is None
    assert required(Not(Atom("tid", "equal", "A")), "tid") is None
    assert required(parse_filter("tid=A | service=sale", EVERY_KEY), "tid") is None
    assert keys_of(expression) == {"tid", "service"}
    assert required(All(), "tid") is None


# help


def test_each_atom_and_each_operator_is_explained():
    assert Atom("amount", ">", "10.00").help == "amount: above 10.00 (as in 12.34)"
    assert Atom("de.22", "glob", "05*").help == "de.22: like 05*"
    for written, meaning in OPERATORS:
        assert meaning
        key = "amount" if "." in written else "code"
        values: Any = ["51", "61"] if written.startswith("[") else "" if written == '""' else written
        from_mapping({key: values}, EVERY_KEY)
    assert all(find_key(name, EVERY_KEY).help for name in EVERY_KEY)


# near misses


def entry(number: int, **values: Any) -> Dictionary:
    return Dictionary({"id": number, "mti": "0400", "service": "reversal", **values})


def near(conditions: dict[str, Any], *subjects: Dictionary) -> list[str]:
    return [str(miss) for miss in near_misses(from_mapping(conditions, EVERY_KEY), subjects)]


def test_a_near_miss_tells_what_differs_in_one_line():
    lines = near({"service": "reversal", "stan": "000003"}, entry(12, stan="000004"))
    assert lines == ["nearest: #12 0400 reversal  stan: wanted 000003, was 000004 ≠   everything else fits"]


def test_near_misses_are_three_by_failed_keys_then_by_distance_then_the_latest():
    wanted = {"service": "reversal", "stan": "000003", "amount": ">10.00"}
    found = near(
        wanted,
        entry(1, stan="000009", amount=500),
        entry(2, stan="999999", amount=1500),
        entry(3, stan="000004", amount=1500),
        entry(4, stan="000005", amount=1500),
        entry(5, stan="000003", amount=1001),  # fits, and is therefore no near miss
    )
    assert [line.split()[1] for line in found] == ["#4", "#3", "#2"]
    assert near(wanted, Dictionary({})) == [
        "nearest:   service: wanted reversal, was absent ≠; stan: wanted 000003, was absent ≠; "
        "amount: wanted above 10.00, was absent ≠   nothing fits"
    ]


def test_a_near_miss_names_alternatives_and_groups():
    assert near({"code": ["51", "61"]}, entry(1, code="00"))[0].endswith(
        "code: wanted 51 or 61, was 00 ≠   nothing fits"
    )
    (miss,) = near_misses(parse_filter("stan=1 & (tid=A | mid=B)", EVERY_KEY), [entry(1, stan="1", tid="C")])
    assert miss.failed == ("mid, tid: wanted tid=A | mid=B, was absent, C ≠",)
    (miss,) = near_misses(parse_filter("code!=00", EVERY_KEY), [entry(1, code="00")])
    assert miss.failed == ("code: wanted not 00, was 00 ≠",)


def test_a_near_miss_shows_no_card_number_and_no_control_characters():
    (line,) = near({"de.2": "1"}, entry(1, **{"de.2": "6212345678901232 \x1b[2J" + "x" * 100}))
    assert "6212345678901232" not in line
    assert "\x1b" not in line
    assert "…" in line


@given(st.text("01", max_size=6), st.text("01", max_size=6), st.text("01", max_size=6))
def test_the_edit_distance_is_a_metric(left, middle, right):
    assert edit_distance(left, right) == edit_distance(right, left)
    assert (edit_distance(left, right) == 0) == (left == right)
    assert edit_distance(left, right) <= edit_distance(left, middle) + edit_distance(middle, right)


@pytest.mark.parametrize("pattern", ["[[a]", "[a&&b]", "[a||b]"])
def test_a_regular_expression_that_later_versions_may_read_otherwise_is_read_without_a_word(pattern: str) -> None:
    """Found by `scripts/fuzz filter`: Python warns on stderr, where nothing but sentences of ours belong."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled(parse_filter(f'why~"{pattern}"', JOURNAL_KEYS))


@pytest.mark.parametrize("pattern", ["a{99999999999999999999}", "(" * 1500 + ")" * 1500])
def test_a_regular_expression_that_is_too_large_is_refused_in_one_sentence(pattern: str) -> None:
    with pytest.raises(ConditionError, match="is not a regular expression"):
        parse_filter(f'why~"{pattern}"', JOURNAL_KEYS)
