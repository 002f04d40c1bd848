"""``acquirer load``: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.testing import RunningHost, running_host


@pytest.fixture(scope="module")
def terminals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("load") / "terminals.toml"
    keys = 'mid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    path.write_text(f'[[terminal]]\ntid = "30000001..30000020"\n{keys}')
    return path


@pytest.fixture(scope="module")
def host(terminals: Path) -> Iterator[RunningHost]:
    with running_host(terminals=terminals) as host:
        yield host


@pytest.fixture
def burst(host: RunningHost, terminals: Path) -> Callable[..., int]:
    """``burst(*arguments)``: runs a small one."""
    common = ("load", "burst", "--host", host.address, "--terminals", str(terminals), "--count", "5")
    return lambda *arguments: run([*common, "--within", "100ms", *arguments])


@pytest.mark.slow
def test_a_burst_in_lines(burst: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    code = burst("--record", str(kept), "--threshold", "errors==0", "--threshold", "count>=5")
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert re.fullmatch(r"5 requests of 5 terminals in 0\.\d\d s \(\d+ answered a second\): 5 approved", lines[0])
    times = r"p50 [\d.]+ ms  p90 [\d.]+ ms  p99 [\d.]+ ms  p99\.9 [\d.]+ ms  max [\d.]+ ms"
    assert re.fullmatch(f"latency since the intended moment: {times}", lines[1])
    assert re.fullmatch(f"service time since the sending:    {times}", lines[2])
    assert re.fullmatch(r"begun late: [\d.]+% by more than 10 ms, p99 [\d.]+ ms; codes 00 ×5", lines[3])
    assert lines[-2:] == ["ok     errors==0: 0.000%", "ok     count>=5: 5"]
    assert run(["load", "report", str(kept), "--threshold", "count>5"]) == 99
    assert capsys.readouterr().out.splitlines()[-1] == "MISSED count>5: 5"


@pytest.mark.slow
def test_json_is_one_object(burst: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert burst("--json", "--threshold", "p(99){sign_on}<1us", "--journey", "sale") == 99
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "acquirer.load/1"
    assert found["outcomes"] == {"approved": 10}
    assert not found["passed"]
    assert found["thresholds"][0]["held"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--threshold", "p99<1"], 2, "'p99<1' is no threshold"),
        (["--shape", "evn"], 2, "--shape: there is no 'evn'; did you mean 'even'"),
        (["--journey", "lunch"], 2, "--journey: there is no 'lunch'; there are sign-on, sale"),
        (["--within", "soon"], 2, "--within: 'soon' is not a duration"),
        (["--within", "0s"], 2, "--within: '0s' is no time"),
        (["--source", "127.0.0.1..x"], 2, "--source: '127.0.0.1..x' is no address"),
        (["--source", "127.0.0.9..1"], 2, "--source: '127.0.0.9..1' is no address"),
        (["--count", "0"], 2, "--count"),
        (["--count", "300"], 2, "terminals.toml: holds 20 terminals, and 300 are to come"),
        (["--terminals", "none.toml"], 2, "none.toml"),
        (["--dialect", "martian"], 2, "martian: no dialect of this name"),
        (["--host", "nowhere"], 2, "--host: 'nowhere' is no address"),
        (["--host", "127.0.0.1:1"], 3, "no connection to 127.0.0.1:1: connection refused"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    burst: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, sentence: str
) -> None:
    assert burst(*arguments) == code
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert printed.out == ""


def test_records_that_are_none_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["load", "report", str(tmp_path)]) == 2
    assert "holds no records (*.acq)" in capsys.readouterr().err
    other = tmp_path / "x.acq"
    other.write_text("x")
    assert run(["load", "report", str(other)]) == 2
    assert "is no file of records" in capsys.readouterr().err
