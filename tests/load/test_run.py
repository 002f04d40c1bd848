"""Bursts against a host of ours: counts agree to the last one, a host that stands still is seen in full."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.load.phases import Burst
from acquirer.load.plan import LoadPlan, Shard
from acquirer.load.plan_file import read_journey
from acquirer.load.recorded_run import read_runs
from acquirer.load.records import RequestOutcome, read_records
from acquirer.load.request_figures import RequestFigures
from acquirer.load.run import RunError, RunProgress, RunWatch, run_plan
from acquirer.load.run_figures import RunFigures
from acquirer.testing import RunningHost, running_host


@pytest.fixture
def terminals(tmp_path: Path) -> str:
    path = tmp_path / "terminals.toml"
    path.write_text(
        '[[terminal]]\ntid = "30000001..30000400"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
        'bdk = "0123456789ABCDEFFEDCBA9876543210"\n'
    )
    return str(path)


@pytest.fixture
def host(terminals: str) -> Iterator[RunningHost]:
    with running_host(terminals=terminals) as host:
        yield host


def plan(
    host: str,
    terminals: str,
    count: int = 60,
    within_s: float = 0.3,
    *,
    journey: str = "sign-on",
    shape: str = "even",
    **more: object,
) -> LoadPlan:
    burst = Burst(count=count, within_s=within_s, shape=shape, journey=read_journey(journey))
    return LoadPlan(host, terminals, (burst,), **more)  # type: ignore[arg-type]


def run(plan: LoadPlan, folder: Path, watch: RunWatch | None = None) -> RequestFigures:
    end = run_plan(plan, Path(tempfile.mkdtemp(dir=folder)), watch or quiet)
    assert end.problems == []
    return read_run(end.files).all


def read_run(files: Sequence[Path]) -> RunFigures:
    (run,) = read_runs(files)
    return RunFigures(run)


def quiet(_progress: RunProgress) -> None:
    """Watch nothing."""


@pytest.mark.slow
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("journey", ["sign-on", "sale"])
def test_generator_and_host_count_the_same(
    host: RunningHost, terminals: str, tmp_path: Path, kept: bool, journey: str
) -> None:
    seen: list[RunProgress] = []
    figures = run(plan(host.address, terminals, journey=journey, kept=kept, workers=2), tmp_path, seen.append)
    each = 2 if journey == "sale" else 1
    assert len(figures) == 60 * each
    assert figures.outcomes == {RequestOutcome.APPROVED: 60 * each}
    assert figures.codes == {"00": 60 * each}
    assert len(host.journal.list(code="00")) == 60 * each
    assert {one.tid for one in host.journal.list()} == {f"{30000001 + n}" for n in range(60)}
    assert all(progress.done <= 60 * each for progress in seen)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["iso8583-1987-dukpt", "iso8583-1987-plain", "iso8583-1993-bcd"])
def test_terminals_of_each_dialect_sell(terminals: str, tmp_path: Path, dialect: str) -> None:
    with running_host(terminals=terminals, dialect=dialect) as host:
        figures = run(plan(host.address, terminals, 10, journey="sale", dialect=dialect), tmp_path)
        assert figures.outcomes.keys() == {RequestOutcome.APPROVED}
        assert len(host.journal.list("sale", reason="approved")) == 10


@pytest.mark.slow
def test_each_ending_has_its_word(host: RunningHost, terminals: str, tmp_path: Path) -> None:
    faults = {
        "silent": RequestOutcome.NO_ANSWER,
        "wrong_mac": RequestOutcome.APPROVED,  # a sign-on has none
        "wrong_kcv:key=mak": RequestOutcome.KEYS_DIFFER,
        "truncate:bytes=20": RequestOutcome.MALFORMED,
        "reset:after=0ms": RequestOutcome.LOST,
    }
    for fault, outcome in faults.items():
        host.faults.clear()
        host.faults.add(fault)
        figures = run(plan(host.address, terminals, 4, 0.05, timeout_s=0.5), tmp_path)
        assert set(figures.outcomes) <= {outcome, RequestOutcome.NOT_CONNECTED}, fault
    host.faults.clear()
    host.rules.add({"name": "closed", "then": {"code": "91"}})
    assert run(plan(host.address, terminals, 4, 0.05), tmp_path).outcomes == {RequestOutcome.DECLINED: 4}


@pytest.mark.slow
def test_a_host_that_is_not_there_loses_nothing(terminals: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    figures = run(plan(address, terminals, 5, 0.05), tmp_path)
    assert figures.outcomes == {RequestOutcome.NOT_CONNECTED: 5}
    assert figures.error_share == 1.0


@pytest.mark.slow
def test_a_host_that_stands_still_is_seen_in_full(tmp_path: Path, terminals: str) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "acquirer", "serve", "--listen", "127.0.0.1:0", "--store", "memory:", "--json"),
            *("--terminals", terminals, "--log", "off"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["listen"]
        stopped = threading.Timer(0.0, lambda: None)

        def watch(progress: RunProgress) -> None:
            nonlocal stopped
            if progress.elapsed_s > 0.2 and not stopped.is_alive() and stopped.interval == 0.0:
                os.kill(process.pid, signal.SIGSTOP)
                stopped = threading.Timer(1.5, os.kill, (process.pid, signal.SIGCONT))
                stopped.start()

        figures = run(plan(address, terminals, 400, 2.0), tmp_path, watch)
        stopped.join()
        assert figures.outcomes == {RequestOutcome.APPROVED: 400}
        # Of 400 that came within 2 s, those of 1.5 s waited, each until it went on: a half of them for 0.75 s and more.
        assert figures.latency.most.ms > 1200
        assert figures.latency.quantile(70).ms > 500
        columns = figures.columns
        waited = [end_us for end_us, us in zip(columns.end_us, columns.latency_us, strict=True) if us > 300_000]
        assert len(waited) > 150
        assert len({end_us // 100_000 for end_us in waited}) < 12, "they all end when the host goes on"
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.slow
def test_records_are_kept_and_say_the_same(host: RunningHost, terminals: str, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    figures = read_run(run_plan(plan(host.address, terminals, workers=3, shape="poisson"), folder, quiet).files)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["worker-0.acq", "worker-1.acq", "worker-2.acq"]
    again = read_run(files)
    assert again.as_json() == figures.as_json()
    header = read_records(files[0]).header
    assert header["plan"]["phases"][0]["count"] == 60
    assert header["phases"] == [{"name": "burst", "kind": "burst", "begin_s": 0.0, "length_s": 0.3, "requests": 60}]
    assert (header["shard"], header["workers"], header["terminals"], header["share"]) == ("1/1", 3, 20, 20)
    assert header["services"][0]
    whole = files[0].read_bytes()
    files[0].write_bytes(whole[: len(whole) - 200])  # as after an abort
    broken = read_run(files)
    assert not broken.whole
    assert broken.run.missing == ("worker 0 was killed, and what it had under way is missing",)
    assert 0 < len(broken.all) <= 60
    with pytest.raises(RunError, match=r"kept: holds records of another run \(worker-0.acq\); name another folder"):
        run_plan(plan(host.address, terminals), folder, quiet)


def test_too_few_terminals_are_refused(terminals: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds 400 terminals, and 401 are to come, each once: .* \(--repeat\)"):
        run(plan("127.0.0.1:1", terminals, 401), tmp_path)
    with pytest.raises(DataError, match=r"holds 400 terminals, and 420 processes divide them \(30 shards, 14 workers"):
        run(plan("127.0.0.1:1", terminals, 4, workers=14, shard=Shard(1, 30)), tmp_path)


@pytest.mark.slow
def test_a_worker_that_fails_is_one_sentence(tmp_path: Path) -> None:
    keyless = tmp_path / "keyless.toml"
    keyless.write_text(
        '[[terminal]]\ntid = "30000001"\nmid = "880210010210162"\nbdk = "0123456789ABCDEFFEDCBA9876543210"\n'
    )
    began_s = time.monotonic()
    with pytest.raises(RunError, match="terminal 30000001 has no tmk, which terminals of unionpay-pos need"):
        run(plan("127.0.0.1:1", str(keyless), 1), tmp_path)
    assert time.monotonic() - began_s < 60
