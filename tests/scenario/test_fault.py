"""When declared faults act, how often, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.model.effects import Send, SendBytes, Silence
from acquirer.scenario.faults import (
    REPLY_STAGES,
    Fault,
    FaultConflictError,
    FaultContext,
    FaultKind,
    Faults,
    Stage,
    apply_all,
    parse,
)
from acquirer.scenario.faults.silent import Silent

SALE = FaultContext(tid="10000161", mid="880210010210162", service="sale", code="00", amount_minor=1313)


def reserve_all(faults: Faults, context: FaultContext = SALE, stages=REPLY_STAGES) -> tuple[Fault, ...]:
    """Return what acts on one more exchange."""
    assert faults.active is not None
    return faults.active.reserve(stages, replace(context, draws={}))


def reserve(faults: Faults, context: FaultContext = SALE, stages=REPLY_STAGES) -> Fault | None:
    return next(iter(reserve_all(faults, context, stages)), None)


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
    (first, _), (second,) = reserve_all(faults), reserve_all(faults)
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


def test_all_faults_that_match_act_in_the_order_of_their_stages_then_of_their_declaration():
    texts = ["late:name=a", "truncate:name=b", "late:tid=10000162,name=c", "wrong_mac:name=d", "late:count=1,name=e"]
    faults = Faults(map(parse, texts))
    names = ["".join(fault.name for fault in reserve_all(faults)) for _ in range(3)]
    assert names == ["dbae", "dba", "dba"]


def test_equal_declarations_are_two_faults():
    once = parse("late:count=1")
    faults = Faults([once, once])
    assert [len(reserve_all(faults)) for _ in range(3)] == [2, 0, 0]


def test_so_many_exchanges_that_match_pass_first():
    faults = Faults([parse("silent:skip=2,count=1,service=sale")])
    others = replace(SALE, service="echo")
    assert [reserve(faults, context) is not None for context in (SALE, others, SALE, others, SALE, SALE)] == [
        False,
        False,
        False,
        False,
        True,
        False,
    ]


def test_what_is_decided_twice_is_one_exchange():
    faults = Faults([parse("silent:skip=1,probability=0.5")])
    assert faults.active is not None
    for _ in range(50):
        context = replace(SALE, draws={})
        found = []
        for _ in range(3):
            found.append(faults.active.reserve(REPLY_STAGES, context))
            for fault in found[-1]:
                faults.release(fault)
        assert found[0] == found[1] == found[2]


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


@given(st.floats(min_value=0.05, max_value=0.95), st.integers(0, 10**18))
def test_probability_is_about_what_it_says(probability, seed):
    faults = Faults([Fault("coin", Silent(), probability=probability)], seed)
    hits = sum(reserve(faults) is not None for _ in range(1000))
    assert abs(hits / 1000 - probability) < 0.12


def drawn(order: list[str], seed: int = 1, text: str = "silent:probability=0.5") -> dict[str, list[bool]]:
    """Return what is drawn for the exchanges of each terminal, which come in this order."""
    faults = Faults([parse(text)], seed)
    found: dict[str, list[bool]] = {}
    for tid in order:
        found.setdefault(tid, []).append(reserve(faults, replace(SALE, tid=tid)) is not None)
    return found


TIDS = [f"1000016{n}" for n in range(4)]


@given(st.permutations([tid for tid in TIDS for _ in range(8)]))
def test_what_is_drawn_does_not_depend_on_the_order_of_terminals(order):
    assert drawn(order) == drawn([tid for tid in TIDS for _ in range(8)])


def test_what_is_drawn_depends_on_seed_name_terminal_and_number():
    first = drawn(TIDS * 30)
    assert drawn(TIDS * 30) == first
    assert drawn(TIDS * 30, seed=2) != first
    assert drawn(TIDS * 30, text="silent:probability=0.5,name=other") != first
    assert drawn(TIDS * 30, seed=2, text="silent:probability=0.5,seed=1") == first
    assert len({tuple(one) for one in first.values()}) == len(TIDS)


def test_a_kind_is_given_randomness_of_its_own_for_each_exchange():
    faults = Faults([parse("bit_flip"), parse("bit_flip:name=b")])
    assert faults.active is not None
    seen = set()
    for tid in TIDS:
        for _ in range(3):
            context = replace(SALE, tid=tid, draws={})
            for fault in faults.active.reserve(Stage.FRAME, context):
                randbytes = faults.context_of(fault, context).randbytes
                assert randbytes is not None
                seen.add(randbytes(8))
    assert len(seen) == 4 * 3 * 2


# ── switching


def test_what_is_switched_leaves_a_generation_and_an_exchange_its_own_set():
    faults = Faults()
    assert (faults.active, faults.generation.number) == (None, 0)
    assert faults.add(parse("silent")) == 1
    under = faults.active
    assert under is not None
    assert faults.remove("silent") == 2
    assert faults.remove("silent") == 2
    assert not faults
    assert under.reserve(REPLY_STAGES, replace(SALE, draws={}))
    assert reserve_all(faults) == ()


def test_a_fault_that_stays_keeps_its_count_and_one_of_the_same_name_is_replaced():
    faults = Faults([parse("late:count=2")])
    for _ in range(2):
        fault = reserve(faults)
        assert fault is not None
        faults.applied(fault)
    faults.add(parse("truncate"))
    (late, _truncate) = faults.declared
    assert faults.acted(late) == 2
    assert [one.name for one in reserve_all(faults)] == ["truncate"]
    faults.add(parse("late:count=2"))
    assert [one.name for one in faults.declared] == ["truncate", "late"]
    assert [faults.acted(one) for one in faults.declared] == [0, 0]
    assert faults.remove() == 3
    assert faults.declared == ()


def test_a_fault_that_was_switched_off_before_it_acted_is_not_counted():
    faults = Faults([parse("silent")])
    fault = reserve(faults)
    assert fault is not None
    faults.remove("silent")
    faults.applied(fault)
    assert not faults.release(fault)


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        (["silent", "duplicate"], "'silent' lets no reply be sent that 'duplicate' could damage"),
        (["wrong_mac:name=a", "silent:name=b"], "'b' lets no reply be sent that 'a' could damage"),
        (["late:tid=10000161", "host_restart:service=sale"], "'host_restart' lets no reply be sent"),
        (["glue", "reorder"], "both decide which other bytes it is sent with"),
        (["split:service=sale", "dribble"], "both decide into which pieces it is cut"),
        (["silent", "host_restart"], "contradict each other"),
    ],
)
def test_faults_that_contradict_each_other_are_refused_and_nothing_changes(texts, part):
    for order in (texts, texts[::-1]):
        with pytest.raises(FaultConflictError) as caught:
            Faults(map(parse, order))
        assert part in str(caught.value)
        faults = Faults([parse(order[0])])
        with pytest.raises(FaultConflictError):
            faults.add(parse(order[1]))
        assert (len(faults.declared), faults.generation.number) == (1, 0)


@pytest.mark.parametrize(
    "texts",
    [
        ["silent:service=sale", "duplicate:service=echo"],
        ["silent:tid=10000161", "late:tid=10000162"],
        ["silent:count=1", "silent:name=b"],
        ["silent", "lost_request", "bandwidth", "reset"],
        ["late", "delay:fixed=1s", "duplicate", "truncate", "wrong_mac", "wrong_stan"],
    ],
)
def test_faults_that_cannot_meet_or_go_together_do_not_contradict(texts):
    assert len(Faults(map(parse, texts)).declared) == len(texts)


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
