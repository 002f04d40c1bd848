"""Power cuts and bad lines, in any order: at the end, terminal and host agree on every sale, void and refund.

The host here keeps a ledger as simple as can be. The terminal is killed between any two effects and goes on from what
it had made durable; requests and replies get lost, torn, forged and late. When the line is good again, what is owed has
been reversed and the refund without an answer was sent again, what lives at the host is exactly what the terminal has
as approved; a sale is voided here if and only if it is there; every refund of the host has its slip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.security.vault import Vault
from acquirer.terminal.effects import Ask, Ended, Keep, Listen, NoAnswer, NotSent, Program, Received, Response
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.terminal.refund import RefundOrder, refund, refund_again
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.sale import sale
from acquirer.terminal.sign_on import echo, sign_off, sign_on
from acquirer.terminal.state import dump, load
from acquirer.terminal.void import VoidOrder, void

if TYPE_CHECKING:
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

FAULTS = ("fine", "request lost", "reply lost", "forged", "torn", "no line", "straggler", "refused", "sign on again")


class Ledger:
    """A host's books: sales, voids and refunds by batch and STAN, `True` while they live."""

    def __init__(self, host: Foreign, suite: object) -> None:
        self.host = host
        self.suite = suite
        self.sales: dict[tuple[str, str], bool] = {}
        self.voids: dict[tuple[str, str], tuple[str, str]] = {}  # of a void: the sale that it names
        self.refunds: set[tuple[str, str]] = set()

    def take(self, request: Any) -> bytes:
        """Book a request and answer it."""
        if request.mti == "0800":
            return self.host.sign_on()(request)
        if request.mti == "0820":
            return self.host.reply()(request)
        key = (request.fields[60][2:8], request.fields[11])
        if request.mti in ("0220", "0221"):
            self.refunds.add(key)
            return self.host.reply()(request)
        if request.mti == "0400":
            known = key in self.sales
            self.sales[key] = False
            return self.host.reply()(request) if known else self.host.short("25")(request)
        if key in self.sales:
            return self.host.short("94")(request)
        self.sales[key] = True
        if request.fields[60][:2] == "23":
            self.voids[key] = (request.fields[61][:6], request.fields[61][6:12])
        return self.host.reply(de37=f"{request.fields[11]:0>12}")(request)

    def voided(self, sale: tuple[str, str]) -> bool:
        """Whether a void of this sale lives."""
        return any(named == sale and self.sales[key] for key, named in self.voids.items())


class Killed(Exception):
    """The power went."""


class World:
    """One terminal, one ledger, and the line between them."""

    def __init__(self, bench: Bench, make_bench: Callable[..., Bench], host: Foreign) -> None:
        self.make_bench = make_bench
        self.machine = bench.machine
        self.dialect = bench.setup.dialect
        self.ledger = Ledger(host, bench.setup.suite)
        self.vault, self.randbytes = Vault(bytes(32)), bench.setup.randbytes
        self.disk = dump(bench.state, self.vault, self.randbytes)
        self.counted: set[tuple[str, str]] = set()
        self.refunded: set[str] = set()
        self.ended: list[Exchange] = []

    def run(self, program: Program[Result], faults: list[str], kill_at: int | None) -> None:
        answer: Response | None = None
        waiting: list[Response] = []
        step = 0
        try:
            while True:
                effect = program.send(answer)
                if step == kill_at:
                    raise Killed
                step += 1
                answer = None
                if isinstance(effect, Keep):
                    self.disk = dump(effect.state, self.vault, self.randbytes)
                    if effect.state.last:
                        self.counted.add((effect.state.last.batch, effect.state.last.stan))
                    if effect.state.receipt and effect.state.receipt.kind == "退货/REFUND":
                        self.refunded.add(effect.state.receipt.stan)
                elif isinstance(effect, Ask):
                    waiting = self._send(effect.frame, faults.pop(0) if faults else "fine")
                    answer = waiting.pop(0)
                elif isinstance(effect, Listen):
                    answer = waiting.pop(0) if waiting else NoAnswer("waited", 1)
                elif isinstance(effect, Ended):
                    self.ended.append(effect.exchange)
        except (StopIteration, Killed):
            program.close()
            self.machine = self.make_bench(load(self.disk, self.vault)).machine

    def _send(self, frame: bytes, fault: str) -> list[Response]:
        request = self.dialect.decode(frame)
        silence = NoAnswer("waited", 1)
        if fault == "no line":
            return [NotSent("no line")]
        if fault == "request lost":
            return [silence]
        if fault == "refused":
            return [Received(self.ledger.host.short("96")(request), 1)]
        if fault == "sign on again":
            return [Received(self.ledger.host.short("A0")(request), 1)]
        reply = self.ledger.take(request)
        if fault == "forged" and 64 in self.dialect.decode(reply).fields:
            return [Received(reply[:-8] + b"00000000", 1)]
        if fault == "torn":
            return [Received(reply[:-3], 1)]
        if fault == "straggler":
            return [Received(self.ledger.host.reply("51", de11="999999")(request), 1), Received(reply, 1)]
        return [silence] if fault == "reply lost" else [Received(reply, 1)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("sale", "sale", "sale", "void", "void", "refund", "again", "reverse", "sign on", "sign off", "echo")
        ),
        st.lists(st.sampled_from(FAULTS), max_size=4),
        st.none() | st.integers(0, 9),
    ),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(steps=STEPS)
def test_both_sides_agree_in_the_end(
    make_bench: Callable[..., Bench], host: Foreign, make_order: Callable[..., Order], steps: list[Any]
) -> None:
    world = World(make_bench(), make_bench, host)
    operations = {
        "sale": lambda machine: sale(machine, make_order()),
        "void": lambda machine: void(machine, VoidOrder()),
        "refund": lambda machine: refund(machine, RefundOrder()),
        "again": refund_again,
        "reverse": lambda machine: reverse(machine, Undo()),
        "sign on": sign_on,
        "sign off": sign_off,
        "echo": echo,
    }
    undone: set[tuple[str, str]] = set()
    for name, faults, kill_at in steps:
        if name == "reverse" and (chosen := world.machine.state.pending or world.machine.state.last):
            undone.add((chosen.batch, chosen.stan))
        world.run(operations[name](world.machine), list(faults), kill_at)
    if owed := world.machine.state.pending:
        undone.add((owed.batch, owed.stan))
        world.run(reverse(world.machine, Undo()), [], None)
    assert world.machine.state.pending is None
    world.run(refund_again(world.machine), [], None)
    assert world.machine.state.unanswered is None

    live = {key for key, lives in world.ledger.sales.items() if lives}
    assert live <= world.counted
    assert world.counted - live <= undone
    approved = {
        exchange.stan
        for exchange in world.ended
        if exchange.service in ("sale", "void") and exchange.outcome is Outcome.APPROVED
    }
    assert approved <= {stan for _, stan in world.counted}
    stans = [stan for _, stan in (*world.ledger.sales, *world.ledger.refunds)]
    assert len(stans) == len(set(stans))
    for kept in world.machine.state.sales:
        assert kept.voided == world.ledger.voided(kept.key)
    assert world.refunded == {stan for _, stan in world.ledger.refunds}
