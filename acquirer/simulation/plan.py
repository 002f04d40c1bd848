"""The plan of a simulation: what terminals do and what goes wrong, all of it drawn from a seed before anything happens.

Each part has a number. Every draw belongs to a part and is made from the seed and that part's own place alone, so parts
can be left out, one by one or by kind, and the others stay as they were: that is how a failure is shrunk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal

from acquirer.simulation.transaction_choices import CARDS, CASHIERS, SUPERVISOR, TRANSACTIONS, TransactionChoice

DIALECT: Final = "unionpay-pos"
"""What is spoken where nothing else is said: it has all that a terminal can do."""

MessageTrouble = Literal["loss", "duplicate", "delay", "straggler", "reorder", "half-open"]
"""What a network does to one message. Each is done to the request or to its reply."""

Mishap = Literal["partition", "crash", "commit-fails", "disk-full", "lock", "conflict", "unreadable", "rule", "fault"]
"""What goes wrong at a moment: with the network, the host, its store; or a rule or fault is in force for a while."""

FAULT_KINDS: Final[dict[str, str]] = {
    "loss": "a request or a reply never arrives",
    "duplicate": "a request or a reply arrives twice",
    "delay": "a request or a reply takes up to 20 s",
    "straggler": "a request or a reply arrives when the terminal has given up, up to an hour later",
    "reorder": "a request arrives after the next one of its terminal, a reply after the next reply",
    "half-open": "a connection looks open and brings nothing back any more",
    "partition": "a terminal, or all of them, do not reach the host for a while",
    "crash": "the host is killed at a point between load, commit and send, and comes back",
    "commit-fails": "a commit fails, written or not: the host stops, as it must, and comes back",
    "disk-full": "the disk is full: SQLite says so, the host stops and comes back when there is room",
    "lock": "another program holds the database: commits are refused unwritten",
    "conflict": "a row is changed by another process between load and commit",
    "unreadable": "rows cannot be read for a moment",
    "power-cut": "a terminal loses its power at any of its steps, before or after what it saves",
    "rule": "a rule is in force: declines, held exchanges",
    "fault": "the host misbehaves on purpose: silence, late, wrong or doubled replies",
}
"""Every kind of trouble, and what it is."""

MESSAGE_TROUBLES: Final[tuple[MessageTrouble, ...]] = (
    "loss", "loss", "duplicate", "delay", "delay", "straggler", "reorder", "half-open"
)  # fmt: skip
MISHAPS: Final[tuple[Mishap, ...]] = (
    "partition", "crash", "crash", "crash", "commit-fails", "disk-full", "lock", "conflict", "conflict", "conflict",
    "unreadable", "rule", "fault",
)  # fmt: skip
"""Kinds as they are drawn: one that stands twice comes twice as often."""

CRASH_POINTS: Final = ("arrived", "loaded", "committing", "written", "committed", "sent")
"""Where a host is killed: a request has arrived; rows are loaded; a commit waits; it is on disk, and its outcome is not
known; it is known, and nothing sent; the reply has left."""

RULES: Final[tuple[dict[str, dict[str, str]], ...]] = (
    {"when": {"service": "sale"}, "then": {"code": "funds_insufficient"}},
    {"when": {"service": "sale"}, "then": {"hold": "5s"}},
    {"when": {"service": "sale"}, "then": {"hold": "70s"}},
    {"when": {"service": "void"}, "then": {"hold": "3s"}},
    {"when": {"service": "refund"}, "then": {"hold": "3s"}},
    {"when": {"amount": ">300.00"}, "then": {"code": "limit_exceeded"}},
    {"when": {"service": "reversal"}, "then": {"code": "system_fault"}},
    {"when": {"service": "sign_on"}, "then": {"code": "issuer_down"}},
)
"""Rules as people write them, a reason in place of its code: refusals of what is asked for most, and exchanges that are
held while rows change."""

FAULTS: Final = (
    "silent", "silent:service=sale", "late:after=3s", "late:after=75s", "lost_request", "wrong_mac", "duplicate",
    "wrong_stan:service=sale", "truncate", "garbage:service=sale", "other_connection", "half_keys",
)  # fmt: skip
"""Faults as people write them, of every stage."""

MANAGEMENT: Final = (
    "sign_on", "sign_on", "key_change", "reverse", "again", "sign", "upload", "echo", "sign_off", "settle", "settle",
)  # fmt: skip
"""What is done at a terminal beside transactions."""

OPERATIONS_PER_HOUR: Final = 14
MISHAPS_PER_HOUR: Final = 5
"""Per terminal, and per hour: enough for every second transaction to meet trouble, and most to end well."""

HANDS: Final = 12
"""Signatures that the pen writes; which transaction one is of stands in each image, burnt in by the terminal."""

MOST_TERMINALS, MOST_HOURS = 200, 240.0
"""Ten days of a chain of shops: what one run of a minute can hold. More of it is more seeds."""

ATTENDED: Final = 3
"""Every third terminal has operators."""


@dataclass(frozen=True, slots=True)
class PlannedTrouble:
    """What happens to one message of an operation, or to its reply."""

    message: int  # of the operation, from 0
    kind: MessageTrouble
    reply: bool  # else the request
    delay_us: int  # of a delay, a straggler, a duplicate's second copy


@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """What people do at a terminal at a moment, or as soon as it is free then."""

    number: int
    at_us: int  # from the beginning
    terminal: int  # from 0
    name: str  # a kind of transaction, or what else is done
    choice: TransactionChoice
    other: int = 0  # the terminal whose transaction is refunded or completed here
    cashier: str = ""  # of a log-on
    troubles: tuple[PlannedTrouble, ...] = ()
    cut_at: int = 0  # the power fails before this step of it, from 1; 0: it does not
    off_us: int = 0  # and so long


@dataclass(frozen=True, slots=True)
class PlannedMishap:
    """What goes wrong at a moment."""

    number: int
    at_us: int
    kind: Mishap
    terminal: int  # whom a partition, a conflict, a rule or a fault is about; -1: all
    lasts_us: int  # a partition, a lock, full disk, a host that is down; a rule or fault that is in force
    detail: int  # which point of a crash, which rule, which fault; whether a failed commit is written


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """All that is to happen, in order of time."""

    seed: int
    terminals: int
    hours: float
    operations: tuple[PlannedOperation, ...]
    mishaps: tuple[PlannedMishap, ...]
    dialect: str = DIALECT  # by name, or by the path of its file; it changes nothing of what is drawn

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its parts."""
        numbers = [*[one.number for one in self.operations], *[one.number for one in self.mishaps]]
        return tuple(sorted(numbers))

    def without_kinds(self, kinds: Collection[str]) -> SimulationPlan:
        """Return it without the trouble of these kinds."""
        return replace(
            self,
            operations=tuple(
                replace(
                    one,
                    troubles=tuple(trouble for trouble in one.troubles if trouble.kind not in kinds),
                    cut_at=0 if "power-cut" in kinds else one.cut_at,
                )
                for one in self.operations
            ),
            mishaps=tuple(one for one in self.mishaps if one.kind not in kinds),
        )

    def only(self, numbers: Collection[int]) -> SimulationPlan:
        """Return it with these parts alone."""
        return replace(
            self,
            operations=tuple(one for one in self.operations if one.number in numbers),
            mishaps=tuple(one for one in self.mishaps if one.number in numbers),
        )

    def kinds(self) -> frozenset[str]:
        """Return the kinds of trouble that it has."""
        found: set[str] = {one.kind for one in self.mishaps}
        for one in self.operations:
            found |= {trouble.kind for trouble in one.troubles}
            found |= {"power-cut"} if one.cut_at else set()
        return frozenset(found)


def draw_plan(seed: int, terminals: int, hours: float, dialect: str = DIALECT) -> SimulationPlan:
    """Return what a seed makes of so many terminals and so many hours.

    >>> draw_plan(1, 2, 1.0) == draw_plan(1, 2, 1.0)
    True
    """
    length_us = round(hours * 3_600_000_000)
    operations = [
        one for terminal in range(terminals) for one in _draw_operations(seed, terminal, terminals, length_us)
    ]
    mishaps = [*_draw_mishaps(seed, terminals, hours, length_us)]
    parts: list[PlannedOperation | PlannedMishap] = [*operations, *mishaps]
    parts.sort(key=lambda one: one.at_us)
    numbered = [replace(one, number=number) for number, one in enumerate(parts, 1)]
    return SimulationPlan(
        seed,
        terminals,
        hours,
        tuple(one for one in numbered if isinstance(one, PlannedOperation)),
        tuple(one for one in numbered if isinstance(one, PlannedMishap)),
        dialect,
    )


def seeded(*place: object) -> Random:
    """Return random numbers that follow from a place in a plan alone, in every process and on every machine."""
    return Random("/".join(map(str, place)))  # noqa: S311  the same each time, which a simulation is about


def _draw_operations(seed: int, terminal: int, terminals: int, length_us: int) -> Iterator[PlannedOperation]:
    moments = seeded(seed, "moments", terminal)
    at_us, nth = 0, 0
    while True:
        # A third of them follow at once: what is owed meets the next one.
        pause_s = moments.expovariate(1) * 3600 / OPERATIONS_PER_HOUR * 1.4
        at_us += round((pause_s if moments.random() < 2 / 3 else moments.uniform(0.1, 30)) * 1_000_000)
        if at_us >= length_us:
            return
        yield _draw_operation(seeded(seed, "operation", terminal, nth), at_us, terminal, terminals)
        nth += 1


def _draw_operation(chance: Random, at_us: int, terminal: int, terminals: int) -> PlannedOperation:
    attended = terminal % ATTENDED == ATTENDED - 1
    roll = chance.random()
    if attended and roll < 0.06:
        name = "log_on"
    elif roll < 0.22:
        name = chance.choice(MANAGEMENT)
    elif roll < 0.30:
        name = chance.choice(("refund elsewhere", "completion elsewhere"))
    elif roll < 0.55:
        name = chance.choice(("sale", "sale", "sale", "void", "refund"))
    else:
        name = chance.choice(tuple(TRANSACTIONS))
    choice = TransactionChoice(
        amount=chance.randint(1, 45_000),
        card=chance.choice(tuple(CARDS)),
        entry=chance.choice(("chip", "contactless", "manual")),
        some=chance.randint(0, 7),
        percent=chance.choice((100, 100, 50, 33, 115, 116)),
        signs=chance.random() < 0.3,
        supervisor=SUPERVISOR if chance.random() < 0.9 else "0000",
        hand=chance.randint(1, HANDS),
    )
    number = chance.choice((*CASHIERS, "01"))
    return PlannedOperation(
        number=0,
        at_us=at_us,
        terminal=terminal,
        name=name,
        choice=choice,
        other=chance.randrange(terminals),
        cashier=number,
        troubles=tuple(_draw_troubles(chance)),
        cut_at=chance.randint(1, 14) if chance.random() < 0.1 else 0,
        off_us=round(chance.uniform(1, 120) * 1_000_000),
    )


def _draw_troubles(chance: Random) -> Iterator[PlannedTrouble]:
    for message in range(6):
        if chance.random() >= 0.16:
            continue
        kind = chance.choice(MESSAGE_TROUBLES)
        reply = chance.random() < 0.5
        longest_s = {"delay": 20.0, "straggler": 3600.0, "duplicate": chance.choice((1.0, 100.0, 3600.0))}.get(
            kind, 1.0
        )
        least_s = 61.0 if kind == "straggler" else 0.0
        yield PlannedTrouble(message, kind, reply, round(chance.uniform(least_s, longest_s) * 1_000_000))


def _draw_mishaps(seed: int, terminals: int, hours: float, length_us: int) -> Iterator[PlannedMishap]:
    for nth in range(round(hours * MISHAPS_PER_HOUR)):
        chance = seeded(seed, "mishap", nth)
        kind = chance.choice(MISHAPS)
        longest_s = {"crash": 90.0, "partition": 400.0, "rule": 1800.0, "fault": 600.0}.get(kind, 60.0)
        yield PlannedMishap(
            number=0,
            at_us=chance.randrange(max(length_us, 1)),
            kind=kind,
            terminal=chance.randrange(-1, terminals),
            lasts_us=round(chance.uniform(0.2, longest_s) * 1_000_000),
            detail=chance.randrange(1_000_000),
        )
