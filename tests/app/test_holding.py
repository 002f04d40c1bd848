"""Exchanges that rules hold: their terminal waits, others do not, and all go on when they are let or the host stops."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Generator
from typing import Any

from acquirer.model.effects import Arrival, Effect, EffectResult, Hold, Load, LoadCard, LoadOriginal, Send
from acquirer.model.rows import TransactionKey
from tests.app.test_driver import commit_of, receive, send

Drives = Callable[..., Any]
Steps = Generator[Effect, EffectResult, None]
ORIGINAL = TransactionKey("880210010210162", "10000009", "000001", "000001")


def held(arrival: Arrival, hold_ms: int = 0) -> Steps:
    """Load, an original and a card too, wait where the request says so, commit, send."""
    tid = arrival.frame[:8].decode()
    yield Load(tid)
    yield LoadOriginal(ORIGINAL.mid, ORIGINAL)
    yield LoadCard("token", exclusive=True)
    if arrival.frame.endswith(b"held"):
        yield Hold("slow", tid, "sale", "000001", hold_ms)
    yield commit_of(tid)
    yield Send(arrival.frame)


def test_a_held_exchange_keeps_its_terminal_waiting_and_no_other(drive: Drives) -> None:
    trial = drive(held)
    peer = trial.peer()
    send(peer, b"10000001 held", b"10000001 next", b"10000002")
    trial.until(lambda: len(trial.driver.held) == 1)
    assert trial.call(lambda: trial.driver.held.listed) == (Hold("slow", "10000001", "sale", "000001"),)
    assert trial.answer() == "10000002", "the original and the card are free"
    assert receive(peer) == b"10000002"
    assert trial.call(lambda: len(trial.store.commits)) == 0
    assert trial.call(lambda: trial.driver.held.resume(tid="10000001")) == 1
    assert [trial.answer(), trial.answer()] == ["10000001"] * 2
    assert [receive(peer), receive(peer)] == [b"10000001 held", b"10000001 next"]
    trial.until(lambda: not len(trial.driver.lanes))


def test_a_hold_of_some_time_ends_by_itself(drive: Drives) -> None:
    trial = drive(lambda arrival: held(arrival, 20))
    peer = trial.peer()
    send(peer, b"10000001 held")
    trial.answer()
    assert receive(peer) == b"10000001 held"
    assert trial.call(lambda: trial.driver.held.listed) == ()


def test_what_is_resumed_early_goes_on_once(drive: Drives) -> None:
    trial = drive(lambda arrival: held(arrival, 3_600_000))
    peer = trial.peer()
    send(peer, b"10000001 held", b"10000002 held")
    trial.until(lambda: len(trial.driver.held) == 2)
    assert trial.call(lambda: trial.driver.held.resume(rule="other")) == 0
    assert trial.call(lambda: trial.driver.held.resume(rule="slow")) == 2
    assert trial.call(lambda: trial.driver.held.resume()) == 0
    assert {trial.answer(), trial.answer()} == {"10000001", "10000002"}
    assert {receive(peer), receive(peer)} == {b"10000001 held", b"10000002 held"}


def test_a_host_that_stops_holds_nothing(drive: Drives) -> None:
    trial = drive(held)
    peer = trial.peer()
    send(peer, b"10000001 held")
    trial.until(lambda: len(trial.driver.held) == 1)
    trial.call(trial.driver.held.stop)
    trial.answer()
    assert receive(peer) == b"10000001 held"
    send(peer, b"10000002 held")
    assert trial.answer() == "10000002"
    assert receive(peer) == b"10000002 held"
    assert ("not-held", {"rule": "slow", "tid": "10000002"}) in trial.logged.events


def test_too_many_are_not_held(drive: Drives) -> None:
    trial = drive(held)
    trial.call(lambda: setattr(trial.driver.held, "_most", 1))
    peer = trial.peer()
    send(peer, b"10000001 held", b"10000002 held")
    trial.until(lambda: trial.store.commits)
    assert trial.call(lambda: [one.tid for one in trial.driver.held.listed]) == ["10000001"]
    trial.answer()
    trial.call(trial.driver.held.resume)
    trial.answer()
    assert {receive(peer), receive(peer)} == {b"10000001 held", b"10000002 held"}


def test_a_peer_that_goes_leaves_what_is_held_to_end(drive: Drives) -> None:
    trial = drive(held)
    peer = trial.peer()
    send(peer, b"10000001 held")
    trial.until(lambda: len(trial.driver.held) == 1)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    trial.until(lambda: not trial.driver.server.connections)
    trial.call(trial.driver.held.resume)
    trial.answer()
    trial.until(lambda: trial.driver.undelivered == 1)
