"""The wheel, installed in an empty environment, works from anywhere."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.load.recorded import drawn_records, write_run

pytestmark = pytest.mark.interpreted  # a compiled build stands before what is installed

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `acquirer` command of a new environment with the wheel and our libraries, but not this clone."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = place.glob("acquirer-*.whl")
    venv.create(place / "env", with_pip=False)
    python = place / "env/bin/python"
    subprocess.run(
        [sys.executable, "-m", "pip", "-q", "--python", python, "install", "--no-index", "--no-deps", wheel], check=True
    )
    # A .pth line is a search path; the .pth of this clone's own editable install inside it is not followed.
    libraries = Path(
        subprocess.check_output([python, "-c", "import site; print(site.getsitepackages()[0])"], text=True).strip()
    )
    (libraries / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "env/bin/acquirer"


@pytest.mark.slow
def test_dialects_travel_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    shown = subprocess.run([installed, "dialect", "list"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "unionpay-pos" in shown.stdout


@pytest.mark.slow
def test_journeys_travel_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed, "check", "a-day-in-a-shop", "--junit", "out.xml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert (tmp_path / "out.xml").exists()


@pytest.mark.slow
def test_reports_of_runs_travel_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "run/worker-0.acq", drawn_records(50, 500_000))
    done = subprocess.run(
        [installed, "load", "report", "run", "--report", "run.html"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "uPlot" in (tmp_path / "run.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_twelve_tests_of_a_terminal_run_with_the_wheel(installed: Path, tmp_path: Path) -> None:
    project = tmp_path / "pytest-twelve"
    shutil.copytree(ROOT / "docs/examples/pytest-twelve", project, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [installed.with_name("python"), "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"],
        cwd=project, capture_output=True, text=True,
    )  # fmt: skip
    assert "24 passed" in done.stdout.splitlines()[-1], done.stdout + done.stderr


@pytest.mark.slow
def test_serves_from_another_directory(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    host = subprocess.Popen(
        [installed, "serve", "--listen", "127.0.0.1:0", "--store", "sqlite:///here.db", "--json"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert host.stdout is not None
    ready = json.loads(host.stdout.readline())
    assert ready["event"] == "ready"
    assert int(ready["listen"].rpartition(":")[2]) > 0
    terminal = subprocess.run(
        [installed, "terminal", "sign-on", "--host", ready["listen"], "--tid", "10000161"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    host.send_signal(signal.SIGTERM)
    _, log = host.communicate(timeout=120)
    assert terminal.returncode == 0, terminal.stderr
    assert host.returncode == 0, log
    assert (tmp_path / "here.db").exists()


@pytest.mark.slow
def test_it_is_no_larger_than_a_font_explains(installed: Path) -> None:
    """Most of it is the font of slips; twelve megabytes are what one waits for without asking why."""
    (wheel,) = installed.parents[2].glob("acquirer-*.whl")
    assert wheel.stat().st_size <= 12_000_000
