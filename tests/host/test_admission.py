"""The first checks: what is no request of this host, before any row is looked at; and clocks that are far away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acquirer.testing.rig_exchange import RigReply
from tests.host.conftest import CARD, NOON, MakeRig, Pos, Rig


def test_a_request_without_a_terminal_number(rig: Rig, pos: Pos) -> None:
    answer = rig.send(pos.sale_frame(tid=None))
    assert (answer.code, answer.why) == ("30", "DE 41 (tid) is missing; a sale (0200) must carry it: send DE 41")
    assert rig.store.transactions == {}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"amount_element": None}, "DE 4 (amount) is missing; a sale (0200) must carry it: send DE 4"),
        ({"stan": "000000"}, "DE 11 (stan) is 000000; number from 000001 to 999999, then start over"),
        ({"expiry": "3013"}, "DE 14 (expiry) has month 13; it is written YYMM, with a month from 01 to 12; "
                             "write YYMM, the year first"),
    ],
)  # fmt: skip
def test_what_is_no_sale(rig: Rig, pos: Pos, more: dict[str, Any], sentence: str) -> None:
    answer = pos.sale(**more)
    assert (answer.code, answer.why) == ("30", sentence)
    assert rig.store.transactions == {}


def local(moment: datetime) -> dict[str, Any]:
    return {"date": f"{moment:%m%d}", "time": f"{moment:%H%M%S}"}


CLOCKS = [
    (0, ""),
    (299, ""),
    (300, "clock-skew: the terminal's clock is 5 minutes ahead of the host's"),
    (-299, ""),
    (-300, "clock-skew: the terminal's clock is 5 minutes behind the host's"),
    (86_400, "clock-skew: the terminal's clock is 1440 minutes ahead of the host's"),
]


def about_clocks(answer: RigReply) -> str:
    return "\n".join(line for line in answer.notes.splitlines() if line.startswith("clock"))


@pytest.mark.parametrize(("away_s", "note"), [*CLOCKS, (3600, "")])
def test_local_times_that_differ(pos: Pos, away_s: int, note: str) -> None:
    """An hour is another time zone."""
    answer = pos.sale(**local(NOON + timedelta(seconds=away_s)))
    assert (answer.code, about_clocks(answer)) == ("00", note)


def test_half_a_time(pos: Pos) -> None:
    assert about_clocks(pos.sale(time="000000")) == ""
    assert about_clocks(pos.sale(date="0101")) == ""
    answer = pos.sale(date="1301")
    assert (answer.code, answer.why.partition(" is ")[0]) == ("30", "DE 13 (date) 1301")


AN_HOUR = "clock-skew: the terminal's clock is 60 minutes ahead of the host's"


@pytest.mark.parametrize(("away_s", "note"), [*CLOCKS, (3600, AN_HOUR)])
def test_universal_times_that_differ(new_rig: MakeRig, away_s: int, note: str) -> None:
    """Where a message has its universal time, the local one says nothing about the clock."""
    rig = new_rig(dialect="iso8583-1987-plain")
    rig.register()
    sent = (NOON + timedelta(seconds=away_s)).astimezone(UTC)
    elements = {"pan": CARD, "processing_code": "000000", "amount": "000000001234", "expiry": "3012", "stan": "000001"}
    elements |= {"entry_mode": "012", "condition": "00", "currency": "978", "sent": f"{sent:%m%d%H%M%S}"}
    answer = rig.send(rig.pos().frame("0200", {**elements, **local(NOON - timedelta(minutes=20))}))
    assert (answer.code, about_clocks(answer)) == ("00", note)


@pytest.mark.parametrize(("later_us", "code"), [(-1, "00"), (0, "77"), (1, "77")])
def test_a_host_that_has_forgotten_its_terminals_asks_for_a_sign_on(
    rig: Rig, pos: Pos, later_us: int, code: str
) -> None:
    rig.host.faults.forgotten_us = rig.sessions[pos.tid].signed_on_us + later_us
    answer = pos.sale()
    assert answer.code == code
    assert code == "00" or answer.why == "terminal 10000161 has no working keys yet: it must sign on first"
