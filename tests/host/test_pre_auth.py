"""Pre-authorisations: an amount is held, raised, given free, taken once, and held again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acquirer.host.registry import Undoing
from acquirer.host.services import completion, completion_void, pre_auth_top_up
from acquirer.model.rows import Card, Transaction, TransactionKey
from acquirer.testing.rig_exchange import RigReply
from tests.host.conftest import MID, NOON, TID, MakeRig, Pos, Rig

COUNTED = "6200000000000005"  # has a balance of 1000.00
OTHER_CARD = "6200000000000047"
OTHER = "10000162"
KEY = TransactionKey(MID, TID, "000001", "000002")


@pytest.fixture
def held(rig: Rig, pos: Pos) -> str:
    """The authorisation code of 500.00 held on a counted card, STAN 000002."""
    answer = pos.pre_auth(pan=COUNTED)
    assert (answer.code, answer[4], answer[25]) == ("00", "000000050000", "06")
    return str(answer[38])


def row(rig: Rig, stan: str) -> Transaction:
    return next(one for key, one in rig.store.transactions.items() if key.stan == stan)


def spent(rig: Rig) -> int:
    return rig.store.cards[rig.host.vault.token(COUNTED)].spent_minor


def states(rig: Rig) -> list[tuple[str, str]]:
    return [(one.kind, one.state) for one in rig.transactions]


def other(rig: Rig) -> Pos:
    rig.register(OTHER)
    pos = rig.pos(OTHER)
    pos.sign_on()
    return pos


def test_an_amount_is_held_and_counts_as_no_debit(rig, held):
    found = row(rig, "000002")
    assert (found.kind, found.authorised_minor, found.auth_id, spent(rig)) == ("pre_auth", 50_000, held, 50_000)


def test_a_completion_takes_less_and_frees_the_rest(rig, pos, held):
    answer = pos.of_pre_auth("complete", held, 45_000, pan=COUNTED)
    assert (answer.code, answer[38]) == ("00", held)
    assert answer.why == (
        "completed: 450.00 of 500.00 that were held are taken, by the pre-authorisation of 500.00 with STAN 000002, "
        "batch 000001 on terminal 10000161"
    )
    assert states(rig) == [("pre_auth", "completed"), ("completion", "approved")]
    assert spent(rig) == 45_000


@pytest.mark.parametrize(("amount", "code"), [(57_500, "00"), (57_501, "64"), (1, "00")])
def test_up_to_115_per_cent(rig, pos, held, amount, code):
    answer = pos.of_pre_auth("complete", held, amount, pan=COUNTED)
    assert answer.code == code
    if code == "64":
        assert answer.why.endswith(
            "holds 500.00, and 115 % of that may be taken (completion_percent); the completion asks for 575.01: "
            "ask for 575.00 at most"
        )
        assert (row(rig, "000002").state, spent(rig)) == ("approved", 50_000)


def test_the_share_is_a_setting(new_rig):
    rig = new_rig(completion_percent=100)
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    code = str(pos.pre_auth()[38])
    assert pos.of_pre_auth("complete", code, 50_001).code == "64"
    assert pos.of_pre_auth("complete", code, 50_000).code == "00"


def test_any_terminal_of_the_merchant_completes_it_by_advice(rig, pos, held):
    assert other(rig).of_pre_auth("advise", held, pan=COUNTED).code == "00"
    assert states(rig) == [("pre_auth", "completed"), ("completion_advice", "approved")]
    again = pos.of_pre_auth("complete", held, pan=COUNTED)
    assert (again.code, "is completed already: it cannot be completed" in again.why) == ("25", True)


def test_two_terminals_at_once_complete_it_once(rig, pos, held):
    second = other(rig)
    elements: dict[str, Any] = {"auth_id": held, "condition": "06", "transaction_type": "20", "pan": COUNTED}
    named: dict[str, Any] = {"original_batch": "000000", "original_stan": "000000", "original_date": "0310"}
    frames = [one.sale_frame(57_500, **elements, **named) for one in (pos, second)]
    first, late = (rig.start(frame).to_commit() for frame in frames)  # both were decided on the held amount
    assert [first.finish().code, late.finish().code] == ["00", "25"]
    assert spent(rig) == 57_500


def test_two_terminals_at_once_refund_a_completion_once(rig, pos, held):
    rrn = str(pos.of_pre_auth("complete", held, 45_000, pan=COUNTED)[37])
    frames = [one.refund_frame(rrn, 30_000, pan=COUNTED) for one in (pos, other(rig))]
    first, late = (rig.start(frame).to_commit() for frame in frames)
    assert [first.finish().code, late.finish().code] == ["00", "61"]
    assert spent(rig) == 15_000


def test_a_reversed_completion_leaves_the_amount_held(rig, pos, held):
    pos.of_pre_auth("complete", held, 45_000, pan=COUNTED)
    answer = pos.reverse("000003", 45_000, pan=COUNTED, transaction_type="20")
    assert answer.code == "00"
    assert states(rig) == [("pre_auth", "approved"), ("completion", "reversed")]
    assert spent(rig) == 50_000
    assert pos.of_pre_auth("complete", held, 40_000, pan=COUNTED).code == "00"


def test_an_advice_is_repeated_and_never_reversed(rig, pos, held):
    frame = pos.of_pre_auth("advise", held, 45_000, pan=COUNTED, stan="000009")
    again = pos.of_pre_auth("advise", held, 45_000, pan=COUNTED, stan="000009", mti="0221")
    assert (frame.code, again.code, again.evidence[0].replayed) == ("00", "00", True)
    answer = pos.reverse("000009", 45_000, pan=COUNTED, transaction_type="24")
    assert (answer.code, "is never reversed" in answer.why) == ("40", True)


class TestVoids:
    def test_what_is_held_is_given_free(self, rig, held):
        assert other(rig).of_pre_auth("void", held, pan=COUNTED).code == "00"
        assert (states(rig), spent(rig)) == ([("pre_auth", "voided"), ("pre_auth_void", "approved")], 0)

    def test_in_whole_only(self, rig, pos, held):
        answer = pos.of_pre_auth("void", held, 49_999, pan=COUNTED)
        assert (answer.code, answer.why.endswith("500.00, or complete it with less")) == ("64", True)

    def test_a_reversed_void_holds_it_again(self, rig, pos, held):
        pos.of_pre_auth("void", held, pan=COUNTED)
        answer = pos.reverse("000003", 50_000, pan=COUNTED, processing_code="200000", transaction_type="11")
        assert (answer.code, row(rig, "000002").state, spent(rig)) == ("00", "approved", 50_000)

    def test_an_ordinary_void_does_not_fit(self, pos, held):
        answer = pos.void("000002", 50_000, pan=COUNTED)
        assert answer.code == "25"
        assert answer.why.endswith("is a pre-authorisation: a void does not fit it; send a void of a pre-authorisation")

    def test_a_voided_one_cannot_be_completed(self, pos, held):
        pos.of_pre_auth("void", held, pan=COUNTED)
        answer = pos.of_pre_auth("complete", held, pan=COUNTED)
        assert (answer.code, "is voided already: it cannot be completed" in answer.why) == ("25", True)


class TestTopUps:
    def test_more_is_held_and_may_be_taken(self, rig, pos, held):
        answer = pos.of_pre_auth("top_up", held, 20_000, pan=COUNTED)
        assert (answer.code, answer[38], answer[54]) == ("00", held, "1002156C000000070000")
        assert answer.why.startswith("topped up: 700.00 are held now")
        assert (row(rig, "000002").authorised_minor, spent(rig)) == (70_000, 70_000)
        assert pos.of_pre_auth("complete", held, 80_500, pan=COUNTED).code == "00"
        assert spent(rig) == 80_500

    def test_without_a_code_the_card_names_it(self, rig, pos, held):
        answer = pos.of_pre_auth("top_up", held, 20_000, pan=COUNTED, auth_id=None, original_date=None)
        assert (answer.code, row(rig, "000002").authorised_minor) == ("00", 70_000)

    def test_beyond_the_balance_nothing_more_is_held(self, rig, pos, held):
        assert pos.of_pre_auth("top_up", held, 50_001, pan=COUNTED).code == "51"
        assert row(rig, "000002").authorised_minor == 50_000

    def test_a_reversed_one_holds_less_again(self, rig, pos, held):
        pos.of_pre_auth("top_up", held, 20_000, pan=COUNTED)
        more = {"processing_code": "030000", "transaction_type": "10"}
        assert pos.reverse("000003", 20_000, pan=COUNTED, **more).code == "00"
        assert (row(rig, "000002").authorised_minor, spent(rig)) == (50_000, 50_000)

    def test_once_it_is_completed_it_rests_on_its_top_up(self, rig, pos, held):
        pos.of_pre_auth("top_up", held, 20_000, pan=COUNTED)
        pos.of_pre_auth("complete", held, 70_000, pan=COUNTED)
        more = {"processing_code": "030000", "transaction_type": "10"}
        answer = pos.reverse("000003", 20_000, pan=COUNTED, **more)
        assert answer.code == "25"
        assert answer.why == (
            "the pre-authorisation that it belongs to is completed since, which rests on this top-up of a "
            "pre-authorisation: it is not undone; settle what is left by a refund"
        )


class TestVoidsOfCompletions:
    @pytest.fixture
    def completed(self, pos: Pos, held: str) -> str:
        assert pos.of_pre_auth("complete", held, 45_000, pan=COUNTED).code == "00"  # STAN 000003
        return held

    def test_the_amount_is_held_again_and_can_be_completed_anew(self, rig, pos, completed):
        answer = pos.completion_void("000003", 45_000, pan=COUNTED, auth_id=completed)
        assert answer.code == "00"
        assert answer.why.startswith("voided: the completion of a pre-authorisation of 450.00 with STAN 000003")
        assert states(rig) == [("pre_auth", "approved"), ("completion", "voided"), ("completion_void", "approved")]
        assert spent(rig) == 50_000
        assert pos.of_pre_auth("complete", completed, 40_000, pan=COUNTED).code == "00"

    def test_its_reversal_lets_the_completion_live_again(self, rig, pos, completed):
        pos.completion_void("000003", 45_000, pan=COUNTED)
        answer = pos.reverse("000004", 45_000, pan=COUNTED, processing_code="200000", transaction_type="21")
        assert answer.code == "00"
        assert states(rig) == [("pre_auth", "completed"), ("completion", "approved"), ("completion_void", "reversed")]
        assert spent(rig) == 45_000

    def test_its_reversal_comes_too_late_once_it_is_completed_anew(self, rig, pos, completed):
        pos.completion_void("000003", 45_000, pan=COUNTED)
        other(rig).of_pre_auth("complete", completed, 40_000, pan=COUNTED)
        answer = pos.reverse("000004", 45_000, pan=COUNTED, processing_code="200000", transaction_type="21")
        assert (answer.code, spent(rig)) == ("25", 40_000)

    def test_a_conflict_about_the_pre_authorisation_decides_again(self, rig, pos, completed):
        frame = pos.void_frame(
            "000003", 45_000, pan=COUNTED, condition="06", transaction_type="21", original_date="0310"
        )
        waiting = rig.start(frame).to_commit()
        before = row(rig, "000002")
        rig.store.transactions[before.key] = replace(before, version=before.version + 1)
        assert waiting.finish().code == "00"

    def test_by_an_ordinary_void_it_is_refused(self, pos, completed):
        answer = pos.void("000003", 45_000, pan=COUNTED)
        assert (answer.code, answer.why.endswith("send a void of a completion")) == ("25", True)

    def test_on_a_later_day_it_is_refunded(self, new_rig: MakeRig):
        rig = new_rig()
        rig.register(required="never")
        pos = rig.pos()
        pos.sign_on()
        answer = pos.of_pre_auth("complete", str(pos.pre_auth()[38]), 45_000)
        rig.advance(86_400)
        assert pos.completion_void("000003", 45_000).code == "25"
        assert pos.refund(str(answer[37]), 45_000).code == "00"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"auth_id": "999999"}, "25", "has booked a pre-authorisation with authorisation code 999999 of DE 61"),
        ({"pan": OTHER_CARD}, "25", "on this card: take card, date and DE 38 (auth id) from its slip"),
        ({"original_date": "0309"}, "25", "(original date, characters 13–16) 0309 on this card"),
        ({"currency": "840"}, "12", "this host settles in 156"),
    ],
)
def test_what_is_refused_and_why(more, code, words, rig, pos, held):
    answer = pos.of_pre_auth("complete", held, **{"pan": COUNTED, **more})
    assert (answer.code, row(rig, "000002").state) == (code, "approved")
    assert words in answer.why


@pytest.mark.parametrize(("days", "code"), [(29, "00"), (30, "22")])
def test_for_29_days(new_rig: MakeRig, days, code):
    rig = new_rig()
    rig.register(required="never")
    pos = rig.pos()
    pos.sign_on()
    auth_id = str(pos.pre_auth()[38])
    rig.advance(days * 86_400)
    answers: list[RigReply] = [pos.of_pre_auth(kind, auth_id, 1000) for kind in ("top_up", "complete")]
    assert [answer.code for answer in answers] == [code, code]
    if code == "22":
        assert "is 30 days old; this host completes and voids for 29 days (pre_auth_days)" in answers[0].why


def test_a_reversed_pre_authorisation_holds_nothing(rig, pos, held):
    more = {"processing_code": "030000", "transaction_type": "10"}
    assert pos.reverse("000002", 50_000, pan=COUNTED, **more).code == "00"
    assert spent(rig) == 0
    assert pos.of_pre_auth("complete", held, pan=COUNTED).code == "25"


def test_a_declined_one_holds_nothing(rig, pos):
    assert pos.pre_auth(100_001, pan=COUNTED).code == "51"
    assert row(rig, "000002").authorised_minor == 0


def test_rows_that_are_gone():
    """What was purged, or changed by hand in the store, undoes nothing else."""
    followed = Transaction(KEY, kind="completion", amount_minor=100)
    assert completion.undo(Undoing(followed)).original is None
    assert pre_auth_top_up.undo(Undoing(followed)) is None
    assert completion_void.undo(Undoing(followed, followed)) is None
    held = Transaction(KEY, kind="pre_auth", state="completed", authorised_minor=300, business_date=f"{NOON:%Y%m%d}")
    undone = completion.undo(Undoing(followed, held, Card("c", spent_minor=100)))
    assert (undone.original.state, undone.card.spent_minor) == ("approved", 300)
