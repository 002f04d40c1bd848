"""Runs a plan: a host, its terminals and the network between them, until all is quiet again; returns what happened.

The end of a run is the end of a day: faults are over, what is on its way arrives, the host runs, and each terminal does
what it owes and settles its batch. Only then books are compared.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from functools import partial
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from acquirer.app.terminal_options import TerminalOptions
from acquirer.dialect.dialect import Dialect
from acquirer.host.core import Host, HostOptions
from acquirer.scenario.faults import Faults
from acquirer.scenario.rules import Rules
from acquirer.security.vault import Vault
from acquirer.settings.cards import load_cards
from acquirer.settings.downloads import load_downloads
from acquirer.settlement.policies import UnsignedPolicy
from acquirer.simulation.dialect_trade import trade_in
from acquirer.simulation.history import History, HostBooks
from acquirer.simulation.mishaps import happen
from acquirer.simulation.network import Network
from acquirer.simulation.plan import ATTENDED, PlannedOperation, SimulationPlan, seeded
from acquirer.simulation.simulated_host import SimulatedHost
from acquirer.simulation.simulated_store import SimulatedDisk
from acquirer.simulation.simulated_terminal import SimulatedTerminal
from acquirer.simulation.staff import staff
from acquirer.simulation.timeline import Timeline
from acquirer.simulation.transaction_choices import (
    ADMINISTRATOR,
    CARDS,
    CASHIERS,
    SUPERVISOR,
    TRANSACTIONS,
    TransactionChoice,
    complete_elsewhere,
    draw_once,
    pick_sold,
    refund_elsewhere,
)
from acquirer.store.queries import Reader

FIRST_TID: Final = 90_000_001
BEGIN: Final = datetime(2026, 1, 2, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
"""When every simulation begins: on the morning of a working day."""

CLOSING_ROUNDS: Final = 4
"""So often a terminal does what it owes in the end: sign-on, reversal, advice and settlement may each need one."""


class SimulatedWorld:
    """One run of a plan."""

    def __init__(self, plan: SimulationPlan) -> None:
        chance = seeded(plan.seed, "world")
        self.trade = trade_in(plan.dialect)
        compiled = self.trade.compiled
        self.plan = plan
        self.timeline = Timeline(round(BEGIN.timestamp() * 1_000_000))
        self._vault = Vault(chance.randbytes(32))
        self._randbytes = seeded(plan.seed, "host").randbytes
        self._issuer = load_cards()
        self._downloads = load_downloads()
        unsigned: UnsignedPolicy = chance.choice(get_args(UnsignedPolicy))
        self._options = HostOptions(unsigned_at_settlement=unsigned)
        self.faults, self.rules = Faults([], plan.seed), Rules()
        tids = [f"{FIRST_TID + number}" for number in range(plan.terminals)]
        attended = [tid for number, tid in enumerate(tids) if number % ATTENDED == ATTENDED - 1]
        listed = attended if self.trade.has_operators else []
        self.history = History(
            compiled,
            {name: self._vault.token(card.pan) for name, card in self._issuer_cards().items()},
            frozenset(listed),
            unsigned,
            began_us=self.timeline.now_us,
        )
        registrations = [self.trade.registration(tid, tid in listed) for tid in tids]
        self.disk = SimulatedDisk(registrations, self._vault, self._randbytes)
        self.network = Network(self.timeline, compiled.dialect.framing, self.history)
        self.host = SimulatedHost(self.timeline, self.disk, self._make_host, self.history, self.network.reset_all)
        self.network.host = self.host
        self.terminals = [self._terminal(number, tid) for number, tid in enumerate(tids)]

    @property
    def dialect(self) -> Dialect:
        """Return what all speak."""
        return self.trade.dialect

    def tid_of(self, number: int) -> str:
        """Return the number of a terminal; "": all of them."""
        return self.terminals[number].tid if 0 <= number < len(self.terminals) else ""

    def _issuer_cards(self) -> dict[str, Any]:
        return {card.name: card for card in self._issuer.cards.values() if card.name in CARDS}

    def _make_host(self) -> Host:
        return Host(
            self.trade.compiled,
            vault=self._vault,
            randbytes=self._randbytes,
            issuer=self._issuer,
            faults=self.faults,
            rules=self.rules,
            timezone=BEGIN.tzinfo or ZoneInfo("UTC"),
            options=self._options,
            downloads=self._downloads,
        )

    def _terminal(self, number: int, tid: str) -> SimulatedTerminal:
        options: TerminalOptions = {
            **self.trade.options(number),
            "now": self._local_time,
            "randbytes": seeded(self.plan.seed, tid, "bytes").randbytes,
        }
        return SimulatedTerminal(tid, self.timeline, self.network, self.history, self.plan.seed, **options)

    def _local_time(self) -> datetime:
        return datetime.fromtimestamp(self.timeline.now_us / 1_000_000, BEGIN.tzinfo)

    # the day

    def run(self) -> History:
        """Run the plan to its end; return what happened."""
        begin_us, history = self.timeline.now_us, self.history
        for terminal in self.terminals:
            if terminal.tid in self.history.listed:
                terminal.hire(staff(), "01")
        for operation in self.plan.operations:
            self.timeline.call_at(begin_us + operation.at_us, partial(self._operate, operation))
        for mishap in self.plan.mishaps:
            self.timeline.call_at(begin_us + mishap.at_us, partial(happen, mishap, self))
        self.timeline.run(begin_us + round(self.plan.hours * 3_600_000_000))
        self._calm_down()
        self.timeline.run()
        for terminal in self.terminals:
            if any(one.tid == terminal.tid for one in history.sent):  # else it has nothing to bring to an end
                self._close(terminal)
        history.ended_us = self.timeline.now_us
        history.books = self._books()
        history.digest = history.make_digest()
        return history

    def _operate(self, operation: PlannedOperation) -> None:
        if operation.terminal < len(self.terminals):
            terminal = self.terminals[operation.terminal]
            adapted = self.trade.adapted(operation)
            terminal.begin(adapted, partial(self._act, terminal, adapted))

    def _act(self, terminal: SimulatedTerminal, operation: PlannedOperation) -> None:
        """Do what an operation says at its terminal; or first what its display says is owed."""
        name, choice, state = operation.name, operation.choice, terminal.state
        if choice.some % 2:
            if state.batch_books.settlement is not None:
                name = "settle"
            elif state.pending is not None and name in TRANSACTIONS:
                name = "reverse"
            elif state.unanswered is not None and name in TRANSACTIONS:
                name = "again"
        if name in TRANSACTIONS:
            TRANSACTIONS[name](terminal, choice)
        elif name == "log_on":
            right = choice.supervisor == SUPERVISOR
            terminal.try_it("log_on", operation.cashier, CASHIERS[operation.cashier] if right else "0000")
        elif name in ("refund elsewhere", "completion elsewhere"):
            self._follow_elsewhere(terminal, operation)
        elif name == "sign":
            # An image in parts that is signed twice may be mixed up by the loss of the right ones: README says so.
            if not self.trade.part_bytes(self.terminals.index(terminal)):
                terminal.try_it("sign", draw_once("Li", choice.hand))
        else:
            terminal.try_it(name)

    def _follow_elsewhere(self, terminal: SimulatedTerminal, operation: PlannedOperation) -> None:
        """Refund or complete what another terminal has sold or holds."""
        choice = operation.choice
        other = self.terminals[operation.other % len(self.terminals)]
        if operation.name.startswith("refund"):
            sold = pick_sold(other, "refund", choice)
            if sold is not None and sold.original.rrn:
                refund_elsewhere(terminal, sold, choice)
        elif (held := pick_sold(other, "completion", choice)) is not None:
            complete_elsewhere(terminal, held, choice, advice=choice.some % 2 == 1)

    # the end

    def _calm_down(self) -> None:
        """End everything that goes wrong; what is on its way still arrives."""
        self.rules.clear()
        self.faults.remove(*[one.name for one in self.faults.declared])
        self.host.crash_at = self.host.conflict_with = self.disk.failing = ""
        self.disk.locked = self.disk.unreadable = False
        self.disk.make_room()
        self.network.cut_off = dict.fromkeys(self.network.cut_off, 0)
        self.host.start()

    def _close(self, terminal: SimulatedTerminal) -> None:
        """Have a terminal do what it owes, and settle where that is done, as at the end of a day."""
        if terminal.state.operators:
            self._do(terminal, "unlock_operator", "01", administrator=ADMINISTRATOR)
            self._do(terminal, "log_on", "01", CASHIERS["01"])
        for _ in range(CLOSING_ROUNDS):
            self._do(terminal, "sign_on")
            if terminal.state.pending:
                self._do(terminal, "reverse")
            if terminal.state.unanswered:
                self._do(terminal, "again")
            if not self.trade.settles:
                if terminal.state.pending is None and terminal.state.unanswered is None:
                    return
                continue
            self._do(terminal, "settle")
            result = terminal.last
            if result is not None and not result.ok and self.history.unsigned == "hold":  # someone never signed
                self._do(terminal, "settle", upload_after_error=True)
                result = terminal.last
            if result is not None and result.ok:
                if terminal.state.waiting:  # signed while the settlement was under way
                    self._do(terminal, "upload")
                return
        self.history.unsettled.append(f"{terminal.tid}: {terminal.last or terminal.refused}")

    def _do(self, terminal: SimulatedTerminal, name: str, *words: object, **options: object) -> None:
        terminal.begin(_undisturbed(), partial(terminal.try_it, name, *words, **options))
        self.timeline.run()

    def _books(self) -> HostBooks:
        reader = Reader(self.disk.connection, nullcontext())
        signatures = reader.signatures()
        transactions = reader.transactions()
        batches = sorted({row.key[:3] for row in transactions})
        return HostBooks(
            transactions=transactions,
            cards={token: card for token in self.history.tokens.values() if (card := self.disk.card(token))},
            sessions={session.tid: session for _, session in reader.terminals()},
            signatures=[(one, reader.blob(one.digest) or b"") for one in signatures],
            settlements=reader.settlements(),
            details=[one for batch in batches for one in reader.batch_books(*batch).details],
            exchanges=sum(1 for _ in reader.every()),
        )


def run_simulation(plan: SimulationPlan) -> History:
    """Run a plan to its end; return what happened."""
    world = SimulatedWorld(plan)
    try:
        return world.run()
    finally:
        world.disk.connection.close()


def _undisturbed() -> PlannedOperation:
    return PlannedOperation(0, 0, 0, "", TransactionChoice())
