"""Random days of two terminals against a ledger that knows only the rules: settlement totals included.

Our terminals talk to our host in memory. Anything may happen in any order: sales of both kinds of card, voids, refunds,
sales without the host that wait for their upload, reversals by hand, answers that are lost, power cuts of a terminal at
any moment, settlements that are interrupted and gone on with. The ledger counts what was approved and never undone,
from the exchanges alone: it never disagrees with the host's totals nor, once all is settled, with the terminal's.
"""

from __future__ import annotations

from collections.abc import Iterator

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

from acquirer.app.terminal_options import TerminalOptions
from acquirer.host.batch_totals import batch_totals
from acquirer.host.causes import ComparedBatch, discrepancies
from acquirer.settlement.totals import BatchTotals, Side
from acquirer.terminal.effects import Ask, Keep, NoAnswer, Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.machine import Machine
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal

CARDS, ENTRIES = ("standard", "visa"), ("chip", "manual")
COUNTED: dict[str, Side] = {
    "sale": "debit",
    "offline_sale": "debit",
    "ecash_sale": "debit",
    "void": "credit",
    "refund": "credit",
    "ecash_refund": "credit",
}
amounts = st.integers(1, 50_000)


class _PowerCut(Exception):
    pass


class Till(RigTerminal):
    """A terminal whose answers may be lost, and whose power may fail."""

    lose = 0  # so many of the next answers
    steps = 0  # after so many saved states the power fails; 0: it does not

    def _run(self, program: Program[Result]) -> Result:
        return super()._run(self._unlucky(program))

    def _unlucky(self, program: Program[Result]) -> Program[Result]:
        answer = None
        while True:
            try:
                effect = program.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(effect, Keep) and self.steps:
                self.steps -= 1
                if not self.steps:
                    program.close()
                    raise _PowerCut
                self._saved = effect.state
            answer = yield effect
            if isinstance(effect, Ask) and self.lose:
                self.lose -= 1
                answer = NoAnswer("lost", 1)

    def try_it(self, operation: str, *words: object, **options: object) -> Result | None:
        """Do an operation; None when the power failed: the terminal goes on with what it had saved."""
        self._saved = self.state
        try:
            result: Result = getattr(self, operation)(*words, **options)
        except _PowerCut:
            self._core.machine = Machine(self._core.machine.setup, self._saved)
            return None
        finally:
            self.lose = self.steps = 0
        return result


def machine() -> type[RuleBasedStateMachine]:
    class Days(RuleBasedStateMachine):
        @initialize()
        def open(self) -> None:
            self.rig = Rig()
            self.tills = []
            for tid, when, most in (("90000001", "after-next", 0), ("90000002", "before-settlement", 3)):
                known = self.rig.register(tid)
                options: TerminalOptions = {
                    "dialect": "unionpay-pos",
                    "mid": known.mid,
                    "now": self.rig.local_time,
                    "randbytes": self.rig.host.randbytes,
                    "offline_upload": when,
                    "offline_most": most,
                }
                if known.tmk is not None:
                    options["tmk"] = known.tmk
                self.tills.append(Till(tid, self.rig, **options))
            self.closed: dict[tuple[str, str], BatchTotals] = {}

        # what may go wrong next

        @rule(which=st.integers(0, 1), lose=st.integers(1, 2))
        def answers_will_be_lost(self, which: int, lose: int) -> None:
            self.tills[which].lose = lose

        @rule(which=st.integers(0, 1), steps=st.integers(1, 6))
        def the_power_will_fail(self, which: int, steps: int) -> None:
            self.tills[which].steps = steps

        @rule(minutes=st.sampled_from((1, 30, 700)))
        def time_passes(self, minutes: int) -> None:
            self.rig.advance(minutes * 60)

        # what shops do

        @rule(
            which=st.integers(0, 1),
            amount=amounts,
            card=st.sampled_from(CARDS),
            entry=st.sampled_from(("chip", "manual")),
        )
        def sell(self, which: int, amount: int, card: str, entry: str) -> None:
            till = self.tills[which]
            till.try_it("sale", amount, card, entry=entry)

        @rule(
            which=st.integers(0, 1),
            amount=amounts,
            card=st.sampled_from(CARDS),
            operation=st.sampled_from(("offline_sale", "ecash_sale")),
        )
        def sell_without_the_host(self, which: int, amount: int, card: str, operation: str) -> None:
            self.tills[which].try_it(operation, amount, card)

        @precondition(lambda self: any(till.state.sales for till in self.tills))
        @rule(which=st.integers(0, 1))
        def void(self, which: int) -> None:
            till = self.tills[which]
            named = till.state.sale()
            if named is not None and named.original.within == till.state.batch:
                till.try_it("void")

        @precondition(lambda self: any(till.state.sales for till in self.tills))
        @rule(which=st.integers(0, 1), share=st.integers(1, 3))
        def refund(self, which: int, share: int) -> None:
            till = self.tills[which]
            named = till.state.sale()
            if named is not None:
                till.try_it("refund", max(1, named.amount_minor // share))

        @rule(which=st.integers(0, 1))
        def reverse(self, which: int) -> None:
            self.tills[which].try_it("reverse")

        @rule(which=st.integers(0, 1))
        def sign_on(self, which: int) -> None:
            self.tills[which].try_it("sign_on")

        @rule(which=st.integers(0, 1), sign_off=st.booleans())
        def settle(self, which: int, sign_off: bool) -> None:
            self.tills[which].try_it("settle", sign_off=sign_off, drop_reversal=False)

        # what must hold at any moment

        def standing(self, tid: str, batch: str) -> BatchTotals:
            """Count what was approved and never undone, from the journal of exchanges alone."""
            approved: dict[str, tuple[bool, Side, int]] = {}
            for entry in self.rig.journal:
                if (entry.tid, entry.batch) != (tid, batch):
                    continue
                if entry.service in COUNTED and entry.code == "00":
                    side = COUNTED[entry.service]
                    approved[entry.stan] = (entry.pan_masked.startswith("4"), side, entry.amount_minor or 0)
                if entry.service == "reversal" and entry.code == "00" and entry.why.startswith("reversed:"):
                    approved.pop(entry.stan, None)
            totals = BatchTotals()
            for foreign, side, amount in approved.values():
                totals = totals.plus(foreign, side, amount)
            return totals

        @invariant()
        def the_hosts_totals_are_what_was_approved_and_not_undone(self) -> None:
            if not hasattr(self, "rig"):
                return
            for till in self.tills:
                batches = {one.key.batch for one in self.rig.transactions if one.key.tid == till.tid}
                for batch in batches:
                    rows = [one for one in self.rig.transactions if (one.key.tid, one.key.batch) == (till.tid, batch)]
                    assert batch_totals(self.rig.host.dialect, rows) == self.standing(till.tid, batch)

        @invariant()
        def a_closed_batch_never_changes(self) -> None:
            if not hasattr(self, "rig"):
                return
            for row in self.rig.store.settlements.values():
                if row.state == "closed":
                    assert self.closed.setdefault((row.tid, row.batch), row.host) == row.host
                    assert row.host == self.standing(row.tid, row.batch)

        def settled(self) -> Iterator[ComparedBatch]:
            for row in self.rig.store.settlements.values():
                rows = tuple(one for one in self.rig.transactions if one.key[:3] == (row.mid, row.tid, row.batch))
                details = tuple(
                    one for one in self.rig.store.details.values() if one.key[:3] == (row.mid, row.tid, row.batch)
                )
                yield ComparedBatch(self.rig.host.dialect, row, rows, details)

        def teardown(self) -> None:
            """At the end of the day each terminal does what it owes and settles: and balances."""
            if not hasattr(self, "rig"):
                return
            for till in self.tills:
                till.lose = till.steps = 0
                till.sign_on()
                if till.state.pending:
                    till.reverse()
                if till.state.unanswered:
                    till.refund(again=True)
                result = till.settle()
                assert result.ok, result
                assert till.state.batch == self.rig.sessions[till.tid].batch
            for compared in self.settled():
                assert compared.settlement.result == "equal", discrepancies(compared)
                assert compared.settlement.state == "closed"

    return Days


@pytest.mark.slow
def test_days_never_disagree_with_the_ledger() -> None:
    run_state_machine_as_test(machine(), settings=settings(max_examples=25, stateful_step_count=25, deadline=None))
