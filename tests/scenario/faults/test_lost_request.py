"""The fault ``lost_request``."""

from __future__ import annotations

import pytest

from acquirer.data.toml import DataError
from acquirer.data.toml import parse_toml as toml
from acquirer.model.effects import Silence
from acquirer.scenario.faults import Fault, Stage, load, parse
from acquirer.scenario.faults.lost_request import LostRequest


def test_nothing_is_sent(sale):
    assert list(Fault("tunnel", LostRequest()).apply([], sale)) == [Silence("fault tunnel")]


def test_it_acts_before_the_decision():
    fault = parse("lost_request:service=sale")
    assert fault == Fault("lost_request", LostRequest(), service="sale")
    assert fault.stage is Stage.BEFORE_DECISION


def test_a_condition_on_the_code_is_refused_because_it_can_never_match():
    problem = "code: a fault of kind 'lost_request' acts before the decision, when no code is known: it can never match"
    with pytest.raises(ValueError) as caught:
        parse("lost_request:code=00")
    assert str(caught.value) == f"fault 'lost_request:code=00': {problem}"
    with pytest.raises(DataError) as located:
        load(toml('[[fault]]\nkind = "lost_request"\ncode = "00"\n', "f.toml"))
    assert str(located.value) == f"f.toml:3: fault[0].{problem}"
