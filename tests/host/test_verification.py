"""Whose keys a request is under: current, previous, derived or none; and sealed keys that do not open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from acquirer.host.verification import Verified, in_grace, other_generation
from acquirer.model.rows import Generation, Session
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys
from acquirer.testing.rig_exchange import RigReply
from tests.host.conftest import CARD, TID, MakeRig, Pos, Rig

MINUTE_US = 60_000_000


def generation(number: int, since_us: int = 0) -> Generation:
    return Generation(number, "003", b"", "", since_us)


def sealed_elsewhere(rig: Rig) -> None:
    """Let the host open its sealed keys with another key than they were sealed with."""
    rig.host.ring.vault = Vault(bytes(32))
    rig.host.ring._kept.clear()


def test_keys_that_do_not_open(rig: Rig, pos: Pos) -> None:
    sealed_elsewhere(rig)
    answer = pos.sale()
    assert answer.code == "77"
    assert answer.why.startswith("the working keys of terminal 10000161 cannot be used (")
    assert answer.why.endswith("): it must sign on again")
    assert rig.store.transactions == {}


WITHOUT_MAC = """
dialect = "without-mac"
extends = "unionpay-pos"

[routes.sale]
mac = "none"
reply.make = ["time", "date", "settlement_date", "rrn", "code"]
"""


@pytest.fixture
def bare(new_rig: MakeRig, tmp_path: Path) -> Pos:
    """A terminal whose sales carry no MAC, but may carry a PIN, in a dialect that hands out keys."""
    (tmp_path / "without-mac.toml").write_text(WITHOUT_MAC, encoding="utf-8")
    rig = new_rig(dialect=str(tmp_path / "without-mac.toml"))
    rig.register(required="never")
    return rig.pos()


def with_pin(pos: Pos, keys: WorkingKeys, **more: Any) -> RigReply:
    block = pos.suite.seal_pin(keys, "123456", CARD, "2600000000000000", Random(1).randbytes)
    elements = {
        "entry_mode": "011", "security_control": "2600000000000000", "pin_capture": "12", "pin_block": block, **more
    }  # fmt: skip
    message = pos.rig.host.dialect.decode(pos.sale_frame(keys=keys, **elements))
    fields = {de: value for de, value in message.fields.items() if de != 64}
    return pos.rig.send(pos.rig.host.dialect.encode("0200", fields))


def test_a_message_without_a_mac_is_under_the_current_keys(bare: Pos) -> None:
    bare.sign_on()
    old = bare.keys
    bare.sign_on()
    assert old is not None
    assert bare.keys is not None
    answer = with_pin(bare, bare.keys)
    assert answer.code == "00"
    assert [one.generation for one in bare.rig.store.transactions.values()] == [2]
    answer = with_pin(bare, old)
    assert answer.code == "99"
    assert f"previous PIK (KCV {old.pik.kcv()}): the terminal mixes its key sets" in answer.why


def test_a_message_without_a_mac_needs_keys_that_open(bare: Pos) -> None:
    bare.sign_on()
    sealed_elsewhere(bare.rig)
    assert bare.keys is not None
    answer = with_pin(bare, bare.keys)
    assert answer.code == "77"
    assert answer.why.startswith("the working keys of terminal 10000161 cannot be used (")


def test_a_message_without_a_mac_from_a_terminal_without_keys(bare: Pos) -> None:
    keys = WorkingKeys(Secret(bytes(range(16))), Secret(bytes(range(8))))
    answer = with_pin(bare, keys)
    assert answer.code == "77"
    assert answer.why == "terminal 10000161 has no working keys yet: it must sign on first"


class TestGrace:
    SESSION = Session(
        TID, current=generation(2, 10 * MINUTE_US), previous=generation(1), previous_until_us=11 * MINUTE_US
    )

    @pytest.mark.parametrize(
        ("at_us", "good"),
        [
            (10 * MINUTE_US, True),
            (11 * MINUTE_US - 1, True),
            (11 * MINUTE_US, False),
            (9 * MINUTE_US + 1, True),  # a clock that was set back by less than the grace
            (9 * MINUTE_US, False),
        ],
    )
    def test_lasts_from_the_sign_on_to_its_end(self, at_us: int, good: bool) -> None:
        assert in_grace(self.SESSION, at_us) is good

    def test_needs_current_keys(self) -> None:
        assert not in_grace(replace(self.SESSION, current=None), 10 * MINUTE_US)


def test_the_generation_that_did_not_verify() -> None:
    first, second = generation(1), generation(2)
    session = Session(TID, current=second, previous=first)
    assert other_generation(session, Verified(2, None, None)) is first
    assert other_generation(session, Verified(1, None, None)) is second
    assert other_generation(replace(session, previous=None), Verified(2, None, None)) is None
