"""Right MACs over garbage, in every dialect and any state of a terminal's day: one answer, a code of the dialect, and
books that change only with an approval."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from acquirer.testing import Rig
from acquirer.wire.message import Value
from tests.fuzz.frames import DIALECTS
from tests.fuzz.signed import (
    OPERATIONS,
    UNREAD,
    WAYS,
    FieldDamage,
    damage,
    damaging,
    drawn,
    entry_modes,
    operate,
    witness,
)

DAYS, OPERATIONS_OF_A_DAY = 12, 40

damages = st.builds(FieldDamage, st.sampled_from(WAYS), st.integers(0, 127), st.binary(max_size=24))


class Damaged(RuleBasedStateMachine):
    """Any operations of a terminal, any damage to the first request of each."""

    dialect = ""

    @initialize()
    def begin(self) -> None:
        self.found = witness(self.dialect)
        self.modes = entry_modes(self.found.rig)

    @rule(name=st.sampled_from(sorted(OPERATIONS)), mode=st.integers(0, 3), changes=st.lists(damages, max_size=3))
    def operate(self, name: str, mode: int, changes: list[FieldDamage]) -> None:
        operate(self.found, name, self.modes[mode % len(self.modes)], changes)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_any_damage_that_a_terminal_signs(name: str) -> None:
    machine = type("Damaged", (Damaged,), {"dialect": name})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck))
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_damage_reaches_the_services(name: str) -> None:
    """Else the test above shows a format check only: most requests are decided by a service, in every dialect."""
    reasons: Counter[str] = Counter()
    for day in range(DAYS):
        found, random = witness(name), Random(f"{name} {day}")
        modes = entry_modes(found.rig)
        for _ in range(OPERATIONS_OF_A_DAY):
            operate(found, random.choice(sorted(OPERATIONS)), random.choice(modes), drawn(random))
        reasons += found.reasons
    reached = sum(number for reason, number in reasons.items() if reason not in UNREAD)
    assert reached > 0.4 * reasons.total(), reasons  # of changes, most are to what a route demands: a format error
    assert len(reasons) >= 6, reasons


def test_a_damaged_request_has_a_right_mac() -> None:
    found, changed = witness("unionpay-pos"), 0
    for place in range(16):
        found.pending.append(FieldDamage("change", place, b"\x07"))
        with damaging(found):
            found.terminal.sale("12.34", drop_reversal=True)
        sent = found.rig.journal[-1].message.fields
        changed += any(sent.get(de) != value for de, value in found.last.items())
    assert "mac_differs" not in found.reasons
    assert changed > 8


def test_each_way_changes_something() -> None:
    dialect = Rig().dialect
    good: dict[int, Value] = {2: "6212345678901232", 4: "000000001234", 11: "000007", 55: b"\x9f\x36\x02\x00\x01"}
    for way in WAYS:
        changed = {}
        for place in range(128):
            fields = dict(good)
            damage(dialect, fields, FieldDamage(way, place, b"\x07"), {11: "000006"})
            changed[place] = fields
        assert any(fields != good for fields in changed.values()), way
