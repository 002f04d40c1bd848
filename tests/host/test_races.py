"""Several host processes over one store: decisions overtaken by others, and stores that say no."""

from __future__ import annotations

import pytest

from acquirer.errors import StoreError
from acquirer.host.exchange import CONFLICTS_MAX
from acquirer.model.effects import Commit, CommitOutcome, Load, LoadCard, LoadOriginal, Send, Silence

BALANCE, PIN_CARD = "6200000000000005", "6212345678900000003"


@pytest.mark.parametrize("first", ["sale", "reversal"])
def test_a_reversal_racing_its_sale_leaves_it_undone(rig, pos, first):
    sale = rig.start(pos.sale_frame()).to_commit()
    reversal = rig.start(pos.reversal_frame("000002")).to_commit()
    order = [sale, reversal] if first == "sale" else [reversal, sale]
    codes = [run.finish().code for run in order]
    assert codes == (["00", "00"] if first == "sale" else ["25", "94"])
    assert rig.booked_minor() == 0


def test_the_same_sale_at_two_hosts_is_booked_once(rig, pos):
    frame = pos.sale_frame()
    runs = [rig.start(frame).to_commit() for _ in range(2)]
    answers = [run.finish() for run in runs]
    assert answers[0].message.raw == answers[1].message.raw
    assert rig.booked_minor() == 1234


def test_two_reversals_at_once_give_the_balance_back_once(rig, pos):
    pos.sale(pan=BALANCE)
    pos.sale(pan=BALANCE)
    runs = [rig.start(pos.reversal_frame("000002", pan=BALANCE)).to_commit() for _ in range(2)]
    assert [run.finish().code for run in runs] == ["00", "00"]
    assert next(iter(rig.store.cards.values())).spent_minor == 1234


def test_two_terminals_with_one_card_never_spend_more_than_it_has(rig, pos):
    rig.register("10000162")
    other = rig.pos("10000162")
    other.sign_on()
    runs = [rig.start(one.sale_frame(60_000, pan=BALANCE)).to_commit() for one in (pos, other)]
    assert [run.finish().code for run in runs] == ["00", "51"]
    assert rig.booked_minor() == 60_000


def test_two_sign_ons_at_once_leave_the_last_one_current(rig):
    pos = rig.pos()
    runs = [rig.start(pos.management("0800", "003", stan=f"{n:06}", operator="01 ")).to_commit() for n in (1, 2)]
    packages = [run.finish()[62] for run in runs]
    assert packages[0] != packages[1]
    session = rig.sessions["10000161"]
    assert (session.current.number, session.previous.number) == (2, 1)


def test_a_sale_overtaken_by_a_sign_on_is_decided_again(rig, pos):
    sale = rig.start(pos.sale_frame()).to_commit()
    old = pos.keys
    pos.sign_on()
    answer = sale.finish()
    assert answer.code == "00"
    assert rig.host.suite.verify_message(old, answer.message)


def test_a_sale_overtaken_by_a_sign_off_is_refused(rig, pos):
    sale = rig.start(pos.sale_frame()).to_commit()
    pos.sign_off()
    assert sale.finish().code == "77"


def test_a_decision_overtaken_again_and_again_is_given_up(rig, pos):
    run = rig.start(pos.sale_frame())
    for _ in range(CONFLICTS_MAX):
        run.to_commit().step(CommitOutcome.CONFLICT)
    answer = run.finish()
    assert answer.code == "96"
    assert "changed this terminal's row again and again" in answer.why
    assert rig.booked_minor() == 0


def test_an_expired_commit_is_silent(rig, pos):
    run = rig.start(pos.sale_frame()).to_commit()
    run.step(CommitOutcome.EXPIRED)
    answer = run.finish()
    assert answer.effects == [Silence("expired")]
    assert answer.why.startswith("too late: the terminal had stopped waiting")
    assert (rig.booked_minor(), answer.evidence[0].code) == (0, "")


def test_more_than_the_store_can_take(rig, pos):
    run = rig.start(pos.sale_frame()).to_commit()
    offered = run.pending.changes.evidence
    run.step(CommitOutcome.OVERLOADED)
    answer = run.finish()
    assert answer.code == "91"
    assert (offered.reason, offered.code) == ("overloaded", "91")
    assert rig.booked_minor() == 0


def test_when_the_store_fails_a_sale_that_may_be_booked_is_not_answered(rig, pos):
    """A decline would make the terminal forget it; hearing nothing, it reverses."""
    run = rig.start(pos.sale_frame()).to_commit()
    offered = run.pending.changes.evidence
    run.step(CommitOutcome.FAILED)
    assert run.finish().effects == [Silence("store failed")]
    assert (offered.reason, offered.code, offered.reply) == ("system_fault", "", None)


def test_when_the_store_fails_no_terminal_is_signed_on(rig):
    run = rig.start(rig.pos().management("0800", "003", stan="000001", operator="01 ")).to_commit()
    run.step(CommitOutcome.FAILED)
    assert run.finish().code == "96"


@pytest.mark.parametrize(
    ("busy", "rows", "request_", "effect", "code"),
    [
        (False, Load, "sale", Silence, ""),
        (False, LoadCard, "sale", Silence, ""),
        (False, LoadOriginal, "void", Silence, ""),
        (False, Load, "reversal", Send, "96"),
        (False, Load, "sign_on", Send, "96"),
        (True, Load, "sale", Send, "91"),
        (True, LoadOriginal, "void", Send, "91"),
        (True, Load, "sign_on", Send, "91"),
    ],
)
def test_rows_that_cannot_be_read_decide_nothing(rig, pos, busy, rows, request_, effect, code):
    """A sale that is not answered may be a repeat of one that is booked: its terminal reverses it."""
    pos.sale()
    frame = {
        "sale": lambda: pos.sale_frame(pan=PIN_CARD),
        "void": lambda: pos.void_frame("000002"),
        "reversal": lambda: pos.reversal_frame("000002"),
        "sign_on": lambda: pos.management("0800", "003", stan="000009", operator="01 "),
    }[request_]()
    run = rig.start(frame)
    while not isinstance(run.pending, rows):
        run.step()
    before = rig.booked_minor()
    answer = run.fail(StoreError("a.db is damaged: put a backup back", busy=busy)).finish()
    assert [type(one) for one in answer.effects] == [effect]
    assert rig.booked_minor() == before
    evidence = rig.journal[-1]
    assert evidence.why == "nothing was decided: a.db is damaged: put a backup back"
    assert evidence.reason == ("overloaded" if busy else "system_fault")
    if effect is Send:
        assert answer.code == code


def test_a_card_is_loaded_once_and_nothing_is_decided_twice(rig, pos):
    run = rig.start(pos.sale_frame(pan=PIN_CARD))
    pending = []
    for _ in range(3):
        pending.append(type(run.pending))
        run.step()
    assert pending == [Load, LoadCard, Commit]


def test_every_exchange_ends(rig, pos):
    assert isinstance(rig.start(pos.sale_frame()).finish().effects[-1], Send)


def test_a_stored_answer_overtaken_by_the_reversal_is_not_given(rig, pos):
    frame = pos.sale_frame()
    rig.send(frame)
    repeat = rig.start(frame).to_commit()
    assert pos.reverse("000002").code == "00"
    assert repeat.finish().code == "94"


def test_a_reply_that_does_not_fit_the_dialect_books_nothing(rig, pos):
    rig.store.numbers = iter((10**12,))  # a reference number of 13 digits
    answer = pos.sale()
    assert (answer.code, rig.booked_minor()) == ("96", 0)
    assert answer.why.startswith("the reply cannot be written in this dialect: DE 37")
