"""Many terminals sign on at a host that has keys made ahead: each gets good keys of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from acquirer.dialect.suite import Suite
from acquirer.process.key_generator import BATCH_SETS, POOL_SETS, STARTS_AT
from acquirer.security.packages import PackageIssuer
from acquirer.security.secret import Secret
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import Registration, demo_terminals
from acquirer.wire.deframer import make_deframer

DIALECT = load_dialect("unionpay-pos")
SUITE = Suite(DIALECT)
SIGN_ON = DIALECT.decode(next(bytes.fromhex(s.hex)[2:] for s in DIALECT.samples if "sign-on request" in s.title))
TERMINALS = [one for one in demo_terminals() if one.tmk is not None and one.fixed_keys is None]
START = [sys.executable, "-m", "acquirer", "serve", "--listen", "127.0.0.1:0", "--log", "off", "--json"]
MAKER = "acquirer.process.key_generator"
LINES = 20  # connections that are kept


def sign_on(terminal: Registration, package: str, stan: int) -> bytes:
    """A request as it travels."""
    fields = dict(SIGN_ON.fields)
    for element, value in {"tid": terminal.tid, "mid": terminal.mid, "stan": f"{stan:06}", "function": package}.items():
        DIALECT.put(fields, element, value)
    return DIALECT.framing.wrap(DIALECT.encode(SIGN_ON.mti, fields))


class Line:
    """A connection that is kept."""

    def __init__(self, host: tuple[str, int]) -> None:
        self.socket = socket.create_connection(host, timeout=120)
        self._deframer = make_deframer(DIALECT.framing)

    def receive(self) -> bytes:
        while True:
            for frame in self._deframer:
                return frame
            data = self.socket.recv(65536)
            assert data, "the host hung up"
            self._deframer.feed(data)


class Served:
    """A host in a process of its own, and lines to it."""

    def __init__(self, process: subprocess.Popen[str], stack: ExitStack) -> None:
        assert process.stdout
        self.process = process
        host, _, port = json.loads(process.stdout.readline())["listen"].rpartition(":")
        self.lines = [Line((host, int(port))) for _ in range(LINES)]
        for line in self.lines:
            stack.callback(line.socket.close)
        self.sent = 0

    def sign_on(self, terminals: Iterable[tuple[Registration, str]]) -> list[Secret]:
        """Sign all of them on, as many at a time as there are lines; gives every key that was handed out."""
        keys: list[Secret] = []
        waiting = list(terminals)
        while waiting:
            now, waiting = waiting[:LINES], waiting[LINES:]
            for line, (terminal, package) in zip(self.lines, now, strict=False):
                self.sent += 1
                line.socket.sendall(sign_on(terminal, package, self.sent))
            for line, (terminal, package) in zip(self.lines, now, strict=False):
                keys += self._accepted(DIALECT.decode(line.receive()), terminal, package)
        return keys

    def _accepted(self, reply: Any, terminal: Registration, package: str) -> list[Secret]:
        """The keys in a reply; every KCV is checked."""
        assert DIALECT.text(reply, "code") == "00"
        assert DIALECT.text(reply, "tid") == terminal.tid
        assert terminal.tmk is not None
        keys = DIALECT.get(reply, "keys")
        assert isinstance(keys, bytes)
        found = [key for _, key in SUITE.accept(package, terminal.tmk, keys).items()]
        assert len(found) == len(SUITE.packages[package].parts)
        return found

    def maker(self) -> int:
        """The process that makes keys ahead."""
        for entry in Path("/proc").iterdir():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                command = (entry / "cmdline").read_text()
            except OSError:  # none, or it has ended meanwhile
                continue
            if parent == str(self.process.pid) and MAKER in command:
                return int(entry.name)
        raise AssertionError("no process makes keys")

    def end(self) -> None:
        """End it in order, with nothing to say."""
        self.process.terminate()
        assert self.process.communicate(timeout=120) == ("", "")
        assert self.process.returncode == 0


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """``serve("--seed", "1")``: a host that is ready, in an empty directory."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ACQUIRER_")}
    with ExitStack() as stack:

        def start(*arguments: str) -> Served:
            process = subprocess.Popen(
                [*START, *arguments],
                cwd=tmp_path,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            stack.callback(lambda: [pipe.close() for pipe in (process.stdout, process.stderr) if pipe])
            stack.callback(process.wait)
            stack.callback(process.kill)
            return Served(process, stack)

        yield start


def written(process: int) -> int:
    """How many bytes a process has written."""
    counters = dict(line.split(": ") for line in Path(f"/proc/{process}/io").read_text().splitlines())
    return int(counters["wchar"])


def ended(process: int) -> bool:
    """Whether a process has ended, within some time."""
    try:
        file = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([file], [], [], 30)[0])
    finally:
        os.close(file)


@pytest.mark.slow
def test_each_gets_keys_that_fit_and_none_those_of_another(serve: Callable[..., Served]) -> None:
    host = serve()
    packages = ("003", "004", "005")
    crowd = [(terminal, package) for package in packages for terminal in TERMINALS[:100]]
    keys = host.sign_on(crowd[:1] * STARTS_AT)
    maker = host.maker()
    keys += host.sign_on(crowd[::100])  # with one of each, some more of each are made
    end_s = time.monotonic() + 120
    while written(maker) < BATCH_SETS * sum(
        PackageIssuer(SUITE.packages[one], "single").fresh_bytes for one in packages
    ):
        assert time.monotonic() < end_s, "no keys are made ahead"
        keys += host.sign_on(crowd[:1])
    keys += host.sign_on(crowd)
    halves = [key.reveal()[at : at + 8] for key in keys for at in range(0, len(key), 8)]
    assert len(keys) == 7 + 2 * (host.sent - 303) + 700
    assert len(set(halves)) == len(halves)
    host.end()
    assert ended(maker)


@pytest.mark.slow
def test_when_who_makes_keys_is_killed_sign_ons_go_on(serve: Callable[..., Served]) -> None:
    """With what is in stock, and with keys that the host makes itself."""
    host = serve()
    crowd = cycle((terminal, "003") for terminal in TERMINALS[:200])
    keys = host.sign_on(islice(crowd, STARTS_AT))
    maker = host.maker()
    os.kill(maker, signal.SIGKILL)
    assert ended(maker)
    after = POOL_SETS + LINES  # more than can ever be in stock
    keys += host.sign_on(islice(crowd, after))
    assert len(set(keys)) == len(keys) == 2 * (STARTS_AT + after)
    host.end()


@pytest.mark.slow
def test_the_key_generator_delays_no_sign_on_and_may_be_killed_amid_the_crowd(serve: Callable[..., Served]) -> None:
    host = serve()
    crowd = [(terminal, "003") for terminal in TERMINALS[:100]]
    keys = host.sign_on(crowd[:STARTS_AT])
    maker = host.maker()
    os.kill(maker, signal.SIGSTOP)
    try:
        keys += host.sign_on(crowd)
    finally:
        os.kill(maker, signal.SIGCONT)
    keys += host.sign_on(crowd)
    os.kill(maker, signal.SIGKILL)
    keys += host.sign_on(crowd)
    assert len(set(keys)) == len(keys) == 2 * (STARTS_AT + 300)
    host.end()


@pytest.mark.slow
def test_a_killed_host_leaves_no_key_generator(serve: Callable[..., Served]) -> None:
    host = serve()
    host.sign_on((terminal, "003") for terminal in TERMINALS[:40])
    maker = host.maker()
    host.process.kill()
    assert ended(maker)


@pytest.mark.slow
def test_keys_from_a_seed_are_generated_by_the_host(serve: Callable[..., Served]) -> None:
    host = serve("--seed", "7", "--store", "memory:")
    with pytest.raises(AssertionError, match="no process makes keys"):
        host.maker()
    keys = host.sign_on((terminal, "004") for terminal in TERMINALS[:20])
    assert len(set(keys)) == len(keys) == 60
    host.end()
