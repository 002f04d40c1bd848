"""docs/http.md: its examples are run, its table lists exactly the routes there are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer.app.terminal import Terminal
from tests.control.controlled import ControlledHost, controlled_host

PAGE = (Path(__file__).parents[2] / "docs/http.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.S | re.M)
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.S | re.M)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]


def routes(host: ControlledHost) -> set[str]:
    paths = host.get("/openapi.json").json["paths"]
    found = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    return found | {"GET /openapi.json", "WS /stream"}  # a WebSocket is none of OpenAPI's operations


def test_the_table_lists_exactly_the_routes_there_are(shared: ControlledHost) -> None:
    assert set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", PAGE, re.M)) == routes(shared)


def test_every_route_has_an_example(shared: ControlledHost) -> None:
    shown = set()
    for command in COMMANDS:
        found = re.search(r"\$URL(/[^ \"?]*)", command)
        if found is None:
            continue
        requested = re.search(r"--request ([A-Z]+)", command)
        method = requested[1] if requested else "POST" if "--json" in command else "GET"
        shown.add(f"{method} {found[1]}")
    shown |= {f"WS {path}" for program in PROGRAMS for path in re.findall(r"\{url\}(/\w+)", program)}
    patterns = {route: re.sub(r"\{\w+\}", "[^/]+", route) for route in routes(shared)}
    missing = [route for route, pattern in patterns.items() if not any(re.fullmatch(pattern, one) for one in shown)]
    assert missing == []


@pytest.fixture
def host(tmp_path: Path) -> Iterator[ControlledHost]:
    """A host as the page has it, which keeps a trace."""
    with controlled_host(trace=tmp_path / "frames.txt", clock="virtual") as host:
        yield host


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_its_examples_run(host: ControlledHost, tmp_path: Path) -> None:
    assert all(line.startswith("$ ") for line in COMMANDS)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "URL": host.url, "HOST": host.address, "PATH": path}
    for command in COMMANDS:
        done = subprocess.run(
            ["bash", "-c", command[2:]], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_its_program_follows_along(host: ControlledHost, tmp_path: Path) -> None:
    (program,) = PROGRAMS
    with Terminal("10000161", host=host.address, state=None) as terminal:
        terminal.sale("12.34", "standard", pin="123456")
    environment = {**os.environ, "URL": host.url}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.stdout.splitlines()[:3], done.stderr) == (
        ["1 0 0", "2 1 0", "2 sale 00 approved on card 'standard' 621234******1232"],
        "",
    )
