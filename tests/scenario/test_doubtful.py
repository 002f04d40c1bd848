"""Rules and faults that will not act as things stand are named when a host starts, and no others."""

from __future__ import annotations

import io
import json

import pytest

from acquirer.app.build import MOST_DOUBTS
from acquirer.scenario.doubtful import doubtful
from acquirer.scenario.faults import parse
from acquirer.scenario.rules.reading import make_rule
from acquirer.settings.packs import pack_names, read_pack
from acquirer.settings.specs import load_dialect
from acquirer.testing import running_host

UNIONPAY = load_dialect("unionpay-pos")
TIDS = ("10000161", "10000162")


def of(*rules, faults=()):
    read = [
        make_rule({"name": chr(97 + i), "then": {"code": "51"}, **rule}, [UNIONPAY]) for i, rule in enumerate(rules)
    ]
    return list(doubtful(read, [parse(fault) for fault in faults], [UNIONPAY], ["poor", "lost"], TIDS))


SALE = {"service": "sale"}


@pytest.mark.parametrize(
    "rules",
    [
        [{}],
        [{"when": SALE}, {"when": SALE, "priority": 4, "times": 1}],
        [{"when": SALE}, {"when": SALE, "priority": 4, "after": 1}],
        [{"when": SALE}, {"when": {**SALE, "nth": "3"}, "priority": 4}],
        [{"when": SALE}, {"when": {**SALE, "amount": ">10"}}],
        [{"when": SALE}, {"when": SALE, "then": {"code": "906"}}],  # passed over where there is no such code
        [{"when": SALE, "scenario": "s", "state": "start"}, {"when": SALE, "scenario": "s", "state": "b", "next": "c"},
         {"scenario": "s", "next": "b", "when": {"service": "echo"}}],
        [{"scenario": "s", "state": "b"}, {"scenario": "s", "next": "b", "when": SALE}],
        [{"when": {"tid": ["10000161", "99999999"], "card": ["poor", "other"]}}],
    ],
)  # fmt: skip
def test_what_can_act_is_not_doubted(rules):
    rules = [{**rule, "then": rule.get("then", {"code": "51"})} for rule in rules]
    read = [make_rule({"name": chr(97 + i), **rule}) for i, rule in enumerate(rules)]
    assert list(doubtful(read, [], [UNIONPAY], ["poor"], TIDS)) == []


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        (
            [{"when": SALE}, {"when": SALE}],
            "rule 'a' cannot act: 'b' is asked before it and fires whenever it w",
        ),
        ([{"when": {**SALE, "amount": ">10"}}, {"when": SALE}], "rule 'a' cannot act: 'b' is asked before it"),
        ([{"when": SALE}, {"priority": 4}], "rule 'a' cannot act: 'b' is asked before it"),
        ([{"when": SALE, "priority": 2}, {}], None),
        (
            [{"when": SALE, "scenario": "s", "state": "start"}, {"when": SALE, "scenario": "s", "state": "start"}],
            "rule 'a' cannot act: 'b' is asked before it",
        ),
        (
            [{"scenario": "s", "state": "ope"}, {"when": SALE, "scenario": "s", "next": "open"}],
            "rule 'a' cannot act: no rule brings scenario 's' to state 'ope'; did you mean 'open'?",
        ),
        (
            [{"scenario": "s", "state": "b", "next": "c"}, {"scenario": "s", "state": "c", "next": "b"}],
            "rule 'a' cannot act: no rule brings scenario 's' to state 'b'; it is for programs to bring it there",
        ),
        ([{"when": {"card": "pooor"}}], "rule 'a' cannot act: no card is called 'pooor'; did you mean 'poor'?"),
        ([{"when": {"tid": "10000999"}}], "rule 'a' cannot act: terminal 10000999 is not registered"),
    ],
)
def test_what_will_not_act_is_named(rules, sentence):
    found = of(*rules)
    assert found[0].startswith(sentence) if sentence else found == []


def test_both_rules_of_a_circle_that_is_never_entered_are_named():
    circle = [{"scenario": "s", "state": "b", "next": "c"}, {"scenario": "s", "state": "c", "next": "b"}]
    assert [sentence.partition(":")[0] for sentence in of(*circle)] == ["rule 'a' cannot act", "rule 'b' cannot act"]


def test_faults_of_terminals_and_cards_that_are_not_there():
    found = of(faults=["silent:tid=10000999,name=one", "late:when=card=pooor,name=two", "late:tid=10000161"])
    assert [sentence.partition(":")[0] for sentence in found] == ["fault 'one' cannot act", "fault 'two' cannot act"]


@pytest.mark.parametrize("name", pack_names())
def test_nothing_of_a_shipped_pack_is_doubted(name):
    log = io.StringIO()
    with running_host(pack=[name], log=log):
        assert read_pack(name).name == name
    assert "cannot act" not in log.getvalue()


def test_a_host_warns_when_it_starts_and_no_longer_than_is_read(tmp_path):
    rule = '[[rule]]\nname = "{0}"\nwhen = {{ tid = "9000{0:04}" }}\nthen = {{ code = "51" }}\n'
    (tmp_path / "many.toml").write_text("".join(rule.format(n) for n in range(1, MOST_DOUBTS + 4)), encoding="utf-8")
    log = io.StringIO()
    with running_host(pack=[str(tmp_path / "many.toml")], log=log):
        pass
    warnings = [line for line in map(json.loads, log.getvalue().splitlines()) if "cannot act" in str(line)]
    assert len(warnings) == MOST_DOUBTS + 1
    assert "rule '1' cannot act: terminal 90000001 is not registered" in str(warnings[0])
    assert "3 more rules and faults cannot act" in str(warnings[-1])
