"""The loop of one process against a host: who comes, who does not, and what is said of either."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from acquirer.dialect.compiled import CompiledDialect
from acquirer.load.connections import Target
from acquirer.load.durations import BackOff, ThinkTime
from acquirer.load.load_terminals import LoadTerminals, TerminalClock
from acquirer.load.machine_limits import find_host
from acquirer.load.open_loop import OpenLoop
from acquirer.load.parts import PlanPart
from acquirer.load.phase import LoadPhase
from acquirer.load.phases import Burst, Constant, Herd, Users
from acquirer.load.plan import LoadPlan, find_terminals
from acquirer.load.plan_journeys import read_journey
from acquirer.load.records import NO_TERMINAL, NOT_VERIFIED, LoadRecord, RequestOutcome
from acquirer.load.request_loop import RequestLoop
from acquirer.load.run import services_of
from acquirer.load.sentinel import Sentinel
from acquirer.load.terminal_journeys import TerminalJourney
from acquirer.settings.specs import load_dialect
from acquirer.testing import RunningHost, running_host

APPROVED = RequestOutcome.APPROVED


@pytest.fixture
def terminals(tmp_path: Path) -> str:
    path = tmp_path / "terminals.toml"
    path.write_text(
        '[[terminal]]\ntid = "30000001..30000020"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    )
    return str(path)


@pytest.fixture
def host(terminals: str) -> Iterator[RunningHost]:
    with running_host(terminals=terminals) as host:
        yield host


@dataclass
class Finished:
    """A part of a plan that was run to its end."""

    loop: OpenLoop
    requests: RequestLoop
    records: list[LoadRecord]
    services: list[str]

    def outcomes(self, service: str = "") -> Counter[RequestOutcome]:
        return Counter(
            RequestOutcome(one.outcome)
            for one in self.records
            if not service or one.service == self.services.index(service)
        )


Runner = Callable[..., Finished]


@pytest.fixture
def run(host: RunningHost, terminals: str) -> Runner:
    """``run(*phases, late_s=0, stop_after=None, **plan)``: a plan's only part, in this process."""

    def run(
        *phases: LoadPhase, late_s: float = 0.0, stop_after: int | None = None, at: str = "", **more: object
    ) -> Finished:
        plan = LoadPlan(at or host.address, terminals, phases, **more)  # type: ignore[arg-type]
        dialect = load_dialect(plan.dialect)
        services, part, clock = services_of(dialect), PlanPart(), TerminalClock()
        known = find_terminals(plan)
        records: list[LoadRecord] = []
        loop = OpenLoop(
            plan,
            part,
            LoadTerminals(plan, CompiledDialect(dialect), known, part, clock),
            clock,
            len(known),
            records.append,
        )
        loop.prepare()
        begin_ns = time.monotonic_ns() - int(late_s * 1e9)
        target = Target(find_host(plan.host), dialect.framing, plan.sources, plan.kept)
        requests = RequestLoop(target, begin_ns, records.append, loop.ended, services, 0, verify=plan.verify)
        loop.run(requests, begin_ns, Sentinel(begin_ns), lambda: stop_after is not None and len(records) >= stop_after)
        requests.close()
        return Finished(loop, requests, records, services)

    return run


def test_what_is_begun_late_says_how_late(run: Runner) -> None:
    done = run(Burst(count=3, within_s=0.001), late_s=2.0)  # as if the generator had stood still for two seconds
    assert done.outcomes() == {APPROVED: 3}
    assert all(record.late_us + 1_000 >= 2_000_000 for record in done.records)
    assert all(record.latency_us >= 1_999_000 > record.done_us for record in done.records)


def test_terminals_go_on_from_phase_to_phase(run: Runner, host: RunningHost) -> None:
    done = run(
        Burst(count=20, within_s=0.1),
        Constant(rate_per_s=100, for_s=0.4, journey=read_journey("sale"), pause_s=0.3),
        kept=True,
    )
    assert done.outcomes("sign_on") == {APPROVED: 20}
    assert done.outcomes("sale") == {APPROVED: 40}
    assert Counter(one.phase for one in done.records) == {0: 20, 1: 40}
    turns = Counter(one.terminal for one in done.records if one.phase == 1)
    assert sum(turns.values()) == 40
    sales = host.journal.list("sale")
    assert len({(one.tid, one.stan) for one in sales}) == len(sales) == 40


@pytest.mark.slow
def test_a_request_for_which_no_terminal_is_free_is_counted(run: Runner, host: RunningHost) -> None:
    host.faults.add("silent")
    done = run(Constant(rate_per_s=400, for_s=0.2), timeout_s=2.0)
    assert done.outcomes() == {RequestOutcome.NO_ANSWER: 20, RequestOutcome.NO_TERMINAL_FREE: 60}
    assert (done.loop.arrived, done.loop.no_terminal_free) == (80, 60)
    left = [one for one in done.records if one.outcome == RequestOutcome.NO_TERMINAL_FREE]
    assert {(one.terminal, one.latency_us, one.phase) for one in left} == {(NO_TERMINAL, 0, 0)}
    assert [one.intended_us for one in left] == sorted(one.intended_us for one in left)


def test_terminals_come_again_when_they_are_fewer(run: Runner) -> None:
    done = run(Burst(count=50, within_s=1.0), repeat=True)
    assert done.outcomes() == {APPROVED: 50}
    assert set(Counter(one.terminal for one in done.records).values()) <= {1, 2, 3, 4}


@pytest.mark.slow
def test_another_comes_in_the_place_of_one_that_is_still_at_work(run: Runner, host: RunningHost) -> None:
    host.faults.add("silent:tid=30000001,count=1")
    done = run(Burst(count=60, within_s=0.3), repeat=True, timeout_s=2.0)
    assert done.outcomes()[RequestOutcome.NO_ANSWER] == 1
    assert done.outcomes()[APPROVED] + done.outcomes()[RequestOutcome.NO_TERMINAL_FREE] == 59
    assert Counter(one.terminal for one in done.records)[0] == 1


@pytest.mark.slow
def test_a_herd_comes_again_until_it_is_heard(run: Runner, host: RunningHost) -> None:
    host.faults.add("silent:count=5")
    herd = Herd(count=20, outage_s=0.2, for_s=10.0, back_off=BackOff(0.1, 2.0, 0.5, 0.5))
    done = run(herd, timeout_s=2.0)
    assert done.outcomes() == {APPROVED: 20, RequestOutcome.NO_ANSWER: 5}
    assert (done.loop.arrived, done.loop.returned) == (20, 5)
    assert min(one.intended_us for one in done.records) >= 200_000
    host.faults.clear()


def test_a_herd_has_lost_its_connections(run: Runner) -> None:
    done = run(
        Burst(count=20, within_s=0.1),
        Herd(count=20, outage_s=0.5, for_s=2.0, back_off=BackOff(0.2, 2.0, 1.0, 0.2)),
        kept=True,
    )
    assert done.outcomes() == {APPROVED: 40}
    assert all(one.connected_us > 0 for one in done.records if one.phase == 1)


def test_users_think_between_an_answer_and_their_next_request(run: Runner) -> None:
    done = run(Users(count=5, for_s=1.0, think=ThinkTime(0.05, 0.1)))
    by_user: dict[int, list[LoadRecord]] = {}
    for one in done.records:
        by_user.setdefault(one.terminal, []).append(one)
    assert sorted(by_user) == [0, 1, 2, 3, 4]
    for records in by_user.values():
        for former, later in pairwise(records):
            thought_us = later.intended_us - (former.intended_us + former.latency_us)
            assert thought_us >= 49_000
    assert done.loop.returned == len(done.records) - 5


def test_what_is_under_way_is_recorded_when_a_run_is_broken_off(run: Runner, host: RunningHost) -> None:
    host.faults.add("silent:count=15")
    done = run(Burst(count=20, within_s=0.01), stop_after=5)
    assert done.outcomes() == {APPROVED: 5, RequestOutcome.INTERRUPTED: 15}
    assert all(one.code == b"" for one in done.records if one.outcome == RequestOutcome.INTERRUPTED)


@pytest.mark.slow
def test_a_terminal_that_owes_a_reversal_says_that_it_sells_nothing(run: Runner, host: RunningHost) -> None:
    host.faults.add("silent:service=sale,name=a")
    host.faults.add("silent:service=reversal,name=b")
    users = Users(count=1, for_s=6.0, think=ThinkTime(0.05, 0.05), journey=read_journey("sale"))
    done = run(users, timeout_s=1.0)
    assert done.outcomes("sign_on") == {APPROVED: 1}
    assert done.outcomes("reversal") == {RequestOutcome.NO_ANSWER: 3}
    assert done.outcomes("sale")[RequestOutcome.NO_ANSWER] == 1
    assert done.outcomes("sale")[RequestOutcome.REFUSED] > 1
    assert done.loop.arrived + done.loop.returned == sum(done.outcomes("sale").values()), (
        "each time that it came is a record"
    )


@pytest.mark.parametrize(
    ("verify", "sale", "sign_on"), [(True, "mac-differs", "keys-differ"), (False, "approved", "approved")]
)
def test_without_verification_any_mac_and_any_kcv_pass(
    run: Runner, host: RunningHost, verify: bool, sale: str, sign_on: str
) -> None:
    host.faults.add("wrong_mac")
    done = run(Burst(count=4, within_s=0.01, journey=read_journey("sale")), verify=verify)
    assert {outcome.word for outcome in done.outcomes("sale")} == {sale}
    assert {one.flags for one in done.records} == {0 if verify else NOT_VERIFIED}
    host.faults.clear()
    host.faults.add("wrong_kcv:key=mak")
    done = run(Burst(count=4, within_s=0.01), verify=verify)
    assert {outcome.word for outcome in done.outcomes("sign_on")} == {sign_on}


def test_a_terminal_that_cannot_go_on_is_a_sentence(
    run: Runner, monkeypatch: pytest.MonkeyPatch, host: RunningHost
) -> None:
    from acquirer.load import terminal_journeys
    from acquirer.terminal.order import OrderError

    def fails(*_: object, **__: object) -> None:
        raise OrderError("not sold: out of paper")

    monkeypatch.setattr(terminal_journeys, "reverse", fails)
    done = run(Burst(count=3, within_s=0.01, journey=TerminalJourney("reversal", 1, 1.0)))
    assert done.outcomes("sale")[APPROVED] == 3
    assert sum(done.outcomes().values()) == 9
    assert done.requests.problems == {"not sold: out of paper": 3}


def test_an_answer_behind_a_late_one_is_found_in_the_same_read(run: Runner, host: RunningHost) -> None:
    """Between terminal and host stands something that sends each answer together with the one before."""

    def relay(server: socket.socket) -> None:
        former = b""
        with server.accept()[0] as terminal, socket.create_connection((host.host, host.port)) as onward:
            while request := terminal.recv(4096):
                onward.sendall(request)
                reply = onward.recv(4096)
                terminal.sendall(former + reply)
                former = reply

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=relay, args=(server,))
        thread.start()
        users = Users(count=1, for_s=0.3, think=ThinkTime(0.01, 0.01))
        done = run(users, at=f"127.0.0.1:{server.getsockname()[1]}", kept=True, timeout_s=5.0)
        thread.join()
    assert len(done.records) > 1
    assert done.outcomes() == {APPROVED: len(done.records)}
