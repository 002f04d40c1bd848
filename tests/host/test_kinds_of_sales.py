"""What a host refuses of sales of other kinds: messages of other terminals, by their own elements."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.host.services.instalment_sale import read_instalments
from tests.host.conftest import Pos, Rig

CODE = "A30196220000000000000000"


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"condition": "64", "instalments": "XX"}, "30", "is no order of instalments"),
        ({"condition": "08", "holder": "93CV003123"}, "30", "does not begin with 92"),
        ({"condition": "08", "holder": "92CV004123"}, "30", "ends within its item CV"),
        ({"condition": "08", "holder": "92CV0041234"}, "30", "has a CVN2 of 4 characters"),
        ({"condition": "08"}, "00", "approved on card"),
        ({"condition": "67", "transaction_type": "54", "pan": None, "reservation": "1"}, "30", "is no reservation"),
        ({"entry_mode": "032", "pan": None, "qr_code": "A2"}, "30", "has no payment code"),
        ({"entry_mode": "032", "pan": None, "qr_code": CODE, "currency": "840"}, "12", "this host settles in 156"),
    ],
)
def test_what_is_refused_and_why(more: dict[str, Any], code: str, words: str, pos: Pos) -> None:
    answer = pos.sale(**more)
    assert (answer.code, words in answer.why) == (code, True), answer.why
    for secret in ("123", "1234"):
        assert f"CV00{secret}" not in answer.why


def test_a_number_of_characters_in_front_and_a_fee_at_once(pos: Pos) -> None:
    text = "03" + "7".ljust(30)
    for instalments in (text, f"{len(text):03}{text}"):
        answer = pos.sale(10_000, condition="64", instalments=instalments)
        assert answer.code == "00"
        reply = answer[62]
        assert isinstance(reply, bytes)
        assert reply == b"000000003334156000000000150000000000000" + b"0" + b"000000000150" + b"0" * 12 + b" " * 13
    plan = read_instalments("12" + "1".ljust(30) + "19")
    assert plan is not None
    assert plan.fee_mode == "0"


class TestMacsOfQrCodes:
    def sell(self, pos: Pos, *, sealed: bool):
        elements: dict[str, Any] = {"entry_mode": "032", "pan": None, "expiry": None, "qr_code": CODE}
        frame = pos.sale_frame(**elements)
        if not sealed:
            message = pos.rig.host.dialect.decode(frame)
            fields = {de: value for de, value in message.fields.items() if de != 64}
            frame = pos.rig.host.dialect.encode("0200", fields)
        return frame

    def test_without_one_the_reply_has_none(self, rig: Rig, pos: Pos) -> None:
        answer = rig.send(self.sell(pos, sealed=False))
        assert (answer.code, answer[64], str(answer[59])[:5]) == ("00", None, "A4020")

    def test_with_one_the_reply_has_one(self, rig: Rig, pos: Pos) -> None:
        answer = rig.send(self.sell(pos, sealed=True))
        assert answer.code == "00"
        assert pos.keys is not None
        assert answer.message is not None
        assert pos.suite.verify_reply(pos.keys, answer.message)

    def test_another_one_is_refused(self, rig: Rig, pos: Pos) -> None:
        frame = self.sell(pos, sealed=True)
        assert rig.send(frame[:-1] + bytes((frame[-1] ^ 1,))).code == "A0"


class TestScriptResults:
    def send(self, pos: Pos, stan: str, icc: str):
        elements: dict[str, str | bytes | None] = {
            "entry_mode": "052",
            "processing_code": "000000",
            "stan": pos.next_stan(),
            "amount": "000000001234",
            "currency": "156",
            "transaction_type": "00",
            "batch": pos.batch,
            "function": "951",
            "original_batch": pos.batch,
            "original_stan": stan,
            "original_date": "0310",
            "icc": bytes.fromhex(icc),
        }
        return pos.rig.send(pos.frame("0620", elements, pos.keys))

    @pytest.mark.parametrize(
        ("icc", "words"),
        [
            ("DF31052000000001", "done"),
            ("DF310A10000000010000000002", "failed, not performed"),
            ("9F360200AA", "no result came"),
        ],
    )
    def test_it_is_always_taken(self, icc: str, words: str, pos: Pos) -> None:
        assert pos.sale().code == "00"
        answer = self.send(pos, "000002", icc)
        assert (answer.code, answer.notes) == ("00", "")
        assert answer.why == f"script of the transaction with STAN 000002, batch 000001: {words}"

    def test_of_nothing_it_is_noted(self, pos: Pos) -> None:
        answer = self.send(pos, "000099", "DF31052000000001")
        assert (answer.code, "no transaction of this terminal has its batch" in answer.notes) == ("00", True)
