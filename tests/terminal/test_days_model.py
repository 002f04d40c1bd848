"""Random days of several terminals against a ledger that knows only the rules (`TradeLedger`), settlements included.

Our terminals talk to our host in memory. Anything may happen in any order: every kind of transaction with every card,
of this terminal or of another one of the merchant, what is made without the host sent at once or kept for later,
reversals by hand, signatures now, later or never, requests and answers that are lost or doubled, power cuts of a
terminal at any moment, restarts of the host, days that end, cashiers who come and go, mistype, and are unknown to
the host, settlements that are interrupted and gone on with, under each policy about unsigned transactions. The ledger
never disagrees with the host's books, its totals and what cards have paid, nor, once all is settled, with terminals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from acquirer.app.terminal_options import TerminalOptions
from acquirer.host.batch_totals import batch_totals
from acquirer.host.causes import discrepancies
from acquirer.host.compared_batch import ComparedBatch
from acquirer.host.kinds import KINDS
from acquirer.signature.pen import draw_signature
from acquirer.simulation.ledger import LedgerNumber, TradeLedger
from acquirer.simulation.trade_rules import SIDES, UNSIGNED
from acquirer.simulation.transaction_choices import (
    ADMINISTRATOR,
    CARDS,
    CASHIERS,
    LISTED,
    SUPERVISOR,
    TRANSACTIONS,
    TransactionChoice,
    complete_elsewhere,
    pick_sold,
    refund_elsewhere,
)
from acquirer.terminal.effects import Ask, Keep, NoAnswer, Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.machine import Machine
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal

SIGNATURE: Final = draw_signature("Li", 1)


class _PowerCut(Exception):
    pass


@dataclass
class Trouble:
    """What goes wrong with a terminal's next operation."""

    lost_requests: int = 0  # so many of the next requests are lost
    doubled: int = 0  # so many reach the host twice
    lost_answers: int = 0  # so many answers are lost
    steps: int = 0  # after so many saved states the power fails; 0: it does not


class Till(RigTerminal):
    """A terminal whose line loses and doubles messages, and whose power may fail."""

    def __init__(
        self, tid: str, rig: Rig, offline_upload: str = "at-once", offline_most: int = 0, **values: Any
    ) -> None:
        known = rig.register(tid, **values)
        options: TerminalOptions = {
            "dialect": "unionpay-pos",
            "mid": known.mid,
            "now": rig.local_time,
            "randbytes": rig.host.randbytes,
            "offline_upload": offline_upload,
            "offline_most": offline_most,
        }
        if known.tmk is not None:
            options["tmk"] = known.tmk
        super().__init__(tid, rig, **options)
        self.rig = rig
        self.trouble = Trouble()
        self._setup = self._core.machine.setup

    def _run(self, program: Program[Result]) -> Result:
        return super()._run(self._unlucky(program))

    def _unlucky(self, program: Program[Result]) -> Program[Result]:
        answer: Any = None
        while True:
            try:
                effect = program.send(answer)
            except StopIteration as end:
                result: Result = end.value
                return result
            trouble = self.trouble
            if isinstance(effect, Keep) and trouble.steps:
                trouble.steps -= 1
                if not trouble.steps:
                    program.close()
                    raise _PowerCut
                self._saved = effect.state
            if isinstance(effect, Ask) and trouble.lost_requests:
                trouble.lost_requests -= 1
                answer = NoAnswer("lost", 1)
                continue
            if isinstance(effect, Ask) and trouble.doubled:
                trouble.doubled -= 1
                self.rig.send(effect.frame)
            answer = yield effect
            if isinstance(effect, Ask) and trouble.lost_answers:
                trouble.lost_answers -= 1
                answer = NoAnswer("lost", 1)

    def try_it(self, operation: str, *words: object, **options: object) -> Result | None:
        """Do an operation; None when the power failed: the terminal goes on with what it had saved."""
        self._saved = self.state
        try:
            result: Result = getattr(self, operation)(*words, **options)
        except _PowerCut:
            self._core.machine = Machine(self._setup, self._saved)
            return None
        finally:
            self.trouble = Trouble()
        return result


def test_each_kind_of_the_hosts_table_is_in_the_days_and_in_the_ledger() -> None:
    assert TRANSACTIONS.keys() == KINDS.keys() == SIDES.keys()
    assert {name for name, kind in KINDS.items() if not kind.signature} == set(UNSIGNED)


@pytest.mark.parametrize("unsigned", ["accept", "hold"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_day_of_each_kind(kind: str, unsigned: str) -> None:
    """It balances; and what is uploaded after a batch that is not taken agrees, record by record."""
    rig = Rig(unsigned_at_settlement=unsigned)
    till, ledger = Till("90000001", rig), TradeLedger(rig.dialect, holds=unsigned == "hold")
    for _ in range(3):  # what it is tied to comes first
        TRANSACTIONS[kind](till, TransactionChoice())
        if any((one.service, one.code) == (kind, "00") for one in rig.journal):
            break
    else:
        pytest.fail(f"no {kind} was approved: {[(one.service, one.code, one.why) for one in rig.journal]}")
    TRANSACTIONS["sale"](till, TransactionChoice(amount=7))
    words = "error" if unsigned == "hold" else "balanced"
    assert till.settle(upload_after_error=True).sentence.startswith(f"batch 000001 settled: {words}")
    ledger.go_on(rig.journal)
    agree(rig, ledger)
    assert [discrepancies(compared) for compared in settled(rig)] == [[]]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_undone(kind: str) -> None:
    """What was done last is reversed by hand, where it can be: what it was tied to stands again."""
    rig = Rig()
    till, ledger = Till("90000001", rig), TradeLedger(rig.dialect)
    for _ in range(3):  # what it is tied to comes first
        TRANSACTIONS[kind](till, TransactionChoice(card="balance", percent=50 if kind == "pre_auth_top_up" else 100))
        if any((one.service, one.code) == (kind, "00") for one in rig.journal):
            break
    till.reverse()
    ledger.go_on(rig.journal)
    agree(rig, ledger)
    assert till.settle().sentence.startswith("batch 000001 settled: balanced")


def settled(rig: Rig) -> Iterator[ComparedBatch]:
    """Yield the batches that were settled, with what the host knows of them."""
    for row in rig.store.settlements.values():
        rows = tuple(one for one in rig.transactions if one.key[:3] == (row.mid, row.tid, row.batch))
        details = tuple(one for one in rig.store.details.values() if one.key[:3] == (row.mid, row.tid, row.batch))
        yield ComparedBatch(rig.dialect, row, rows, details)


def agree(rig: Rig, ledger: TradeLedger) -> None:
    """Hold the host's books to the ledger."""
    assert ledger.disagreements == []
    rows = {LedgerNumber(*one.key[1:]): one for one in rig.transactions if one.state not in ("declined", "tombstone")}
    assert rows.keys() == ledger.entries.keys()
    for number, row in rows.items():
        one = ledger.entries[number]
        assert (row.state, row.refunded_minor, row.authorised_minor) == (
            one.state,
            one.refunded_minor,
            one.held_minor,
        ), row
    for tid, batch in {(one.tid, one.batch) for one in ledger.entries}:
        booked = [one for one in rig.transactions if (one.key.tid, one.key.batch) == (tid, batch)]
        assert batch_totals(rig.dialect, booked) == ledger.totals(tid, batch)
    card = rig.store.cards.get(rig.host.vault.token("6200000000000005"))
    assert (card.spent_minor if card else 0) == ledger.spent_minor(CARDS["balance"])


some = st.integers(0, 2)
few = st.sampled_from((0, 0, 0, 1, 2))
kinds = st.sampled_from(tuple(TRANSACTIONS))
troubles = st.builds(
    Trouble, lost_requests=few, doubled=few, lost_answers=few, steps=st.sampled_from((0, 0, 0, 1, 2, 4))
)
chances = st.builds(
    TransactionChoice,
    amount=st.integers(1, 60_000),
    card=st.sampled_from(tuple(CARDS)),
    entry=st.sampled_from(("chip", "contactless", "manual")),
    some=st.integers(0, 7),
    percent=st.sampled_from((100, 100, 50, 33, 115, 116)),
    signs=st.booleans(),
    supervisor=st.sampled_from((SUPERVISOR, SUPERVISOR, SUPERVISOR, "0000")),
)


def machine() -> type[RuleBasedStateMachine]:
    class Days(RuleBasedStateMachine):
        @initialize(unsigned=st.sampled_from(("accept", "flag", "hold")))
        def open(self, unsigned: str) -> None:
            self.rig = Rig(unsigned_at_settlement=unsigned)
            self.ledger = TradeLedger(self.rig.dialect, holds=unsigned == "hold")
            self.tills = [
                Till("90000001", self.rig, "after-next"),
                Till("90000002", self.rig, "before-settlement", 3),
                Till("90000003", self.rig, operators=list(LISTED)),
            ]
            staffed = self.tills[2]
            staffed.set_up_operators(SUPERVISOR, ADMINISTRATOR)
            for number, password in CASHIERS.items():
                staffed.add_operator(number, password, supervisor=SUPERVISOR)
            self.closed: dict[tuple[str, str], Any] = {}

        @rule(minutes=st.sampled_from((1, 30, 700)), restart=st.booleans())
        def time_passes(self, minutes: int, restart: bool) -> None:
            self.rig.advance(minutes * 60)
            if restart:
                self.rig.restart()

        @rule(which=some, sales=st.lists(st.tuples(kinds, chances), min_size=1, max_size=5), trouble=troubles)
        def transact(self, which: int, sales: list[tuple[str, TransactionChoice]], trouble: Trouble) -> None:
            for kind, chance in sales:
                TRANSACTIONS[kind](self.tills[which], chance)
            self.tills[which].trouble = trouble

        @rule(which=some, other=some, chance=chances, advice=st.booleans(), trouble=troubles)
        def follow_elsewhere(
            self, which: int, other: int, chance: TransactionChoice, advice: bool, trouble: Trouble
        ) -> None:
            """Refund or complete what another terminal has sold or holds."""
            till = self.tills[which]
            till.trouble = trouble
            if (sold := pick_sold(self.tills[other], "refund", chance)) and sold.original.rrn:
                refund_elsewhere(till, sold, chance)
            if held := pick_sold(self.tills[other], "completion", chance):
                complete_elsewhere(till, held, chance, advice=advice)

        @rule(which=some, what=st.sampled_from(("reverse", "again", "sign", "sign_on", "upload")), trouble=troubles)
        def manage(self, which: int, what: str, trouble: Trouble) -> None:
            self.tills[which].trouble = trouble
            self.tills[which].try_it(what, *([SIGNATURE] if what == "sign" else []))

        @rule(which=some, trouble=troubles, sign_off=st.booleans())
        def settle(self, which: int, trouble: Trouble, sign_off: bool) -> None:
            self.tills[which].trouble = trouble
            self.tills[which].try_it("settle", sign_off=sign_off)

        @rule(number=st.sampled_from(("", "01", "01", "02", "03")), right=st.sampled_from((True, True, False)))
        def take_over(self, number: str, right: bool) -> None:
            till = self.tills[2]
            if number:
                till.try_it("log_on", number, CASHIERS[number] if right else "0000")
            else:
                till.try_it("sign_off")

        # what must hold at any moment

        @invariant()
        def ledger_and_books_agree(self) -> None:
            if not hasattr(self, "closed"):
                return
            self.ledger.go_on(self.rig.journal)
            agree(self.rig, self.ledger)
            for row in self.rig.store.settlements.values():  # a closed batch never changes
                if row.state == "closed":
                    assert self.closed.setdefault((row.tid, row.batch), row.host) == row.host
                    assert row.host == self.ledger.totals(row.tid, row.batch)
            assert self.ledger.operators.get("90000003", set()) <= set(LISTED)  # whom the host knows

        def teardown(self) -> None:
            """At the end of the day each terminal does what it owes and settles: and balances."""
            if not hasattr(self, "closed"):
                return
            for till in self.tills:
                self._close(till)
            self.ledger.go_on(self.rig.journal)
            agree(self.rig, self.ledger)
            for compared in settled(self.rig):
                row = compared.settlement
                assert row.state == "closed"
                assert row.terminal == row.host == self.ledger.totals(row.tid, row.batch)
                assert row.result == "equal" or (self.ledger.holds and row.result == "error"), discrepancies(compared)
                assert discrepancies(compared) == []

        def _close(self, till: Till) -> None:
            till.trouble = Trouble()
            if till.state.operators:
                till.unlock_operator("01", administrator=ADMINISTRATOR)
                till.log_on("01", CASHIERS["01"])
            till.sign_on()
            if till.state.pending:
                till.reverse()
            if till.state.unanswered:
                till.again()
            result = till.settle()
            if self.ledger.holds and result.outcome is Outcome.DECLINED:  # someone never signed
                result = till.settle(upload_after_error=True)
            assert result.ok, result
            assert till.state.batch == self.rig.sessions[till.tid].batch

    return Days


@pytest.mark.slow
def test_days_never_disagree_with_the_ledger() -> None:
    run_state_machine_as_test(machine(), settings=settings(max_examples=60, stateful_step_count=30, deadline=None))
