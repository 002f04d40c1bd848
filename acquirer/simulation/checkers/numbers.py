"""Checkers of numbers that must not come twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.dialect.router import without_repeat
from acquirer.simulation.history import History
from acquirer.simulation.trade_rules import SIDES

CONTENT: Final = ("amount", "processing_code", "transaction_type", "currency")
"""What an honest repeat says again."""


def no_rrn_twice(history: History) -> Iterator[str]:
    """A reference number belongs to one exchange, and to those that are given its stored answer."""
    given: dict[str, int] = {}
    for one in history.committed:
        evidence = one.changes.evidence
        if not evidence.rrn or evidence.replayed or evidence.service not in (*SIDES, "reversal"):
            continue
        first = given.setdefault(evidence.rrn, one.arrival)
        if first != one.arrival:
            yield f"RRN {evidence.rrn} was given out twice, again to {evidence.tid} STAN {evidence.stan}"


def no_stan_twice(history: History) -> Iterator[str]:
    """Within a batch a terminal numbers each transaction anew; the same number is the same message."""
    dialect, within = history.compiled.dialect, history.compiled.dialect.numbering.within
    used: dict[tuple[str, str, str], tuple[object, ...]] = {}
    for sent in history.sent:
        message = dialect.decode(sent.frame)
        route = dialect.route(message)
        if route is None or route.service not in SIDES:
            continue
        key = sent.tid, str(dialect.get(message, within) or ""), str(dialect.get(message, "stan") or "")
        content = (without_repeat(message.mti), *[dialect.get(message, name) for name in CONTENT])
        if used.setdefault(key, content) != content:
            yield f"{key[0]} {within} {key[1]}: STAN {key[2]} was used for two different transactions"


def no_key_serial_number_twice(history: History) -> Iterator[str]:
    """Where each message has a key of its own (DUKPT), no two that a terminal makes have the same."""
    suite, dialect = history.compiled.suite, history.compiled.dialect
    if suite.dukpt is None:
        return
    used: dict[tuple[str, bytes], bytes] = {}
    for sent in history.sent:
        message = dialect.decode(sent.frame)
        if dialect.mac_of(message) is None:
            continue
        ksn = suite.ksn(message)
        if used.setdefault((sent.tid, ksn), sent.frame) != sent.frame:
            yield f"{sent.tid}: KSN {ksn.hex().upper()} was used for two different messages"
