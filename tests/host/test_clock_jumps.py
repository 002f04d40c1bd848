"""A host whose clock is set forth and back: nothing that a day has used up comes back before that day is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.host.issuer.cards import CardEntry, CardTable
from acquirer.host.issuer.decisions import PIN_TRIES, CardUse, give_back, judge_sale
from acquirer.model.reasons import Reason
from tests.host.conftest import CARD, NOON, at_us

DAYS = ("20250309", "20250310", "20250311", "20250312")
LIMIT, COUNT = 1000, 4
RIGHT, OTHER = "123456", "999999"
ENTRY = CardEntry("daily", CARD, expiry="3012", pin=RIGHT, daily_limit_minor=LIMIT, daily_count=COUNT)
TABLE = CardTable({CARD: ENTRY})

SALES = st.tuples(st.just("sale"), st.sampled_from(DAYS), st.integers(1, 600), st.sampled_from((RIGHT, OTHER)))
REVERSALS = st.tuples(st.just("reversal"), st.sampled_from(DAYS), st.integers(0, 9), st.just(""))


@given(st.lists(SALES | REVERSALS, max_size=30))
def test_limits_and_pin_tries_last_until_a_later_day(steps):
    row, latest = None, ""
    living: list[tuple[str, str, int]] = []  # the latest day when it was sold, its own day, its amount
    missed = 0
    for what, day, number, pin in steps:
        if what == "reversal":
            if living and row is not None:
                _, own_day, amount = living.pop(number % len(living))
                row = give_back(row, amount, own_day)
            continue
        if day > latest:
            latest, missed = day, 0
        use = CardUse(CARD, "masked", "token", number, "", False, "", pin, day)
        judged = judge_sale(TABLE, use, row)
        row = judged.card or row
        if missed >= PIN_TRIES:
            assert judged.reason is Reason.PIN_TRIES_EXCEEDED
            continue
        if pin == OTHER:
            assert judged.reason is Reason.PIN_INCORRECT
            missed += 1
            continue
        if judged.reason is Reason.APPROVED:
            missed = 0
            living.append((latest, day, number))
        today = [amount for seen, _, amount in living if seen == latest]
        assert sum(today) <= LIMIT
        assert len(today) <= COUNT
    if row is not None:
        assert row.day == latest


def noon(days: int) -> int:
    return at_us(NOON + timedelta(days=days))


@pytest.fixture
def at(rig):
    """Return a function that sets the host's clock to noon of a day from now."""

    def at(days: int) -> None:
        rig.now_us = noon(days)

    return at


def test_a_day_has_one_first_sign_on(rig, at):
    rig.register()
    pos = rig.pos()
    found = []
    for days in (0, 1, 0, 1, 2):
        at(days)
        assert pos.sign_on().code == "00"
        session = rig.sessions[pos.tid]
        found.append((session.signed_on_day, session.signed_on_count))
    assert found == [("20250310", 1), ("20250311", 1), ("20250311", 2), ("20250311", 3), ("20250312", 1)]


def test_a_daily_sign_on_is_due_once_a_day(pos, at):
    codes = []
    for days in (0, 1, 0, 1):
        at(days)
        codes.append(pos.sale().code)
        if codes[-1] == "77":
            pos.sign_on()
            codes.append(pos.sale().code)
    assert codes == ["00", "77", "00", "00", "00"]


def test_a_sale_of_tomorrow_is_voided_today(pos, at):
    at(1)
    pos.sign_on()
    assert pos.sale().code == "00"
    sold = pos.last
    at(0)
    assert pos.void(sold).code == "00"


def test_a_sale_of_yesterday_is_not_voided(pos, at):
    assert pos.sale().code == "00"
    sold = pos.last
    at(1)
    pos.sign_on()
    answer = pos.void(sold)
    assert (answer.code, "after its day a sale is refunded" in answer.why) == ("25", True)


def test_a_second_device_is_not_suspected_where_the_clock_went_back(rig, pos, at):
    pos.sign_on(serial="AAAAAAAA0001")
    rig.advance(30)
    assert "clone-suspected" in pos.sign_on(serial="AAAAAAAA0002").notes
    at(-1)
    assert "clone-suspected" not in pos.sign_on(serial="AAAAAAAA0003").notes


@pytest.fixture
def previous(rig, pos):
    """Return a function that sends a sale under the keys before the last sign-on, and returns its code."""
    keys = pos.keys
    pos.sign_on()
    return lambda: pos.sale(keys=keys).code


@pytest.mark.parametrize(
    ("steps_s", "codes"),
    [
        ((1, 58), ["00", "00"]),
        ((-1, 60), ["00", "00"]),  # a clock is corrected by seconds; what was in flight is none the worse
        ((61, -30), ["A0", "A0"]),  # over is over
        ((-86_400, 86_401), ["A0", "A0"]),
    ],
)
def test_the_grace_of_previous_keys_is_not_longer_for_a_clock_that_goes_back(rig, previous, steps_s, codes):
    found = []
    for step_s in steps_s:
        rig.advance(step_s)
        found.append(previous())
    assert found == codes


def test_a_transaction_is_kept_from_its_latest_use(rig, pos, at):
    pos.sale()
    key = next(iter(rig.store.transactions))
    at(1)
    pos.sign_on()
    rrn = rig.store.transactions[key].rrn
    assert pos.refund(rrn, 100, date="0310").code == "00"
    at(0)
    assert pos.refund(rrn, 100, date="0310").code == "00"
    assert rig.store.transactions[key].used_us == noon(1)
