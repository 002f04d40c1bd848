"""A host over a dictionary, and a POS that talks to it: enough to hold whole conversations in one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.settlement.details import ChipDetail, DetailRecord, write_chip_detail, write_detail_records
from acquirer.settlement.totals import BatchTotals, write_settlement
from acquirer.testing import rig as shipped
from acquirer.testing.durations import Duration
from acquirer.testing.rig_exchange import RigReply
from acquirer.wire.message import Value

SHANGHAI = ZoneInfo("Asia/Shanghai")
TID, MID = "10000161", "880210010210162"
TMK_HEX = "258FB0AB70D025CDB99DF2C4D302D646"
TMK = Secret.from_hex(TMK_HEX)
CARD = "6212345678901232"
NOTHING = BatchTotals()
CHIP = bytes.fromhex("9F2608887766554433221195050000008000")
NOON = datetime(2025, 3, 10, 12, 0, 0, tzinfo=SHANGHAI)


def at_us(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


class Rig(shipped.Rig):
    """The shipped rig with the terminal of these tests."""

    def register(
        self,
        tid: str = TID,
        *,
        fixed: WorkingKeys | None = None,
        mak: str = "single",
        operators: Sequence[str] = (),
        downloads: Sequence[str] = (),
        **policy: Any,
    ) -> Registration:
        listed = {"operators": list(operators)} if operators else {}
        if downloads:
            listed["downloads"] = list(downloads)
        known = super().register(tid, name="test", tmk=TMK_HEX, mak=mak, policy=policy, **listed)
        if fixed is not None:
            sealed = self.host.vault.seal_keys(f"fixed:{tid}", fixed, self.host.randbytes)
            self.store.terminals[tid] = replace(self.store.terminals[tid], fixed_keys=sealed)
        return known

    def advance(self, duration: Duration) -> None:
        """Let time pass, also backwards: a clock may be set back."""
        if isinstance(duration, float | int):
            self.now_us += round(duration * 1_000_000)
        else:
            super().advance(duration)

    def pos(self, tid: str = TID) -> Pos:
        return Pos(self, tid)

    def booked_minor(self) -> int:
        """What the host's books come to: every approved sale that was not reversed."""
        return sum(row.amount_minor for row in self.transactions if row.state == "approved")


class Pos:
    """A terminal, as simple as can be: it makes requests and checks the MACs of replies."""

    def __init__(self, rig: Rig, tid: str) -> None:
        self.rig, self.tid = rig, tid
        self.suite = rig.host.suite
        self.keys: WorkingKeys | None = None
        self.batch = "000001"
        self.stan = 0

    def next_stan(self) -> str:
        self.stan += 1
        return f"{self.stan:06}"

    def frame(self, mti: str, elements: Mapping[str, Value | None], keys: WorkingKeys | None = None) -> bytes:
        dialect = self.rig.host.dialect
        fields: dict[int, Value] = {}
        for element, value in {"tid": self.tid, "mid": MID, **elements}.items():
            if value is not None:  # an element that a request leaves out
                dialect.put(fields, element, value)
        if keys is None:
            return dialect.encode(mti, fields)
        fields[dialect.elements["mac"].de] = bytes(8)
        return self.suite.seal(keys, dialect.encode(mti, fields))

    def management(self, mti: str, function: str, **more: Value) -> bytes:
        elements = {"transaction_type": "00", "batch": self.batch, "function": function, **more}
        return self.frame(mti, elements)

    def sign_on(self, function: str = "003", **more: Value) -> RigReply:
        """Sign on and take the keys and the batch of the reply, as terminals do."""
        answer = self.rig.send(self.management("0800", function, stan=self.next_stan(), operator="01 ", **more))
        if answer.code == "00":
            wire = answer[62]
            data = wire.encode("latin-1") if isinstance(wire, str) else wire
            assert data is not None
            self.keys = self.suite.accept(function, TMK, data)
            self.batch = str(self.rig.host.dialect.get(answer.message, "batch"))  # type: ignore[arg-type]
        return answer

    def sign_off(self) -> RigReply:
        return self.rig.send(self.management("0820", "002", stan=self.next_stan()))

    def sale_frame(
        self, amount: int = 1234, *, mti: str = "0200", keys: WorkingKeys | None = None, **more: Any
    ) -> bytes:
        elements: dict[str, Value | None] = {
            "pan": CARD,
            "processing_code": "000000",
            "amount": f"{amount:012}",
            "stan": more.pop("stan", None) or self.next_stan(),
            "expiry": "3012",
            "entry_mode": "012",
            "condition": "00",
            "currency": "156",
            "transaction_type": "22",
            "batch": self.batch,
            "function": "000",
            **more,
        }
        if "amount_element" in elements:
            del elements["amount"], elements["amount_element"]
        return self.frame(mti, elements, keys or self.keys)

    def sale(self, amount: int = 1234, **more: Any) -> RigReply:
        return self.rig.send(self.sale_frame(amount, **more))

    def reversal_frame(
        self, stan: str, amount: int = 1234, *, mti: str = "0400", keys: WorkingKeys | None = None, **more: Any
    ) -> bytes:
        elements: dict[str, Value | None] = {
            "pan": CARD,
            "processing_code": "000000",
            "amount": f"{amount:012}",
            "stan": stan,
            "entry_mode": "012",
            "condition": "00",
            "reversal_reason": "98",
            "currency": "156",
            "transaction_type": "22",
            "batch": self.batch,
            "function": "000",
            **more,
        }
        return self.frame(mti, elements, keys or self.keys)

    def reverse(self, stan: str, amount: int = 1234, **more: Any) -> RigReply:
        return self.rig.send(self.reversal_frame(stan, amount, **more))

    def void_frame(self, original: str, amount: int = 1234, **more: Any) -> bytes:
        """A void of the sale with STAN `original`, as UnionPay terminals send it."""
        return self.sale_frame(
            amount,
            **{
                "processing_code": "200000",
                "transaction_type": "23",
                "rrn": f"{int(original):012}",
                "original_batch": self.batch,
                "original_stan": original,
                **more,
            },
        )

    def void(self, original: str, amount: int = 1234, **more: Any) -> RigReply:
        return self.rig.send(self.void_frame(original, amount, **more))

    def refund_frame(self, rrn: str, amount: int = 1234, *, date: str = "0310", **more: Any) -> bytes:
        """A refund of the sale with reference number `rrn`, as UnionPay terminals send it."""
        return self.sale_frame(
            amount,
            mti=more.pop("mti", "0220"),
            **{
                "processing_code": "200000",
                "transaction_type": "25",
                "rrn": rrn,
                "original_batch": "000000",
                "original_stan": "000000",
                "original_date": date,
                "organisation": "000",
                **more,
            },
        )

    def refund(self, rrn: str, amount: int = 1234, **more: Any) -> RigReply:
        return self.rig.send(self.refund_frame(rrn, amount, **more))

    def pre_auth(self, amount: int = 50_000, **more: Any) -> RigReply:
        """Hold an amount, as UnionPay terminals do."""
        usual = {"processing_code": "030000", "transaction_type": "10", "condition": "06", "mti": "0100"}
        return self.sale(amount, **{**usual, **more})

    def of_pre_auth(self, kind: str, auth_id: str, amount: int = 50_000, /, **more: Any) -> RigReply:
        """What follows a pre-authorisation: ``top_up``, ``void``, ``complete`` or ``advise``."""
        usual = {
            "auth_id": auth_id,
            "original_batch": "000000",
            "original_stan": "000000",
            "original_date": "0310",
            "condition": "06",
            **OF_PRE_AUTH[kind],
        }
        return self.sale(amount, **{**usual, **more})

    def completion_void(self, original: str, amount: int, **more: Any) -> RigReply:
        usual = {"condition": "06", "transaction_type": "21", "original_date": "0310"}
        return self.void(original, amount, **{**usual, **more})

    def balance(self, **more: Any) -> RigReply:
        more = {"processing_code": "310000", "transaction_type": "01", **more}
        return self.rig.send(self.sale_frame(**more, amount_element=None))

    def upload_frame(self, stan: str, image: bytes, *, keys: WorkingKeys | None = None, **more: Any) -> bytes:
        """The upload of a signature; `part` and `last` make it one part of several."""
        elements: dict[str, Value | None] = {
            "pan": CARD,
            "amount": f"{1234:012}",
            "stan": stan,
            "settlement_date": "0310",
            "rrn": f"{int(stan):012}",
            "slip": bytes.fromhex("FF0104CFFBB7D1FF020101"),
            "transaction_type": "07",
            "batch": self.batch,
            "function": "800",
            "image": image,
        }
        part = more.pop("part", 0)
        if part:
            elements |= {"transaction_type": "07" if part == 1 else "08", "function": f"{800 + part}"}
            elements["part_more"] = "9" if more.pop("last", False) else "8"
        elements |= more
        return self.frame("0820", elements, keys or self.keys)

    def upload(self, stan: str, image: bytes, **more: Any) -> RigReply:
        return self.rig.send(self.upload_frame(stan, image, **more))

    def settlement_frame(self, totals: BatchTotals = NOTHING, **more: Any) -> bytes:
        """A settlement of the open batch, as UnionPay terminals send it."""
        settlement = write_settlement(totals)
        return self.management(
            "0500", "201", **{"settlement": settlement, "operator": "01 ", "currency": "156", **more}
        )

    def settle(self, totals: BatchTotals = NOTHING, **more: Any) -> RigReply:
        return self.rig.send(self.settlement_frame(totals, **{"stan": self.next_stan(), **more}))

    def upload_requests(self, *records: DetailRecord, **more: Any) -> RigReply:
        """Details of requests in the upload of a batch."""
        more = {"stan": self.next_stan(), "detail_records": write_detail_records(records), **more}
        return self.rig.send(self.management("0320", "201", **more))

    def upload_chip(self, stan: str, detail: ChipDetail, function: str = "205", **more: Any) -> RigReply:
        """The detail of a chip's transaction in the upload of a batch."""
        elements = {"stan": stan, "icc": CHIP, "chip_detail": write_chip_detail(detail), "pan": CARD, **more}
        return self.rig.send(self.management("0320", function, **elements))

    def end_upload(self, count: int, function: str = "202", **more: Any) -> RigReply:
        more = {"stan": self.next_stan(), "detail_count": f"{count:04}", **more}
        return self.rig.send(self.management("0320", function, **more))

    @property
    def last(self) -> str:
        return f"{self.stan:06}"


OF_PRE_AUTH = {
    "top_up": {"mti": "0100", "processing_code": "030000", "transaction_type": "10", "condition": "60"},
    "void": {"mti": "0100", "processing_code": "200000", "transaction_type": "11"},
    "complete": {"mti": "0200", "transaction_type": "20"},
    "advise": {"mti": "0220", "transaction_type": "24", "organisation": "CUP"},
}

MakeRig = Callable[..., Rig]


def make_rig(**options: Any) -> Rig:
    return Rig(at=NOON, **options)


@pytest.fixture(scope="session")
def new_rig() -> MakeRig:
    """Makes a host without terminals."""
    return make_rig


@pytest.fixture
def rig() -> Rig:
    """A host that knows one terminal with the default policy."""
    rig = make_rig()
    rig.register()
    return rig


@pytest.fixture
def pos(rig: Rig) -> Pos:
    """That terminal, signed on."""
    pos = rig.pos()
    assert pos.sign_on().code == "00"
    return pos
