"""A burst of terminals as it is planned: who comes when, to which host, and what each does."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from acquirer.data.text import plural
from acquirer.data.toml import DataError
from acquirer.dialect.compiled import CompiledDialect
from acquirer.load.arrivals import SHAPES
from acquirer.load.flight import Flight
from acquirer.settings.identity import identity
from acquirer.settings.registration import Registration
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import demo_terminals, read_terminals
from acquirer.terminal.card import CardData, card
from acquirer.terminal.effects import Ask, Began, Program
from acquirer.terminal.exchange import Exchange, Result
from acquirer.terminal.machine import Machine, Setup
from acquirer.terminal.order import Order
from acquirer.terminal.sale import sale
from acquirer.terminal.sign_on import sign_on

PAN: Final = "6212345678901232"  # a published test card that no shipped table of cards limits
EXPIRY: Final = "3012"
AMOUNT_MINOR: Final = 100

TerminalJourney = Callable[[Machine], Program[Result]]


@dataclass(frozen=True, slots=True)
class BurstPlan:
    """One burst.

    Args:
        host: ``HOST:PORT``.
        terminals: file of ``[[terminal]]`` tables; None: the demo set.
        count: terminals that come, each once.
        journey: a name of `JOURNEYS`.
        sources: addresses to connect from.
        timeout_s: how long each waits for an answer; 0: as its dialect says.
        workers: processes among which the terminals are divided.
    """

    host: str
    terminals: str | None
    count: int
    within_s: float
    shape: str = "even"
    journey: str = "sign-on"
    dialect: str = "unionpay-pos"
    kept: bool = False
    sources: tuple[str, ...] = ()
    timeout_s: float = 0.0
    seed: int = 1
    workers: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return it for a header or another process."""
        return {**asdict(self), "sources": list(self.sources)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> BurstPlan:
        """Return the plan that `as_json` wrote."""
        return cls(**{**values, "sources": tuple(values["sources"])})


def registrations(plan: BurstPlan) -> list[Registration]:
    """Return the terminals that come, in the order of their file.

    Raises:
        DataError: the file is wrong, or has too few.
    """
    known = demo_terminals() if plan.terminals is None else read_terminals(Path(plan.terminals))
    if len(known) < plan.count:
        where = plan.terminals or "the demo set"
        raise DataError(
            where,
            0,
            "",
            f"holds {plural(len(known), 'terminal')}, and {plan.count} are to come, each once: add some "
            '(tid = "30000001..30020000" is a range), or ask for fewer (--count)',
        )
    return known[: plan.count]


def moments(plan: BurstPlan) -> list[tuple[int, int]]:
    """Return the moment of each arrival, in microseconds since the beginning and ascending, and which terminal it is.

    Which terminal comes when is drawn: those of a file are neighbours, and a host may keep them in that order.
    """
    random = Random(plan.seed)  # noqa: S311  the same burst each time
    arrivals = SHAPES[plan.shape](plan.count, round(plan.within_s * 1_000_000), random)
    order = list(range(plan.count))
    random.shuffle(order)
    return list(zip(arrivals, order, strict=True))


def prepare_burst(plan: BurstPlan, worker: int) -> list[tuple[int, Flight]]:
    """Return what a worker is to do: each terminal with its first request, and when, in nanoseconds.

    Raises:
        DataError: a terminal cannot speak the dialect.
    """
    compiled = CompiledDialect(load_dialect(plan.dialect))
    known = registrations(plan)
    journey = JOURNEYS[plan.journey]
    due = []
    for place, (at_us, number) in enumerate(moments(plan)):
        if place % plan.workers == worker:
            program = journey(Machine(_setup(plan, compiled, known[number])))
            due.append((at_us * 1000, _prepared(number, program)))
    return due


def _prepared(number: int, program: Program[Result]) -> Flight:
    """Return a terminal with its first request; what comes before that needs no host."""
    exchange: Exchange | None = None
    effect = next(program)
    while not isinstance(effect, Ask):
        if isinstance(effect, Began):
            exchange = effect.exchange
        effect = program.send(None)
    assert exchange is not None
    return Flight(number, program, effect, exchange)


def _setup(plan: BurstPlan, compiled: CompiledDialect, one: Registration) -> Setup:
    key = "tmk" if compiled.suite.dukpt is None else "bdk"
    if getattr(one, key) is None:
        problem = f"terminal {one.tid} has no {key}, which terminals of {compiled.dialect.name} need: give it one"
        raise DataError(plan.terminals or "the demo set", 0, "", problem)
    known = identity(
        one.tid, compiled.suite, mid=one.mid, tmk=one.tmk or "", bdk=one.bdk or "", ksn=one.ksn.hex(), name=one.name
    )
    return Setup(
        compiled,
        known.tid,
        known.mid,
        known.tmk,
        secrets.token_bytes,
        _now,
        bdk=known.bdk,
        ksn=known.ksn,
        timeout_s=plan.timeout_s,
    )


def _now() -> datetime:
    return datetime.now().astimezone()


def _sale(machine: Machine) -> Program[Result]:
    return (yield from sale(machine, Order(AMOUNT_MINOR, _CARD, _now(), "magstripe")))


_CARD: Final[CardData] = card(PAN, EXPIRY)

JOURNEYS: Final[Mapping[str, TerminalJourney]] = {
    "sign-on": sign_on,
    "sale": _sale,
}
"""What each terminal does. Before a `sale` it signs on, where its dialect has sign-ons."""
