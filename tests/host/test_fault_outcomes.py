"""Faults of commits that do not succeed at once: a fault acts once, on the committed answer, or not at all."""

from __future__ import annotations

import pytest

from acquirer.host.exchange import CONFLICTS_MAX
from acquirer.model.effects import CommitOutcome, Silence
from acquirer.scenario.faults import Fault
from acquirer.scenario.faults.silent import Silent


@pytest.fixture
def faulty(new_rig):
    """Return a function that makes a host with one silent fault that acts once, and a POS that has signed on."""

    def make(**conditions):
        rig = new_rig(faults=(Fault("quiet", Silent(), service="sale", count=1, **conditions),))
        rig.register()
        pos = rig.pos()
        assert pos.sign_on().code == "00"
        return rig, pos

    return make


def acted(rig):
    (fault,) = rig.host.faults.declared
    return rig.host.faults.acted(fault)


def test_a_fault_acts_once_although_the_sale_was_decided_twice(faulty):
    rig, pos = faulty()
    run = rig.start(pos.sale_frame()).to_commit()
    run.step(CommitOutcome.CONFLICT)
    answer = run.finish()
    assert answer.effects == [Silence("fault quiet")]
    assert (rig.booked_minor(), acted(rig)) == (1234, 1)
    assert pos.sale().code == "00"


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (CommitOutcome.OVERLOADED, "91"),
        (CommitOutcome.LOCKED, "91"),
        (CommitOutcome.EXPIRED, None),
        (CommitOutcome.FAILED, None),
    ],
)
def test_a_fault_is_not_used_up_by_a_commit_that_did_not_succeed(faulty, outcome, code):
    rig, pos = faulty()
    run = rig.start(pos.sale_frame()).to_commit()
    run.step(outcome)
    answer = run.finish()
    assert answer.code == code
    assert Silence("fault quiet") not in answer.effects
    assert (rig.booked_minor(), acted(rig)) == (0, 0)
    assert pos.sale().effects == [Silence("fault quiet")]
    assert (rig.booked_minor(), acted(rig)) == (1234, 1)


def test_a_fault_is_not_used_up_by_conflicts_without_end(faulty):
    rig, pos = faulty()
    run = rig.start(pos.sale_frame())
    for _ in range(CONFLICTS_MAX):
        run.to_commit().step(CommitOutcome.CONFLICT)
    assert run.finish().code == "96"
    assert acted(rig) == 0
    assert pos.sale().silent


def test_a_fault_looks_at_the_code_that_was_committed(faulty):
    """A sale that is approved, overtaken by a sign-off and then refused is no approved sale."""
    rig, pos = faulty(code="00")
    sale = rig.start(pos.sale_frame()).to_commit()
    pos.sign_off()
    assert sale.finish().code == "77"
    assert acted(rig) == 0
