"""A host and its terminals in memory."""

from __future__ import annotations

import pytest

from acquirer.data.toml import DataError
from acquirer.errors import StoreError
from acquirer.model.effects import CommitOutcome, Send
from acquirer.terminal.exchange import Outcome
from acquirer.testing import Rig


@pytest.mark.parametrize(
    "dialect",
    ["unionpay-pos", "unionpay-pos-sm4", "iso8583-1987-plain", "iso8583-1987-dukpt-aes", "iso8583-1993-ebcdic"],
)
def test_a_terminal_signs_on_sells_and_voids(dialect: str):
    rig = Rig(dialect)
    terminal = rig.terminal()
    assert terminal.sale("12.34").ok
    assert terminal.void().ok
    assert [(one.kind, one.state, one.amount_minor) for one in rig.transactions] == [
        ("sale", "voided", 1234),
        ("void", "approved", 1234),
    ]
    assert [one.service for one in rig.journal][-2:] == ["sale", "void"]


def test_the_same_seed_gives_the_same_bytes():
    def frames(seed: int) -> list[bytes]:
        rig = Rig(seed=seed)
        terminal = rig.terminal()
        terminal.sale("1.00")
        return [evidence.message.raw for evidence in rig.journal]

    assert frames(1) == frames(1)
    assert frames(1) != frames(2)


@pytest.mark.parametrize(
    ("fault", "outcome", "reversal", "waited_s"),
    [
        ("silent:service=sale", Outcome.NO_ANSWER, "done", 60),
        ("late:after=65s,service=sale", Outcome.NO_ANSWER, "done", 60),
        ("late:after=45s,service=sale", Outcome.APPROVED, "", 45),
        ("truncate:bytes=20,service=sale", Outcome.MALFORMED, "done", 0),
        ("wrong_mac:service=sale", Outcome.MAC_DIFFERS, "done", 0),
        ("duplicate:service=sale", Outcome.APPROVED, "", 0),
        ("dribble:bytes=30,gap=1s,service=sale", Outcome.APPROVED, "", 5),
        ("glue:service=sale", Outcome.APPROVED, "", 5),
        ("bit_flip:where=de.64,service=sale", Outcome.MAC_DIFFERS, "done", 0),
        ("other_connection:service=sale", Outcome.NO_ANSWER, "done", 60),
        ("wrong_stan:service=sale", Outcome.NO_ANSWER, "done", 60),
    ],
)
def test_faults_take_no_real_time(fault: str, outcome: Outcome, reversal: str, waited_s: int):
    rig = Rig(faults=[fault])
    terminal = rig.terminal()
    terminal.sign_on()
    before_us = rig.now_us
    result = terminal.sale("12.00")
    assert (result.outcome, result.reversal) == (outcome, reversal)
    assert (rig.now_us - before_us) // 1_000_000 == waited_s


def test_rules_decide_before_anything_is_booked():
    rig = Rig(rules=[{"name": "poor", "when": {"amount": ">10.00"}, "then": {"code": "51"}}])
    terminal = rig.terminal()
    assert terminal.sale("12.00").code == "51"
    assert terminal.sale("9.00").ok
    assert [one.state for one in rig.transactions] == ["declined", "approved"]


def test_an_exchange_is_taken_step_by_step():
    rig = Rig()
    terminal = rig.terminal()
    terminal.sign_on()
    frame = rig.journal[-1].message.raw
    run = rig.start(frame).to_commit()
    assert run.step(CommitOutcome.CONFLICT)
    reply = run.finish()
    assert reply.code == "00"
    assert isinstance(reply.effects[-1], Send)
    assert not reply.silent
    broken = rig.start(frame)
    broken.fail(StoreError("it is gone"))
    assert broken.finish().code == "96"


def test_time_passes_as_tests_move_it():
    rig = Rig(at="2026-05-04T10:00:00")
    terminal = rig.terminal(timeout="5s")
    assert f"{rig.local_time():%Y-%m-%d %H:%M}" == "2026-05-04 10:00"
    rig.advance("90min")
    assert f"{rig.local_time():%H:%M}" == "11:30"
    terminal.sign_on()
    rig.advance("1440min")
    assert terminal.sale("1.00").code == "77"


def test_terminals_are_registered_with_what_is_given():
    rig = Rig()
    known = rig.register("12345678", mid="123456789012345", mak="double")
    assert (known.tid, known.mak) == ("12345678", "double")
    assert rig.terminal("12345678").sale("1.00").ok
    assert rig.terminals["12345678"].mid == "123456789012345"
    assert rig.sessions["12345678"].batch == "000001"
    with pytest.raises(DataError, match="mak"):
        rig.register("12345679", mak="triple")
