"""Bursts against a host of ours: counts agree to the last one, a host that stands still is seen in full."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.load.phases import Burst, Constant
from acquirer.load.plan import LoadPlan, PlanError, Shard
from acquirer.load.plan_journeys import read_journey
from acquirer.load.record_columns import code_text
from acquirer.load.recorded_run import read_runs
from acquirer.load.records import NOT_VERIFIED, RequestOutcome, read_records
from acquirer.load.request_figures import RequestFigures
from acquirer.load.run import RunError, RunProgress, RunWatch, run_plan, services_of
from acquirer.load.run_figures import RunFigures
from acquirer.load.terminal_journeys import JOURNEYS
from acquirer.settings.specs import load_dialect
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
@pytest.mark.parametrize("journey", JOURNEYS)
def test_generator_and_host_count_the_same(
    host: RunningHost, terminals: str, tmp_path: Path, kept: bool, journey: str
) -> None:
    seen: list[RunProgress] = []
    figures = run(plan(host.address, terminals, journey=journey, kept=kept, workers=2), tmp_path, seen.append)
    assert_counts_agree(figures, host)
    assert figures.outcomes.keys() == {RequestOutcome.APPROVED}
    assert {one.tid for one in host.journal.list()} == {f"{30000001 + n}" for n in range(60)}
    services = Counter(one.service for one in host.journal.list())
    sales = {"sign-on": 0, "day": 300}.get(journey, 60)
    signatures = 60 if journey == "signature" else 0
    assert (services["sign_on"], services["sale"]) == (60, sales)
    assert services["sign_off"] == (60 if journey == "day" else 0)
    if journey == "day":
        assert 0 < services["reversal"] < sales / 4
        assert sales / 4 < services["signature"] < sales * 3 / 4
    else:
        assert services["signature"] == signatures
        assert (0 < services["reversal"] < 25) == (journey == "reversal")
    assert sum(len(progress.new) for progress in seen) <= len(figures)


def assert_counts_agree(figures: RequestFigures, host: RunningHost, dialect: str = "unionpay-pos") -> None:
    """Hold what the generator saw against the journal of the host, by service and code."""
    services, columns = services_of(load_dialect(dialect)), figures.columns
    recorded = zip(columns.service, columns.code, strict=True)
    assert Counter((services[service], code_text(code)) for service, code in recorded) == Counter(
        (one.service, one.code) for one in host.journal.list()
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dialect", "journey"),
    [
        ("iso8583-1987-dukpt", "reversal"),
        ("iso8583-1987-dukpt-aes", "sale"),
        ("iso8583-1987-plain", "sale"),
        ("iso8583-1987-ascii", "sale"),
        ("iso8583-1987-ebcdic", "reversal"),
        ("iso8583-1993-bcd", "reversal"),
        ("iso8583-1993-ascii", "day"),
        ("unionpay-pos-sm4", "day"),
    ],
)
def test_terminals_of_each_dialect_do_what_they_can(terminals: str, tmp_path: Path, dialect: str, journey: str) -> None:
    with running_host(terminals=terminals, dialect=dialect) as host:
        chosen = read_journey(journey)
        if dialect == "iso8583-1993-ascii":
            chosen = replace(chosen, signatures=0.0)
        burst = Burst(count=10, within_s=0.3, journey=replace(chosen, reversals=0.5 if journey != "sale" else 0.0))
        figures = run(LoadPlan(host.address, terminals, (burst,), dialect=dialect), tmp_path)
        assert_counts_agree(figures, host, dialect)
        assert figures.outcomes.keys() == {RequestOutcome.APPROVED}
        assert len(host.journal.list("sale", reason="approved")) == 10 * chosen.sales


@pytest.mark.parametrize(
    ("dialect", "journey", "sentence"),
    [
        ("iso8583-1987-dukpt", "sign-on", "burst: terminals of iso8583-1987-dukpt cannot make the journey 'sign-on'"),
        ("iso8583-1987-plain", "day", "which needs 'sign_on': take the journey 'sale', or another dialect"),
        ("iso8583-1987-ascii", "signature", "which needs 'signature': write signatures = 0 in it, or take"),
        ("iso8583-1993-bcd", "day", "which needs 'signature': write signatures = 0 in it"),
    ],
)  # fmt: skip
def test_a_journey_that_a_dialect_cannot_make_is_refused(
    terminals: str, tmp_path: Path, dialect: str, journey: str, sentence: str
) -> None:
    with pytest.raises(PlanError) as caught:
        run(plan("127.0.0.1:1", terminals, journey=journey, dialect=dialect), tmp_path)
    assert sentence in str(caught.value)


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
        stopped: list[float] = []
        went_on: list[float] = []

        def go_on() -> None:
            os.kill(process.pid, signal.SIGCONT)
            went_on.append(time.monotonic())

        def watch(progress: RunProgress) -> None:
            if progress.elapsed_s > 0.5 and not stopped:
                stopped.append(time.monotonic())
                os.kill(process.pid, signal.SIGSTOP)
                threading.Timer(3.0, go_on).start()

        figures = run(plan(address, terminals, 400, 8.0), tmp_path, watch)
        assert figures.outcomes == {RequestOutcome.APPROVED: 400}
        # Fifty come each second. Those of the time in which it stood still wait until it goes on: all of them but those
        # of the last second for more than a second, and those of the first second for more than two.
        still_s = went_on[0] - stopped[0]
        columns = figures.columns
        for least_s in (1.0, 2.0):
            expected = 50 * (still_s - least_s)
            assert sum(us >= least_s * 1e6 for us in columns.latency_us) >= 0.8 * expected
        assert figures.latency.most.ms > 2500
        waited = [end_us for end_us, us in zip(columns.end_us, columns.latency_us, strict=True) if us > 1_000_000]
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


@pytest.mark.slow
def test_shards_together_are_the_run(host: RunningHost, terminals: str, tmp_path: Path) -> None:
    phases = (Burst(count=60, within_s=0.2), Constant(rate_per_s=100.0, for_s=0.5, journey=read_journey("sale")))

    def arrivals(shard: Shard) -> list[tuple[int, int]]:
        plan = LoadPlan(host.address, terminals, phases, shard=shard, workers=shard.number)
        files = [read_records(path) for path in run_plan(plan, tmp_path / f"{shard.number}-{shard.of}", quiet).files]
        assert {file.header["shard"] for file in files} == {str(shard)}
        records = [one for file in files for one in file.records]
        assert all(one.terminal % shard.of == shard.number - 1 for one in records)
        first = sorted((one.intended_us, one.terminal) for one in records if one.phase == 0)
        sales = [one for one in records if one.phase == 1]
        assert len(sales) >= sum(int(file.header["share"]) for file in files) - len(first)
        return first

    assert sorted(arrivals(Shard(1, 3)) + arrivals(Shard(2, 3)) + arrivals(Shard(3, 3))) == arrivals(Shard(1, 1))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found where Linux shows them")
def test_a_worker_that_dies_leaves_its_records_and_those_of_the_others(
    host: RunningHost, terminals: str, tmp_path: Path
) -> None:
    killed: list[int] = []

    def watch(progress: RunProgress) -> None:
        if progress.done > 20 and not killed:
            killed.extend(processes_with(f"{tmp_path}/run/worker-1.json"))
            os.kill(killed[0], signal.SIGKILL)

    end = run_plan(plan(host.address, terminals, 300, 2.0, workers=2), tmp_path / "run", watch)
    assert len(killed) == 1
    assert end.problems == ["worker 1 ended before its requests did (code -9): its records end early"]
    figures = read_run(end.files)
    assert figures.run.missing == ("worker 1 was killed, and what it had under way is missing",)
    footers = [read_records(path).footer for path in end.files]
    assert footers[0] is not None
    assert footers[0]["requests"] == footers[0]["records"] == 150
    assert footers[1] is None
    assert 150 <= len(figures.all) < 300


def processes_with(word: str) -> list[int]:
    """Return the processes of ours that were started with a word."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if word in (folder / "cmdline").read_text().split("\0"):
                    found.append(int(folder.name))
            except OSError:  # it has ended
                continue
    return found


@pytest.mark.slow
def test_a_run_that_a_threshold_ends_says_so(host: RunningHost, terminals: str, tmp_path: Path) -> None:
    looks: list[float] = []

    def watch(progress: RunProgress) -> bool:
        looks.append(progress.elapsed_s)
        return progress.done > 0

    end = run_plan(plan(host.address, terminals, 300, 600.0), tmp_path / "run", watch)
    assert (end.interrupted, end.problems) == (False, [])
    footer = read_records(end.files[0]).footer
    assert footer is not None
    assert (footer["interrupted"], footer["reason"]) == (True, "a threshold is missed")
    assert footer["requests"] + footer["not_done"]["not-due"] == 300
    assert looks


@pytest.mark.slow
def test_a_moment_that_passes_while_requests_are_prepared_is_refused(terminals: str, tmp_path: Path) -> None:
    late = plan("127.0.0.1:1", terminals, start_unix_ns=time.time_ns() - 1)
    with pytest.raises(RunError, match=r"requests were prepared [\d.]+ s after the moment of --start-at"):
        run(late, tmp_path)


@pytest.mark.slow
def test_records_say_that_answers_were_not_verified(host: RunningHost, terminals: str, tmp_path: Path) -> None:
    end = run_plan(plan(host.address, terminals, 5, verify=False), tmp_path / "run", quiet)
    file = read_records(end.files[0])
    assert file.header["plan"]["verify"] is False
    assert {one.flags for one in file.records} == {NOT_VERIFIED}


def paid(host: str, terminals: str, **payment: object) -> LoadPlan:
    journey = replace(read_journey("sale"), sales=3, **payment)  # type: ignore[arg-type]
    return LoadPlan(host, terminals, (Burst(count=20, within_s=0.3, journey=journey),))


@pytest.mark.slow
def test_amounts_and_cards_are_drawn(host: RunningHost, terminals: str, tmp_path: Path) -> None:
    cards = {"standard": "621234******1232", "pin": "621234*********0003"}
    drawn = paid(host.address, terminals, least_minor=150, most_minor=900, cards=tuple(cards), pin=True)
    assert run(drawn, tmp_path).outcomes.keys() == {RequestOutcome.APPROVED}
    sales = [one for one in host.journal.list() if one.service == "sale"]
    amounts = [int(one.request["4"]) for one in sales]
    assert len(sales) == 60
    assert min(amounts) >= 150
    assert max(amounts) <= 900
    assert len(set(amounts)) > 20
    assert {one.pan_masked for one in sales} == set(cards.values())
    assert all("52" in one.request for one in sales)


@pytest.mark.parametrize(
    ("payment", "sentence"),
    [
        ({"cards": ("standrad",)}, "burst: there is no test card 'standrad'; did you mean 'standard'?"),
        ({"cards": ("poor",), "pin": True}, "burst: the card 'poor' has no PIN in the table of cards: give it one"),
        ({"cards": ("standard",), "entry": "stripe"}, "burst: there is no entry 'stripe'; known: "),
        ({"entry": "stripe"}, "burst: there is no entry 'stripe'; known: "),
    ],
)
def test_cards_that_cannot_pay_are_refused(
    terminals: str, tmp_path: Path, payment: dict[str, object], sentence: str
) -> None:
    with pytest.raises(PlanError, match=re.escape(sentence)):
        run_plan(paid("127.0.0.1:1", terminals, **payment), tmp_path / "run", quiet)
