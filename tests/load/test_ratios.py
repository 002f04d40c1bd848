"""The bench measures what it says, against whole hosts and a whole echo."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from acquirer.load import ratios
from acquirer.load.bench import main
from acquirer.load.cpu import process_name, used_by_process
from acquirer.load.memory import resident_bytes
from acquirer.load.ratios import RatioOptions
from acquirer.load.servers import host, terminals_file
from acquirer.testing import running_host

MID = "880210010210162"
PAIRS = r"[\d.]+ \([\d.]+ to [\d.]+\) in 2 pairs \(mark"


@pytest.mark.slow
def test_the_bench_books_everything_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    ratios.run(RatioOptions(seconds=600.0, rounds=2, connections=20, count=200, uploads=10))
    printed = capsys.readouterr().out
    assert "LOST" not in printed

    def has(pattern: str) -> None:
        assert re.search(rf"^{pattern}", printed, re.MULTILINE), (pattern, printed)

    for kind in ("kept", "fresh"):
        has(rf"{kind}: [\d,]+ sign-ons/s, echo [\d,]+/s, p99 [\d.]+ ms, ratio {PAIRS}")
        has(rf"{kind}: processor time [\d.]+ µs \(.*host [\d.]+.*\); echo [\d.]+ µs, ratio [\d.]+")
    has(rf"kept: [\d,]+ sign-ons/s with a store in memory, of those on disk {PAIRS}")
    has(rf"sales: [\d,]+ sales/s with MACs, sign-ons [\d,]+/s, ratio {PAIRS}")
    has(r"uploads: 10 at once, p50 [\d.]+ ms, .* alone [\d,]+/s, ratio [\d.]+ \(mark")
    has(r"pictures of all signatures were made [\d.]+ s after")
    has(r"load average before [\d.]+, after [\d.]+")
    # one to begin with, 2 × 200 kept and as many fresh; 20 terminals sign on, one sells, 2 × 200 sign-ons and sales;
    # 10 terminals of uploads sign on and sell; then 2 × (400 sign-ons and 10 sales with their signatures)
    (found,) = re.findall(r"^([\d,]+) exchanges are in the journal", printed, re.MULTILINE)
    assert int(found.replace(",", "")) >= 1 + 4 * 200 + 21 + 4 * 200 + 2 * 400 + 10 * 2


@pytest.mark.slow
def test_another_host_is_measured_in_the_same_rounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_host(terminals=str(terminals_file(tmp_path, MID))) as peer:
        address = f"{peer.host}:{peer.port}"
        few = ["--rounds", "2", "--count", "40", "--connections", "5", "--store", "sqlite", "--seconds", "600"]
        main(["--peer", address, "--peer-pid", str(os.getpid()), "--kind", "kept", *few])
        printed = capsys.readouterr().out
        assert len(re.findall(r"^  kept   peer ", printed, re.MULTILINE)) == 2
        pattern = r"^kept: peer [\d,]+ sign-ons/s, p99 [\d.]+ ms, processor time [\d.]+ µs \(.*\); ours of it [\d.]+ \("
        assert re.search(pattern, printed, re.MULTILINE), printed
        assert len(peer.journal.list()) == 1 + 2 * 40


def test_a_peer_that_does_not_know_the_terminals_ends_the_run() -> None:
    with (
        running_host() as peer,
        pytest.raises(SystemExit, match="the host answers with 97: there is nothing to measure"),
    ):
        main(["--peer", f"{peer.host}:{peer.port}", "--kind", "kept", "--store", "sqlite"])


def test_processes_of_a_host_are_named_after_what_they_do(tmp_path: Path) -> None:
    with host(tmp_path, MID) as server:
        used, memory = used_by_process(server.process.pid), resident_bytes(server.process.pid)
        assert set(used) == set(memory) >= {"host", "store writer"}
        assert all(size > 1 << 20 for size in memory.values())
        assert process_name(server.process.pid) == "other"
