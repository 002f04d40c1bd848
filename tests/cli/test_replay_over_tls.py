"""``acquirer replay`` to a host that speaks TLS: which certificates it shows, and what it says where that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.settings.certificate_maker import WantedCertificates, make_certificates
from acquirer.testing import running_host
from acquirer.testing.host import RunningHost

TIDS = ("10000161", "10000162")
BOUND = """
[[terminal]]
tid = "10000161..10000162"
mid = "880210010210162"
tmk = "258FB0AB70D025CDB99DF2C4D302D646"
certificate = "CN={tid}"
"""
CA = ["--tls-ca", "tls/authority.pem"]
EACH = ["--tls-certificate", "tls/terminals/{tid}.pem", "--tls-key", "tls/terminals/{tid}.key"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates, terminals that are bound to theirs, and a trace of two of them: sign-ons, sales in turn."""
    folder = tmp_path_factory.mktemp("replay")
    make_certificates(folder / "tls", WantedCertificates(tids=TIDS))
    (folder / "terminals.toml").write_text(BOUND)
    (folder / "plain.toml").write_text(BOUND.replace('certificate = "CN={tid}"', ""))
    with running_host(trace=folder / "host.trace", terminals=folder / "plain.toml") as host:
        terminals = [Terminal(tid, host=host.address, terminals=str(folder / "plain.toml"), state=None) for tid in TIDS]
        for terminal in terminals:
            terminal.sign_on()
        for terminal in (*terminals, *terminals):
            terminal.sale("1.00", pin="123456")
        for terminal in terminals:
            terminal.close()
    return folder


@pytest.fixture
def host(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningHost]:
    monkeypatch.chdir(folder)
    files = {name: f"tls/{file}" for name, file in (("certificate", "server.pem"), ("key", "server.key"))}
    table = {"test": {**files, "authority": "tls/authority.pem"}}
    with running_host(listen=["127.0.0.1:0,tls=test"], tls=table, terminals="terminals.toml") as host:
        yield host


def replayed(host: RunningHost, *options: str) -> int:
    words = ["replay", "host.trace", "--to", host.address, "--terminals", "terminals.toml", "--json", *options]
    return cli.run(words)


def codes(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.loads(line)["code"] for line in capsys.readouterr().out.splitlines()]


def test_each_terminal_shows_its_own_certificate(host: RunningHost, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(host, *CA, *EACH) == 0
    assert codes(capsys) == ["00"] * 6
    assert len({entry.peer for entry in host.journal.list()}) == 2, "over a connection of its own"
    assert replayed(host, *CA, *EACH, "--tls-name", "localhost", "--tls-version", "1.3", "--new", "stan") == 0


def test_one_certificate_for_all_is_that_of_one_terminal(host: RunningHost, capsys: pytest.CaptureFixture[str]) -> None:
    one = [word.replace("{tid}", TIDS[0]) for word in EACH]
    assert replayed(host, *CA, *one) == 1
    assert codes(capsys) == ["00", "58", "00", "58", "00", "58"]
    assert len({entry.peer for entry in host.journal.list()}) == 1


def test_a_sign_on_beforehand_goes_over_tls_too(host: RunningHost, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(host, *CA, *EACH, "--sign-on", "--where", "service=sale", "--new", "stan,batch") == 0
    assert codes(capsys) == ["00"] * 4
    assert {entry.code for entry in host.journal.list()} == {"00"}


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ([], 4, "the host closed the connection"),
        (CA, 3, "the host requires a certificate, and the terminal sent none"),
        ([*CA, *EACH, "--tls-name", "elsewhere.test"], 3, "elsewhere.test"),
        (["--tls-ca", "tls/server.pem", *EACH], 3, "authority"),
        ([*CA, *EACH[:1], "tls/terminals/{tid}.nothing"], 2, "10000161.nothing"),
        ([*CA, *EACH, "--tls-version", "1.1"], 2, "'1.1' is not supported"),
        (EACH, 2, "--tls-ca"),
    ],
)
def test_a_failure_is_a_sentence(
    host: RunningHost, capsys: pytest.CaptureFixture[str], options: list[str], code: int, sentence: str
) -> None:
    assert replayed(host, *options) == code
    shown = "".join(capsys.readouterr())
    assert sentence in shown, shown
