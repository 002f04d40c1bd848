"""Any order of sales, voids, refunds, reversals and repeats, by two terminals: the host plays by the lifecycle table.

The model knows of each sale its state, what was refunded, and what the table says; money is conserved on its card.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from acquirer.host.lifecycle import TABLE, Action, LifecycleState, TransactionEvent
from tests.host.conftest import MakeRig, Pos

TIDS = ("10000161", "10000162")
CARD = "6200000000000005"  # counted: 1000.00
BALANCE_MINOR = 100_000

some = st.integers(0, 1_000_000)


@dataclass
class Sale:
    """A sale as the model knows it."""

    pos: Pos
    stan: str
    amount: int
    state: LifecycleState
    rrn: str
    frame: bytes
    refunded: int = 0
    void: str = ""  # STAN of the void that took it back
    voids: list[str] = field(default_factory=list)  # voids that were reversed


def machine(new_rig: MakeRig) -> type[RuleBasedStateMachine]:
    class Books(RuleBasedStateMachine):
        @initialize()
        def open(self) -> None:
            self.rig = new_rig()
            self.terminals = []
            self.sales: list[Sale] = []
            self.retaken_minor = 0  # by reversals of voids, though it may have been spent meanwhile
            for tid in TIDS:
                self.rig.register(tid, required="never")
                pos = self.rig.pos(tid)
                pos.sign_on()
                self.terminals.append(pos)

        def pick(self, some: int) -> Sale:
            return self.sales[some % len(self.sales)]

        def left_minor(self) -> int:
            taken = (one.amount - one.refunded for one in self.sales if one.state in ("approved", "refunded"))
            return BALANCE_MINOR - sum(taken)

        @rule(which=st.integers(0, 1), amount=st.integers(1, 40_000))
        def sell(self, which: int, amount: int) -> None:
            pos = self.terminals[which]
            frame = pos.sale_frame(amount, pan=CARD)
            fits = amount <= self.left_minor()
            answer = self.rig.send(frame)
            assert answer.code == ("00" if fits else "51")
            state: LifecycleState = "approved" if fits else "declined"
            self.sales.append(Sale(pos, pos.last, amount, state, str(answer[37]), frame))

        @precondition(lambda self: self.sales)
        @rule(some=some)
        def repeat(self, some: int) -> None:
            sale = self.pick(some)
            answer = self.rig.send(sale.frame)
            replay = TABLE[sale.state]["same"] is Action.REPLAY
            assert answer.code == (("51" if sale.state == "declined" else "00") if replay else "94")

        @precondition(lambda self: self.sales)
        @rule(some=some)
        def reuse_its_number(self, some: int) -> None:
            sale = self.pick(some)
            assert sale.pos.sale(sale.amount + 1, stan=sale.stan, pan=CARD).code == "94"

        @precondition(lambda self: self.sales)
        @rule(some=some, other=st.sampled_from((0, 0, 0, 1)))
        def reverse(self, some: int, other: int) -> None:
            sale = self.pick(some)
            answer = sale.pos.reverse(sale.stan, sale.amount + other, pan=CARD)
            if other:
                assert answer.code == "64"
                return
            action = TABLE[sale.state]["reversal"]
            assert answer.code == ("25" if action is Action.CLOSED else "00")
            if action is Action.UNDO:
                sale.state = "reversed"

        @precondition(lambda self: self.sales)
        @rule(some=some, other=st.sampled_from((0, 0, 0, 1)))
        def void(self, some: int, other: int) -> None:
            sale = self.pick(some)
            takes = TABLE[sale.state]["void"] is Action.TAKE_BACK
            answer = sale.pos.void(sale.stan, sale.amount + other, pan=CARD)
            assert answer.code == ("25" if not takes else "64" if other else "00")
            if answer.code == "00":
                sale.state, sale.void = "voided", sale.pos.last

        @precondition(lambda self: any(sale.void for sale in self.sales))
        @rule(some=some)
        def reverse_a_void(self, some: int) -> None:
            voided = [sale for sale in self.sales if sale.void]
            sale = voided[some % len(voided)]
            answer = sale.pos.reverse(sale.void, sale.amount, pan=CARD, processing_code="200000", transaction_type="23")
            assert answer.code == "00"
            if sale.state == "voided" and sale.void not in sale.voids:
                sale.state = "approved"
                sale.voids.append(sale.void)
                self.retaken_minor += sale.amount

        @precondition(lambda self: self.sales)
        @rule(which=st.integers(0, 1), some=some, amount=st.integers(1, 40_000))
        def refund(self, which: int, some: int, amount: int) -> None:
            sale = self.pick(some)
            answer = self.terminals[which].refund(sale.rrn, amount, pan=CARD)
            gives: TransactionEvent = "refund"
            if TABLE[sale.state][gives] is not Action.GIVE_BACK:
                assert answer.code == "25"
            elif amount > sale.amount - sale.refunded:
                assert answer.code == "61"
            else:
                assert answer.code == "00"
                sale.state = "refunded"
                sale.refunded += amount

        @invariant()
        def money_is_conserved(self) -> None:
            if not hasattr(self, "rig"):
                return
            card = self.rig.store.cards.get(self.rig.host.vault.token(CARD))
            spent_minor = card.spent_minor if card is not None else 0
            assert spent_minor == BALANCE_MINOR - self.left_minor() <= BALANCE_MINOR + self.retaken_minor
            for sale in self.sales:
                row = next(row for row in self.rig.store.transactions.values() if row.rrn == sale.rrn)
                assert (row.state, row.refunded_minor) == (sale.state, sale.refunded)

    return Books


@pytest.mark.slow
def test_the_host_plays_by_the_table(new_rig: MakeRig) -> None:
    run_state_machine_as_test(machine(new_rig), settings=settings(max_examples=60, stateful_step_count=40))
