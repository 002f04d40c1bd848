"""Servers under test, each in a process of its own: a host, and a bare echo to compare it with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import Final, TextIO

import acquirer
from acquirer.data.json_text import parse_json
from acquirer.dialect.dialect import Dialect
from acquirer.load.cpu import used_by_process, used_s
from acquirer.load.frames import FIRST_TID
from acquirer.load.generator import CONNECT_S, FrameSource, KeptConnections
from acquirer.wire import codec

DIALECT: Final = "unionpay-pos"
MASTER_KEY: Final = "258FB0AB70D025CDB99DF2C4D302D646"  # published; of every terminal of a host under test
REGISTERED: Final = 1_000
"""Terminals of a host under test, more than are ever in flight: exchanges of one terminal wait for one another."""

STOP_S: Final = 20.0  # for a server to end; a host waits up to four seconds for its connections, and its writer as long

SETTLE_S: Final = 0.1  # twice as long as lines of log are gathered
QUIET_SHARE: Final = 0.05  # of a core: a host without connections takes a hundredth for its timers

ROOT: Final = Path(acquirer.__file__).parent.parent  # the code that runs now


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A server that is ready."""

    process: subprocess.Popen[str]
    address: tuple[str, int]

    def cpu_s(self) -> float:
        """Return the processor time used so far by it and the processes it has started."""
        return used_s(self.process.pid)

    def settled_cpu_s(self, most_s: float = inf) -> float:
        """Return the same once it does nothing any more: journal and log lag behind its answers."""
        return sum(settled_by_process(self.process.pid, most_s).values())


def settled_by_process(pid: int, most_s: float = inf) -> dict[str, float]:
    """Return the processor time used so far by each process of a server, once it is at rest, or time is up."""
    before = used_by_process(pid)
    end_s = monotonic() + most_s
    while True:
        sleep(SETTLE_S)
        after = used_by_process(pid)
        if sum(after.values()) - sum(before.values()) < SETTLE_S * QUIET_SHARE or monotonic() > end_s:
            return after
        before = after


def terminals_file(directory: Path, mid: str, count: int = REGISTERED) -> Path:
    """Write a file that registers terminals from `FIRST_TID` on; return its path."""
    path = directory / "terminals.toml"
    last = FIRST_TID + count - 1
    path.write_text(f'[[terminal]]\ntid = "{FIRST_TID}..{last}"\nmid = "{mid}"\ntmk = "{MASTER_KEY}"\n')
    return path


RULED: Final = ("balance", "echo", "refund", "reversal", "sign_off", "signature", "void")
"""Services that no bench asks for: rules about them are in force, and none ever fires."""


def rules_file(directory: Path, count: int) -> Path:
    """Write a pack of `count` rules: for the terminals of a host under test, each for another service; return its path.

    Every tenth is for the services that are asked for, of terminals that are not there.
    """
    path = directory / "rules.toml"
    rules = []
    for number in range(count):
        tid, service = FIRST_TID + number // len(RULED) % REGISTERED, RULED[number % len(RULED)]
        if number % 10 == 0:
            tid, service = FIRST_TID + REGISTERED + number, ("sign_on", "sale")[number // 10 % 2]
        when = f'{{ tid = "{tid}", service = "{service}" }}'
        rules.append(f'[[rule]]\nname = "{number}"\nwhen = {when}\nthen = {{ code = "96" }}\n')
    path.write_text("\n".join(rules))
    return path


@contextmanager
def host(
    directory: Path, mid: str, *, code: Path = ROOT, store: str = "sqlite", log: str = "json", rules: int = 0
) -> Iterator[ServerProcess]:
    """Run ``acquirer serve`` with enough terminals; its store (``bench.db``) and its log lie in `directory`.

    Args:
        code: the directory that holds the package ``acquirer``.
        store: ``sqlite`` or ``memory``.
        log: the host's ``--log``.
        rules: how many are in force, see `rules_file`.
    """
    url = "memory:" if store == "memory" else f"sqlite:///{directory / 'bench.db'}"
    command = ["-m", "acquirer", "serve", "--listen", "127.0.0.1:0", "--store", url, "--json"]
    command += ["--terminals", str(terminals_file(directory, mid)), "--log", log]
    if rules:
        command += ["--pack", str(rules_file(directory, rules))]
    with (directory / "log").open("w") as stream:
        yield from started(command, code, directory, stream)


@contextmanager
def echo_server(directory: Path) -> Iterator[ServerProcess]:
    """Run `acquirer.load.echo`."""
    with (directory / "echo").open("w") as stream:
        yield from started(["-m", "acquirer.load.echo"], ROOT, directory, stream)


def how_built() -> str:
    """Return whether mypyc compiled the code that runs now."""
    if str(codec.__file__).endswith(".py"):
        return "host as source; COMPILED=1 scripts/bench compiles it"
    return "host compiled by mypyc"


def environment(code: Path) -> dict[str, str]:
    """Return this process's environment, in which Python finds the package under `code` first."""
    path = os.pathsep.join(filter(None, [str(code), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def started(
    arguments: Sequence[str], code: Path, directory: Path, stderr: TextIO, env: Mapping[str, str] | None = None
) -> Iterator[ServerProcess]:
    """Yield a server once its ready line has come; end it afterwards.

    Args:
        directory: where it runs.
        stderr: a file; its end is quoted when the server does not start.
        env: instead of `environment`.

    Raises:
        SystemExit: the server ended instead.
    """
    process = subprocess.Popen(  # noqa: S603  our own
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        cwd=directory,
        env=environment(code) if env is None else env,
    )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        if not ready:
            words, ended_with, output = " ".join(arguments[:3]), process.wait(), Path(stderr.name).read_text()[-800:]
            raise SystemExit(f"{words} did not start: it ended with {ended_with}: {output}")
        name, _, port = parse_json(ready)["listen"].rpartition(":")
        yield ServerProcess(process, (name, int(port)))
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def approved_answer(address: tuple[str, int], dialect: Dialect, source: FrameSource) -> bytes:
    """Return a host's answer to one request, which must be an approval, or there is nothing to measure."""
    kept = KeptConnections(address, [source])
    try:
        kept.run(1, CONNECT_S, 0)
    finally:
        kept.close()
    answer = kept.replies.get(0, b"")
    if not answer:
        raise SystemExit("the host answers nothing: there is nothing to measure")
    code = dialect.text(dialect.decode(answer[dialect.framing.length_bytes :]), "code")
    if code != "00":
        raise SystemExit(f"the host answers with {code}: there is nothing to measure")
    return answer
