"""The page about bursts: its commands run, its words are those of the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.load.arrivals import SHAPES
from acquirer.load.burst_plan import JOURNEYS
from acquirer.load.records import RequestOutcome
from acquirer.load.thresholds import read_threshold
from acquirer.testing import running_host

PAGE = (Path(__file__).parents[2] / "docs/load.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (terminals,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    Path("terminals.toml").write_text(terminals.replace("30020000", "30000050"), encoding="utf-8")
    (commands,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    serve, burst, report = [shlex.split(line)[1:] for line in commands.splitlines()]
    assert serve[0] == "serve"
    with running_host(terminals="terminals.toml") as host:
        burst[burst.index("20000")], burst[burst.index("5s")] = "50", "200ms"
        assert run([*burst, "--host", host.address]) == 0
    assert run(report) == 0


def test_its_words_are_those_of_the_program() -> None:
    for word in (*SHAPES, *JOURNEYS, *[outcome.word for outcome in RequestOutcome]):
        assert f"`{word}`" in PAGE or f" {word}" in PAGE, word
    written = re.search(r"`--threshold` \| (.*?);", PAGE)
    assert written is not None
    for threshold in re.findall(r"`([^`]*[<>=][^`]*)`", written[1]):
        read_threshold(threshold)
