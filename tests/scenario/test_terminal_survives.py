"""Each kind of fault against our own terminal, over TCP and in two dialects that share no code page.

Afterwards the books of both sides agree: what the host has approved are the sales that the terminal knows, but for one
whose reversal the terminal still owes, and says so. Terminals of a dialect play beside each other, each under a fault
of its own: almost all of the time is spent in waiting for replies that never come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import TerminalConnection
from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.faults import Fault, parse
from acquirer.scenario.registry import built_in_names, find_kind
from acquirer.terminal.effects import Ask, Response
from acquirer.terminal.exchange import Exchange, Outcome, Result
from acquirer.terminal.voucher import Voucher
from acquirer.testing import RunningHost, running_host

DIALECTS = ("unionpay-pos", "iso8583-1987-ascii")
TID = "10000161"

PATIENT_S = 60.0
"""How long a terminal waits for a reply that comes, however slow the machine is."""

SHORT_S = 0.4
"""And for one that does not come."""

SALES = (
    *("lost_request", "wrong_stan", "wrong_rrn", "wrong_tid", "wrong_mid", "wrong_amount", "wrong_mti", "wrong_batch"),
    *("missing:de=39", "missing:de=11", "missing:de=41", "extra:de=48,value=1234"),
    *("wrong_mac", "wrong_mac:how=zero", "wrong_mac:how=other_key", "wrong_mac:how=absent"),
    *("truncate", "truncate:bytes=0", "truncate:share=0.9", "wrong_length", "wrong_length:by=-8"),
    *("bit_flip:where=de.39", "bit_flip:where=de.64", "bit_flip:where=mti", "bit_flip:where=bitmap", "bit_flip:bits=9"),
    *(f"bit_flip:seed={seed}" for seed in range(6)),
    *(f"bit_flip:where=de.39,seed={seed}" for seed in range(6)),
    *("garbage", "prepend", "silent", "late:after=800ms", "delay:uniform=1ms..30ms", "duplicate"),
    *("reorder:wait=800ms", "glue:wait=50ms", "other_connection", "dribble:gap=1ms", "split:gap=5ms"),
)
"""Faults that damage the reply of one exchange."""

KEYS = ("stale_keys", "wrong_kcv", "wrong_key_length", "half_keys")
"""And the keys of a sign-on."""

LINES = (
    *(
        "refuse",
        "accept_silent",
        "reset:after=0",
        "half_close",
        "slow_close:after=100ms",
        "bandwidth:bytes_per_s=20000",
    ),
    "loss:rate=0.5,stall=5ms",
)
"""And a connection."""

RESTART = "host_restart"

UNHARMED = {
    *("wrong_rrn", "missing:de=41", "extra", "delay", "duplicate", "glue", "dribble", "split"),
    *("slow_close", "bandwidth", "loss"),
}
"""Faults, or kinds of them, after which a terminal has its approval."""

UNSURE = {
    *("bit_flip:bits=9", "bit_flip:where=bitmap", *(f"bit_flip:seed={seed}" for seed in range(6))),
    "bit_flip:where=de.64",  # of a MAC in hex it may make a small letter of a capital one
}
"""Faults whose outcome depends on what is drawn."""


NEVER_ANSWERED = {
    *("lost_request", "wrong_stan", "wrong_tid", "wrong_mti", "wrong_batch", "wrong_length", "bit_flip:where=mti"),
    "truncate:bytes=0",  # an empty frame, which keeps a line alive
    *("prepend", "silent", "late", "reorder", "other_connection", "accept_silent"),
}
"""Faults, or kinds of them, that leave a terminal without a reply of its own in time."""


def kind_of(fault: str) -> str:
    return fault.partition(":")[0]


def test_every_kind_is_tried() -> None:
    assert {kind_of(fault) for fault in (*SALES, *KEYS, *LINES, RESTART)} == set(built_in_names())
    assert {name for name in built_in_names() if find_kind(name).type.stage is Stage.LINE} == set(map(kind_of, LINES))


class Line(TerminalConnection):
    """The line of a terminal, which waits a short time where it knows that nothing comes.

    Args:
        damaged: services whose replies a fault damages, and how many of them.
    """

    damaged: tuple[str, ...] = ()
    left = 0
    service = ""  # of the exchange that is under way

    def began(self, exchange: Exchange) -> None:
        self.service = exchange.service

    def ended(self, exchange: Exchange) -> None:
        """Do nothing."""

    def printed(self, voucher: Voucher) -> None:
        """Do nothing."""

    def ask(self, ask: Ask) -> Response:
        if self.left and self.service in self.damaged:
            self.left -= 1
            ask = replace(ask, timeout_s=SHORT_S)
        return super().ask(ask)


@dataclass
class Play:
    """One terminal, which plays under one fault."""

    host: RunningHost
    pos: Terminal
    fault: str
    only: str = ""  # a condition of the fault instead of the terminal's number

    def __post_init__(self) -> None:
        core = self.pos._core
        self.line = self.pos._connection = Line(core.address, core.framing)
        core.watch = self.line

    @contextmanager
    def damage(self, *services: str, count: int = 99) -> Iterator[Fault]:
        """Put the fault in force for these services of this terminal, or for connections."""
        conditions = [self.only or f"tid={self.tid}", f"name={self.tid} {self.fault.replace(',', ' ')}"]
        if not self.only:
            conditions.append("when=" + " | ".join(f"service={service}" for service in services))
        fault = parse(f"{self.fault}{',' if ':' in self.fault else ':'}{','.join(conditions)},count={count}")
        if self.acts and {self.fault, kind_of(self.fault)} & {*NEVER_ANSWERED, *UNSURE}:
            self.line.damaged, self.line.left = services, count
        with self.host.faults.added(fault):
            yield fault
        self.line.left = 0

    def acted(self, fault: Fault, expected: int = 1) -> int:
        """Return how often a fault acted, once it did as often as expected: a terminal may give up before the host."""
        end_s = time.monotonic() + PATIENT_S
        while (acted := self.host.faults.acted()[fault.name]) < expected and time.monotonic() < end_s:
            time.sleep(0.01)
        return acted

    @property
    def tid(self) -> str:
        return self.pos._core.machine.setup.tid

    @property
    def acts(self) -> bool:
        """Whether the dialect has what the fault damages."""
        return kind_of(self.fault) != "wrong_batch" or "batch" in self.pos._core.machine.setup.dialect.elements

    @property
    def unharmed(self) -> bool:
        return not self.acts or bool({self.fault, kind_of(self.fault)} & UNHARMED)

    def check_books(self) -> None:
        state = self.pos._core.machine.state
        rows = [row for row in self.host.transactions if row.key.tid == self.tid]
        booked = {row.key.stan: row.amount_minor for row in rows if row.state == "approved"}
        if state.pending is not None:
            booked.pop(state.pending.stan, None)
        assert booked == {sold.original.stan: sold.amount_minor for sold in state.sales}

    def sell(self, amount: str) -> Result:
        result = self.pos.sale(amount)
        self.check_books()
        return result

    def sell_at_last(self) -> None:
        """Sell once the fault is over; a host that refused a MAC or forgot a sign-on may ask for another one first."""
        assert any(self.sell("1.00").outcome is Outcome.APPROVED for _ in range(3))


def a_sale_whose_reply_is_damaged(play: Play) -> None:
    with play.damage("sale", count=1) as fault:
        result = play.sell("13.13")
        assert play.acted(fault, play.acts) == play.acts
        if play.acts:
            assert play.host.journal.find(service="sale", tid=play.tid).fault == fault.name
        assert result.outcome is not Outcome.DECLINED, result
        if play.fault not in UNSURE:
            assert (result.outcome is Outcome.APPROVED) == play.unharmed, result
            assert result.reversal == ("" if play.unharmed else "done")
    play.sell_at_last()


def a_sale_whose_reversal_is_damaged_too(play: Play) -> None:
    with play.damage("sale", "reversal"):
        result = play.sell("17.17")
        if play.fault not in UNSURE and not play.unharmed:
            pending = play.pos._core.machine.state.pending
            assert result.reversal == ("done" if pending is None else "owed"), result
            assert ("is owed" in result.sentence) == (pending is not None)
            assert pending is not None or kind_of(play.fault) in CONFIRMED_BY_REVERSAL, result
    play.sell_at_last()
    assert play.pos._core.machine.state.pending is None


CONFIRMED_BY_REVERSAL = {"wrong_amount"}
"""Kinds that leave the reply to a reversal as it is."""


def a_sign_on_whose_reply_is_damaged(play: Play) -> None:
    with play.damage("sign_on", count=1) as fault:
        result = play.pos.sign_on()
        if kind_of(play.fault) not in NOT_ON_SIGN_ON and play.acts:
            assert play.acted(fault) == 1
        if play.fault in KEYS:
            assert result.outcome is (Outcome.APPROVED if play.fault == "stale_keys" else Outcome.KEYS_DIFFER)
    play.sell_at_last()


NOT_ON_SIGN_ON = {"wrong_mac", "wrong_amount", "wrong_rrn", "bit_flip", "extra"}
"""Kinds for which the reply to a sign-on has nothing to damage, in one of the dialects."""


def a_day(play: Play) -> None:
    """All that a terminal goes through under a fault of replies."""
    assert play.pos.sign_on().outcome is Outcome.APPROVED
    a_sale_whose_reply_is_damaged(play)
    a_sale_whose_reversal_is_damaged_too(play)
    a_sign_on_whose_reply_is_damaged(play)


def a_day_of_keys(play: Play) -> None:
    assert play.pos.sign_on().outcome is Outcome.APPROVED
    a_sign_on_whose_reply_is_damaged(play)


def a_day_on_a_damaged_line(play: Play) -> None:
    assert play.pos.sign_on().outcome is Outcome.APPROVED
    for count in (1, 2):  # connections: of the sale, and of its reversal
        with play.damage("sale", "reversal", count=count) as fault:
            result = play.sell("13.13")
            assert play.acted(fault) >= 1
            assert result.outcome is not Outcome.DECLINED, result
            assert (result.outcome is Outcome.APPROVED) == play.unharmed, result
            if (pending := play.pos._core.machine.state.pending) is not None:
                assert result.reversal == "owed"
                assert pending.stan in result.sentence
        play.sell_at_last()


Day = tuple[str, Callable[[Play], None]]
"""A fault, and what a terminal goes through under it."""


def play_all(dialect: str, days: list[Day]) -> dict[str, str]:
    """Play days beside each other, each with a terminal of its own; return what went wrong, by fault."""
    problems: dict[str, str] = {}
    listeners = ["127.0.0.1:0"] * (1 + len(LINES))
    with running_host(listen=listeners, dialect=dialect, seed=1) as host:
        addresses = dict(zip(LINES, host.addresses[1:], strict=True))

        def play(number: int, fault: str, day: Callable[[Play], None]) -> None:
            address = addresses.get(fault, host.address)
            tid = str(20000001 + number)
            with Terminal(tid, host=address, dialect=dialect, timeout_s=PATIENT_S) as pos:
                try:
                    day(Play(host, pos, fault, f"listener={address}" if fault in addresses else ""))
                except AssertionError as error:
                    problems[fault] = str(error)

        with ThreadPoolExecutor(len(days)) as pool:
            for done in [pool.submit(play, number, *one) for number, one in enumerate(days)]:
                done.result()
    return problems


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_books_agree_after_every_fault(dialect: str) -> None:
    days: list[Day] = [*((fault, a_day) for fault in SALES), *((fault, a_day_of_keys) for fault in KEYS)]
    days += ((fault, a_day_on_a_damaged_line) for fault in LINES)
    problems = play_all(dialect, days)
    assert not problems, "\n".join(f"{fault}: {what}" for fault, what in problems.items())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_books_agree_after_a_restart(dialect: str) -> None:
    """It resets the connections of all terminals, so its host has but one."""
    assert play_all(dialect, [(f"{RESTART}:down=0", a_day)]) == {}


@pytest.mark.parametrize(("forget", "codes"), [("true", ["00", "77", "00"]), ("false", ["00", "00", "00"])])
def test_a_host_that_restarts_forgets_sign_ons_where_the_fault_says_so(forget: str, codes: list[str]) -> None:
    fault = f"host_restart:down=0,forget={forget},service=sale,count=1"
    with running_host(fault=[fault]) as host, terminal(host) as pos:
        pos.sign_on()
        assert pos.sale("1.00").outcome is Outcome.NO_ANSWER
        pos.sale("2.00")  # refused, the terminal signs on
        pos.sale("3.00")
        assert [entry.code for entry in host.journal.list(service="sale")] == codes


def terminal(host: RunningHost) -> Terminal:
    return Terminal(TID, host=host.address, timeout_s=PATIENT_S)


def test_several_damages_of_one_reply_are_all_journalled() -> None:
    faults = ["late:after=10ms", "wrong_mac", "wrong_rrn", "truncate:bytes=90"]
    texts = [f"{one}{',' if ':' in one else ':'}service=sale" for one in faults]
    with running_host(fault=texts) as host, terminal(host) as pos:
        Play(host, pos, "").sell("13.13")
        assert host.journal.find(service="sale").fault == "wrong_rrn, wrong_mac, truncate, late"
        assert [host.journal.count(fault=name) for name in ("late", "wrong_mac", "silent")] == [1, 1, 0]
        assert set(host.faults.acted().values()) == {1}


def test_each_exchange_is_under_the_generation_of_its_faults() -> None:
    with running_host() as host, terminal(host) as pos:
        pos.sign_on()
        assert host.journal.find(service="sign_on").generation == 0
        with host.faults.added("duplicate:service=echo") as generation:
            pos.echo()
            entry = host.journal.find(service="echo")
            assert (entry.generation, entry.fault) == (generation, "duplicate")
        pos.echo()
        entry = host.journal.find(service="echo")
        assert (entry.generation, entry.fault) == (generation + 1, "")
