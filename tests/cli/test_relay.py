"""``acquirer relay`` as people start it, between our terminal and our host, each a process; docs/relay.md."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.cli.errors import Code
from tests.cli.served import Served

PAGE = (Path(__file__).parents[2] / "docs" / "relay.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line.removeprefix("$ acquirer "))
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.S | re.M)
    for line in block.splitlines()
]
STORE = "sqlite:///relay.db"


@contextmanager
def relaying(directory: Path, words: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a relay; yield it and its address."""
    command = [sys.executable, "-m", "acquirer", *words, "--json"]
    with subprocess.Popen(command, cwd=directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["listen"]
        finally:
            process.kill()


def relay_to(host: str) -> list[str]:
    return ["relay", "--listen", "127.0.0.1:0", "--to", host, "--store", STORE, "--log", "json"]


def where(served: Served) -> str:
    address: str = json.loads(served.ready)["listen"]
    return address


def test_the_commands_of_the_page_run(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real host and the one that requests are sent to again are two of ours."""
    monkeypatch.chdir(tmp_path)
    hosts = {name: where(serve("--store", "memory:", "--log", "off")) for name in ("192.0.2.10", "192.0.2.20")}
    relays = [words for words in COMMANDS if words[0] == "relay"]
    others = [words for words in COMMANDS if words[0] != "relay"]
    for words in relays:
        words[words.index("--to") + 1], words[words.index("--listen") + 1] = hosts["192.0.2.10"], "127.0.0.1:0"
        with relaying(tmp_path, words) as (process, address):
            if words is not relays[0]:
                continue
            for other in (words for words in others if words[0] in ("terminal", "journal")):
                if "--host" in other:
                    other[other.index("--host") + 1] = address
                assert cli.run(other) == Code.OK, other
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
    for other in (words for words in others if words[0] not in ("terminal", "journal")):
        for option in ("--to", "--host"):
            if option in other:
                at = other.index(option) + 1
                other[at] = hosts[other[at].partition(":")[0]]
        assert cli.run(other) == Code.OK, other
    assert {words[0] for words in COMMANDS} == {"relay", "terminal", "journal", "replay", "record", "check"}


def test_a_day_through_a_relay_is_the_day_without_it(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    host = where(serve("--store", "memory:", "--log", "off"))
    with relaying(tmp_path, relay_to(host)) as (process, address):
        with Terminal("10000161", host=address, state=None) as terminal:
            terminal.sign_on()
            assert terminal.sale("12.34").code == "00"
            assert terminal.void().code == "00"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=120)
        assert process.returncode == Code.OK
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["service"] for line in lines if line["event"] == "exchange"] == ["sign_on", "sale", "void"]
    assert lines[-1]["event"] == "stopped"
    assert cli.run(["journal", "list", "--store", STORE, "--json"]) == Code.OK
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(entry["service"], entry["code"]) for entry in entries] == [
        ("sign_on", "00"),
        ("sale", "00"),
        ("void", "00"),
    ]
    assert "6212345678901232" not in (tmp_path / "relay.db").read_bytes().decode("latin-1")
    assert cli.run(["journal", "verify", "service=sale & code=00", "--store", STORE]) == Code.OK


def test_a_comparison_ends_with_a_report_and_1_where_something_differs(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    host = where(serve("--store", "memory:", "--log", "off", "--trigger-amounts"))
    with relaying(tmp_path, [*relay_to(host), "--compare"]) as (process, address):
        with Terminal("10000161", host=address, state=None) as terminal:
            terminal.sign_on()
            assert terminal.sale("12.34").code != "00"
            assert terminal.sale("12.51").code == "51"
            assert terminal.sale("12.00").code == "00"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=120)
        assert process.returncode == Code.EXPECTATION_FAILED
    report = json.loads(out)
    assert (report["event"], report["compared"], report["differ"]) == ("compared", 4, 2)
    assert ("sale", "39", 2) in [(one["service"], one["field"], one["times"]) for one in report["differences"]]
    exchanges = [line for line in map(json.loads, err.splitlines()) if line["event"] == "exchange"]
    assert [line["compared"] for line in exchanges] == ["same", "differs", "differs", "same"]
    assert cli.run(["journal", "verify", "compared=differs", "--count", "2", "--store", STORE]) == Code.OK
    capsys.readouterr()
    with relaying(tmp_path, [*relay_to(host), "--compare"]) as (process, address):
        with Terminal("10000161", host=address, state=None) as terminal:
            terminal.sign_on()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
        assert process.returncode == Code.OK
        assert json.loads(out)["holds"] is True


def test_a_killed_relay_has_kept_what_was_answered_and_both_sides_notice(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        with relaying(tmp_path, relay_to(host)) as (process, address):
            name, _, port = address.rpartition(":")
            with socket.create_connection((name, int(port)), timeout=120) as terminal:
                at_host, _ = listening.accept()
                at_host.settimeout(120)
                terminal.sendall(b"\x00")
                assert at_host.recv(10) == b"\x00"
                process.kill()
                with at_host:
                    assert ended(at_host)
                assert ended(terminal)
    host = where(serve("--store", "memory:", "--log", "off"))
    words = [*relay_to(host), "--compare", "--trace", "relay.trace"]
    with relaying(tmp_path, words) as (process, address):
        with Terminal("10000161", host=address, state=None) as signing:
            signing.sign_on()
        waited = ["journal", "wait", "service=sign_on & compared=same", "--timeout", "2min", "--store", STORE]
        assert cli.run(waited) == Code.OK
        process.kill()
    assert cli.run(["replay", "relay.trace", "--to", host]) == Code.OK
    capsys.readouterr()
    assert cli.run(["journal", "list", "--store", STORE]) == Code.OK
    assert "sign_on" in capsys.readouterr().out


def test_a_killed_host_ends_the_terminals_connection(tmp_path: Path) -> None:
    """The host is a process that ends without a word, with the connection open."""
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); "
    code += "c, _ = s.accept(); print(c.recv(10), flush=True); c.recv(10)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        port = host.stdout.readline().strip()
        with relaying(tmp_path, relay_to(f"127.0.0.1:{port}")) as (_, address):
            name, _, own = address.rpartition(":")
            with socket.create_connection((name, int(own)), timeout=120) as terminal:
                terminal.sendall(b"hello")
                assert host.stdout.readline() == "b'hello'\n"
                host.kill()
                assert ended(terminal)


def ended(sock: socket.socket) -> bool:
    """Return whether a connection ends, without anything more."""
    try:
        return sock.recv(10) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "--to is missing: name the host that everything is passed on to, as HOST:PORT."),
        (["--to", "somewhere"], "--to: 'somewhere' is no address; write HOST:PORT, like 127.0.0.1:8583."),
        (["--to", "127.0.0.1:1", "--listen", "x"], "--listen: 'x' is not an address"),
        (["--to", "127.0.0.1:1", "--dialect", "nonesuch"], "nonesuch"),
        (["--to", "127.0.0.1:1", "--cards", "x.toml"], "--cards is for --compare: add that, or leave it out."),
        (["--to", "127.0.0.1:1", "--compare", "--ignore", "rnr"], "'rnr' is no field of unionpay-pos; did you mean"),
        (["--to", "127.0.0.1:1", "--compare", "--terminals", "none.toml"], "none.toml"),
        (["--to", "127.0.0.1:1", "--trace", "."], "--trace"),
    ],
)
def test_bad_options_are_refused_with_a_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["relay", *words]) == Code.USAGE
    assert sentence in capsys.readouterr().err
