"""Ten thousand rules that do not fire cost an exchange no call more than a few: counted, for times say little."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager

import pytest

from acquirer.scenario.rules.reading import make_rule
from acquirer.settings.specs import load_dialect
from tests.host.conftest import TID

UNIONPAY = load_dialect("unionpay-pos")
MANY = 10_000

ASKING = 10
"""Calls by which it is found that no rule is in question: some 5 of 470, measured."""

OTHERS = ("balance", "refund", "void", "reversal", "sign_off", "echo")


def rule(number):
    """Return a rule of the terminal for another service, every second one of another terminal for any."""
    when = {"tid": TID, "service": OTHERS[number % len(OTHERS)]} if number % 2 else {"tid": f"9{number:07}"}
    return make_rule({"name": str(number), "when": when, "then": {"code": "96"}}, [UNIONPAY])


@contextmanager
def counted_calls():
    counts = {"calls": 0}

    def count(_frame, event, _argument):
        counts["calls"] += event in ("call", "c_call")

    gc.disable()  # hypothesis is called at each collection
    sys.setprofile(count)
    try:
        yield counts
    finally:
        sys.setprofile(None)
        gc.enable()


@pytest.fixture(scope="module")
def many():
    return [rule(number) for number in range(MANY)]


@pytest.fixture
def signed_on(new_rig):
    """Return a function that puts rules in force on a host of its own, and returns its terminal."""

    def make(*rules):
        rig = new_rig()
        rig.register()
        rig.host.rules.add(*rules)
        pos = rig.pos()
        assert pos.sign_on().code == "00"
        return pos

    return make


def calls(pos):
    """Return how many calls a sale makes, of several the fewest: what is worked out once has been by then."""
    return min(calls_of_sale(pos) for _ in range(8))


def calls_of_sale(pos):
    frame = pos.sale_frame()
    with counted_calls() as counts:
        answer = pos.rig.send(frame)
    assert answer.code == "00"
    return counts["calls"]


def test_rules_that_are_not_in_question_are_not_looked_at(signed_on, many):
    without, few, ten_thousand = (calls(signed_on(*rules)) for rules in ((), many[:20], many))
    assert ten_thousand == few
    assert 0 <= few - without <= ASKING


def test_a_rule_that_is_in_question_is_looked_at(signed_on, many):
    whens = [{"tid": TID, "service": "sale", "amount": f">{1000 + number}"} for number in range(100)]
    more = [{"name": f"more {number}", "when": when, "then": {"code": "51"}} for number, when in enumerate(whens)]
    in_question = [make_rule(one, [UNIONPAY]) for one in more]
    assert calls(signed_on(*many, *in_question)) - calls(signed_on(*many)) >= len(in_question)
