"""PIN blocks: opened with the keys that verified the request; without keys, said to be closed."""

from __future__ import annotations

from random import Random
from typing import Any
from unittest.mock import patch

from acquirer.host.diagnosis_budget import NOT_LOOKED_FOR, DiagnosisBudget
from acquirer.security.secret import Secret
from tests.host.conftest import CARD, MakeRig, Pos, Rig

CONTROL = "2600000000000000"


def with_pin(pos: Pos, key: Secret, pin: str = "123456"):
    """Return the answer to a sale with a PIN block of format 0 under some key."""
    assert pos.keys is not None
    block = pos.suite.pin_formats[CONTROL[0]].seal(key, pin, CARD, Random(1).randbytes)
    elements: dict[str, Any] = {
        "entry_mode": "011",
        "security_control": CONTROL,
        "pin_capture": "12",
        "pin_block": block,
    }
    return pos.sale(**elements)


def test_a_terminal_without_keys(new_rig: MakeRig) -> None:
    rig = new_rig(dialect="iso8583-1987-plain")
    rig.register()
    elements = {"pan": CARD, "processing_code": "000000", "amount": "000000001234", "expiry": "3012", "stan": "000001"}
    elements |= {"entry_mode": "011", "condition": "00", "currency": "978", "sent": "0310040000", "date": "0310"}
    answer = rig.send(rig.pos().frame("0200", {**elements, "time": "120000", "pin_block": bytes(8)}))
    assert answer.why == "the PIN block cannot be opened: this terminal has been given no keys"
    assert answer.evidence[-1].reason == "pin_format_wrong"


def test_nothing_explains_a_block(pos: Pos) -> None:
    assert pos.keys is not None
    answer = with_pin(pos, Secret(bytes(range(16))))
    assert (answer.code, answer.why) == (
        "99",
        f"under PIK KCV {pos.keys.pik.kcv()} the PIN block opens in no format: the block's first digit says format 5, "
        "expected 0; compare its KCV on both sides, and sign on again",
    )


def test_causes_are_looked_for_as_often_as_those_of_macs(pos: Pos) -> None:
    with patch.object(DiagnosisBudget, "take", return_value=False) as take:
        answer = with_pin(pos, Secret(bytes(range(16))))
    assert answer.why.endswith(f"says format 5, expected 0; {NOT_LOOKED_FOR}")
    assert take.call_count == 1


def test_the_right_key(rig: Rig, pos: Pos) -> None:
    assert pos.keys is not None
    assert with_pin(pos, pos.keys.pik).code == "00"
