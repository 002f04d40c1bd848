"""Authorisations, completions and their voids by the messages of ISO 8583, between our terminals and our host."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.testing import Rig
from tests.dialects.fast import slow_except

DIALECTS = (
    "iso8583-1987-ascii",
    "iso8583-1987-binary",
    "iso8583-1987-ebcdic",
    "iso8583-1993-ascii",
    "iso8583-1993-bcd",
)


@pytest.mark.parametrize("name", slow_except("iso8583-1987-ascii", DIALECTS))
def test_an_amount_is_held_completed_and_given_free(name: str) -> None:
    rig = Rig(dialect=name)
    desk, bar = rig.terminal(), rig.terminal()
    held = desk.pre_auth("500.00")
    assert held.code in ("00", "000")
    named: dict[str, Any] = {"auth_id": held.receipt.auth_id, "date": desk.state.sales[-1].original.date}
    exceeded = bar.complete("575.01", **named)
    assert (exceeded.ok, rig.journal[-1].reason) == (False, "completion_exceeds")
    assert bar.complete("575.00", **named).ok
    assert bar.void().ok  # the completion: the amount is held again
    assert bar.reverse().ok  # the void: the completion lives again
    assert not desk.complete("1.00", advice=True).ok
    other = desk.pre_auth("20.00")
    assert desk.void(stan=other.stan).ok
    third = desk.pre_auth("30.00")
    assert desk.complete("25.00", advice=True, stan=third.stan).ok
    assert [(one.kind, one.state) for one in rig.transactions if one.state != "declined"] == [
        ("pre_auth", "completed"),
        ("completion", "approved"),
        ("completion_void", "reversed"),
        ("pre_auth", "voided"),
        ("pre_auth_void", "approved"),
        ("pre_auth", "completed"),
        ("completion_advice", "approved"),
    ]
