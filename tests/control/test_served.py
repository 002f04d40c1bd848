"""``acquirer serve --http`` as a process: its ready line, its sentences, its end, and what hostile clients do to it."""

from __future__ import annotations

import asyncio
import builtins
import json
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import acquirer.control
from acquirer import cli
from acquirer.app.terminal import Terminal
from tests.cli.served import START, Served
from tests.control.controlled import Client


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """``served("--http", "127.0.0.1:0")``: a host in a process of its own."""
    with ExitStack() as stack:

        def start(*arguments: str, json_: bool = True) -> Served:
            process = subprocess.Popen(
                [*START, "--store", "memory:", *arguments, *(["--json"] if json_ else [])],
                cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            stack.callback(lambda: [pipe.close() for pipe in (process.stdout, process.stderr) if pipe])
            stack.callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout
            return Served(process, process.stdout.readline())

        yield start


@pytest.mark.slow
def test_the_ready_line_has_the_address_and_everything_ends_with_sigterm(
    served: Callable[..., Served], tmp_path: Path
) -> None:
    host = served("--http", "127.0.0.1:0")
    ready = json.loads(host.ready)
    client = Client(ready["http"])
    with Terminal("10000161", host=ready["listen"], state=tmp_path) as terminal:
        terminal.sign_on()
    assert client.post("/journal/verify", {"when": {"service": "sign_on"}, "count": 1}).status == 204
    waiting = socket.create_connection((client.host, client.port), timeout=60)
    idle = socket.create_connection((client.host, client.port), timeout=60)
    body = b'{"when":{"service":"void"},"timeout":60}'
    head = b"POST /journal/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    waiting.sendall(head + b"Content-Length: 40\r\n\r\n" + body)
    assert client.get("/livez").status == 200
    code, lines = host.end()
    assert (code, lines[-1]["event"]) == (0, "stopped")
    with waiting, idle:
        assert waiting.recv(64).split()[1] == b"503"
        assert idle.recv(1) == b""


@pytest.mark.slow
def test_a_wait_is_woken_by_what_another_process_writes(served: Callable[..., Served], tmp_path: Path) -> None:
    ready = json.loads(served("--http", "127.0.0.1:0").ready)
    body = b'{"when":{"service":"sign_on"},"timeout":60}'
    with socket.create_connection((ready["http"].split("/")[2].split(":")[0], Client(ready["http"]).port)) as sock:
        head = "POST /journal/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        with Terminal("10000161", host=ready["listen"], state=tmp_path) as terminal:
            terminal.sign_on()
        sock.settimeout(50)
        assert sock.recv(64).split()[1] == b"200", "before its time was over"


@pytest.mark.slow
def test_where_others_can_reach_it_the_ready_line_has_the_token(served: Callable[..., Served]) -> None:
    host = served("--http", "0.0.0.0:0", json_=False)
    assert "; HTTP at http://0.0.0.0:" in host.ready
    assert " with the token " in host.ready
    host.process.send_signal(signal.SIGINT)
    out, err = host.process.communicate(timeout=120)
    assert host.ready.rpartition(" ")[2].strip() not in out + err, "it is printed once"


@pytest.mark.slow
def test_the_host_that_serves_a_store_gives_links_to_its_slips(
    served: Callable[..., Served], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = f"sqlite:///{tmp_path}/books.db"
    host = served("--http", "127.0.0.1:0", "--store", store)
    ready = json.loads(host.ready)
    with Terminal("10000161", host=ready["listen"], state=tmp_path / "pos") as terminal:
        terminal.sign_on()
        terminal.sale("12.34", "standard")
    command = ["receipt", "--store", store, "--tid", "10000161", "--stan", "2", "--link"]
    assert cli.run(command) == 0
    link = capsys.readouterr().out.strip()
    assert link.startswith(f"{ready['http']}/receipts/")
    assert "12.34" in Client(ready["http"]).get(link.removeprefix(ready["http"])).text
    host.end()
    assert cli.run(command) == 2
    assert "start it with --http, or use --out" in capsys.readouterr().err


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = cli.run(["serve", "--listen", "127.0.0.1:0", "--store", "memory:", "--log", "off", *arguments])
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("nowhere", "--http: 'nowhere' is not an address; write [HOST:]PORT, as in 127.0.0.1:18583"),
        ("1=unionpay-pos", "--http: '1=unionpay-pos' names a dialect, and HTTP has none; write [HOST:]PORT"),
        ("127.0.0.1:70000", "--http: port 70000 of '127.0.0.1:70000' is out of range"),
    ],
)
def test_an_address_that_cannot_be_used(capsys: pytest.CaptureFixture[str], address: str, sentence: str) -> None:
    code, text = refused(capsys, "--http", address)
    assert (code, text.startswith(sentence), len(text.splitlines())) == (2, True, 1), text


def test_a_taken_address_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refused(capsys, "--http", where) == (3, f"cannot serve HTTP on {where}: address already in use.\n")


def test_without_the_extra_there_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.partition(".")[0] in ("uvicorn", "fastapi"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name.partition(".")[0])
        return imported(name, *arguments, **more)

    monkeypatch.setattr(acquirer, "control", acquirer.control)  # importing it anew sets it, and that must not stay
    for name in [name for name in sys.modules if name.startswith("acquirer.control")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    code, text = refused(capsys, "--http", "127.0.0.1:0")
    assert code == 2
    assert text.startswith("--http needs ")
    assert text.endswith("which is not installed: pip install 'acquirer[http]'.\n")


def test_without_http_nothing_of_it_is_imported() -> None:
    code = (
        "import sys, acquirer.cli.serve, acquirer.app.serve, acquirer.testing\n"
        "print(*{'fastapi', 'uvicorn', 'starlette', 'acquirer.control'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "")


@pytest.mark.slow
def test_a_thousand_waits_at_once_are_refused_and_terminals_go_on(
    served: Callable[..., Served], tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_096, hard), hard))
    host = served("--http", "127.0.0.1:0")
    ready = json.loads(host.ready)
    client = Client(ready["http"])
    body = b'{"when":{"service":"void"},"timeout":60}'
    head = "POST /journal/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def begin() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(request)
        await writer.drain()
        return reader, writer

    async def status(reader: asyncio.StreamReader) -> bytes:
        line = await reader.readline()
        return line.split()[1] if line else b""

    async def attack() -> list[bytes]:
        pairs = [await begin() for _ in range(1_000)]
        answers = [asyncio.ensure_future(status(reader)) for reader, _ in pairs]
        await asyncio.to_thread(day)
        host.process.send_signal(signal.SIGTERM)
        found = await asyncio.gather(*answers)
        for _, writer in pairs:
            writer.close()
        return found

    def day() -> None:
        with Terminal("10000161", host=ready["listen"], state=tmp_path) as terminal:
            assert terminal.sign_on().code == "00"
            assert [terminal.sale("1.00", "standard", pin="123456").code for _ in range(20)] == ["00"] * 20

    try:
        statuses = asyncio.run(attack())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert statuses.count(b"503") == 64, "those that waited until the end"
    assert statuses.count(b"429") == 1_000 - 64
    assert host.process.wait(timeout=120) == 0
