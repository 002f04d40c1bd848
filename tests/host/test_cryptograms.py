"""A card whose issuer has its key: the chip's cryptogram is checked, and the chip is answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquirer.testing import Rig
from acquirer.wire.tlv import parse_tlv

SCRIPT = "9F180400000001860D841E0000081122334455667788"


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_right_one_is_answered_with_an_arpc_and_a_script(rig: Rig) -> None:
    result = rig.terminal().sale("300.00", card="emv")
    assert (result.code, "the chip knows its issuer (ARPC)" in result.exchange.notes) == ("00", True)
    assert result.exchange is not None
    assert result.exchange.reply is not None
    icc = rig.dialect.get(result.exchange.reply, "icc")
    assert isinstance(icc, bytes)
    objects = {one.tag: one.value for one in parse_tlv(icc)}
    assert list(objects) == ["9F36", "91", "72"]
    assert (objects["91"][8:], objects["72"].hex().upper()) == (b"00", SCRIPT)


def test_another_one_is_refused(rig: Rig) -> None:
    terminal = rig.terminal()
    other = terminal._core.card("emv")
    assert other.imk is not None
    result = terminal.sale("300.00", card=replace(other, imk=None))  # a chip of another make: random bytes
    assert (result.code, rig.journal[-1].reason) == ("59", "cryptogram_differs")
    assert "has a chip that makes another cryptogram (9F26) of this data, under issuer's key KCV" in rig.journal[-1].why


def test_without_the_chip_nothing_is_checked(rig: Rig) -> None:
    assert rig.terminal().sale("300.00", card="emv", entry="manual").code == "00"


def test_a_decline_is_answered_too(rig: Rig) -> None:
    terminal = rig.terminal()
    result = terminal.sale("1.00", card=replace(terminal._core.card("emv"), expiry="2401"))
    assert (result.code, rig.journal[-1].reason) == ("54", "card_expired")


def test_a_balance_and_a_pre_authorisation_as_well(rig: Rig) -> None:
    terminal = rig.terminal()
    assert terminal.balance("emv").code == "00"
    assert terminal.pre_auth("10.00", "emv").code == "00"
    assert terminal.void().code == "00"  # without the chip
