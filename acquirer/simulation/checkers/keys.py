"""Checkers of working keys and of the MACs that are made with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from acquirer.simulation.history import DurableCommit, History
from acquirer.simulation.ledger import code_for

GRACE_US: Final = 60_000_000
"""How long the previous keys are good for what was in flight, as terminals are registered by default."""


def macs_verify(history: History) -> Iterator[str]:
    """Every reply's MAC verifies under the keys that its terminal had when it sent the request."""
    dialect, suite = history.compiled.dialect, history.compiled.suite
    for reply in history.sound_replies():
        message, request = dialect.decode(reply.frame), history.arrival_request(reply.arrival)
        if dialect.mac_of(message) is None:
            continue
        if request.keys is None or not suite.verify_reply(request.keys, message):
            stan = str(dialect.get(message, "stan") or "")
            yield f"{request.tid} STAN {stan}: the MAC of the reply is under keys that the terminal did not have"


def keys_in_flight_are_honoured(history: History) -> Iterator[str]:
    """A request under keys that are current, or whose successors the terminal has not proved yet, is not refused."""
    derives = history.compiled.suite.dukpt is not None
    generations: dict[str, list[tuple[str, int]]] = {}  # of each terminal: check values, and since when
    proved: dict[str, str] = {}  # the youngest keys under which a request was taken
    for one in history.committed:
        evidence = one.changes.evidence
        request = history.arrival_request(one.arrival)
        held = generations.setdefault(evidence.tid, [])
        if request.keys is not None and (held or derives) and evidence.code == code_for(evidence, "mac_differs"):
            if derives:
                yield f"{evidence.tid} STAN {evidence.stan}: its MAC was refused, and it is under the keys of its KSN"
            else:
                yield from _refused(evidence.tid, evidence.stan, request.keys.kcvs, one, history, held, proved)
        elif held and request.keys is not None and request.keys.kcvs == held[-1][0] and _had_mac(history, one):
            proved[evidence.tid] = request.keys.kcvs
        session = one.changes.session
        if session is not None and session.current is not None and (not held or held[-1][0] != session.current.kcvs):
            held.append((session.current.kcvs, history.arrived[one.arrival].at_us))


def _refused(
    tid: str, stan: str, kcvs: str, one: DurableCommit, history: History, held: list[tuple[str, int]],
    proved: dict[str, str],
) -> Iterator[str]:  # fmt: skip
    current, since_us = held[-1]
    if kcvs == current:
        yield f"{tid} STAN {stan}: its MAC was refused, and it was made with the current keys"
        return
    in_grace = history.arrived[one.arrival].at_us < since_us + GRACE_US
    if in_grace and len(held) > 1 and kcvs == held[-2][0] and proved.get(tid) != current:
        yield f"{tid} STAN {stan}: its MAC was refused while keys in flight are good"


def _had_mac(history: History, one: DurableCommit) -> bool:
    message = one.changes.evidence.message
    return message is not None and history.compiled.dialect.mac_of(message) is not None
