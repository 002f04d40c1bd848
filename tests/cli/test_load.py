"""``acquirer load``: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from acquirer.cli import run
from acquirer.load.records import RecordTail, read_records
from acquirer.testing import RunningHost, running_host
from tests.load.recorded import BEGIN_NS, drawn_records, write_run


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
    assert re.fullmatch(r"5 requests of 5 terminals in 0\.\d\d s \(\d+ answered a second\)", lines[0])
    times = r"p50 [\d.]+ ms  p90 [\d.]+ ms  p99 [\d.]+ ms  p99\.9 [\d.]+ ms  max [\d.]+ ms"
    assert re.fullmatch(f"latency since the intended moment: {times}", lines[1])
    assert re.fullmatch(f"service time since the sending:    {times}", lines[2])
    assert lines[3] == "outcomes: 5 approved; codes 00 ×5"
    assert re.match(r"begun late: [\d.]+% by more than 10 ms, p99 [\d.]+ ms; generator: \d+% of a processor", lines[4])
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
        (
            ["--journey", "lunch"],
            2,
            "there is no 'lunch'; there are sign-on, sale, reversal, signature, day",
        ),
        (["--within", "soon"], 2, "--within: 'soon' is not a duration"),
        (["--within", "0s"], 2, "--within: '0s' is no time"),
        (["--source", "127.0.0.1..x"], 2, "--source: '127.0.0.1..x' is no address"),
        (["--source", "127.0.0.9..1"], 2, "--source: '127.0.0.9..1' is no address"),
        (["--count", "0"], 2, "--count"),
        (["--count", "300"], 2, "terminals.toml: holds 20 terminals, and 300 are to come"),
        (["--terminals", "none.toml"], 2, "none.toml"),
        (["--dialect", "martian"], 2, "martian: no dialect of this name"),
        (["--amount", "3"], 2, "--cards, --entry and --pin are of sales, and the journey 'sign-on' has none"),
        (["--cards", "cards.toml"], 2, "the journey 'sign-on' has none"),
        (["--journey", "sale", "--amount", "3.999"], 2, "--amount: '3.999' is no amount; write it like 12.34"),
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


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return a folder with the records of two runs, ``calm`` and ``stalled``."""
    write_run(tmp_path / "runs/calm/worker-0.acq", drawn_records(300, 1_000_000))
    stalled = drawn_records(300, 1_000_000, stall=(200_000, 900_000))
    write_run(tmp_path / "runs/stalled/worker-0.acq", stalled, begin_unix_ns=BEGIN_NS + 60 * 10**9)
    return tmp_path / "runs"


def test_a_report_is_written_in_every_form(recorded: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page, pieces, requests, junit = (tmp_path / name for name in ("a.html", "a.csv", "r.csv", "a.xml"))
    code = run(
        [
            *("load", "report", str(recorded / "calm"), "--threshold", "p(99){phase:burst}<1ms"),
            *("--report", str(page), "--csv", str(pieces), "--csv-requests", str(requests), "--junit", str(junit)),
        ]
    )
    printed = capsys.readouterr()
    assert (code, printed.err) == (99, "")
    assert printed.out.splitlines()[0] == "300 requests of 300 terminals in 1.00 s (299 answered a second)"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert len(requests.read_text(encoding="utf-8").splitlines()) == 301
    assert pieces.read_text(encoding="utf-8").startswith("run,begin_s,")
    assert b'failures="1"' in junit.read_bytes()


def test_several_runs_are_compared(recorded: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "both.html"
    arguments = ["load", "report", str(recorded), "--threshold", "p(99)<250ms"]
    assert run([*arguments, "--report", str(page)]) == 99
    out = capsys.readouterr().out
    assert re.search(r"^ +calm +stalled +change$", out, re.MULTILINE)
    assert re.search(r"^ latency, p99 +[\d.]+ ms +[\d.]+ ms +× \d+$", out, re.MULTILINE)
    assert "ok     calm: p(99)<250ms: " in out
    assert "MISSED stalled: p(99)<250ms: " in out
    assert re.search(
        r"^! stalled: for 0\.7 s nothing was answered while requests waited, from 0\.2 s", out, re.MULTILINE
    )
    assert "2 runs compared" in page.read_text(encoding="utf-8")
    assert run([*arguments, "--json"]) == 99
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "acquirer.load.comparison/1"
    assert [one["run"]["name"] for one in found["runs"]] == ["calm", "stalled"]


def test_a_run_whose_generator_was_the_limit_says_so_everywhere(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    late = [one._replace(late_us=60_000) for one in drawn_records(50, 500_000)]
    folder = write_run(tmp_path / "late/worker-0.acq", late).parent
    files = {option: tmp_path / f"out{option}" for option in ("--report", "--csv", "--csv-requests", "--junit")}
    arguments = ["load", "report", str(folder), *(part for pair in files.items() for part in map(str, pair))]
    assert run(arguments) == 0
    assert "! the generator was the limit: these figures say as much about it" in capsys.readouterr().out
    assert "The generator was the limit" in files["--report"].read_text(encoding="utf-8")
    for option in ("--csv", "--csv-requests"):
        rows = files[option].read_text(encoding="utf-8").splitlines()
        assert rows[0].endswith(",generator_limited")
        assert all(row.endswith(",true") for row in rows[1:])
    assert b'<property name="generator_limited" value="true" />' in files["--junit"].read_bytes()
    assert run([*arguments, "--strict", "--json"]) == 98
    assert json.loads(capsys.readouterr().out)["generator_limited"] is True
    assert run([*arguments, "--strict", "--threshold", "late<1%"]) == 99, "a threshold that is missed comes first"


@pytest.mark.parametrize("option", ["--report", "--csv", "--csv-requests", "--junit"])
def test_a_file_that_cannot_be_written_is_named(
    recorded: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    arguments = ["load", "report", str(recorded / "calm"), option]
    assert run([*arguments, str(tmp_path / "none/out")]) == 2
    assert f"{option} {tmp_path}/none/out: there is no folder {tmp_path}/none; make it first" in capsys.readouterr().err
    assert run([*arguments, str(tmp_path)]) == 2
    assert f"{option} {tmp_path}: is a folder; name a file" in capsys.readouterr().err
    assert run([*arguments, "/dev/full"]) == 2
    assert f"{option} /dev/full: cannot be written (no space left on device)" in capsys.readouterr().err


def test_a_scope_of_no_run_is_named(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["load", "report", str(recorded / "calm"), "--threshold", "p(99){phase:brust}<1s"]) == 2
    printed = capsys.readouterr()
    assert "'p(99){phase:brust}<1s': there is no phase 'brust'; did you mean 'burst'" in printed.err
    assert printed.out == ""


@pytest.mark.slow
def test_a_threshold_ends_a_run_as_soon_as_it_is_missed(
    host: RunningHost, terminals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        f'host = "{host.address}"\nterminals = "{terminals}"\n'
        '[[thresholds]]\nthreshold = "max{phase:steady}<1us"\nabort = true\n'
        '[[phase]]\nname = "steady"\nkind = "constant"\nrate = 50\nfor = "60min"\n'
    )
    assert run(["load", "run", str(plan)]) == 99
    printed = capsys.readouterr()
    assert re.search(r"ended after \d+\.\d s: max\{phase:steady\}<1us is missed \([\d.]+ ms\)$", printed.err.strip())
    assert "! the run was broken off" in printed.out
    assert re.search(r"! the run ended before \d+ planned requests were due", printed.out)


@pytest.mark.slow
def test_ctrl_c_ends_with_what_was_done(host: RunningHost, terminals: Path, tmp_path: Path) -> None:
    command = ["load", "burst", "--host", host.address, "--terminals", str(terminals), "--within", "10min"]
    process = subprocess.Popen(
        [sys.executable, "-m", "acquirer", *command, "--count", "20", "--record", "run", "--workers", "2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    tails = [RecordTail(tmp_path / "run" / f"worker-{number}.acq") for number in range(2)]
    while process.poll() is None and not any(tail.read() for tail in tails):
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert re.match(r"\d+ requests? of \d+ terminals?", out)
    assert "the run was broken off" in out
    footers = [read_records(tmp_path / "run" / f"worker-{number}.acq").footer or {} for number in range(2)]
    assert [footer["interrupted"] for footer in footers] == [True, True]
    assert sum(footer["records"] + footer["not_done"]["not-due"] for footer in footers) == 20
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["worker-0.acq", "worker-1.acq"]


@pytest.mark.slow
def test_ctrl_c_before_the_beginning(host: RunningHost, terminals: Path, tmp_path: Path) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    command = ["load", "burst", "--host", host.address, "--terminals", str(terminals), "--count", "20"]
    process = subprocess.Popen(
        [sys.executable, "-m", "acquirer", *command, "--record", "run", "--start-at", tomorrow],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    file = tmp_path / "run" / "worker-0.acq"
    while process.poll() is None and not (file.exists() and file.stat().st_size):
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("begins at ")
    assert "! the run ended before 20 planned requests were due" in out


@pytest.mark.slow
def test_a_plan_is_run(host: RunningHost, terminals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "short.toml"
    plan.write_text(
        'terminals = "none.toml"\nthresholds = ["count{phase:first}>=9"]\n'
        '[[phase]]\nname = "first"\nkind = "burst"\ncount = 9\nwithin = "100ms"\n'
        '[[phase]]\nkind = "constant"\nrate = 20\nfor = "200ms"\njourney = "sale"\n'
    )
    common = ["load", "run", str(plan), "--host", host.address, "--terminals", str(terminals)]
    assert run([*common, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["phases"]] == ["first", "constant"]
    assert run([*common, "--threshold", "count{phase:frist}>1"]) == 2
    assert "frist" in capsys.readouterr().err
    assert run(["load", "run", str(tmp_path / "missing.toml")]) == 2
    assert "missing.toml: cannot be read: no such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--shard", "3/2"], "--shard: '3/2' is no shard; write 2/5"),
        (["--start-at", "00:00:00"], "--start-at: '00:00:00' is over: it is "),
        (["--start-at", "noon"], "--start-at: 'noon' is no moment"),
        (["--shard", "1/30"], "terminals.toml: holds 20 terminals, and 30 processes divide them"),
        (["--source", "192.0.2.1"], "--source: this machine cannot connect from 192.0.2.1"),
        (["--dialect", "iso8583-1987-plain"], "cannot make the journey 'sign-on'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    burst: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert burst(*arguments) == 2
    assert sentence in capsys.readouterr().err
