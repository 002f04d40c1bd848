"""README is executed: each of its commands is run, each file in it is read, its Python is run as a test."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ACQUIRER = str(Path(sys.executable).with_name("acquirer"))


def blocks(language: str) -> list[str]:
    """Return the contents of README's code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.S | re.M)


COMMANDS = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


def test_every_console_line_is_a_command() -> None:
    assert [line for block in blocks("console") for line in block.splitlines() if not line.startswith("$ ")] == []
    assert len(COMMANDS) > 15


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory that holds the files README shows."""
    place = tmp_path_factory.mktemp("readme")
    (terminals,) = blocks("toml")
    (place / "terminals.toml").write_text(terminals, encoding="utf-8")
    (decoded,) = (words for words in COMMANDS if words.startswith("acquirer decode"))
    (place / "capture.txt").write_text(decoded.split()[-1], encoding="utf-8")
    return place


@contextmanager
def serving(place: Path, arguments: list[str]) -> Iterator[str]:
    """Run `acquirer serve` until the end of the block, on a free port instead of its own; yield the address."""
    if "--listen" in arguments:
        arguments[arguments.index("--listen") + 1] = "127.0.0.1:0"
    else:
        arguments = [*arguments, "--listen", "127.0.0.1:0"]
    host = subprocess.Popen(
        [ACQUIRER, *arguments], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    ready = host.stdout.readline()
    try:
        found = re.search(r"127\.0\.0\.1:\d+", ready)
        assert found, host.communicate(timeout=120)
        yield found[0]
    finally:
        host.send_signal(signal.SIGTERM)
        _, log = host.communicate(timeout=120)
    assert host.returncode == 0, log


def run(place: Path, words: list[str]) -> None:
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_every_command_runs(place: Path) -> None:
    served = [shlex.split(command) for command in COMMANDS if command.startswith("acquirer serve")]
    for words in served:
        with serving(place, words[1:]):
            pass
    scripts = {command for command in COMMANDS if command.startswith("./scripts/")}
    # The test command is what runs this; the others have tests of their own.
    assert scripts == {"./scripts/demo", "./scripts/test", "./scripts/bench", "./scripts/burst"}
    rest = [shlex.split(command) for command in COMMANDS if not command.startswith(("./scripts/", "acquirer serve"))]
    assert {words[0] for words in rest} == {"acquirer"}
    offline = [words for words in rest if words[1] == "terminals"]
    for words in offline:
        run(place, [ACQUIRER, *words[1:]])
    with serving(place, ["serve"]) as address:
        for words in rest:
            if words[1] == "terminal":
                local = words[2] in ("receipt", "slips", "prints", "settlement-slip")
                run(place, [ACQUIRER, *words[1:], *(() if local else ("--host", address))])
            elif words[1] != "terminals":
                run(place, [ACQUIRER, *words[1:]])


@pytest.mark.slow
def test_the_demo_runs_to_its_end() -> None:
    done = subprocess.run(
        ["./scripts/demo"], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300
    )
    assert done.returncode == 0, done.stderr
    for expected in (
        r"0810 00 approved · keys PIK [0-9A-F]{8} MAK [0-9A-F]{8}",
        r"0210 00 approved",
        r"0820 electronic signature .* 0830 00 approved",
        r"金额\(AMOUNT\) +RMB 12\.34",
        r"0200 sale STAN \d{6} 66\.66 .* no answer",
        r"0400 reversal STAN \d{6} 66\.66 .* 0410 00 approved · the sale is undone",
        r"0820 sign-off .* 0830 00 approved",
        r"Everything lies in demo/",
    ):
        assert re.search(expected, done.stdout), f"{expected}\n{done.stdout}\n{done.stderr}"


def test_its_python_is_tests_that_pass(tmp_path: Path) -> None:
    (source,) = blocks("python")
    (tmp_path / "test_shown.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "2 passed" in done.stdout.splitlines()[-1], done.stdout


def test_its_links_exist() -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_demo_names_an_unknown_option() -> None:
    done = subprocess.run(["./scripts/demo", "--keeep"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--keep" in done.stderr
