"""How exchanges are run: lanes, commits, late replies, lost peers, faults."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Generator
from typing import Any

import pytest

from acquirer.app import driver as driver_module
from acquirer.app.run import QUEUE_MOST, Run
from acquirer.model.effects import (
    LONG_PAUSE,
    PAUSE,
    SLICE_PAUSE,
    Arrival,
    Changes,
    Close,
    Commit,
    CommitOutcome,
    Effect,
    EffectResult,
    Load,
    LoadCard,
    LoadOriginal,
    Send,
    Silence,
)
from acquirer.model.evidence import Evidence
from acquirer.model.rows import TransactionKey

Drives = Callable[..., Any]
Steps = Generator[Effect, EffectResult, None]
LastSteps = Generator[Effect, EffectResult, Effect]


def commit_of(tid: str, reason: str = "approved", peer: str = "") -> Commit:
    dialect: Any = None
    evidence = Evidence(at_us=0, dialect=dialect, peer=peer, tid=tid, stan="000007", reason=reason, reply={})
    return Commit(Changes(evidence), deadline_s=0.0)


def plain(arrival: Arrival) -> Steps:
    """Load, commit until it is done, send the outcome's name back behind the request."""
    tid = arrival.frame[:8].decode()
    while True:
        yield Load(tid)
        outcome = yield commit_of(tid, peer=arrival.peer)
        if outcome is not CommitOutcome.CONFLICT:
            break
    assert isinstance(outcome, CommitOutcome)
    yield Send(arrival.frame + b" " + outcome.value.encode())


def send(peer: socket.socket, *frames: bytes) -> None:
    peer.sendall(b"".join(struct.pack(">H", len(frame)) + frame for frame in frames))


def receive(peer: socket.socket) -> bytes:
    head = peer.recv(2, socket.MSG_WAITALL)
    return peer.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL) if head else b""


def test_no_reply_leaves_before_its_commit_is_done(drive: Drives) -> None:
    trial = drive(plain)
    peer = trial.peer()
    send(peer, b"10000001")
    trial.until(lambda: trial.store.commits)
    peer.settimeout(0.05)
    with pytest.raises(TimeoutError):
        peer.recv(1)
    peer.settimeout(120)
    trial.answer()
    assert receive(peer) == b"10000001 done"


def test_exchanges_of_one_terminal_are_decided_in_the_order_they_arrived(drive: Drives) -> None:
    trial = drive(plain)
    peer, other = trial.peer(), trial.peer()
    send(peer, b"10000001 a", b"10000001 b", b"10000001 c")
    trial.until(lambda: trial.driver.exchanges == 3)
    send(other, b"10000001 d")
    trial.until(lambda: trial.driver.exchanges == 4)
    assert trial.call(lambda: trial.store.loads) == ["10000001"], "the others wait for the first commit"
    for _ in range(4):
        assert trial.answer() == "10000001"
    assert [receive(peer) for _ in range(3)] == [b"10000001 a done", b"10000001 b done", b"10000001 c done"]
    assert receive(other) == b"10000001 d done"


def test_different_terminals_never_wait_for_each_other(drive: Drives) -> None:
    trial = drive(plain)
    peer = trial.peer()
    send(peer, b"10000001", b"10000002")
    trial.until(lambda: len(trial.store.commits) == 2)
    trial.answer(index=1)
    assert receive(peer) == b"10000002 done"
    trial.answer()
    assert receive(peer) == b"10000001 done"


ORIGINAL = TransactionKey("880210010210162", "10000009", "000001", "000001")


def tied(arrival: Arrival) -> Steps:
    """Load, load an original and a counted card, commit, send."""
    tid = arrival.frame[:8].decode()
    yield Load(tid)
    yield LoadOriginal(ORIGINAL.mid, ORIGINAL)
    yield LoadCard("token", exclusive=True)
    yield commit_of(tid)
    yield Send(arrival.frame)


def test_transactions_tied_to_one_original_are_decided_one_after_another(drive: Drives) -> None:
    trial = drive(tied)
    peer = trial.peer()
    send(peer, b"10000001", b"10000002", b"10000003")
    trial.until(lambda: trial.driver.exchanges == 3)
    for tid in (b"10000001", b"10000002", b"10000003"):
        trial.until(lambda: trial.store.commits)
        assert trial.call(lambda: len(trial.store.commits)) == 1, "the others wait behind it"
        assert trial.answer() == tid.decode()
        assert receive(peer) == tid
    trial.until(lambda: not len(trial.driver.lanes))


def test_a_conflict_is_loaded_and_decided_again_before_anyone_behind(drive: Drives) -> None:
    trial = drive(plain)
    peer = trial.peer()
    send(peer, b"10000001 a", b"10000001 b")
    trial.answer(CommitOutcome.CONFLICT)
    trial.answer()
    trial.answer()
    assert [receive(peer), receive(peer)] == [b"10000001 a done", b"10000001 b done"]
    assert trial.call(lambda: trial.store.loads) == ["10000001"] * 3


@pytest.mark.parametrize("outcome", [CommitOutcome.EXPIRED, CommitOutcome.OVERLOADED])
def test_an_outcome_that_wrote_nothing_frees_the_terminal(drive: Drives, outcome: CommitOutcome) -> None:
    trial = drive(plain)
    peer = trial.peer()
    send(peer, b"10000001 a", b"10000001 b")
    trial.answer(outcome)
    trial.answer()
    assert [receive(peer), receive(peer)] == [b"10000001 a " + outcome.value.encode(), b"10000001 b done"]


def test_a_failed_commit_stops_the_host(drive: Drives) -> None:
    trial = drive(plain)
    peer = trial.peer()
    send(peer, b"10000001")
    trial.answer(CommitOutcome.FAILED)
    assert receive(peer) == b"10000001 failed"
    assert trial.call(trial.driver.failed.is_set)


def test_a_reply_held_back_does_not_block_the_reversal_behind_it(drive: Drives) -> None:
    def held(arrival: Arrival) -> Steps:
        yield Load("10000001")
        yield commit_of("10000001")
        yield Send(arrival.frame, delay_ms=100 if arrival.frame == b"sale" else 0)

    trial = drive(held)
    peer = trial.peer()
    send(peer, b"sale", b"reversal")
    trial.answer()
    trial.answer()
    assert [receive(peer), receive(peer)] == [b"reversal", b"sale"]


def test_replies_held_back_are_bounded_and_given_up_at_the_end(drive: Drives) -> None:
    def held(arrival: Arrival) -> Steps:
        yield commit_of("10000001")
        yield Send(arrival.frame, delay_ms=3_600_000)

    trial = drive(held, delayed=1, stop_s=0.1)
    peer = trial.peer()
    send(peer, b"a", b"b")
    trial.answer()
    trial.answer()
    trial.until(lambda: trial.driver.undelivered == 1)
    trial.call(trial.driver.stop)
    assert trial.call(lambda: (trial.driver.undelivered, len(trial.driver.delayed))) == (2, 0)
    notes = sorted(trial.call(lambda: trial.store.deliveries))
    assert notes == [(1, "pending"), (1, "undelivered"), (2, "undelivered")]
    assert [name for name, _ in trial.logged.events] == ["too-many-delayed", "undelivered", "undelivered"]


def test_a_reply_that_is_held_back_is_pending_until_it_is_sent(drive: Drives) -> None:
    def late(arrival: Arrival) -> Steps:
        yield commit_of("10000001")
        yield Send(arrival.frame, delay_ms=20)

    trial = drive(late)
    peer = trial.peer()
    send(peer, b"late")
    trial.answer()
    assert receive(peer) == b"late"
    trial.until(lambda: len(trial.store.deliveries) == 2)
    assert trial.store.deliveries == [(1, "pending"), (1, "sent")]


def gone(trial: Any, frame: bytes) -> None:
    """A peer that asks and does not stay for the answer."""
    peer = trial.peer()
    send(peer, frame)
    trial.until(lambda: trial.store.commits)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    trial.until(lambda: not trial.driver.server.connections)


def test_a_peer_that_is_gone_leaves_a_note_that_its_reply_was_not_delivered(drive: Drives) -> None:
    trial = drive(plain)
    gone(trial, b"10000001")
    trial.answer()
    assert trial.store.deliveries == [(1, "undelivered")]
    [(name, fields)] = trial.logged.events
    assert (name, fields["id"], fields["tid"], fields["stan"]) == ("undelivered", 1, "10000001", "000007")
    assert fields["peer"].startswith("127.0.0.1:")
    assert trial.logged.exchanges == []  # it is logged by what journalled it
    assert trial.call(lambda: trial.driver.undelivered) == 1


def test_a_reply_without_an_exchange_in_the_journal_is_logged_here_alone(drive: Drives) -> None:
    trial = drive(plain)
    gone(trial, b"10000001")
    trial.answer(CommitOutcome.OVERLOADED)
    assert trial.store.deliveries == []
    assert [(name, fields["id"]) for name, fields in trial.logged.events] == [("undelivered", 0)]
    assert [evidence.tid for evidence in trial.logged.exchanges] == ["10000001"]


@pytest.mark.parametrize("outcome", CommitOutcome)
def test_what_is_not_journalled_is_logged_here_and_nothing_else(drive: Drives, outcome: CommitOutcome) -> None:
    trial = drive(plain)
    peer = trial.peer()
    send(peer, b"10000001")
    trial.answer(outcome)
    if outcome is CommitOutcome.CONFLICT:  # decided and committed once more
        trial.answer()
    receive(peer)
    send(peer, b"10000002")
    trial.answer()
    receive(peer)
    elsewhere = (CommitOutcome.DONE, CommitOutcome.CONFLICT, CommitOutcome.SHED)
    reported = [] if outcome in elsewhere else ["10000001"]
    assert trial.call(lambda: [evidence.tid for evidence in trial.logged.exchanges]) == reported


def refusing(arrival: Arrival) -> Steps:
    """Commit the evidence of a refusal, send the request back."""
    yield commit_of("", reason="format_wrong", peer=arrival.peer)
    yield Send(arrival.frame)


def test_refusals_that_are_shed_are_answered_counted_and_logged_together(drive: Drives) -> None:
    trial = drive(refusing)
    peers = [trial.peer(), trial.peer()]
    for number, peer in enumerate((*peers, peers[0])):
        send(peer, b"%d" % number)
        trial.answer(CommitOutcome.SHED)
        assert receive(peer) == b"%d" % number
    trial.until(lambda: trial.driver.shed_refusals.total == 3)
    trial.call(trial.driver.shed_refusals.report)
    trial.call(trial.driver.shed_refusals.report)
    assert trial.logged.exchanges == []
    [fields] = [fields for name, fields in trial.logged.events if name == "not-journalled"]
    host, port = peers[0].getsockname()
    assert fields == {"refusals": 3, "connections": 2, "peer": f"{host}:{port}", "of_peer": 2}
    sentence = "3 refusals of 2 connections were answered and not journalled"
    assert [one for one in trial.logged.sentences if one.startswith(sentence)]


def test_a_peer_that_is_refused_is_answered_before_its_next_request_is_looked_at(drive: Drives) -> None:
    trial = drive(refusing)
    peer, other = trial.peer(), trial.peer()
    send(peer, b"a", b"b", b"c")
    trial.until(lambda: trial.store.commits)
    send(other, b"d")
    trial.until(lambda: len(trial.store.commits) == 2)
    assert trial.call(lambda: trial.driver.exchanges) == 2
    for expected in (b"a", b"b", b"c"):
        trial.answer(index=0 if expected == b"a" else 1)
        assert receive(peer) == expected
    trial.answer()
    assert receive(other) == b"d"


def test_a_peer_that_floods_one_terminal_is_not_read_and_loses_nothing(drive: Drives) -> None:
    trial = drive(plain)
    peer, other = trial.peer(), trial.peer()
    frames = [b"10000001 %02d" % number for number in range(40)]
    send(peer, *frames)
    trial.until(lambda: trial.driver.lanes.behind("10000001") > QUEUE_MOST)
    send(other, b"10000002 00")
    trial.until(lambda: len(trial.store.commits) == 2)
    trial.answer(index=1)
    assert receive(other) == b"10000002 00 done"
    assert trial.call(lambda: trial.driver.exchanges) == QUEUE_MOST + 3
    for frame in frames:
        trial.until(lambda: trial.store.commits)
        trial.answer()
        assert receive(peer) == frame + b" done"
    assert trial.driver.server.counters.pauses == 0


def test_exchanges_whose_next_step_takes_long_go_on_one_at_a_time(drive: Drives) -> None:
    """And those of others between them, as far as they get."""
    order: list[bytes] = []

    def long(name: bytes) -> LastSteps:
        yield LONG_PAUSE
        order.append(name)
        yield PAUSE
        order.append(name)
        if name == b"a":
            run(short())
        return Silence("")

    def short() -> LastSteps:
        for _ in range(3):
            yield PAUSE
            order.append(b"short")
        return Silence("")

    def run(steps: LastSteps) -> None:
        connection.busy += 1
        trial.driver.running += 1
        trial.driver.ready(Run(trial.driver, connection, 0.0, steps))

    trial = drive(plain)
    trial.peer()
    trial.until(lambda: trial.driver.server.connections)
    [connection] = trial.driver.server.connections

    def run_all() -> None:
        for name in (b"a", b"b", b"c"):
            run(long(name))

    trial.call(run_all)
    trial.until(lambda: not trial.driver.running)
    assert order == [b"a", b"a", b"short", b"short", b"short", b"b", b"b", b"c", b"c"]


class VirtualLoop:
    """Calls what is due, and then moves its clock to what is due next."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.calls: list[tuple[float, Callable[[], None]]] = []
        self.before_call: Callable[[], None] = lambda: None

    def time(self) -> float:
        return self.now_s

    def call_soon(self, call: Callable[[], None]) -> None:
        self.call_later(0.0, call)

    def call_later(self, delay_s: float, call: Callable[[], None]) -> None:
        self.calls.append((self.now_s + delay_s, call))

    def run(self) -> None:
        while self.calls:
            due = min(self.calls, key=lambda one: one[0])
            self.calls.remove(due)
            self.now_s = max(self.now_s, due[0])
            self.before_call()
            due[1]()


def slices(drive: Drives, others_come: bool) -> list[tuple[bytes, float]]:
    """Return when each slice of two exchanges began, which take a millisecond, while others come or none."""
    began: list[tuple[bytes, float]] = []
    loop = VirtualLoop()

    def long(name: bytes) -> LastSteps:
        yield LONG_PAUSE
        for number in range(3):
            if number:
                yield SLICE_PAUSE
            began.append((name, round((loop.now_s - 100) * 1000, 3)))
            loop.now_s += 0.001
        return Silence("")

    trial = drive(plain)
    trial.peer()
    trial.until(lambda: trial.driver.server.connections)
    [connection] = trial.driver.server.connections

    def another() -> None:
        trial.driver.exchanges += 1

    if others_come:
        loop.before_call = another

    def run_all() -> None:
        real, trial.driver.loop = trial.driver.loop, loop
        for name in (b"a", b"b"):
            connection.busy += 1
            trial.driver.running += 1
            trial.driver.exchanges += 1
            trial.driver.ready(Run(trial.driver, connection, 0.0, long(name)))
        loop.run()
        trial.driver.loop = real

    trial.call(run_all)
    return began


def test_what_was_begun_goes_on_before_what_waits_to_begin(drive: Drives) -> None:
    assert slices(drive, others_come=False) == [(b"a", 0), (b"a", 1), (b"a", 2), (b"b", 3), (b"b", 4), (b"b", 5)]


def test_while_others_come_they_have_four_fifths_of_the_time(drive: Drives) -> None:
    assert slices(drive, others_come=True) == [(b"a", 0), (b"a", 5), (b"a", 10), (b"b", 15), (b"b", 20), (b"b", 25)]


@pytest.mark.parametrize("delay_ms", [0, 20])
def test_the_last_wish_of_an_exchange_may_be_what_it_returns(drive: Drives, delay_ms: int) -> None:
    def last(arrival: Arrival) -> LastSteps:
        yield Load("10000001")
        yield commit_of("10000001")
        return Send(arrival.frame, delay_ms)

    trial = drive(last)
    peer = trial.peer()
    send(peer, b"a", b"b")
    for frame in (b"a", b"b"):
        trial.answer()
        assert receive(peer) == frame
    trial.until(lambda: not any(connection.busy for connection in trial.driver.server.connections))
    notes = [(number, outcome) for number in (1, 2) for outcome in ("pending", "sent")] if delay_ms else []
    assert trial.call(lambda: (trial.store.deliveries, len(trial.driver.lanes))) == (notes, 0)


def test_a_fault_of_ours_in_a_last_wish_costs_one_connection(drive: Drives) -> None:
    def faulty(arrival: Arrival) -> LastSteps:
        yield Load("10000001")
        return Send(None if arrival.frame == b"boom" else arrival.frame)  # type: ignore[arg-type]

    trial = drive(faulty)
    bad, good = trial.peer(), trial.peer()
    send(bad, b"boom")
    with pytest.raises(ConnectionResetError):
        bad.recv(1)
    send(good, b"fine")
    assert receive(good) == b"fine"
    assert trial.call(lambda: trial.driver.server.counters.faults) == 1


def test_what_a_store_complains_of_is_logged_once(drive: Drives) -> None:
    trial = drive(plain)
    trial.store.last_error = "an exchange could not be written: OverflowError: int too large"
    trial.until(lambda: trial.logged.events)
    for _ in range(3):
        trial.call(trial.driver._check)
    assert trial.logged.events == [("store-complaint", {})]
    assert trial.logged.sentences == [trial.store.last_error]


def test_a_lock_of_another_program_is_logged_when_it_begins_and_when_it_ends(drive: Drives) -> None:
    trial = drive(plain)
    for period in (1, 2):
        trial.store.locked = True
        for _ in range(3):
            trial.call(trial.driver._check)
        trial.store.locked, trial.store.locked_out = False, 5 * period
        for _ in range(3):
            trial.call(trial.driver._check)
    assert trial.logged.events == [
        ("store-locked", {}),
        ("store-unlocked", {"locked_out": 5}),
        ("store-locked", {}),
        ("store-unlocked", {"locked_out": 10}),
    ]
    assert not trial.call(trial.driver.failed.is_set)


def test_a_store_that_answers_no_more_is_logged_and_has_failed(drive: Drives, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "SLOW_CHECKS", 1)
    monkeypatch.setattr(driver_module, "STUCK_CHECKS", 2)
    trial = drive(plain)
    trial.store.congested = True
    trial.until(lambda: trial.logged.events)
    assert trial.logged.events == [("store-slow", {})]
    assert not trial.call(trial.driver.failed.is_set)
    trial.store.waited_s = driver_module.STUCK_S + 1
    trial.until(trial.driver.failed.is_set)
    assert trial.logged.events[1:] == [("store-failed", {})]
    assert trial.logged.sentences[-1] == "the store does not answer"


def test_fin_and_rst_are_two_ways_to_close(drive: Drives) -> None:
    def close(arrival: Arrival) -> Steps:
        yield Send(arrival.frame)
        yield Close("because", "rst" if arrival.frame == b"rst" else "fin")

    trial = drive(close)
    politely, hard = trial.peer(), trial.peer()
    send(politely, b"fin")
    send(hard, b"rst")
    assert (receive(politely), politely.recv(1)) == (b"fin", b"")
    with pytest.raises(ConnectionResetError):
        receive(hard) and receive(hard)
    assert trial.call(lambda: trial.driver.server.counters.closes["because"]) == 2


def test_silence_sends_nothing_and_the_connection_lives_on(drive: Drives) -> None:
    def silent(arrival: Arrival) -> Steps:
        yield commit_of("10000001")
        if arrival.frame == b"silent":
            yield Silence("a fault")
        else:
            yield Send(arrival.frame)

    trial = drive(silent)
    peer = trial.peer()
    send(peer, b"silent", b"spoken")
    trial.answer()
    trial.answer()
    assert receive(peer) == b"spoken"
    assert trial.call(lambda: trial.store.deliveries) == [(1, "withheld")]
    assert (trial.logged.events, trial.call(lambda: trial.driver.undelivered)) == ([], 0)  # that was on purpose


def test_an_approved_exchange_makes_its_peer_known(drive: Drives) -> None:
    def twice(arrival: Arrival) -> Steps:
        yield commit_of("10000001", arrival.frame.decode())
        yield Send(arrival.frame)

    trial = drive(twice)
    peer = trial.peer()
    limits = trial.driver.server.limits
    for reason, idle_s in (("mac_differs", limits.idle_s), ("approved", limits.idle_known_s)):
        send(peer, reason.encode())
        trial.answer()
        receive(peer)
        assert trial.call(lambda: [c.idle_s for c in trial.driver.server.connections]) == [idle_s]


def test_a_fault_of_ours_costs_one_connection_and_frees_its_terminal(drive: Drives) -> None:
    def faulty(arrival: Arrival) -> Steps:
        yield Load("10000001")
        if arrival.frame == b"boom":
            raise RuntimeError("boom")
        yield Send(arrival.frame)

    trial = drive(faulty)
    bad, good = trial.peer(), trial.peer()
    send(bad, b"boom")
    with pytest.raises(ConnectionResetError):
        bad.recv(1)
    send(good, b"fine")
    assert receive(good) == b"fine"
    assert trial.call(lambda: trial.driver.server.counters.faults) == 1


def test_a_store_that_cannot_load_stops_the_host(drive: Drives) -> None:
    trial = drive(plain)
    trial.store.broken, trial.store.fatal_error = OSError("disk"), "the disk is gone"
    peer = trial.peer()
    send(peer, b"10000001")
    with pytest.raises(ConnectionResetError):
        peer.recv(1)
    assert trial.call(trial.driver.failed.is_set)


def test_a_congested_store_stops_reading_and_loses_nothing(drive: Drives) -> None:
    trial = drive(plain)
    peer = trial.peer()
    trial.store.congested = True
    trial.until(lambda: trial.driver.server._paused)
    send(peer, b"10000001")
    assert trial.call(lambda: trial.driver.exchanges) == 0
    trial.store.congested = False
    trial.until(lambda: trial.store.commits)
    trial.answer()
    assert receive(peer) == b"10000001 done"
