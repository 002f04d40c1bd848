"""The issuer: what a card table says to purchases, and what it remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.host.calendar import expired
from acquirer.host.issuer import decisions
from acquirer.host.issuer.cards import CardEntry, CardTable
from acquirer.host.issuer.decisions import (
    PIN_TRIES,
    CardUse,
    Judgement,
    give_back,
    judge_inquiry,
    judge_pin,
    judge_sale,
    spend,
)
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card
from acquirer.security.secret import Secret
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


def why(entry: CardEntry | None = None, row: Card | None = None, **more: Any) -> str:
    return ask(entry, row, **more)[1]


def test_refusals_say_which_card_what_is_so_and_what_to_do():
    assert why(replace(CARD, status="blocked")) == ("card 'test' 621234******1232 is marked blocked in the card table")
    assert why(replace(CARD, status="lost")) == ("card 'test' 621234******1232 is marked lost in the card table")
    assert why(replace(CARD, status="stolen")) == ("card 'test' 621234******1232 is marked stolen in the card table")
    assert why(replace(CARD, status="restricted")) == (
        "card 'test' 621234******1232 is marked restricted in the card table"
    )
    assert why(replace(CARD, status="issuer-down")) == (
        "card 'test' 621234******1232 belongs to an issuer that is marked down in the card table"
    )
    assert why(CARD, expiry="2502") == (
        "card 'test' 621234******1232 was valid through 2025-02; the host's business date is 2025-03-10; use "
        "another card"
    )
    assert why(replace(CARD, service_code="220"), swiped=True) == (
        "card 'test' 621234******1232 has a chip (service code 220) but was swiped without saying that its chip "
        "could not be read: insert it, or declare the fallback"
    )
    assert why(replace(CARD, pin="1234", pin_required=True)) == (
        "card 'test' 621234******1232 asks for a PIN, and the message carries no PIN block"
    )
    assert why(replace(CARD, pin="1234"), pin="99999") == (
        "card 'test' 621234******1232 has another PIN: the block opened well, to 5 digits that are not the card's; "
        "enter its PIN; 2 tries left"
    )
    assert why(replace(CARD, pin="1234"), Card("t", day=DAY, pin_tries=1), pin="9999") == (
        "card 'test' 621234******1232 has another PIN: the block opened well, to 4 digits that are not the card's; "
        "enter its PIN; 1 try left"
    )
    assert why(replace(CARD, pin="1234"), Card("t", day=DAY, pin_tries=2), pin="9999") == (
        "card 'test' 621234******1232 has another PIN: the block opened well, to 4 digits that are not the card's; "
        "enter its PIN; no more tries today"
    )
    assert why(replace(CARD, pin="1234"), Card("t", day=DAY, pin_tries=3), pin="1234") == (
        "card 'test' 621234******1232 has seen 3 wrong PINs in a row today and takes no more; it starts over on "
        "the next business day"
    )
    assert why(replace(CARD, limit_minor=999)) == (
        "card 'test' 621234******1232 allows 9.99 a sale; this one asks for 10.00"
    )
    assert why(replace(CARD, daily_limit_minor=1999), Card("t", day=DAY, day_spent_minor=1000)) == (
        "card 'test' 621234******1232 allows 19.99 a day; 10.00 went before, this sale asks for 10.00"
    )
    assert why(replace(CARD, daily_count=1), Card("t", day=DAY, day_count=1)) == (
        "card 'test' 621234******1232 allows 1 sale a day, and has had them"
    )
    assert why(replace(CARD, balance_minor=1999), Card("t", day=DAY, spent_minor=1000)) == (
        "card 'test' 621234******1232 has 9.99 left of 19.99; this sale asks for 10.00"
    )


def test_approvals_say_on_what_card():
    assert why(CARD) == "approved on card 'test' 621234******1232"
    assert why(replace(CARD, balance_minor=1999)) == ("approved on card 'test' 621234******1232, 9.99 left")
    assert why(replace(CARD, daily_count=1)) == "approved on card 'test' 621234******1232"
    assert why() == ("approved: card 621234******1232 is not in the card table, its check digit is right")


def test_cards_that_no_table_knows():
    assert why(unknown="decline") == (
        'no entry of the card table is 621234******1232, and the table declines unknown cards (unknown = "decline")'
    )
    assert why(expiry="2502") == (
        "card 621234******1232 was valid through 2025-02; the host's business date is 2025-03-10; use another card"
    )


@pytest.mark.parametrize(
    ("entry", "row", "reason"),
    [
        (replace(CARD, daily_limit_minor=2000), Card("t", day=DAY, day_spent_minor=1000), Reason.APPROVED),
        (replace(CARD, daily_limit_minor=2000), Card("t", day=DAY, day_spent_minor=1001), Reason.LIMIT_EXCEEDED),
        (replace(CARD, daily_count=2), Card("t", day=DAY, day_count=1), Reason.APPROVED),
        (replace(CARD, daily_count=2), Card("t", day=DAY, day_count=3), Reason.COUNT_EXCEEDED),
        (replace(CARD, balance_minor=2000), Card("t", day=DAY, spent_minor=1000), Reason.APPROVED),
        (replace(CARD, balance_minor=2000), Card("t", day=DAY, spent_minor=1001), Reason.FUNDS_INSUFFICIENT),
        (replace(CARD, balance_minor=2000), Card("t", day="20250401", spent_minor=1000), Reason.APPROVED),
    ],
)
def test_limits_are_reached_before_they_are_exceeded(entry, row, reason):
    assert ask(entry, row)[0] is reason


def test_only_what_changes_a_card_is_written():
    assert ask(CARD)[2] is None
    row = Card("t", 4, mask_pan(PAN), day=DAY, pin_tries=1)
    assert ask(CARD, row, pin="1234")[2] is None  # nothing to compare
    assert ask(replace(CARD, pin="1234"), row)[2] is None  # none was sent
    assert ask(replace(CARD, pin="1234"), row, pin="1234")[2] == replace(row, pin_tries=0)
    after = ask(replace(CARD, balance_minor=5000), None)[2]
    assert after == Card("t", 0, mask_pan(PAN), 1000, DAY, 1000, 1)


def test_money_of_another_day():
    row = Card("t", spent_minor=500, day="20250311", day_spent_minor=200, day_count=1)
    assert spend(row, 300, "20250310") == replace(row, spent_minor=800)
    assert spend(row, 300, "20250311") == replace(row, spent_minor=800, day_spent_minor=500, day_count=2)
    assert spend(row, 300, "20250311", whole=False) == replace(row, spent_minor=800, day_spent_minor=500)
    assert give_back(row, 100, "20250311") == replace(row, spent_minor=400, day_spent_minor=100, day_count=0)
    assert give_back(row, 100, "20250312", whole=False) == replace(row, spent_minor=400, day_spent_minor=100)
    assert give_back(row, 900, "20250311") == replace(row, spent_minor=0, day_spent_minor=0, day_count=0)
    assert give_back(replace(row, day_count=0), 0, "20250311").day_count == 0


def inquire(entry: CardEntry | None, row: Card | None = None, **more: Any) -> tuple[Judgement, int]:
    table = CardTable({entry.pan: entry} if entry else {}, unknown_balance_minor=777)
    use = CardUse(PAN, mask_pan(PAN), "t", 0, "3012", False, "", more.pop("pin", None), DAY, **more)
    return judge_inquiry(table, use, row)


def test_balances():
    assert inquire(None)[1] == 777
    judgement, minor = inquire(CARD)
    assert (judgement.reason, minor, judgement.card) == (Reason.APPROVED, 777, None)
    assert judgement.why == "card 'test' 621234******1232 has 7.77"
    judgement, minor = inquire(replace(CARD, balance_minor=5000), Card("t", day=DAY, spent_minor=6000))
    assert (judgement.why, minor) == ("card 'test' 621234******1232 has -10.00", -1000)
    judgement, minor = inquire(replace(CARD, status="lost"))
    assert (judgement.reason, minor) == (Reason.CARD_LOST, 0)
    tried = Card("t", day=DAY, pin_tries=2)
    judgement, _ = inquire(replace(CARD, pin="1234"), tried, pin="1234")
    assert judgement.card == replace(tried, pin_tries=0)
    judgement, _ = inquire(replace(CARD, pin="1234"), tried, pin="9999")
    assert (judgement.reason, judgement.card) == (Reason.PIN_INCORRECT, replace(tried, pin_tries=3))


def test_a_void_asks_for_the_pin_alone():
    def refused(entry: CardEntry | None, pin: str | None) -> Reason | None:
        table = CardTable({entry.pan: entry} if entry else {})
        judgement = judge_pin(table, CardUse(PAN, mask_pan(PAN), "t", 0, "2501", False, "", pin, DAY), None)
        return None if judgement is None else judgement.reason

    card = replace(CARD, pin="1234", pin_required=True, status="lost")
    assert [refused(card, pin) for pin in ("1234", "9999", None)] == [None, Reason.PIN_INCORRECT, None]
    assert refused(None, "9999") is None


def test_checks_that_a_card_leaves_out_never_refuse_it():
    """An entry that says nothing of a check passes it, of any sale."""
    use = CardUse(PAN, mask_pan(PAN), "t", 10**12, "3012", True, "", "654321", DAY, {})
    row = Card("t", 0, "", 10**12, DAY, 10**12, 10**6, PIN_TRIES)
    left_out = [check for name, check in decisions._SALE_CHECKS.items() if name not in CARD.checked]
    assert len(left_out) == 7
    assert [check(CARD, use, row) for check in left_out] == [None] * 7
    every = replace(
        CARD, status="lost", service_code="220", imk=Secret(bytes(16)), pin="1", limit_minor=0, daily_count=0
    )
    assert every.checked == ("status", "expiry", "chip", "cryptogram", "pin", "limit", "count")
    assert replace(CARD, daily_limit_minor=1).checked == ("expiry", "limit")
    assert replace(CARD, balance_minor=0).checked == ("expiry", "balance")
