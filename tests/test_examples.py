"""docs/examples in other languages: run as they stand, with the tools of their languages where those are installed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from tests.control.controlled import controlled_host

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs/examples"
PAGE = (ROOT / "docs/other-languages.md").read_text(encoding="utf-8")
ACQUIRER = Path(sys.executable).with_name("acquirer")
HANGS_S = 600  # the first build with Go compiles its library

LANGUAGES = {
    "bash": (["curl"], "terminal_test.sh", ["bash", "terminal_test.sh"], r"^3 tests passed$"),
    "go": (["go"], "terminal_test.go", ["go", "test", "-count=1", "-v", "."], r"(?s)(?:^--- PASS: Test.*){3}^PASS$"),
    "node": (["node"], "terminal.test.mjs", ["node", "--test"], r"(?m)^. pass 3$"),
    "java": (["java", "mvn"], "src/test/java/TerminalTest.java", ["mvn", "--offline", "--batch-mode", "test"],
             r"Tests run: 3, Failures: 0, Errors: 0, Skipped: 0"),
}  # fmt: skip
"""Of each language: its tools, the file, the command that runs it, and what that prints."""

SHIM = """#!/bin/sh
echo "$$ $*" >>"{place}/called"
{more}
exec {acquirer} "$@"
"""
"""An `acquirer` that notes how it is called: the host goes on under its number."""


def environment(place: Path, more: str = "") -> Mapping[str, str]:
    """Return the environment of an example: `acquirer` is found in it, and nothing is loaded from elsewhere."""
    shim = place / "bin/acquirer"
    shim.parent.mkdir()
    shim.write_text(SHIM.format(place=place, acquirer=ACQUIRER, more=more))
    shim.chmod(0o755)
    path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ACQUIRER_", "NODE_"))}
    return {**plain, "PATH": path, "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "", "TMPDIR": str(place)}


def run(language: str, place: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    """Run a copy of an example."""
    shutil.copytree(EXAMPLES / language, place / language, ignore=shutil.ignore_patterns("target"))
    command = LANGUAGES[language][2]
    return subprocess.run(
        command, cwd=place / language, env=environment(place, more), capture_output=True, text=True, timeout=HANGS_S
    )


def hosts(place: Path) -> list[int]:
    """Return the processes of the hosts that an example has started."""
    calls = (place / "called").read_text().splitlines()
    return [int(call.split()[0]) for call in calls if call.split()[1] == "serve"]


def until_gone(process: int) -> None:
    end_s = time.monotonic() + HANGS_S
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < end_s, f"host {process} is left behind"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no host serves there")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_three_tests_pass_and_leave_no_host_behind(language: str, tmp_path: Path) -> None:
    tools, _, _, passed = LANGUAGES[language]
    if missing := [tool for tool in tools if shutil.which(tool) is None]:
        pytest.skip(f"{' and '.join(missing)} not installed")
    if language == "node" and (version := node_version()) < 18:
        pytest.skip(f"node {version} has neither fetch nor its own tests; 18 has")
    done = run(language, tmp_path)
    if language == "java" and "in offline mode" in done.stdout:
        pytest.skip("Maven has no JUnit yet: 'mvn -f docs/examples/java test' loads it once")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(passed, done.stdout, re.M), done.stdout
    (host,) = hosts(tmp_path)
    until_gone(host)


def node_version() -> int:
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=HANGS_S).stdout
    return int(shown.removeprefix("v").split(".")[0])


def test_its_shell_commands_are_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of `acquirer` are understood; what they do is tested elsewhere."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", PAGE, re.S | re.M)
    commands = [line.strip() for block in blocks for line in block.splitlines() if line.strip().startswith("acquirer ")]
    assert len(commands) >= 4
    for command in commands:
        assert cli.run([*shlex.split(command, comments=True)[1:], "--help"]) == 0, capsys.readouterr().err


@pytest.mark.slow
def test_what_it_sends_is_taken(tmp_path: Path) -> None:
    """Each `curl` of the page, with the terminals that it names."""
    sent = re.findall(r"^ +curl .*--json '(.*)' \$URL(/\S+)$", PAGE, re.M)
    assert [path for _, path in sent] == ["/rules", "/faults", "/journal/verify"]
    with controlled_host() as host:
        with Terminal("20000001", host=host.address, state=None, timeout_s=0.5) as terminal:
            for body, path in sent[:2]:
                assert host.post(path, json.loads(body)).status == 201
            assert terminal.sale("12.34", "standard").reversal == "done"
        assert host.post(sent[2][1], json.loads(sent[2][0])).status == 204


BROKEN = {
    "never signs on": ('case "$*" in "terminal sign-on"*) exit 0 ;; esac', "── signs_on", "1 sign_on with code 00"),
    "sells although it is declined": (
        'case "$*" in "terminal sale"*"39=51"*) echo sold >slip.txt; exit 0 ;; esac',
        "── prints_nothing_when_declined",
        "1 sale with code 51",
    ),
    "never reverses": ('case "$*" in "terminal sale"*"--timeout 1"*) exit 4 ;; esac', "── reverses_", "1 reversal"),
}
"""What a terminal does otherwise, the test that is the last one then, and what its host misses."""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("mistake", BROKEN)
def test_a_terminal_with_a_mistake_does_not_pass(mistake: str, tmp_path: Path) -> None:
    shim, last, misses = BROKEN[mistake]
    done = run("bash", tmp_path, shim)
    assert done.returncode != 0
    assert done.stdout.rpartition("──")[2].startswith(last.removeprefix("──")), done.stdout
    assert "urn:acquirer:problem:not-verified" in done.stdout
    assert misses in done.stdout
    (host,) = hosts(tmp_path)
    until_gone(host)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_short_and_named_on_the_page(language: str) -> None:
    file = EXAMPLES / language / LANGUAGES[language][1]
    assert len(file.read_text(encoding="utf-8").splitlines()) < 60
    assert f"examples/{language}/{LANGUAGES[language][1]}" in PAGE
