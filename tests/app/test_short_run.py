"""Exchanges that take the short way: held to what every exchange is held to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.app.lanes import Lanes
from acquirer.app.short_run import take_short_way
from acquirer.journal.entry import RECORD
from acquirer.model.effects import CommitOutcome
from acquirer.model.evidence import ExchangeRecord
from acquirer.model.ready_exchange import ReadyExchange
from acquirer.net.transport import EagerTransport
from acquirer.wire.message import Unusual
from tests.app.test_driver import Drives, gone, plain, receive, send


class ScriptedWay:
    """Takes frames that end with ``!`` and answers with a bang more, if their terminal's lane is free."""

    dialect: Any = None
    driver: Any = None

    def __init__(self) -> None:
        self.taken = 0
        self.broken = self.broken_later = self.unusual = False

    def begin(self, frame: bytes, peer: str, _at_us: int, _began_s: float, taken: Any) -> Any:
        if self.broken:
            raise RuntimeError("a fault of ours")
        tid = frame[:8].decode()
        if not frame.endswith(b"!") or self.driver.lanes.is_held(tid):
            return None
        return self._steps(frame, peer, tid, taken)

    def _steps(self, frame: bytes, peer: str, tid: str, taken: Any) -> Any:
        yield tid
        yield
        if self.broken_later:
            raise RuntimeError("a fault of ours")
        if self.unusual or b"?" in frame:
            raise Unusual
        self.taken += 1
        record = RECORD.pack(ExchangeRecord(0, peer=peer, tid=tid, stan="000007"))
        facts = (*record, {}, (), {})
        taken(frame + b"!", ReadyExchange(self.dialect, facts, None, None, False, 0, tid, "000007", peer))


@pytest.fixture
def way() -> ScriptedWay:
    return ScriptedWay()


@pytest.fixture
def trial(drive: Drives, way: ScriptedWay) -> Any:
    trial = drive(plain, way)
    way.driver = trial.driver
    return trial


def test_no_reply_leaves_before_its_commit_is_done(trial: Any) -> None:
    peer = trial.peer()
    send(peer, b"10000001!")
    trial.until(lambda: trial.store.commits)
    peer.settimeout(0.05)
    with pytest.raises(TimeoutError):
        peer.recv(1)
    peer.settimeout(120)
    trial.answer()
    assert receive(peer) == b"10000001!!"
    assert trial.call(lambda: trial.driver.at_rest)
    assert trial.call(lambda: trial.driver.running) == 0


def test_an_approved_exchange_makes_its_peer_known(trial: Any) -> None:
    peer = trial.peer()
    send(peer, b"10000001!")
    trial.answer()
    receive(peer)
    [connection] = trial.call(lambda: list(trial.driver.server.connections))
    assert connection.idle_s == connection.server.limits.idle_known_s


def test_exchanges_of_one_terminal_keep_their_order(trial: Any, way: ScriptedWay) -> None:
    peer = trial.peer()
    send(peer, b"10000001", b"10000001!", b"10000002!", b"10000001!")
    assert {trial.answer(), trial.answer()} == {"10000001", "10000002"}
    assert {receive(peer), receive(peer)} == {b"10000001 done", b"10000002!!"}
    assert trial.answer() == "10000001"
    assert trial.answer() == "10000001"
    assert (receive(peer), receive(peer)) == (b"10000001! done", b"10000001! done")
    assert way.taken == 1  # of the other terminal


@pytest.mark.parametrize("outcome", [one for one in CommitOutcome if one is not CommitOutcome.DONE])
def test_anything_else_that_becomes_of_a_commit_is_decided_anew_before_those_behind(
    trial: Any, outcome: CommitOutcome
) -> None:
    peer = trial.peer()
    send(peer, b"10000001!", b"10000001")
    trial.until(lambda: len(trial.store.commits) == 1)
    trial.answer(outcome)
    trial.until(lambda: len(trial.store.commits) == 1)
    assert trial.store.loads == ["10000001"]  # the one behind has not loaded yet
    trial.answer()
    trial.answer()
    assert (receive(peer), receive(peer)) == (b"10000001! done", b"10000001 done")


def test_what_turns_out_to_be_unusual_goes_the_general_way_before_those_behind(trial: Any, way: ScriptedWay) -> None:
    way.unusual = True
    peer = trial.peer()
    send(peer, b"10000001!", b"10000001")
    trial.until(lambda: trial.store.loads == ["10000001"])
    trial.answer()
    trial.answer()
    assert (receive(peer), receive(peer)) == (b"10000001! done", b"10000001 done")
    assert way.taken == 0


def test_what_turns_out_to_be_unusual_among_others_goes_the_general_way_alone(trial: Any, way: ScriptedWay) -> None:
    frames = [b"10000001!", b"10000002?!", b"10000003!"]
    peers = [trial.peer() for _ in frames]

    def send_all() -> None:
        for peer, frame in zip(peers, frames, strict=True):
            send(peer, frame)

    trial.call(send_all)  # in one turn of the loop
    for _ in frames:
        trial.answer()
    assert [receive(peer) for peer in peers] == [b"10000001!!", b"10000002?! done", b"10000003!!"]
    assert way.taken == 2


def test_a_peer_that_is_gone_leaves_a_note_that_its_reply_was_not_delivered(trial: Any) -> None:
    gone(trial, b"10000001!")
    trial.answer()
    trial.until(lambda: trial.store.deliveries)
    assert trial.store.deliveries == [(1, "undelivered")]
    [(name, fields)] = trial.logged.events
    assert (name, fields["id"], fields["tid"], fields["stan"]) == ("undelivered", 1, "10000001", "000007")
    assert fields["peer"].startswith("127.0.0.1:")
    assert trial.logged.exchanges == []
    assert trial.call(lambda: trial.driver.undelivered) == 1


@pytest.mark.parametrize("broken", ["broken", "broken_later"])
def test_a_fault_of_ours_costs_one_connection(trial: Any, way: ScriptedWay, broken: str) -> None:
    setattr(way, broken, True)
    bad, good = trial.peer(), trial.peer()
    send(bad, b"10000001!")
    with pytest.raises(ConnectionResetError):
        bad.recv(1)
    setattr(way, broken, False)
    send(good, b"10000001!")
    trial.answer()
    assert receive(good) == b"10000001!!"
    assert trial.call(lambda: trial.driver.server.counters.faults) == 1


def test_a_fault_while_a_reply_is_sent_costs_one_connection_and_frees_its_terminal(
    trial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = trial.peer(), trial.peer()
    send(bad, b"10000001!")
    trial.until(lambda: trial.store.commits)
    with monkeypatch.context() as patched:
        patched.setattr(EagerTransport, "write", None)
        trial.answer()
        trial.until(lambda: trial.driver.server.counters.faults)
    send(good, b"10000001!")
    trial.answer()
    assert receive(good) == b"10000001!!"


class ScriptedShort:
    """An exchange whose way has so many steps, and may raise at one of them."""

    lanes: tuple[str, ...] = ()

    def __init__(self, number: int, count: int, fails_at: int | None, error: Exception, seen: list[tuple[Any, ...]]):
        self.number = number
        self.steps = self._steps(count, fails_at, error)
        self._seen = seen

    def _steps(self, count: int, fails_at: int | None, error: Exception) -> Iterator[str | None]:
        for step in range(count):
            if step == fails_at:
                raise error
            self._seen.append((step, self.number))
            yield None if step else f"{self.number:08}"
        if fails_at is not None and fails_at >= count:
            raise error

    def find(self) -> None:
        pass

    def fail(self) -> None:
        self._seen.append(("failed", self.number))

    def general(self) -> Any:
        return self


plans = st.lists(st.tuples(st.integers(1, 5), st.none() | st.integers(0, 5), st.sampled_from([Unusual, RuntimeError])))


@pytest.mark.interpreted  # which takes exchanges of no other class
@given(plans)
def test_each_step_is_taken_by_all_before_the_next(plans: list[Any]) -> None:
    seen: list[tuple[Any, ...]] = []
    shorts: list[Any] = [
        ScriptedShort(number, count, fails_at, error(), seen) for number, (count, fails_at, error) in enumerate(plans)
    ]
    lanes = Lanes(lambda resume: None)

    def begin(run: Any) -> None:
        seen.append(("general", run.number))

    take_short_way(shorts, lanes, begin)
    expected: list[tuple[Any, ...]] = []
    for step in range(6):
        for number, (count, fails_at, error) in enumerate(plans):
            if fails_at is not None and step == min(fails_at, count):
                expected.append(("general" if error is Unusual else "failed", number))
            elif step < count and (fails_at is None or step < fails_at):
                expected.append((step, number))
    assert seen == expected
    held = [number for number, (_, fails_at, _) in enumerate(plans) if fails_at != 0]
    assert [number for number in range(len(plans)) if lanes.is_held(f"{number:08}")] == held
