"""The table of states and messages: complete, printed into README and docs, and true of the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.host.lifecycle import EVENTS, STATES, TABLE, Action, LifecycleState, TransactionEvent, as_markdown
from tests.host.conftest import MakeRig, Pos, Rig

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README.md", "docs/architecture.md")
BEGIN, END = "<!-- lifecycle: printed by host.lifecycle.as_markdown -->", "<!-- end of lifecycle -->"

AMOUNT = 1234


def test_every_state_has_an_answer_to_every_message() -> None:
    assert tuple(TABLE) == STATES
    assert all(tuple(row) == EVENTS for row in TABLE.values())


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_show_it(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == as_markdown(), f"{page} shows another table; print it anew with host.lifecycle.as_markdown"


def in_state(state: LifecycleState, new_rig: MakeRig) -> tuple[Rig, Pos, bytes]:
    """A transaction 000050 in a state, reached by messages, and the frame of its sale."""
    rig = new_rig()
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    amount = 0 if state == "declined" else AMOUNT
    frame = pos.sale_frame(amount, stan="000050")
    if state not in ("none", "tombstone"):
        rig.send(frame)
    if state in ("reversed", "tombstone"):
        pos.reverse("000050", amount)
    elif state == "voided":
        assert pos.void("000050", stan="000051").code == "00"
    elif state == "refunded":
        assert pos.refund(rrn_of(rig), 34, stan="000052").code == "00"
    return rig, pos, frame


def rrn_of(rig: Rig) -> str:
    row = next((row for key, row in rig.store.transactions.items() if key.stan == "000050"), None)
    return row.rrn if row is not None else "000000000777"


CODES = {
    Action.DECIDE: ("00", "00"),
    Action.REPLAY: ("00", "13"),  # the stored answer: an approval, or the decline of an amount of zero
    Action.DUPLICATE: ("94", "94"),
    Action.LATE: ("94", "94"),
    Action.UNDO: ("00", "00"),
    Action.NOTHING_TO_UNDO: ("00", "00"),
    Action.REPEAT_UNDO: ("00", "00"),
    Action.REMEMBER: ("25", "25"),
    Action.REPEAT_UNKNOWN: ("25", "25"),
    Action.UNKNOWN: ("25", "25"),
    Action.CLOSED: ("25", "25"),
    Action.TAKE_BACK: ("00", "00"),
    Action.GIVE_BACK: ("00", "00"),
    Action.COMPLETE: ("00", "00"),
    Action.REPLACE: ("00", "00"),
    Action.RAISE: ("00", "00"),
    Action.KEEP: ("00", "00"),
    Action.KEEP_FLAGGED: ("00", "00"),
}
"""What each action answers; second: when the transaction was declined."""

AFTER: dict[tuple[LifecycleState, TransactionEvent], LifecycleState] = {
    ("none", "same"): "approved",
    ("none", "other"): "approved",
    ("none", "reversal"): "tombstone",
    ("approved", "reversal"): "reversed",
    ("approved", "void"): "voided",
    ("approved", "refund"): "refunded",
}
"""The state that a message leads to; every other one leaves it."""


STAN = "000050"
AUTH_ID = "000002"  # of the first transaction of a host: the last six digits of its reference number

OF_A_PRE_AUTH: tuple[LifecycleState, ...] = (
    "none",
    "approved",
    "declined",
    "reversed",
    "voided",
    "completed",
    "tombstone",
)
TO_A_PRE_AUTH: tuple[TransactionEvent, ...] = ("same", "other", "reversal", "void", "completion", "top_up", "signature")
OF_PRE_AUTH = {"void": "void", "completion": "complete", "top_up": "top_up"}


def pre_auth_in_state(state: LifecycleState, new_rig: MakeRig) -> tuple[Rig, Pos]:
    """A pre-authorisation 000050 in a state, reached by messages."""
    rig = new_rig()
    rig.register()
    pos = rig.pos()
    pos.sign_on()
    amount = 0 if state == "declined" else AMOUNT
    if state not in ("none", "tombstone"):
        pos.pre_auth(amount, stan=STAN)
    if state in ("reversed", "tombstone"):
        pos.reverse(STAN, amount, processing_code="030000", transaction_type="10")
    elif state in ("voided", "completed"):
        kind = "void" if state == "voided" else "complete"
        assert pos.of_pre_auth(kind, AUTH_ID, AMOUNT, stan="000051").code == "00"
    return rig, pos


@pytest.mark.slow
@pytest.mark.parametrize("state", OF_A_PRE_AUTH)
@pytest.mark.parametrize("event", TO_A_PRE_AUTH)
def test_so_are_pre_authorisations(state: LifecycleState, event: TransactionEvent, new_rig: MakeRig) -> None:
    rig, pos = pre_auth_in_state(state, new_rig)
    amount = 0 if state == "declined" else AMOUNT
    action = TABLE[state][event]
    if event in ("same", "other"):
        answer = pos.pre_auth(amount if event == "same" else 777, stan=STAN)
    elif event == "reversal":
        answer = pos.reverse(STAN, amount, processing_code="030000", transaction_type="10")
    elif event == "signature":
        answer = pos.upload(STAN, bytes.fromhex("0000010000000080000000010000000100000000000800ff02"))
    else:
        answer = pos.of_pre_auth(OF_PRE_AUTH[event], AUTH_ID, AMOUNT)
    if state == "declined" and event in OF_PRE_AUTH:  # it holds nothing, and has no authorisation code
        action = Action.UNKNOWN
    assert answer.code == CODES[action][state == "declined"], (action, answer.why)
    row = next((row for key, row in rig.store.transactions.items() if key.stan == STAN), None)
    after: dict[tuple[LifecycleState, TransactionEvent], LifecycleState] = {
        **AFTER,
        ("approved", "completion"): "completed",
    }
    assert (row.state if row is not None else "none") == after.get((state, event), state)


OF_A_SALE = [state for state in STATES if state not in ("completed", "adjusted")]
TO_A_SALE = [event for event in EVENTS if event not in ("completion", "adjustment", "top_up")]


@pytest.mark.slow
@pytest.mark.parametrize("state", OF_A_SALE)
@pytest.mark.parametrize("event", TO_A_SALE)
def test_the_host_keeps_to_it(state: LifecycleState, event: TransactionEvent, new_rig: MakeRig) -> None:
    rig, pos, frame = in_state(state, new_rig)
    amount = 0 if state == "declined" else AMOUNT
    image = bytes.fromhex("0000010000000080000000010000000100000000000800ff02")
    if event == "same":
        answer = rig.send(frame)
    elif event == "other":
        answer = rig.send(pos.sale_frame(777, stan="000050"))
    elif event == "reversal":
        answer = pos.reverse("000050", amount)
    elif event == "void":
        answer = pos.void("000050", amount or AMOUNT)
    elif event == "refund":
        answer = pos.refund(rrn_of(rig), 100)
    else:
        answer = pos.upload("000050", image, amount=f"{amount:012}")
    action = TABLE[state][event]
    assert answer.code == CODES[action][state == "declined"], (action, answer.why)
    if action is Action.KEEP_FLAGGED:
        assert f"sale-{state}" in answer.notes
    row = next((row for key, row in rig.store.transactions.items() if key.stan == "000050"), None)
    after = AFTER.get((state, event), state)
    assert (row.state if row is not None else "none") == after
