"""Counting of rules: turns are never taken twice nor lost, whichever exchanges come side by side and fail."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from acquirer.scenario.rules.counting import Turns
from acquirer.scenario.rules.engine import RuleError, Rules, Ruling
from acquirer.scenario.rules.reading import make_rule
from acquirer.settings.specs import load_dialect

UNIONPAY = load_dialect("unionpay-pos")
TIDS = ("10000161", "10000162", "10000163")


@dataclass
class Sale:
    tid: str

    def value(self, key: str) -> str | int:
        values: dict[str, str | int] = {"tid": self.tid, "service": "sale", "amount": 1234}
        return values.get(key, "")


class Counting(RuleBasedStateMachine):
    """Exchanges of several terminals begin, end well or fail, in any order; a model counts beside."""

    TIMES, AFTER = 4, 2
    ANSWERS = ("51", "05", "61", "91")

    def __init__(self):
        super().__init__()
        counted = {"name": "counted", "when": {"service": "sale"}, "then": {"answers": list(self.ANSWERS)}}
        moving = {"name": "moving", "when": {"tid": TIDS[0]}, "then": {"code": "96"}, "priority": 1}
        self.host_rules = Rules(
            [
                make_rule({**counted, "times": self.TIMES, "after": self.AFTER}),
                make_rule({**moving, "scenario": "s", "state": "start", "next": "over"}),
            ]
        )
        self.open: list[Ruling] = []
        self.done: list[Ruling] = []

    exchanges = Bundle("exchanges")

    @rule(target=exchanges, tid=st.sampled_from(TIDS))
    def begins(self, tid):
        ruling = self.host_rules.active.consult(Sale(tid), UNIONPAY, tid, "sale")
        if ruling is not None:
            self.open.append(ruling)
        return ruling, tid

    @rule(exchange=consumes(exchanges))
    def ends_well(self, exchange):
        ruling, _ = exchange
        if ruling is not None:
            self.open.remove(ruling)
            self.done.append(ruling)
            ruling.apply()

    @rule(exchange=consumes(exchanges))
    def fails(self, exchange):
        ruling, _ = exchange
        if ruling is not None:
            self.open.remove(ruling)
            ruling.release()

    @rule(target=exchanges, exchange=consumes(exchanges))
    def is_decided_again(self, exchange):
        ruling, tid = exchange
        again = self.host_rules.active.consult(Sale(tid), UNIONPAY, tid, "sale", ruling)
        if ruling is not None:
            self.open.remove(ruling)
            assert ruling.fired is None or again is ruling
        if again is not None:
            self.open.append(again)
        return again, tid

    def fired(self, rulings, name):
        return [one for one in rulings if one.rule is not None and one.rule.name == name]

    @invariant()
    def no_turn_is_taken_twice(self):
        taken = [one.use for one in self.fired([*self.open, *self.done], "counted")]
        assert len(set(taken)) == len(taken) <= self.TIMES
        assert all(one.answer == self.ANSWERS[one.use] for one in self.fired(self.done, "counted"))

    @invariant()
    def what_was_used_is_what_ended_well(self):
        for name in ("counted", "moving"):
            assert self.host_rules.used()[name] == len(self.fired(self.done, name))

    @invariant()
    def a_scenario_is_left_by_one_exchange(self):
        moved = self.fired([*self.open, *self.done], "moving")
        assert len(moved) <= 1
        assert self.host_rules.states() == {"s": "over" if moved else "start"}


Counting.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestCounting = Counting.TestCase


def test_numbers_that_are_given_back_are_taken_again_the_lowest_first():
    turns = Turns()
    assert [turns.take() for _ in range(4)] == [0, 1, 2, 3]
    turns.give_back(2)
    turns.give_back(0)
    assert [turns.first, turns.take(), turns.take(), turns.take()] == [0, 0, 2, 4]


@pytest.mark.slow
def test_rules_of_other_terminals_and_services_are_not_looked_at():
    then = {"code": "51"}
    rules = Rules(
        make_rule({"name": f"rule {n}", "when": {"tid": f"{n:08}", "service": "sale"}, "then": then})
        for n in range(2000)
    )
    about, counting = rules.active.about(UNIONPAY, "00000007", "sale")
    assert ([one.rule.name for one in about], counting) == (["rule 7"], ())
    assert rules.active.about(UNIONPAY, "00000007", "echo") == ((), ())
    assert rules.active.about(UNIONPAY, "99999999", "sale") == ((), ())


def test_rules_for_any_terminal_or_service_stand_in_one_order_with_the_others():
    whens = [{}, {"tid": "00000001"}, {"service": ["sale", "echo"]}, {"tid": "00000001", "service": "sale"}]
    rules = Rules(
        make_rule({"name": str(n), "when": when, "then": {"code": "51"}, "priority": 1 if n == 2 else 5})
        for n, when in enumerate(whens)
    )

    def ordered(tid, service):
        return [one.rule.name for one in rules.active.about(UNIONPAY, tid, service)[0]]

    assert ordered("00000001", "sale") == ["2", "3", "1", "0"]
    assert ordered("00000001", "sign_on") == ["1", "0"]
    assert ordered("00000002", "echo") == ["2", "0"]


def test_rules_are_added_and_removed_between_exchanges():
    rules = Rules()
    assert (rules.active, bool(rules)) == (None, False)
    assert rules.add(make_rule({"name": "a", "then": {"code": "51"}})) == 1
    before = rules.active
    assert rules.remove("a") == 2
    assert (rules.active, rules.clear(), rules.go("s", "start")) == (None, 3, 4)
    assert before.consult(Sale(TIDS[0]), UNIONPAY, TIDS[0], "sale").rule.name == "a"


def test_a_scenario_goes_to_no_state_that_none_of_its_rules_knows():
    rules = Rules()
    rules.add(make_rule({"name": "a", "scenario": "day", "state": "open", "next": "closed", "then": {"code": "51"}}))
    assert rules.known_states("day") == ["closed", "open", "start"]
    generation = rules.generation.number
    with pytest.raises(RuleError, match="no rule of the scenario 'day' knows a state 'opne'; did you mean 'open'"):
        rules.go("day", "opne")
    assert (rules.states(), rules.generation.number) == ({"day": "start"}, generation)
