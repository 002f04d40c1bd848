"""Phases: who comes when, alike in every process and divided among them without a rest."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.durations import BackOff, ThinkTime
from acquirer.load.parts import PlanPart
from acquirer.load.phase import LoadPhase
from acquirer.load.phases import Burst, Constant, Herd, PoissonArrivals, Ramp, Users, phase_from_json
from acquirer.load.plan import LoadPlan, Shard
from acquirer.load.plan_journeys import read_journey
from acquirer.load.thresholds import read_threshold

TERMINALS = 100

PHASES: list[LoadPhase] = [
    Burst(count=80, within_s=2.0, shape="front"),
    Burst(count=250, within_s=1.0),
    Constant(rate_per_s=33.3, for_s=3.0, name="steady", pause_s=0.5),
    PoissonArrivals(rate_per_s=50.0, for_s=2.0, journey=read_journey("day")),
    Ramp(from_per_s=0.0, to_per_s=60.0, for_s=2.0),
    Ramp(from_per_s=60.0, to_per_s=10.0, for_s=2.0),
    Herd(count=60, outage_s=5.0, for_s=20.0, back_off=BackOff(0.5, 2.0, 8.0, 0.3)),
    Users(count=40, for_s=30.0, think=ThinkTime(median_s=1.0, p99_s=5.0)),
]


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.kind)
@pytest.mark.parametrize("of", [1, 3, 7])
def test_parts_together_are_the_whole(phase: LoadPhase, of: int) -> None:
    whole = list(phase.moments(Random("1/0"), TERMINALS, PlanPart()))
    parts = [list(phase.moments(Random("1/0"), TERMINALS, PlanPart(number, of))) for number in range(of)]
    assert sorted((one for part in parts for one in part), key=str) == sorted(whole, key=str)
    for number, part in enumerate(parts):
        assert [one.at_us for one in part] == sorted(one.at_us for one in part)
        assert all(PlanPart(number, of).has(one.terminal) for one in part if one.terminal is not None)
    if phase.arrivals is not None:
        assert len(whole) == phase.arrivals
    assert all(one.at_us >= 0 for one in whole)
    if phase.kind != "herd":
        assert all(one.at_us < phase.length_s * 1_000_000 for one in whole)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.kind)
def test_a_phase_is_read_as_it_was_written(phase: LoadPhase) -> None:
    assert phase_from_json(phase.as_json()) == phase


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 5))
def test_shards_are_disjoint_however_many_workers_each_has(shards: int, workers: int, others: int) -> None:
    found: list[int] = []
    for number in range(1, shards + 1):
        plan = LoadPlan("h:1", None, (), workers=workers if number % 2 else others, shard=Shard(number, shards))
        parts = [plan.part(worker) for worker in range(plan.workers)]
        found += [terminal for terminal in range(200) if any(part.has(terminal) for part in parts)]
    assert sorted(found) == list(range(200))


def test_each_terminal_comes_once_in_a_burst_and_again_when_there_are_fewer() -> None:
    (once, often) = (list(phase.moments(Random(1), TERMINALS, PlanPart())) for phase in PHASES[:2])
    assert sorted(one.terminal or 0 for one in once) == list(range(80))
    first = [one.terminal for one in often[:TERMINALS]]
    assert sorted(number or 0 for number in first) == list(range(TERMINALS))
    assert [one.terminal for one in often[TERMINALS : 2 * TERMINALS]] == first


def test_a_plan_is_one_phase_after_another() -> None:
    plan = LoadPlan("h:1", None, tuple(PHASES[:4]), seed=3)
    assert plan.begins_s == (0.0, 2.0, 3.5, 6.5)
    assert plan.length_s == 8.5
    moments = list(plan.moments(PlanPart(), TERMINALS))
    assert [at_us for at_us, _, _ in moments] == sorted(at_us for at_us, _, _ in moments)
    for place, begin_s in enumerate(plan.begins_s):
        own = [at_us for at_us, phase, _ in moments if phase == place]
        assert begin_s * 1e6 <= own[0] <= own[-1] < (begin_s + plan.phases[place].length_s) * 1e6
    assert moments == list(plan.moments(PlanPart(), TERMINALS))
    assert moments != list(LoadPlan("h:1", None, tuple(PHASES[:4]), seed=4).moments(PlanPart(), TERMINALS))
    for of in (1, 4):
        shares = [plan.share(PlanPart(number, of), TERMINALS) for number in range(of)]
        assert sum(shares) == len(moments)
        assert shares[0] == sum(1 for _ in plan.moments(PlanPart(0, of), TERMINALS))


def test_a_plan_is_read_as_it_was_written() -> None:
    plan = LoadPlan(
        "h:1",
        "t.toml",
        tuple(PHASES),
        sources=("127.0.0.1",),
        shard=Shard(2, 3),
        thresholds=(read_threshold("errors<1%", abort=True, grace_s=1.0),),
    )
    assert LoadPlan.from_json(plan.as_json()) == plan


def test_a_herd_returns_after_the_outage_each_by_its_own_back_off() -> None:
    herd = Herd(count=1000, outage_s=10.0, for_s=60.0, back_off=BackOff(1.0, 2.0, 8.0, 0.5))
    come = list(herd.moments(Random(1), 1000, PlanPart()))
    assert all(10_000_000 <= one.at_us < 10_000_000 + 12_000_000 for one in come)  # the longest wait is 8 s + 50 %
    assert all(one.tries >= 3 for one in come)  # 1 + 2 + 4 s and half of it again: most are at their fourth
    gaps = [later.at_us - one.at_us for one, later in pairwise(come)]
    assert max(gaps) < 1_000_000, "they do not come at once"
    assert herd.next_us(4, answered=True, random=Random(1)) is None
    assert 4_000_000 <= (herd.next_us(4, answered=False, random=Random(1)) or 0) <= 12_000_000


def test_without_jitter_a_herd_comes_at_once() -> None:
    herd = Herd(count=50, outage_s=5.0, for_s=60.0, back_off=BackOff(1.0, 2.0, 60.0, 0.0))
    assert {(one.at_us, one.tries) for one in herd.moments(Random(1), 50, PlanPart())} == {(7_000_000, 3)}


def test_time_to_think_has_its_distribution() -> None:
    random = Random(1)
    drawn = sorted(ThinkTime(median_s=2.0, p99_s=20.0).draw_us(random) for _ in range(20_000))
    assert median(drawn) == pytest.approx(2_000_000, rel=0.05)
    assert drawn[int(0.99 * len(drawn))] == pytest.approx(20_000_000, rel=0.15)
    drawn = [ThinkTime(1.0, 3.0).draw_us(random) for _ in range(5_000)]
    assert 1_000_000 <= min(drawn) < 1_010_000
    assert 2_990_000 < max(drawn) <= 3_000_000
    assert {ThinkTime(1.5, 1.5).draw_us(random) for _ in range(5)} == {1_500_000}
    assert {ThinkTime().draw_us(random) for _ in range(5)} == {0}


def test_users_do_not_come_in_step() -> None:
    users = Users(count=100, for_s=30.0, think=ThinkTime(10.0, 10.0))
    moments = [one.at_us for one in users.moments(Random(1), TERMINALS, PlanPart())]
    assert len(moments) == 100
    assert sum(at_us < 5_000_000 for at_us in moments) == pytest.approx(50, abs=15)
