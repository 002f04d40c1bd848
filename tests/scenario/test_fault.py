"""When declared faults act, how often, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.model.effects import Send, SendBytes, Silence
from acquirer.scenario.faults import REPLY_STAGES, Fault, FaultContext, FaultKind, Faults, Stage, apply_all, parse
from acquirer.scenario.faults.silent import Silent

SALE = FaultContext(tid="10000161", mid="880210010210162", service="sale", code="00", amount_minor=1313)


def reserve(faults: Faults, context: FaultContext = SALE, stages=REPLY_STAGES) -> Fault | None:
    return faults.reserve(stages, context, Random(1).randbytes)


def acts(fault: Fault, context: FaultContext = SALE) -> bool:
    return reserve(Faults([fault]), context) is not None


@pytest.mark.parametrize(
    "text",
    [
        "silent",
        "silent:",
        "silent:tid=10000161",
        "silent: tid=10000161 , service=sale",
        "silent:amount=13.13",
        "silent:code=00,mid=880210010210162,name=tunnel",
        "silent:probability=1,count=1",
    ],
)
def test_a_fault_acts_on_what_it_names(text):
    assert acts(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "silent:tid=10000162",
        "silent:amount=13.14",
        "silent:service=reversal",
        "silent:code=55",
        "silent:mid=880210010210163",
        "silent:tid=10000161,amount=13.1",
    ],
)
def test_and_on_nothing_else(text):
    assert not acts(parse(text))


def test_a_fault_acts_at_its_own_stage_only():
    faults = Faults([parse("lost_request"), parse("silent")])
    before = reserve(faults, stages=Stage.BEFORE_DECISION)
    after = reserve(faults)
    assert (before and before.name, after and after.name) == ("lost_request", "silent")
    assert reserve(faults, stages=Stage.FRAME) is None


def test_a_count_ends():
    faults = Faults([parse("silent:count=2")])
    found = []
    for _ in range(5):
        fault = reserve(faults)
        found.append(fault is not None)
        if fault:
            faults.applied(fault)
    assert found == [True, True, False, False, False]
    assert faults.acted(faults.declared[0]) == 2


def test_a_fault_is_counted_only_when_it_acted():
    faults = Faults([parse("silent:count=1")])
    for _ in range(3):  # the commit was refused each time
        fault = reserve(faults)
        assert fault is not None
        faults.release(fault)
        assert faults.acted(fault) == 0
    fault = reserve(faults)
    assert fault is not None
    faults.applied(fault)
    assert faults.acted(fault) == 1
    assert reserve(faults) is None


def test_a_reserved_fault_is_not_found_again_until_it_is_released():
    faults = Faults([parse("silent:count=1,name=a"), parse("silent:name=b")])
    first, second = reserve(faults), reserve(faults)
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("a", "b")
    assert faults.release(first) is True
    again = reserve(faults)
    assert again is not None
    assert again.name == "a"


@given(st.lists(st.sampled_from(["reserve", "applied", "release"]), max_size=60), st.integers(1, 4))
def test_a_fault_never_acts_more_often_than_its_count(steps, count):
    faults = Faults([parse(f"silent:count={count}")])
    reserved: list[Fault] = []
    acted = 0
    for step in steps:
        if step == "reserve":
            found = reserve(faults)
            assert (found is not None) == (acted + len(reserved) < count)
            if found:
                reserved.append(found)
        elif reserved and step == "applied":
            faults.applied(reserved.pop())
            acted += 1
        elif reserved:
            assert faults.release(reserved.pop()) is True
        assert faults.acted(faults.declared[0]) == acted <= count


def test_what_was_not_reserved_here_is_neither_counted_nor_released():
    faults = Faults([parse("silent:count=1")])
    trigger = Fault("trigger amount", Silent())
    faults.applied(trigger)
    assert faults.release(trigger) is False
    faults.applied(faults.declared[0])
    assert faults.acted(faults.declared[0]) == 0
    assert reserve(faults) is not None


def test_the_first_fault_that_matches_acts():
    faults = Faults([parse("silent:tid=10000162,name=a"), parse("silent:count=1,name=b"), parse("silent:name=c")])
    names = [fault.name for _ in range(3) if (fault := reserve(faults))]
    assert names == ["b", "c", "c"]


def test_equal_declarations_are_two_faults():
    once = parse("silent:count=1")
    faults = Faults([once, once])
    assert [reserve(faults) is not None for _ in range(3)] == [True, True, False]


def test_two_hosts_share_nothing():
    declared = (parse("silent:count=1"),)
    first, second = Faults(declared), Faults(declared)
    for faults in (first, second):
        fault = reserve(faults)
        assert fault is not None
        faults.applied(fault)
        assert reserve(faults) is None
    other = Faults(declared)
    assert other.acted(other.declared[0]) == 0


@given(st.floats(min_value=0.05, max_value=0.95), st.integers())
def test_probability_is_about_what_it_says(probability, seed):
    faults = Faults([Fault("coin", Silent(), probability=probability)])
    randbytes = Random(seed).randbytes
    hits = sum(faults.reserve(REPLY_STAGES, SALE, randbytes) is not None for _ in range(1000))
    assert abs(hits / 1000 - probability) < 0.12


def test_no_randomness_is_drawn_for_a_fault_that_is_certain_or_does_not_match():
    def randbytes(_count: int) -> bytes:
        raise AssertionError("drawn")

    faults = Faults([parse("silent:tid=10000162,probability=0.5"), parse("silent")])
    assert faults.reserve(REPLY_STAGES, SALE, randbytes) is not None


def test_no_faults_are_false():
    assert not Faults()
    assert Faults([parse("silent")])


# ── what several faults make of one exchange


@dataclass(frozen=True, slots=True)
class Cut(FaultKind):
    """Keep the first byte.

    Args:
        bytes: How many bytes are kept.
    """

    stage: ClassVar[Stage] = Stage.FRAME

    bytes: int = 1

    def apply(self, effects, context):
        for effect in effects:
            yield SendBytes(effect.frame[: self.bytes]) if isinstance(effect, Send) else effect


@dataclass(frozen=True, slots=True)
class Twice(FaultKind):
    """Send everything twice."""

    stage: ClassVar[Stage] = Stage.SENDING

    def apply(self, effects, context):
        for effect in effects:
            yield from (effect, replace(effect))


CUT, TWICE = Fault("cut", Cut()), Fault("twice", Twice())
LATE, SILENT = parse("late:after=5ms"), parse("silent")


@pytest.mark.parametrize(
    ("faults", "effects"),
    [
        ([], [Send(b"reply")]),
        ([TWICE, CUT], [SendBytes(b"r"), SendBytes(b"r")]),
        ([LATE, TWICE, CUT], [SendBytes(b"r", 5), SendBytes(b"r", 5)]),
        ([TWICE, LATE], [Send(b"reply", 5), Send(b"reply")]),
        ([SILENT, CUT], [Silence("fault silent")]),
        ([SILENT, LATE], [Silence("fault silent")]),
    ],
)
def test_faults_compose_in_the_order_of_their_stages_then_of_their_declaration(faults, effects):
    assert list(apply_all(faults, [Send(b"reply")], SALE)) == effects


def test_stages_are_ordered_as_an_exchange_goes():
    assert [stage.label for stage in sorted(Stage)] == [
        "before decision",
        "before sealing",
        "sealing",
        "frame",
        "sending",
        "line",
    ]
    assert list(REPLY_STAGES) == sorted(REPLY_STAGES)


def test_applying_leaves_the_context_as_it_is():
    before = replace(SALE)
    list(SILENT.apply([], SALE))
    assert before == SALE
