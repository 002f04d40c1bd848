"""A host over a dictionary, and a POS that talks to it: enough to hold whole conversations in one thread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acquirer.dialect.compiled import CompiledDialect
from acquirer.errors import StoreError
from acquirer.host.core import Host, HostOptions
from acquirer.host.exchange import exchange
from acquirer.model.effects import (
    Arrival,
    Commit,
    CommitOutcome,
    DecodeImage,
    Effect,
    EffectResult,
    Load,
    LoadCard,
    LoadOriginal,
    LoadSignatures,
    Pause,
    Send,
)
from acquirer.model.evidence import Evidence
from acquirer.model.rows import (
    Card,
    Policy,
    Session,
    Signature,
    SignaturePart,
    TerminalConfig,
    Transaction,
    TransactionKey,
)
from acquirer.process.picture_worker import decode_image
from acquirer.scenario.faults import Fault, Faults
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys
from acquirer.settings.cards import load_cards
from acquirer.settings.specs import load_dialect
from acquirer.testing.fake_store import FakeStore
from acquirer.wire.card_numbers import KNOWN
from acquirer.wire.message import Message, Value

SHANGHAI = ZoneInfo("Asia/Shanghai")
TID, MID = "10000161", "880210010210162"
TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
CARD = "6212345678901232"
NOON = datetime(2025, 3, 10, 12, 0, 0, tzinfo=SHANGHAI)


def at_us(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


@dataclass
class Answer:
    """What one frame got, and what the journal says about it."""

    effects: list[Effect]
    evidence: list[Evidence]
    message: Message | None

    @property
    def code(self) -> Value | None:
        return self.message.fields.get(39) if self.message else None

    @property
    def why(self) -> str:
        return self.evidence[-1].why.replace(KNOWN, "")

    @property
    def notes(self) -> str:
        return "\n".join(self.evidence[-1].notes).replace(KNOWN, "")

    @property
    def silent(self) -> bool:
        return not any(isinstance(effect, Send) for effect in self.effects)

    def __getitem__(self, de: int) -> Value | None:
        assert self.message is not None
        return self.message.fields.get(de)


class Run:
    """One exchange, step by step: between a load and its commit, others may come."""

    def __init__(self, rig: Rig, steps: Generator[Effect, EffectResult, Effect | None]) -> None:
        self.rig, self.steps = rig, steps
        self.sent: list[Effect] = []
        self.evidence: list[Evidence] = []
        self.pending: Effect | None = next(steps)

    def step(self, outcome: CommitOutcome | None = None) -> bool:
        """Perform the pending effect; `outcome` stands in for a commit's own. False when the exchange has ended."""
        effect: Effect | None = self.pending
        result: EffectResult = None
        store = self.rig.store
        if isinstance(effect, Load):
            result = store.load(effect)
        elif isinstance(effect, LoadCard):
            result = store.load_card(effect)
        elif isinstance(effect, LoadOriginal):
            result = store.load_original(effect)
        elif isinstance(effect, LoadSignatures):
            result = store.load_signatures(effect)
        elif isinstance(effect, Commit):
            result = outcome or store.commit(effect)
            if result is CommitOutcome.DONE:
                self.evidence.append(effect.changes.evidence)
        elif isinstance(effect, DecodeImage):
            self.rig.looks += 1
            result = None if self.rig.busy else decode_image(effect.stream)
        else:
            assert effect is not None
            self.sent.append(effect)
        try:
            self.pending = self.steps.send(result)
            while isinstance(self.pending, Pause):
                self.pending = self.steps.send(None)
        except StopIteration as end:
            self.pending = None
            if end.value is not None:
                self.sent.append(end.value)
        return self.pending is not None

    def fail(self, error: StoreError) -> Run:
        """Answer the effect that is pending with an error, as a driver does whose store cannot be read."""
        self.pending = self.steps.throw(error)
        return self

    def to_commit(self) -> Run:
        while not isinstance(self.pending, Commit):
            self.step()
        return self

    def finish(self) -> Answer:
        while self.pending is not None:
            self.step()
        frames = [effect.frame for effect in self.sent if isinstance(effect, Send)]
        assert len(frames) <= 1
        return Answer(self.sent, self.evidence, self.rig.host.dialect.decode(frames[0]) if frames else None)


@dataclass
class Rig:
    """The host, its rows in dictionaries, and a clock that only tests move."""

    host: Host
    now_us: int = at_us(NOON)
    store: FakeStore = field(default_factory=FakeStore)
    looks: int = 0  # images that were decoded before an answer
    busy: bool = False  # too many wait to be decoded

    def register(self, tid: str = TID, *, fixed: WorkingKeys | None = None, mak: Any = "single", **policy: Any) -> None:
        vault, randbytes = self.host.vault, self.host.randbytes
        self.terminals[tid] = TerminalConfig(
            tid=tid,
            mid=MID,
            name="test",
            tmk=vault.seal_secret(f"tmk:{tid}", TMK, randbytes),
            tmk_kcv=TMK.kcv(),
            mak=mak,
            policy=Policy(**policy),
            test=True,
            fixed_keys=vault.seal_keys(f"fixed:{tid}", fixed, randbytes) if fixed else None,
        )

    @property
    def terminals(self) -> dict[str, TerminalConfig]:
        return self.store.terminals

    @property
    def sessions(self) -> dict[str, Session]:
        return self.store.sessions

    @property
    def transactions(self) -> dict[TransactionKey, Transaction]:
        return self.store.transactions

    @property
    def cards(self) -> dict[str, Card]:
        return self.store.cards

    @property
    def journal(self) -> list[Evidence]:
        return self.store.journal

    @property
    def signatures(self) -> list[Signature]:
        return self.store.signatures

    @property
    def parts(self) -> dict[tuple[TransactionKey, int], SignaturePart]:
        return self.store.parts

    @property
    def streams(self) -> dict[str, bytes]:
        return self.store.blobs

    def start(self, frame: bytes) -> Run:
        arrival = Arrival(frame, self.now_us, self.now_us / 1e6 + 60, "127.0.0.1:5000", 1)
        return Run(self, exchange(self.host, arrival))

    def send(self, frame: bytes) -> Answer:
        return self.start(frame).finish()

    def pass_s(self, seconds: float) -> None:
        self.now_us += int(seconds * 1_000_000)

    def pos(self, tid: str = TID) -> Pos:
        return Pos(self, tid)

    def booked_minor(self) -> int:
        """What the host's books come to: every approved sale that was not reversed."""
        return sum(row.amount_minor for row in self.transactions.values() if row.state == "approved")


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

    def sign_on(self, function: str = "003", **more: Value) -> Answer:
        """Sign on and take the keys and the batch of the reply, as terminals do."""
        answer = self.rig.send(self.management("0800", function, stan=self.next_stan(), operator="01 ", **more))
        if answer.code == "00":
            wire = answer[62]
            data = wire.encode("latin-1") if isinstance(wire, str) else wire
            assert data is not None
            self.keys = self.suite.accept(function, TMK, data)
            self.batch = str(self.rig.host.dialect.get(answer.message, "batch"))  # type: ignore[arg-type]
        return answer

    def sign_off(self) -> Answer:
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

    def sale(self, amount: int = 1234, **more: Any) -> Answer:
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

    def reverse(self, stan: str, amount: int = 1234, **more: Any) -> Answer:
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

    def void(self, original: str, amount: int = 1234, **more: Any) -> Answer:
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

    def refund(self, rrn: str, amount: int = 1234, **more: Any) -> Answer:
        return self.rig.send(self.refund_frame(rrn, amount, **more))

    def balance(self, **more: Any) -> Answer:
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

    def upload(self, stan: str, image: bytes, **more: Any) -> Answer:
        return self.rig.send(self.upload_frame(stan, image, **more))

    @property
    def last(self) -> str:
        return f"{self.stan:06}"


MakeRig = Callable[..., Rig]


def make_rig(*, dialect: str = "unionpay-pos", faults: tuple[Fault, ...] = (), seed: int = 1, **options: Any) -> Rig:
    host = Host(
        compiled=CompiledDialect(load_dialect(dialect)),
        vault=Vault(bytes(range(32))),
        randbytes=Random(seed).randbytes,
        issuer=load_cards(),
        faults=Faults(faults),
        timezone=SHANGHAI,
        options=HostOptions(**options),
    )
    return Rig(host)


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
