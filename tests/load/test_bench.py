"""The command line of the bench says what is measured; what is not said keeps its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from acquirer.load import against, journal_cost, starts
from acquirer.load.against import AgainstOptions, CheckoutError
from acquirer.load.bench import BENCH_MID, against_options, main, parser, ratio_options
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.ratios import RatioOptions
from acquirer.load.servers import DIALECT, rules_file, terminals_file
from acquirer.settings.specs import load_dialect
from acquirer.testing import running_host

MID = "880210010210162"


def test_no_options_measure_the_ratios_by_their_defaults() -> None:
    assert ratio_options(parser().parse_args([])) == RatioOptions()
    arguments = ["--rounds", "1", "--uploads", "0", "--store", "memory", "--seconds", "0.5"]
    assert ratio_options(parser().parse_args(arguments)) == RatioOptions(
        rounds=1, uploads=0, store="memory", seconds=0.5
    )
    arguments = ["--peer", "127.0.0.1:8583", "--peer-pid", "7", "--kind", "fresh"]
    assert ratio_options(parser().parse_args(arguments)) == RatioOptions(
        peer=("127.0.0.1", 8583), peer_pid=7, kinds=("fresh",)
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--peer", "8583"], "'8583' is no address: write HOST:PORT"),
        (["--peer", "host:x"], "'host:x' is no address: write HOST:PORT"),
        (["--against", "v1", "--kind", "uploads"], "--against has no uploads: use --kind kept, fresh or sales"),
    ],
)
def test_options_that_cannot_be_used_are_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert capsys.readouterr().err.endswith(f"{sentence}\n")


def test_the_merchant_that_a_peer_must_know_is_that_of_the_sample() -> None:
    assert sign_on_templates(load_dialect(DIALECT), 1)[1] == BENCH_MID


def test_against_has_defaults_of_its_own() -> None:
    assert against_options(parser().parse_args(["--against", "v1"])) == AgainstOptions("v1")
    assert AgainstOptions("v1").rounds == 9
    arguments = ["--against", "v1", "--rounds", "3", "--kind", "sales", "--rules", "10000"]
    expected = AgainstOptions("v1", rounds=3, kinds=("sales",), rules=10_000)
    assert against_options(parser().parse_args(arguments)) == expected


def test_rules_of_a_bench_are_for_its_terminals_and_fire_for_none(tmp_path: Path) -> None:
    with running_host(pack=[str(rules_file(tmp_path, 300))], terminals=str(terminals_file(tmp_path, MID, 40))) as host:
        for tid in (str(FIRST_TID), str(FIRST_TID + 30)):
            with Terminal(tid, host=host.address, terminals=str(tmp_path / "terminals.toml")) as pos:
                assert [pos.sign_on().code, pos.sale("1.00").code] == ["00", "00"]
        assert len(host.rules.used()) == 300
        assert set(host.rules.used().values()) == {0}
        with Terminal(str(FIRST_TID), host=host.address, terminals=str(tmp_path / "terminals.toml")) as pos:
            assert pos.echo().code == "96", "they do fire for what they are about"


def test_starts_takes_the_best_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def measure(number: int) -> int:
        rounds.append(number)
        return 1

    monkeypatch.setattr(starts, "measure", measure)
    assert (main(["--starts"]), main(["--starts", "--rounds", "2"])) == (1, 1)
    assert rounds == [5, 2]


def test_what_cannot_be_measured_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_options: AgainstOptions) -> int:
        raise CheckoutError("git worktree add: no such revision")

    monkeypatch.setattr(against, "compare", refuse)
    assert main(["--against", "v1"]) == 2
    assert capsys.readouterr().err == "git worktree add: no such revision.\n"


@pytest.mark.slow
def test_a_journal_is_filled_and_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--journal", "--count", "600"]) in (0, 1)  # so few exchanges say nothing of its size
    alone, load, sales, start, *queries = capsys.readouterr().out.splitlines()
    assert alone.startswith("one after another: an exchange ")
    assert re.fullmatch(r"under load: an exchange \d+ bytes \(\d+ without .*\), of 8\d\d \(mark ≤ 400 bytes .*\)", load)
    assert re.fullmatch(r"under load: a transaction \d+ bytes \(\d+ .*\), of 301 \(mark ≤ 250 bytes .*\)", sales)
    assert re.fullmatch(
        r"start of a host [\d.]+ s of processor time, with an empty store .* \(mark ≤ 1.0 s .*\)", start
    )
    found = {line.strip().partition(":")[0]: int(line.partition("ms, ")[2].split()[0]) for line in queries}
    assert found["a terminal's only one, long ago"] == found["a service and a code, long ago"] == 1
    assert found["a terminal that is not there"] == found["a service and a code that never was"] == 0
    assert found["a service and a time"] > 0
    assert found["the latest"] == 50


@pytest.mark.slow
def test_idle_connections_are_opened_and_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--idle", "--count", "50"]) in (0, 1)  # so few say nothing
    opened, used = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"50 connections that sent nothing yet: -?[\d,]+ bytes each \(mark ≤ 2,048 bytes .*\)", opened)
    assert re.fullmatch(r"50 connections after an exchange over each: -?[\d,]+ bytes each \(mark .*\)", used)


@pytest.mark.parametrize(("last", "missed"), [(104 << 20, False), (106 << 20, True)])
def test_memory_may_grow_by_a_twentieth_after_the_first_fifth(
    last: int, missed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [{"host": size} for size in (50 << 20, 100 << 20, *[90 << 20] * 7, last)]
    assert journal_cost._memory_grew(steps) is missed
    assert "after the first fifth 100.0" in capsys.readouterr().out
    assert not journal_cost._memory_grew([{"host": 1}, {"host": 100}]), "too few steps say nothing"
