"""A terminal on a bench, and the answers of a host of another make: canned, foreign, short, wrong or none.

The bench performs effects in memory and writes down everything; `host` makes replies out of plain fields, the way
another program would, with the published keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest

from acquirer.dialect.compiled import CompiledDialect
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import load_dialect
from acquirer.terminal.card import CardData, card
from acquirer.terminal.effects import (
    Ask,
    Began,
    Ended,
    Keep,
    Listen,
    NoAnswer,
    NotSent,
    Print,
    Program,
    Received,
    Response,
)
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.sale import Order
from acquirer.terminal.state import State
from acquirer.terminal.voucher import Voucher
from acquirer.wire.message import Message, Value

TID, MID = "10000161", "880210010210162"
TMK = Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")
PIK = "46F161A743497B32EAC760DF5EA57DF5900ECCE3"
MAK = "977731A7EA402DDF"
KEYS = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))
DIALECT = load_dialect("unionpay-pos")
COMPILED = CompiledDialect(DIALECT)
SUITE = COMPILED.suite
NOON = datetime(2026, 11, 20, 12, 0)

Reply = Callable[[Message], bytes]
Step = Reply | bytes | Response
SILENCE = NoAnswer("waited 60 s", 60_000_000)
NO_LINE = NotSent("connection refused")


class Foreign:
    """Replies of a host of another make: fields written down by hand, other TPDU, other MAC profile."""

    tpdu = bytes.fromhex("6000000138")

    def __init__(self, keys: WorkingKeys = KEYS) -> None:
        self.keys = keys

    def reply(
        self,
        code: str = "00",
        *,
        keep: Iterable[int] = (3, 4, 11, 41, 42, 60),
        mac: bool | None = None,
        nibble: int = 0,
        keys: WorkingKeys | None = None,
        mti: str = "",
        **fields: Value | None,
    ) -> Reply:
        """A reply with the named fields as `de39="00"`; None takes one away."""

        def reply_to(request: Message) -> bytes:
            reply_fields: dict[int, Value] = {de: request.fields[de] for de in keep if de in request.fields}
            reply_fields |= {12: "120000", 13: "1120", 39: code}
            for name, value in fields.items():
                reply_fields.pop(int(name[2:]), None)
                if value is not None:
                    reply_fields[int(name[2:])] = value
            sealed = mac if mac is not None else 64 in request.fields and code == "00"
            if sealed and 64 not in reply_fields:
                reply_fields[64] = bytes(8)
            head = bytearray(DIALECT.envelope_of(request.raw)[1])
            head[2] = head[2] & 0xF0 | nibble
            answer = mti or DIALECT.response_mti(request.mti)
            frame = DIALECT.encode(answer, dict(sorted(reply_fields.items())), self.tpdu, bytes(head))
            return SUITE.seal(keys or self.keys, frame) if sealed and fields.get("de64") is None else frame

        return reply_to

    def sign_on(self, package: str = PIK + MAK + "00" * 8 + "CFF1592A", batch: str = "000007", **more: Any) -> Reply:
        """An approved sign-on with the published keys."""
        fields = {"de62": bytes.fromhex(package), "de60": f"00{batch}003", "de32": "00085500"}
        return self.reply(**fields | more)

    def short(self, code: str) -> Reply:
        """An error reply of only 11, 12, 13, 39, 41 and 42."""
        return self.reply(code, keep=(11, 41, 42))


class Bench:
    """Runs programs of one machine against scripted answers, and remembers what happened."""

    def __init__(self, state: State | None = None, **setup: Any) -> None:
        random = Random(7)
        self.setup = replace(
            Setup(COMPILED, TID, MID, TMK, random.randbytes, lambda: NOON, merchant="测试商户"),
            **setup,
        )
        self.machine = Machine(self.setup, state)
        self.requests: list[Message] = []
        self.fresh: list[bool] = []
        self.kept: list[State] = [self.machine.state]
        self.exchanges: list[Exchange] = []
        self.slips: list[Voucher] = []
        self.trace: list[str] = []

    @property
    def state(self) -> State:
        """What is on disk."""
        return self.kept[-1]

    def run(self, program: Program[Any], *script: Step | list[Step]) -> Any:
        """Run to the end; each `Ask` is answered by the next step of the script, a list goes on with its `Listen`s."""
        steps = deque(script)
        heard: deque[Step] = deque()
        answer: Response | None = None
        while True:
            try:
                effect = program.send(answer)
            except StopIteration as end:
                assert not steps, f"{len(steps)} answers were not asked for"
                return end.value
            answer = None
            if isinstance(effect, Ask):
                self.requests.append(DIALECT.decode(effect.frame))
                self.fresh.append(effect.fresh)
                self.trace.append(f"ask {self.requests[-1].mti}")
                step = steps.popleft()
                heard = deque(step) if isinstance(step, list) else deque([step])
                answer = self._heard(heard)
            elif isinstance(effect, Listen):
                self.trace.append("listen")
                answer = self._heard(heard)
            elif isinstance(effect, Keep):
                self.trace.append("keep")
                self.kept.append(effect.state)
            elif isinstance(effect, Ended):
                self.trace.append("ended")
                self.exchanges.append(effect.exchange)
            elif isinstance(effect, Print):
                self.trace.append("print")
                self.slips.append(effect.voucher)
            else:
                assert isinstance(effect, Began)

    def _heard(self, steps: deque[Step]) -> Response:
        if not steps:
            return SILENCE
        step = steps.popleft()
        if isinstance(step, bytes):
            return Received(step, 3_000)
        return Received(step(self.requests[-1]), 3_000) if callable(step) else step


def order(amount_minor: int = 1234, held: CardData | None = None, entry: str = "chip", **more: Any) -> Order:
    """A sale of 12.34 with a test card."""
    return Order(amount_minor, held or card("6212345678901232", "3012"), NOON, entry, **more)


@pytest.fixture(scope="session")
def host() -> Foreign:
    return Foreign()


@pytest.fixture
def bench() -> Bench:
    """A terminal that has never signed on."""
    return Bench()


@pytest.fixture
def signed_on() -> Bench:
    """A terminal that has signed on, batch 000007, last STAN 000011."""
    blank = Bench().state
    return Bench(replace(blank, batch="000007", stan="000011", signed_on=True, keys=KEYS, package="003"))


@pytest.fixture(scope="session")
def make_bench() -> type[Bench]:
    return Bench


@pytest.fixture
def tmk() -> Secret:
    return TMK


@pytest.fixture
def silence() -> Response:
    return SILENCE


@pytest.fixture
def no_line() -> Response:
    return NO_LINE


@pytest.fixture(scope="session")
def make_order() -> Callable[..., Order]:
    return order
