"""``serve --exit-with-parent``: a host that ends with the process that started it, whenever and however that ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acquirer.process import parent
from tests.cli.served import START, approved

HANGS_S = 120.0

PARENT = '''
import os, subprocess, sys, threading

WAIT = """
import os, sys, time
while os.getppid() == int(sys.argv[1]):
    time.sleep(0.001)
os.execv(sys.argv[2], sys.argv[2:])
"""

def start():
    command = sys.argv[2:]
    if sys.argv[1] == "at-once":  # the host begins when this process has ended
        command = [sys.executable, "-c", WAIT, str(os.getpid()), *command]
    host = subprocess.Popen(command, stdout=open("ready", "w"), stderr=open("log", "w"))
    open("pid", "w").write(str(host.pid))

if sys.argv[1] == "thread":  # which ends; the process does not
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
else:
    start()
if sys.argv[1] != "at-once":
    sys.stdin.read()
'''


def started(place: Path, how: str, *more: str) -> subprocess.Popen[bytes]:
    """Start a process that starts a host, in a session that the process which takes in orphans is not in."""
    command = [*START, "--store", "memory:", "--json", "--exit-with-parent", *more]
    script = [sys.executable, "-c", PARENT, how, *command]
    return subprocess.Popen(script, cwd=place, stdin=subprocess.PIPE, start_new_session=True)


def until(condition: Callable[[], Any]) -> Any:
    end_s = time.monotonic() + HANGS_S
    while not (found := condition()):
        assert time.monotonic() < end_s, "it hangs"
        time.sleep(0.01)
    return found


def text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def answers(ready: dict[str, Any]) -> bool:
    """Return whether a host takes connections and approves what it should, again and again."""
    address, _, port = ready["listen"].rpartition(":")
    return all(approves(address, int(port)) for _ in range(20))


def approves(address: str, port: int) -> bool:
    with socket.create_connection((address, port), HANGS_S) as sock:
        return approved(sock)


def is_running(process: int) -> bool:
    """Return whether a process runs; one that has ended and is not waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_host_ends_in_order_when_its_parent_is_killed(tmp_path: Path, number: int) -> None:
    with started(tmp_path, "main") as process:
        until(lambda: text(tmp_path / "ready"))
        host = int(text(tmp_path / "pid"))
        assert is_running(host)
        process.send_signal(number)
        process.wait(HANGS_S)
        until(lambda: not is_running(host))
    events = [json.loads(line)["event"] for line in text(tmp_path / "log").splitlines()]
    assert events[-2:] == ["parent-ended", "stopped"]


@pytest.mark.slow
def test_the_end_of_the_thread_that_started_it_is_none(tmp_path: Path) -> None:
    with started(tmp_path, "thread") as process:
        ready = json.loads(until(lambda: text(tmp_path / "ready")))
        assert ready["event"] == "ready"
        host = int(text(tmp_path / "pid"))
        assert answers(ready), "the thread has ended before the host was ready"
        process.kill()
        process.wait(HANGS_S)
        until(lambda: not is_running(host))


@pytest.mark.slow
def test_a_parent_that_has_ended_before_the_host_could_ask_for_it(tmp_path: Path) -> None:
    with started(tmp_path, "at-once") as process:
        process.wait(HANGS_S)
        host = int(text(tmp_path / "pid"))
        until(lambda: not is_running(host))
    assert (text(tmp_path / "ready"), text(tmp_path / "log")) == ("", ""), "it does not even begin"


@pytest.mark.slow
def test_without_it_a_host_outlives_its_parent(tmp_path: Path) -> None:
    with started(tmp_path, "main", "--no-exit-with-parent") as process:
        ready = json.loads(until(lambda: text(tmp_path / "ready")))
        host = int(text(tmp_path / "pid"))
        process.kill()
        process.wait(HANGS_S)
        assert answers(ready)
        os.kill(host, signal.SIGTERM)
        until(lambda: not is_running(host))


@pytest.mark.parametrize("descriptors", [True, False], ids=["pidfd", "polling"])
def test_an_end_is_noticed_with_and_without_descriptors_of_processes(
    monkeypatch: pytest.MonkeyPatch, descriptors: bool
) -> None:
    """A child of this test follows its parent, a process that ends when its stdin is closed."""
    if descriptors and not hasattr(os, "pidfd_open"):
        pytest.skip("this system has no descriptors of processes")
    child = (
        "import asyncio, os, sys\n"
        "from acquirer.process import parent\n"
        "if sys.argv[1] != 'True': parent._descriptor_of = lambda _process: None\n"
        "async def main():\n"
        "    ended = asyncio.Event()\n"
        "    with parent.following_parent(os.getppid(), ended.set):\n"
        "        print('follows', ended.is_set(), flush=True)\n"
        f"        await asyncio.wait_for(ended.wait(), {HANGS_S})\n"
        "    print('ended', flush=True)\n"
        "asyncio.run(main())\n"
    )
    middle = "import subprocess, sys\nsubprocess.Popen([sys.executable, *sys.argv[1:]])\nsys.stdin.read()\n"
    process = subprocess.Popen(
        [sys.executable, "-c", middle, "-c", child, str(descriptors)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdin
    assert process.stdout.readline() == "follows False\n"
    process.stdin.close()
    assert process.wait(HANGS_S) == 0
    assert process.stdout.readline() == "ended\n"
    process.stdout.close()


def test_who_is_an_orphan(monkeypatch: pytest.MonkeyPatch) -> None:
    """As seen by process 50, which asked for its parent once it ran."""
    sessions = {1: 1, 40: 7, 41: 8}

    def child(of: int, session: int, now: int | None = None) -> bool:
        monkeypatch.setattr(os, "getpid", lambda: 50)
        monkeypatch.setattr(os, "getppid", lambda: of if now is None else now)
        monkeypatch.setattr(os, "getsid", lambda process: session if process == 0 else sessions[process])
        return parent.has_ended(of)

    assert not child(of=40, session=7), "a child of a shell"
    assert not child(of=40, session=50), "it was given a session of its own"
    assert not child(of=1, session=1), "pytest is process 1 of a container"
    assert not child(of=0, session=50), "docker exec"
    assert child(of=1, session=7), "its parent ended before this could be asked"
    assert child(of=41, session=7), "likewise, and another process takes orphans in"
    assert child(of=40, session=7, now=1), "it ended since"


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are listed in /proc")
def test_nothing_is_left_behind_once_it_is_followed_no_more() -> None:
    def open_descriptors() -> set[str]:
        return {one.name for one in Path("/proc/self/fd").iterdir()}

    async def main() -> set[str]:
        before = open_descriptors()
        with parent.following_parent(os.getppid(), lambda: pytest.fail("it has not ended")):
            await asyncio.sleep(0)
            assert len(open_descriptors()) > len(before)
        return open_descriptors() - before

    assert asyncio.run(main()) == set()
