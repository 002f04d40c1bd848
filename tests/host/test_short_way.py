"""The short way equals the general one: replies, facts for the journal, sessions; what is unusual it leaves alone."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.host.short_way import ShortWay
from acquirer.journal.shapes import AGAIN_AFTER, USUAL_AFTER
from acquirer.testing.rig import Rig
from acquirer.wire.message import Message
from tests.host.short_rigs import TIDS, WARM, both, frame_of, pair, take

DIALECTS = ("unionpay-pos", "unionpay-pos-sm4", "iso8583-1987-ascii", "iso8583-1987-binary", "iso8583-1993-bcd")
GENERAL = ("iso8583-1993-bcd",)
"""Dialects whose sign-ons bring date and time, which may be none."""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ordinary_sign_ons_take_it(dialect: str) -> None:
    general, short, message = pair(dialect)
    for number in range(WARM + 5):
        both(general, short, frame_of(general, message, tid=TIDS[number % 2], stan=f"{number + 1:06}"))
    assert bool(short.taken) is (dialect not in GENERAL)


operators = st.sampled_from(["01 ", "1  ", "   ", "\xd2\xf8 ", "A\x00B", "123"])
steps = st.tuples(
    st.sampled_from(["sign_on"] * 5 + ["sign_off", "later", "day", "back"]),
    st.sampled_from([*TIDS, "99999999"]),
    st.integers(0, 3).map(lambda number: f"{number:06}"),
    st.sampled_from(["001", "003", "004", "005", "999", "002"]),
    operators,
    st.sampled_from(["000001", "000007"]),
    st.booleans(),
)


@given(dialect=st.sampled_from(DIALECTS), days=st.lists(steps, max_size=12))
def test_it_equals_the_general_way(dialect: str, days: list[tuple[str, str, str, str, str, str, bool]]) -> None:
    general, short, message = pair(dialect)
    for number in range(WARM + USUAL_AFTER):
        both(general, short, frame_of(general, message, tid=TIDS[number % 3], stan=f"{number + 1:06}"))
    for what, tid, stan, function, operator, batch, other_mid in days:
        if what in ("later", "day", "back"):
            for rig in (general, short):
                rig.now_us += {"later": 5, "day": 86_400, "back": -86_400}[what] * 1_000_000
            continue
        elements = {"tid": tid, "stan": stan, "batch": batch}
        if "function" in general.dialect.elements and not dialect.startswith("iso"):
            elements["function"] = "002" if what == "sign_off" else function
        if other_mid:
            elements["mid"] = "123456789012345"
        if "operator" in general.dialect.elements:
            elements["operator"] = operator
        mti = {"sign_off": "0820"}.get(what, message.mti) if dialect.startswith("unionpay") else message.mti
        both(general, short, frame_of(general, Message(message.raw, mti, message.fields), **elements))


def test_echoes_take_it_too() -> None:
    general, short, message = pair("unionpay-pos")
    elements = {"tid": TIDS[0], "function": "301"}
    for _ in range(WARM + 3):
        both(general, short, frame_of(general, Message(message.raw, "0820", message.fields), **elements))
    assert short.taken == 0  # its session is not in memory: no one has signed on
    both(general, short, frame_of(general, message, tid=TIDS[0]))
    both(general, short, frame_of(general, Message(message.raw, "0820", message.fields), **elements))
    assert short.taken == 1


def test_usual_ones_have_their_rows_of_the_journal_at_once() -> None:
    general, short, message = pair("unionpay-pos")
    for number in range(WARM + USUAL_AFTER + 3):
        both(general, short, frame_of(general, message, tid=TIDS[0], stan=f"{number + 1:06}"))
    assert [row is not None for row in short.rows[-3:]] == [True] * 3
    assert short.rows[0] is None


def test_a_form_that_the_first_ones_did_not_have_is_learnt_later() -> None:
    general, short, message = pair("unionpay-pos")
    for number in range(WARM + USUAL_AFTER + 3):
        both(general, short, frame_of(general, message, tid=TIDS[0], stan=f"{number + 1:06}", operator="   "))
    frame = frame_of(general, message, tid=TIDS[0], operator="01 ")
    for _ in range(AGAIN_AFTER + 1):
        both(general, short, frame)
    has_row = [row is not None for row in short.rows]
    assert (has_row[-AGAIN_AFTER - 2], has_row[-AGAIN_AFTER], has_row[-1]) == (True, False, True)


def test_a_terminal_that_a_rule_is_about_goes_the_general_way() -> None:
    _, short, message = pair("unionpay-pos")
    ruled = Rig("unionpay-pos", rules=[{"name": "closed", "when": {"tid": TIDS[0]}, "then": {"code": "96"}}])
    way = ShortWay(ruled.host, short.load_kept, short.kept, lambda: 0.0)
    numbers = count(1)

    def takes(tid: str) -> bool:
        frame = frame_of(short, message, tid=tid, stan=f"{next(numbers):06}")
        short.dialect.decode(frame)
        return take(way, frame, short.now_us) is not None

    for tid in TIDS:
        short.answer(frame_of(short, message, tid=tid))
    for _ in range(2 * WARM):
        ruled.dialect.decode(frame_of(short, message, tid=TIDS[1]))
        takes(TIDS[1])
    assert takes(TIDS[1])
    assert not takes(TIDS[0])


def test_with_a_fault_in_force_all_go_the_general_way() -> None:
    _, short, message = pair("unionpay-pos")
    for number in range(WARM + 1):
        short.answer(frame_of(short, message, tid=TIDS[0], stan=f"{number + 1:06}"))
    before = short.taken
    assert before
    damaged = Rig("unionpay-pos", faults=["silent"])
    short.host.faults = damaged.host.faults
    assert short.answer(frame_of(short, message, tid=TIDS[0])) is None
    assert short.taken == before


def test_random_bitmaps_fill_no_memory() -> None:
    _, short, message = pair("unionpay-pos")
    way = short.short
    for number in range(600):
        way._count(f"0800 {number}".encode(), message)
    assert len(way._seen) <= 256


@pytest.mark.parametrize("dialect", ["iso8583-1987-ascii", "iso8583-1987-binary"])
def test_messages_of_one_kind_take_the_way_of_their_own_route_alone(dialect: str) -> None:
    general, short, message = pair(dialect)
    for number in range(WARM + USUAL_AFTER):
        both(general, short, frame_of(general, message, tid=TIDS[0], stan=f"{number + 1:06}"))
    before = short.taken
    assert before
    for number, function in enumerate(["301", "161", "002", "301", "999", "001"], 400):
        both(general, short, frame_of(general, message, tid=TIDS[0], stan=f"{number:06}", function=function))
    assert short.taken == before + 1  # the last one
