"""The page about bursts: its commands run, its words are those of the program."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.load.arrivals import SHAPES
from acquirer.load.phases import PHASES
from acquirer.load.plan_file import read_plan
from acquirer.load.records import RequestOutcome
from acquirer.load.terminal_journeys import JOURNEYS
from acquirer.load.thresholds import read_threshold
from acquirer.settings.shipped import specs_dir
from acquirer.testing import running_host

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/load.md").read_text(encoding="utf-8")


TERMINALS, EIGHT = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("terminals.toml").write_text(TERMINALS.replace("30020000", "30000050"), encoding="utf-8")
    (commands,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    serve, burst, report = [shlex.split(line)[1:] for line in commands.splitlines()]
    assert serve[0] == "serve"
    with running_host(terminals="terminals.toml") as host:
        burst[burst.index("20000")], burst[burst.index("5s")] = "50", "200ms"
        assert run([*burst, "--host", host.address]) == 0
    assert run(report) == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a script of a shell")
def test_a_burst_from_a_clone_is_one_command() -> None:
    done = subprocess.run(
        ["./scripts/burst", "--count", "50", "--within", "200ms", "--threshold", "errors==0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 requests of 50 terminals" in done.stdout
    (place,) = re.findall(r"^Everything lies in (bursts/\S+): report\.html", done.stdout, re.MULTILINE)
    assert (ROOT / place / "report.html").stat().st_size > 10_000
    shutil.rmtree(ROOT / place)


@pytest.mark.slow
def test_its_plan_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("terminals.toml").write_text(TERMINALS.replace("30020000", "30000050"), encoding="utf-8")
    shutil.copyfile(specs_dir() / "cards.toml", "cards.toml")
    smaller = EIGHT.replace('"p(99)<2s", ', "")  # a busy machine may be slower
    smaller = re.sub(r"^(count) = \d+", r"\1 = 20", smaller, flags=re.MULTILINE)
    smaller = re.sub(r"^(rate|from|to) = (\d+)\b", r"\1 = 10", smaller, flags=re.MULTILINE)
    smaller = re.sub(r'^(within|for|outage|pause) = "\d+s"', r'\1 = "1s"', smaller, flags=re.MULTILINE)
    Path("eight.toml").write_text(smaller.replace('"2s", p99 = "20s"', '"50ms", p99 = "200ms"'), encoding="utf-8")
    assert read_plan(Path("eight.toml")).length_s == 8.0
    commands = re.findall(r"^\$ acquirer (load run .*)$", PAGE, re.MULTILINE)
    assert [command.partition(" --")[0] for command in commands] == ["load run eight.toml"] * 2
    with running_host(terminals="terminals.toml") as host:
        assert run([*shlex.split(commands[0]), "--host", host.address]) == 0
        found = {entry.service for entry in host.journal.list()}
    assert {"sign_on", "sale", "signature", "sign_off"} <= found
    assert "\n" in capsys.readouterr().out


def test_its_words_are_those_of_the_program() -> None:
    for word in (*SHAPES, *JOURNEYS, *PHASES, *[outcome.word for outcome in RequestOutcome]):
        assert f"`{word}`" in PAGE or f'"{word}"' in PAGE or f" {word}" in PAGE, word
    written = re.search(r"`--threshold` \| (.*?);", PAGE)
    assert written is not None
    for threshold in re.findall(r"`([^`]*[<>=][^`]*)`", written[1]):
        read_threshold(threshold)
