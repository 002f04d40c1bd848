"""The issuer: what a card table says to purchases, and what it remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.host.issuer.cards import CardEntry, CardTable
from acquirer.host.issuer.decisions import PIN_TRIES, CardUse, expired, give_back, judge_sale
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card
from acquirer.wire.masking import mask_pan

PAN = "6212345678901232"
DAY = "20250310"


def ask(
    entry: CardEntry | None = None, row: Card | None = None, *, unknown="approve", **purchase
) -> tuple[Reason, str, Card | None]:
    table = CardTable({entry.pan: entry} if entry else {}, unknown)
    use = CardUse(
        **{
            "pan": PAN,
            "masked": mask_pan(PAN),
            "token": "t",
            "amount_minor": 1000,
            "expiry": "3012",
            "swiped": False,
            "icc_condition": "",
            "pin": None,
            "day": DAY,
            **purchase,
        }
    )
    judgement = judge_sale(table, use, row)
    return judgement.reason, judgement.why, judgement.card


CARD = CardEntry("test", PAN, expiry="3012")


@pytest.mark.parametrize(
    ("entry", "purchase", "reason", "words"),
    [
        (CARD, {}, Reason.APPROVED, "approved on card 'test' 621234******1232"),
        (replace(CARD, status="blocked"), {}, Reason.CARD_BLOCKED, "is marked blocked in the card table"),
        (replace(CARD, status="lost"), {}, Reason.CARD_LOST, "is marked lost"),
        (replace(CARD, status="stolen"), {}, Reason.CARD_STOLEN, "is marked stolen"),
        (replace(CARD, status="restricted"), {}, Reason.CARD_RESTRICTED, "is marked restricted"),
        (replace(CARD, status="issuer-down"), {}, Reason.ISSUER_DOWN, "an issuer that is marked down"),
        (
            CARD,
            {"expiry": "2502"},
            Reason.CARD_EXPIRED,
            "was valid through 2025-02; the host's business date is 2025-03",
        ),
        (replace(CARD, expiry="2502"), {"expiry": ""}, Reason.CARD_EXPIRED, "was valid through 2025-02"),
        (replace(CARD, expiry="2503"), {"expiry": "2503"}, Reason.APPROVED, "approved"),
        (replace(CARD, service_code="220"), {"swiped": True}, Reason.USE_CHIP, "has a chip (service code 220)"),
        (replace(CARD, service_code="220"), {"swiped": True, "icc_condition": "2"}, Reason.APPROVED, "approved"),
        (replace(CARD, service_code="220"), {"swiped": False}, Reason.APPROVED, "approved"),
        (replace(CARD, pin="1234"), {"pin": "1234"}, Reason.APPROVED, "approved"),
        (replace(CARD, pin="1234"), {}, Reason.APPROVED, "approved"),
        (
            replace(CARD, pin="1234"),
            {"pin": "4321"},
            Reason.PIN_INCORRECT,
            "to 4 digits that are not the card's; enter its PIN; 2 tries left",
        ),
        (replace(CARD, pin="1234", pin_required=True), {}, Reason.PIN_REQUIRED, "asks for a PIN"),
        (replace(CARD, limit_minor=999), {}, Reason.LIMIT_EXCEEDED, "allows 9.99 a sale; this one asks for 10.00"),
        (replace(CARD, limit_minor=1000), {}, Reason.APPROVED, "approved"),
        (
            replace(CARD, balance_minor=999),
            {},
            Reason.FUNDS_INSUFFICIENT,
            "has 9.99 left of 9.99; this sale asks for 10",
        ),
        (replace(CARD, balance_minor=1001), {}, Reason.APPROVED, "0.01 left"),
    ],
)
def test_a_card_of_the_table(entry, purchase, reason, words):
    found, why, _ = ask(entry, **purchase)
    assert found == reason
    assert words in why
    assert PAN not in why
    assert "4321" not in why


def test_an_unlisted_card_is_approved_unless_configured_otherwise():
    assert ask()[0] is Reason.APPROVED
    reason, why, card = ask(unknown="decline")
    assert (reason, card) == (Reason.CARD_UNKNOWN, None)
    assert "the table declines unknown cards" in why
    assert ask(expiry="2401")[0] is Reason.CARD_EXPIRED


def test_daily_figures_start_over_with_the_business_day():
    card = replace(CARD, daily_limit_minor=1500, daily_count=2)
    reason, _, row = ask(card)
    assert reason is Reason.APPROVED
    reason, why, unchanged = ask(card, row)
    assert reason is Reason.LIMIT_EXCEEDED
    assert "10.00 went before" in why
    assert unchanged is None
    _, _, row = ask(card, row, amount_minor=500)
    assert ask(replace(card, daily_limit_minor=None), row)[0] is Reason.COUNT_EXCEEDED
    reason, _, tomorrow = ask(card, row, day="20250311")
    assert reason is Reason.APPROVED
    assert tomorrow is not None
    assert (tomorrow.day_spent_minor, tomorrow.spent_minor, tomorrow.day_count) == (1000, 2500, 1)


def test_bad_pins_are_counted_until_the_card_is_locked_for_the_day():
    card = replace(CARD, pin="1234")
    row = None
    for tries in range(1, PIN_TRIES + 1):
        reason, _, row = ask(card, row, pin="9999")
        assert reason is Reason.PIN_INCORRECT
        assert row is not None
        assert row.pin_tries == tries
    assert ask(card, row, pin="1234")[0] is Reason.PIN_TRIES_EXCEEDED
    assert ask(card, row, pin="1234", day="20250311")[0] is Reason.APPROVED


def test_a_right_pin_forgets_the_bad_ones():
    card = replace(CARD, pin="1234")
    _, _, row = ask(card, None, pin="9999")
    _, _, row = ask(card, row, pin="1234")
    assert row is not None
    assert row.pin_tries == 0


@given(st.lists(st.integers(1, 5000), max_size=20), st.data())
def test_what_was_spent_is_what_was_approved_and_not_given_back(amounts, data):
    open_sales: list[Any] = []
    card, row = replace(CARD, balance_minor=20_000), None
    for amount in amounts:
        reason, _, after = ask(card, row, amount_minor=amount)
        assert (reason is Reason.APPROVED) == (sum(open_sales) + amount <= 20_000)
        if reason is Reason.APPROVED:
            row = after
            open_sales.append(amount)
        if open_sales and row is not None and data.draw(st.booleans()):
            row = give_back(row, open_sales.pop(data.draw(st.integers(0, len(open_sales) - 1))), DAY)
    assert (row.spent_minor if row else 0) == sum(open_sales)
    assert (row.day_count if row else 0) == len(open_sales)


def test_a_reversal_of_another_day_gives_back_the_balance_but_not_that_days_figures():
    row = give_back(Card("t", spent_minor=500, day="20250311", day_spent_minor=200, day_count=1), 300, DAY)
    assert (row.spent_minor, row.day_spent_minor, row.day_count) == (200, 200, 1)


@given(st.integers(0, 99), st.integers(1, 12), st.dates())
def test_a_card_holds_through_the_last_day_of_its_month(year, month, day):
    text = day.strftime("%Y%m%d") if day.year >= 1950 else "20250310"
    now = int(text[:6])
    months = [(century + year) * 100 + month for century in (1900, 2000, 2100)]
    meant = min(months, key=lambda then: abs(then - now))
    assert expired(f"{year:02}{month:02}", text) == (meant < now)
