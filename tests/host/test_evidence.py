"""What the journal is given about an exchange: all of it, whichever way it ends."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from acquirer.host.core import Host
from acquirer.host.exchange import CONFLICTS_MAX, exchange
from acquirer.host.undecodable import refuse_stream
from acquirer.model.effects import Arrival, Commit, CommitOutcome
from acquirer.model.evidence import Evidence
from acquirer.scenario.faults import Fault
from acquirer.scenario.faults.lost_request import LostRequest
from acquirer.testing import Playbook
from acquirer.testing.rig_exchange import RigExchange
from tests.host.conftest import MID, TID, MakeRig, Pos, Rig

REFERENCES = {"dialect", "message", "failure", "frame", "reply", "notes", "why", "id", "at_us"}


def by_number(host: Host, evidence: Evidence, frame: bytes, **expected: Any) -> None:
    """Compare what evidence says, without what it refers to; what is not expected is not said."""
    assert evidence.dialect is host.dialect
    shown = {one.name: (getattr(evidence, one.name), one.default) for one in fields(evidence)}
    expected |= {"peer": "127.0.0.1:5000", "frame_bytes": len(frame)}
    named = {name: value for name, (value, default) in shown.items() if value != default and name not in REFERENCES}
    assert named == expected


def test_of_a_sale(rig: Rig, pos: Pos) -> None:
    frame = pos.sale_frame()
    answer = rig.send(frame)
    (evidence,) = answer.evidence
    by_number(
        rig.host, evidence, frame, mti="0200", service="sale", tid=TID, mid=MID, batch="000001", stan="000002",
        rrn="000000000002", code="00", reason="approved", amount_minor=1234, pan_masked="621234******1232",
        reply_mti="0210",
    )  # fmt: skip
    assert evidence.at_us == rig.now_us
    assert evidence.message is not None
    assert evidence.message.raw == frame
    assert evidence.reply is not None
    assert evidence.reply[39] == "00"
    assert evidence.notes == ()


def test_of_a_repeat(rig: Rig, pos: Pos) -> None:
    frame = pos.sale_frame()
    rig.send(frame)
    (evidence,) = rig.send(frame).evidence
    by_number(
        rig.host, evidence, frame, mti="0200", service="sale", tid=TID, mid=MID, batch="000001", stan="000002",
        rrn="000000000002", code="00", reason="approved", amount_minor=1234, pan_masked="621234******1232",
        reply_mti="0210", replayed=True,
    )  # fmt: skip


def test_of_a_response_that_is_not_answered(rig: Rig, pos: Pos) -> None:
    frame = pos.sale_frame(mti="0210")
    (evidence,) = rig.send(frame).evidence
    by_number(
        rig.host, evidence, frame, mti="0210", tid=TID, mid=MID, batch="000001", stan="000002",
        reason="stray_response",
    )  # fmt: skip
    assert evidence.why == "MTI 0210 is a response, and responses are never answered; send the request, 0200"
    assert evidence.message is not None
    assert evidence.message.raw == frame


def test_of_a_frame_that_breaks_off(rig: Rig, pos: Pos) -> None:
    whole = pos.sale_frame()
    frame = whole[:-4]
    (evidence,) = rig.send(frame).evidence
    by_number(
        rig.host, evidence, frame, mti="0200", tid=TID, mid=MID, batch="000001", stan="000002",
        code="30", reason="format_wrong", reply_mti="0210",
    )  # fmt: skip
    assert evidence.frame == frame
    assert evidence.failure is not None
    assert evidence.failure.field == 64
    assert evidence.reply is not None
    assert evidence.reply[39] == "30"


def test_of_an_empty_frame_before(rig: Rig, pos: Pos) -> None:
    note = "an empty frame came just before: 4-byte length? unionpay-pos on this port reads 2 bytes"
    for frame in (pos.sale_frame(), pos.sale_frame()[:-4]):
        arrival = Arrival(frame, rig.now_us, rig.now_us / 1e6 + 60, "p", 1, before=b"\0\0")
        assert RigExchange(rig, exchange(rig.host, arrival)).finish().notes == note


def test_of_bytes_that_are_no_frames(rig: Rig) -> None:
    arrival = Arrival(b"SSH-2.0", 5, 0.0, "127.0.0.1:5000", 1)
    book = Playbook(refuse_stream(rig.host, arrival, "not-iso8583", "an SSH banner"))
    evidence = book.expect(Commit).effect.changes.evidence
    by_number(rig.host, evidence, arrival.frame, reason="not-iso8583")
    assert evidence.at_us == 5
    assert evidence.why.startswith("an SSH banner; ")
    assert (evidence.message, evidence.failure, evidence.reply, evidence.notes) == (None, None, None, ())


def deadlines(rig: Rig, frame: bytes, outcome: CommitOutcome | None = None) -> list[float]:
    """Return until when each commit of an exchange is wanted; `outcome` is that of the first one."""
    run, found = rig.start(frame), []
    while run.pending is not None:
        is_commit = isinstance(run.pending, Commit)
        if isinstance(run.pending, Commit):
            found.append(run.pending.deadline_s)
        run.step(outcome if is_commit and len(found) == 1 else None)
    return found


def test_what_changes_no_row_is_journalled_however_late(rig: Rig, pos: Pos) -> None:
    """Of an exchange that is decided, nothing is written once its terminal has stopped waiting."""
    never, waits_s = float("inf"), rig.now_us / 1e6 + 60
    assert deadlines(rig, pos.sale_frame()) == [waits_s]
    assert deadlines(rig, pos.sale_frame(mti="0210")) == [never]
    assert deadlines(rig, pos.sale_frame()[:-4]) == [never]
    assert deadlines(rig, pos.sale_frame(mti="0210")[:-4]) == [never]
    assert deadlines(rig, rig.host.dialect.encode("0700", {3: "000000"})) == [never]
    assert deadlines(rig, pos.sale_frame(), CommitOutcome.EXPIRED) == [waits_s, never]
    for outcome in (CommitOutcome.OVERLOADED, CommitOutcome.LOCKED, CommitOutcome.FAILED):  # the store takes no more
        assert deadlines(rig, pos.sale_frame(), outcome) == [waits_s]
    run = rig.start(pos.sale_frame()).to_commit()
    for _ in range(CONFLICTS_MAX):
        run.to_commit().step(CommitOutcome.CONFLICT)
    assert isinstance(run.pending, Commit)
    assert run.pending.deadline_s == never
    arrival = Arrival(b"SSH-2.0", 5, 0.0, "p", 1)
    Playbook(refuse_stream(rig.host, arrival, "not-iso8583", "an SSH banner")).expect(Commit, deadline_s=never)


def test_a_lost_request_is_journalled_however_late(new_rig: MakeRig) -> None:
    rig = new_rig(faults=(Fault("away", LostRequest()),))
    rig.register()
    frame = rig.pos().management("0800", "003", stan="000001", operator="01 ")
    assert deadlines(rig, frame) == [float("inf")]
    (evidence,) = rig.journal
    by_number(
        rig.host, evidence, frame, mti="0800", service="sign_on", tid=TID, mid=MID, batch="000001", stan="000001",
        reason="chosen", fault="away",
    )  # fmt: skip
