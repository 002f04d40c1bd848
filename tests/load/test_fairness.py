"""What connections beside terminals that sell send is what it is called, and the bench counts all of it."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from acquirer.load import fairness
from acquirer.load import flood as flood_module
from acquirer.load.bench import fairness_options, main, parser
from acquirer.load.fairness import FairnessOptions, hosts_of, kinds_of
from acquirer.load.fairness_table import MIB, MemoryUse, Phase, most_growth_bytes, report
from acquirer.load.flood import Flood, FloodJob
from acquirer.load.flood_kinds import ALONE, ECHOES, GOOD, RUBBISH, RUBBISH_BYTES, SIGNATURES, FloodFrames
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.servers import DIALECT, MASTER_KEY, REGISTERED, terminals_file
from acquirer.load.terminals import signed_on
from acquirer.settings.specs import load_dialect
from acquirer.testing import running_host
from acquirer.testing.host import RunningHost

UNIONPAY = load_dialect(DIALECT)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    path: Path = tmp_path_factory.mktemp("host")
    _, mid = sign_on_templates(UNIONPAY, REGISTERED)
    with running_host(terminals=str(terminals_file(path, mid))) as host:
        yield host


@pytest.fixture(scope="module")
def frames(host: RunningHost) -> FloodFrames:
    templates, mid = sign_on_templates(UNIONPAY, REGISTERED)
    frames = FloodFrames(UNIONPAY, templates, mid)
    tids = [str(FIRST_TID + number) for number in range(2)]
    frames.terminals = signed_on((host.host, host.port), UNIONPAY, tids, mid, MASTER_KEY)
    return frames


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (ECHOES, {"00"}),
        ("repeats", {"00"}),
        ("format-errors", {"30"}),
        ("largest", {"30"}),
        ("unknown-mti", {"12"}),
        ("unregistered", {"97"}),
        ("one-terminal", {"00"}),
        (SIGNATURES, {"00"}),
        ("slow-images", {"00"}),
        ("wrong-macs", {"00", "A0"}),  # it signs on in between
    ],
)
def test_flood_are_answered_as_what_they_are(
    host: RunningHost, frames: FloodFrames, kind: str, codes: set[str]
) -> None:
    found = set()
    frames.phase += 1
    with socket.create_connection((host.host, host.port), timeout=120) as connection:
        for frame in {**GOOD, **RUBBISH}[kind].frames(frames, 1)[:20]:
            connection.sendall(frame)
            size = int.from_bytes(connection.recv(2, socket.MSG_WAITALL))
            reply = UNIONPAY.decode(connection.recv(size, socket.MSG_WAITALL))
            found.add(UNIONPAY.text(reply, "code"))
    assert found == codes


def test_rubbish_has_its_size(frames: FloodFrames) -> None:
    assert {len(frame) - 2 for frame in frames.format_errors(1)} == {RUBBISH_BYTES}
    assert {len(frame) - 2 for frame in frames.largest(1)} == {UNIONPAY.framing.limit_bytes}


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        ("format-errors", ("answers",)),
        ("fresh", ("answers", "opened")),
        ("empty", ("opened",)),
        ("bytewise", ("answers",)),
        ("unread", ("sent_bytes",)),
        ("zero-window", ("sent_bytes",)),
        ("half-closed", ("opened", "sent_bytes")),
        ("begun", ("sent_bytes",)),
        ("silent", ("opened",)),
    ],
)
def test_a_flood_sends_and_counts(
    host: RunningHost,
    frames: FloodFrames,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    counts: tuple[str, ...],
) -> None:
    monkeypatch.setattr(flood_module, "HELD_S", 0.01)
    job = [[frame.hex() for frame in RUBBISH[kind].frames(frames, number)] for number in range(2)]
    FloodJob((host.host, host.port), RUBBISH[kind].way, 6, job).write(tmp_path / "job")
    flood = Flood(FloodJob.read(tmp_path / "job"))
    flood.open()
    before = host.counters["connections"]
    running = threading.Thread(target=flood.run)
    running.start()
    end_s = time.monotonic() + 120
    while any(getattr(flood.counts, name) < 5 for name in counts) and time.monotonic() < end_s:
        time.sleep(0.001)
    flood.over = True
    running.join()
    assert all(getattr(flood.counts, name) >= 5 for name in counts)
    if kind == "fresh":
        assert host.counters["connections"] >= before + 5


def test_what_is_measured_may_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fairness_options(parser().parse_args(["--fairness"])) == FairnessOptions()
    arguments = ["--fairness", "--beside", "largest", "--beside", "empty", "--rounds", "2", "--connections", "9"]
    wanted = FairnessOptions(rounds=2, connections=9, beside=("largest", "empty"))
    assert fairness_options(parser().parse_args(arguments)) == wanted
    measured: list[FairnessOptions] = []

    def run(options: FairnessOptions) -> int:
        measured.append(options)
        return 1

    monkeypatch.setattr(fairness, "measure_fairness", run)
    assert main(["--fairness", "--seconds", "2"]) == 1
    assert measured == [FairnessOptions(seconds=2.0)]


def test_more_connections_than_terminals_are_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fairness", "--connections", "400"]) == 2
    assert capsys.readouterr().err == "400 connections are too many: 399 have a terminal each.\n"


@pytest.mark.slow
def test_the_bench_loses_no_sale_beside_any_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    fairness.measure_fairness(FairnessOptions(rounds=1, seconds=0.4, connections=4))
    printed = capsys.readouterr().out
    for flood in (*GOOD.values(), *RUBBISH.values()):
        [row] = [line for line in printed.splitlines() if line.strip().startswith(flood.title + " ")]
        shed, lost, *memory = row.removesuffix("  MISSED")[47:].split()[4:]
        assert (int(shed), int(lost)) == (0, 0), printed
        before, most, _after, growth = map(float, memory)
        assert 0 < before <= most <= before + growth
    assert "codes" not in printed
    assert "the hosts counted exchanges" in printed


SAME: Final = MemoryUse(MIB, MIB, MIB)


def measured(memory: MemoryUse = SAME, *latencies_s: float, code: str = "00") -> Phase:
    return Phase(list(latencies_s or (0.01,)), Counter([code]), seconds=1.0, memory=[SAME, memory])


KINDS = {ECHOES: GOOD[ECHOES], "unread": RUBBISH["unread"]}


@pytest.mark.parametrize("above", [0, 1])
def test_memory_that_grows_beyond_what_is_allowed_fails_the_run(above: int, capsys: pytest.CaptureFixture[str]) -> None:
    """In any round."""
    grown = MemoryUse(MIB, MIB + most_growth_bytes(KINDS["unread"], 100) + above, MIB)
    assert report({ECHOES: measured(), "unread": measured(grown)}, KINDS, 100, {}) == above
    row = capsys.readouterr().out.splitlines()[-2]
    assert row.endswith("MEMORY") == bool(above)


@pytest.mark.parametrize(("p99_s", "code", "word"), [(0.031, "00", "MISSED"), (0.01, "96", "LOST"), (0.03, "00", "")])
def test_sales_that_wait_or_are_declined_fail_the_run(
    p99_s: float, code: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flooded = measured(SAME, p99_s, code=code)
    assert report({ECHOES: measured(), "unread": flooded}, KINDS, 100, {}) == bool(word)
    assert capsys.readouterr().out.splitlines()[-2].endswith(word or " 33")


def test_memory_allowed_is_in_proportion_to_connections_and_what_they_may_leave() -> None:
    def each(name: str) -> int:
        return most_growth_bytes(RUBBISH[name], 2) - most_growth_bytes(RUBBISH[name], 1)

    assert each("format-errors") == (16 + 8) << 10
    assert each("unread") == (16 + 8 + 64) << 10
    assert each("begun") == 20 * each("format-errors")
    assert most_growth_bytes(None, 100) == 24 << 20


def test_each_kind_is_compared_with_what_costs_as_much_at_one_host() -> None:
    names = [*kinds_of(())]
    assert names == [ALONE, ECHOES, SIGNATURES, *RUBBISH]
    first, second = hosts_of(names)
    assert second == [SIGNATURES, "slow-images"]
    assert {*first} == {*names} - {*second}
    assert [*kinds_of(["slow-images"])] == [ALONE, SIGNATURES, "slow-images"]
    assert [*kinds_of(["unread"])] == [ALONE, ECHOES, "unread"]
