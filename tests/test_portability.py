"""What runs where: `serve` without anything that only Linux has; decode, doctor, dialect and terminal as on Windows.

What another system lacks is hidden from processes of their own, and from their children, by a ``sitecustomize`` module.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import acquirer
from acquirer.settings.specs import load_dialect

pytestmark = pytest.mark.slow  # each starts many processes

ROOT = Path(acquirer.__file__).parent
HANGS_S = 600  # no busy machine makes a command take so long

HIDE = '''
import builtins, importlib, io, os, sys

MODULES = {modules!r}
ATTRIBUTES = {attributes!r}
PATHS = {paths!r}


class Hidden:
    """Finds none of the modules that this system is to lack."""

    def find_spec(self, name, path=None, target=None):
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        return None


sys.meta_path.insert(0, Hidden())
for name in MODULES:
    sys.modules.pop(name, None)
for name, attributes in ATTRIBUTES.items():
    module = importlib.import_module(name)
    for attribute in attributes:
        if hasattr(module, attribute):
            delattr(module, attribute)


def without_hidden_paths(function):
    def call(path, *arguments, **options):
        if not isinstance(path, int) and os.fspath(path).startswith(PATHS):
            raise FileNotFoundError(2, "No such file or directory", path)
        return function(path, *arguments, **options)

    return call


if PATHS:
    for module, name in (
        (os, "stat"), (os, "open"), (os, "listdir"), (os, "scandir"), (io, "open"), (builtins, "open")
    ):
        setattr(module, name, without_hidden_paths(getattr(module, name)))
'''

LINUX_ONLY = {
    "select": ["epoll"],
    "os": ["sched_getaffinity", "sched_setaffinity", "sched_yield", "pidfd_open", "memfd_create", "eventfd", "splice"],
    "socket": ["TCP_KEEPIDLE", "TCP_USER_TIMEOUT", "TCP_QUICKACK", "SOCK_CLOEXEC", "SOCK_NONBLOCK"],
    "fcntl": ["F_SETPIPE_SZ", "F_GETPIPE_SZ"],
    "resource": ["RLIMIT_RTTIME", "prlimit"],
}
"""Names that macOS does not have."""

UNIX_ONLY = {
    "select": ["epoll", "poll", "PIPE_BUF"],
    "os": [
        *LINUX_ONLY["os"],
        *("fork", "nice", "wait4", "pwrite", "pread", "getuid", "geteuid", "fchmod", "O_CLOEXEC", "O_DIRECTORY"),
    ],
    "signal": ["SIGHUP", "SIGALRM", "SIGKILL", "SIGUSR1", "SIGUSR2", "alarm", "pause"],
    "socket": [*LINUX_ONLY["socket"], "TCP_KEEPINTVL", "TCP_KEEPCNT"],
}
"""Names that Windows does not have, but for those that the standard library and Twisted need on this system."""

System = Mapping[str, Any]
"""What is hidden: modules, attributes of modules, paths."""

MACOS: System = {"modules": (), "attributes": LINUX_ONLY, "paths": ("/proc",)}
WINDOWS: System = {
    "modules": ("fcntl", "resource", "termios", "tty", "grp"),
    "attributes": UNIX_ONLY,
    "paths": ("/proc",),
}


def environment(place: Path, system: System) -> dict[str, str]:
    """Return the environment of a process that is to find what a system has, and to run this package."""
    hidden = place / "hidden"
    hidden.mkdir(exist_ok=True)
    (hidden / "sitecustomize.py").write_text(HIDE.format(**system))
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ACQUIRER_")}
    return {**plain, "PYTHONPATH": os.pathsep.join([str(hidden), str(ROOT.parent)])}


def run(place: Path, system: System | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python to its end, as on a system, or as here."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        env=environment(place, system or {"modules": (), "attributes": {}, "paths": ()}),
        capture_output=True,
        text=True,
        timeout=HANGS_S,
    )


def succeed(place: Path, system: System | None, *words: str) -> str:
    """Run an ``acquirer`` command and return what it prints."""
    done = run(place, system, "-m", "acquirer", *words)
    assert (done.returncode, done.stderr) == (0, ""), words
    return done.stdout


@contextmanager
def served(place: Path, system: System | None, *words: str) -> Iterator[str]:
    """A host for the time of a block, as on a system, or as here: its address. It ends in order and logs no problem."""
    log = place / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "acquirer", "serve", "--listen", "127.0.0.1:0", "--json", "--log", "json", *words],
            cwd=place,
            env=environment(place, system or {"modules": (), "attributes": {}, "paths": ()}),
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        assert ready, log.read_text()
        yield json.loads(ready)["listen"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANGS_S) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert set(events) <= {"exchange", "stopped"}


FIND = """
import importlib, os, sys
modules, attributes, paths = eval(sys.argv[1])
for name in modules:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    print(name)
for name, names in attributes.items():
    print(*[one for one in names if name not in modules and hasattr(importlib.import_module(name), one)], end="")
print(*[path for path in paths if os.path.exists(path)], end="")
"""


@pytest.mark.parametrize("system", [MACOS, WINDOWS], ids=["macOS", "Windows"])
def test_what_is_hidden_cannot_be_found(tmp_path: Path, system: System) -> None:
    """Or the other tests would show nothing; what is hidden from none is found."""
    hidden = repr(tuple(system.values()))
    done = run(tmp_path, system, "-c", FIND, hidden)
    assert (done.stdout, done.stderr) == ("", "")
    assert "/proc" in run(tmp_path, None, "-c", FIND, hidden).stdout


@pytest.mark.parametrize("system", [MACOS, WINDOWS], ids=["macOS", "Windows"])
def test_every_module_can_be_imported(tmp_path: Path, system: System) -> None:
    modules = [
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(ROOT.rglob("*.py"))
        if "migrations" not in path.parts and path.name not in ("__main__.py", "locust.py")  # gevent is built for one
    ]
    done = run(
        tmp_path,
        system,
        "-c",
        "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)",
        *modules,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_messages_and_dialects_are_read_as_on_windows(tmp_path: Path) -> None:
    samples = [sample.hex for sample in load_dialect("unionpay-pos").samples]
    (tmp_path / "capture.hex").write_text("\n".join(samples) + "\n")
    for words in (
        ("decode", samples[0]),
        ("doctor", "capture.hex"),
        ("dialect", "list"),
        ("dialect", "lint"),
        ("dialect", "show", "unionpay-pos"),
        ("--version",),
    ):
        assert succeed(tmp_path, WINDOWS, *words) == succeed(tmp_path, None, *words)


def test_a_terminal_sells_as_on_windows(tmp_path: Path) -> None:
    with served(tmp_path, None, "--store", "memory:") as address:
        for operation in ("echo", "sign-on", "sale", "reverse", "sign-off"):
            words = ["--amount", "1.00"] if operation == "sale" else []
            printed = succeed(tmp_path, WINDOWS, "terminal", operation, "--host", address, "--json", *words)
            assert json.loads(printed)["code"] == "00", operation


@pytest.mark.parametrize("store", ["memory:", "sqlite:///host.db"])
def test_a_host_serves_without_what_only_linux_has(tmp_path: Path, store: str) -> None:
    """Sign-on, a signed sale, its signature, a reversal; child processes and their pipes included."""
    with served(tmp_path, MACOS, "--store", store) as address:
        terminal = ("terminal", "--host", address, "--json")
        for operation, *words in (
            ("sign-on",),
            ("sale", "--amount", "1.00", "--sign", "Ann", "--sign-upload", "at-once"),
            ("reverse",),
        ):
            printed = succeed(tmp_path, None, terminal[0], operation, *terminal[1:], *words)
            assert json.loads(printed)["code"] == "00", operation
    if store != "memory:":
        assert len(succeed(tmp_path, MACOS, "journal", "list", "--store", store, "--json").splitlines()) >= 4


def test_a_journey_runs_without_what_only_linux_has(tmp_path: Path) -> None:
    """With a host that ends and begins again, and its store on disk."""
    printed = succeed(tmp_path, MACOS, "check", "a-host-that-comes-and-goes", "--junit", "out.xml")
    assert "expectations hold" in printed
    assert (tmp_path / "out.xml").exists()
