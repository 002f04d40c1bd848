"""TLS as people meet it: certificates, serve, terminal, relay, load, check; what is wrong stands in one sentence."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from acquirer import cli
from acquirer.app.relay import RelayOptions, relaying
from acquirer.app.terminal import AsyncTerminal, Terminal
from acquirer.settings.certificate_maker import FLAWS, WantedCertificates, make_certificates
from acquirer.settings.client_tls import client_tls
from acquirer.settings.listen import Address
from acquirer.testing import running_host
from acquirer.testing.background import in_background
from acquirer.testing.external import ExternalHost, ExternalView
from acquirer.testing.view import View
from tests.cli.served import Served, approved

MID = "880210010210162"
TMK = "258FB0AB70D025CDB99DF2C4D302D646"
TID = "10000161"
BOUND = f'[[terminal]]\ntid = "10000161..10000164"\nmid = "{MID}"\ntmk = "{TMK}"\ncertificate = "CN={{tid}}"\n'
TABLE = """
[tls.test]
certificate = "tls/server.pem"
key = "tls/server.key"
authority = "tls/authority.pem"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with certificates, settings and terminals that are bound to theirs."""
    monkeypatch.chdir(tmp_path)
    tids = ("10000161", "10000162", "10000163", "10000164")
    make_certificates(tmp_path / "tls", WantedCertificates(tids=tids, flaws=FLAWS))
    (tmp_path / "acquirer.toml").write_text(TABLE)
    (tmp_path / "terminals.toml").write_text(BOUND)
    return tmp_path


def shown(folder: Path, who: str = "terminals/{tid}", **further: str) -> Any:
    tls = folder / "tls"
    own = {"tls_certificate": f"{tls}/{who}.pem", "tls_key": f"{tls}/{who}.key"} if who else {}
    return {"tls_ca": str(tls / "authority.pem"), **own, **further}


def host_of(folder: Path, **further: Any) -> Any:
    tls = {"test": {name: str(folder / "tls" / file) for name, file in (("certificate", "server.pem"),
           ("key", "server.key"), ("authority", "authority.pem"), ("revoked", "revoked.pem"))}}  # fmt: skip
    return running_host(
        listen=["127.0.0.1:0,tls=test", "127.0.0.1:0"], tls=tls, terminals=folder / "terminals.toml", **further
    )


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_terminal_with_its_certificate_signs_on_and_sells(folder: Path, version: str) -> None:
    with (
        host_of(folder) as host,
        Terminal(TID, host=host.address, terminals="terminals.toml", **shown(folder, tls_version=version)) as terminal,
    ):
        assert [terminal.sign_on().code, terminal.sale("1.00").code, terminal.echo().code] == ["00", "00", "00"]


@pytest.mark.parametrize("keep_open", [False, True])
def test_a_terminal_on_asyncio(folder: Path, keep_open: bool) -> None:
    async def codes(address: str) -> list[str]:
        async with AsyncTerminal(
            TID, host=address, terminals="terminals.toml", keep_open=keep_open, **shown(folder)
        ) as terminal:
            return [(await terminal.sign_on()).code, (await terminal.sale("1.00")).code]

    with host_of(folder) as host:
        assert asyncio.run(codes(host.address)) == ["00", "00"]
    gc.collect()  # a line that is left open is a warning, and a warning is an error


def test_a_connection_is_kept_open_over_tls_and_opened_again(folder: Path) -> None:
    with (
        host_of(folder) as host,
        Terminal(TID, host=host.address, terminals="terminals.toml", keep_open=True, **shown(folder)) as terminal,
    ):
        assert [terminal.sign_on().code, terminal.sale("1.00").code, terminal.sale("2.00").code] == ["00", "00", "00"]
        assert len({entry.peer for entry in host.journal.list()}) == 1


def test_the_certificate_of_another_terminal_is_refused_with_58(folder: Path) -> None:
    with host_of(folder) as host:
        for options in (shown(folder, "terminals/10000162"), shown(folder, "flawed/terminal-wrong-name")):
            with Terminal(TID, host=host.address, terminals="terminals.toml", **options) as terminal:
                assert terminal.sign_on().code == "58"
        with Terminal(TID, host=host.addresses[1], terminals="terminals.toml") as terminal:
            assert terminal.sign_on().code == "58"
        whys = [entry.why for entry in host.journal.list("reason=certificate_differs")]
        assert len(whys) == 3
        assert sum("bound to the certificate CN=10000161, and the one shown is O=" in why for why in whys) == 2
        assert sum("and no certificate was shown" in why for why in whys) == 1


@pytest.mark.parametrize(
    ("who", "says", "why"),
    [
        ("", "the host requires a certificate, and the terminal sent none", "sent no certificate"),
        ("flawed/terminal-expired", "the terminal's certificate has expired", "it has expired"),
        ("flawed/terminal-other-authority", "does not trust the terminal's certificate", "unknown authority"),
        ("flawed/terminal-revoked", "the terminal's certificate is revoked", "it is revoked"),
        ("flawed/terminal-wrong-purpose", "it is not for this purpose", "it is not for this purpose"),
    ],
)
def test_both_sides_say_why_a_handshake_failed_and_no_reversal_is_owed(
    folder: Path, who: str, says: str, why: str
) -> None:
    with (
        host_of(folder) as host,
        Terminal(TID, host=host.address, terminals="terminals.toml", **shown(folder, who)) as terminal,
    ):
        result = terminal.sign_on()
        assert result.outcome == "not-sent"
        assert says in repr(result)
        host.journal.verify("reason=tls-handshake", count=1)
        (entry,) = host.journal.list("reason=tls-handshake")
        assert why in entry.why
        assert terminal.reverse().outcome == "refused"  # nothing is owed, and nothing was sold


def test_plain_on_the_tls_port_and_tls_on_the_plain_port(folder: Path) -> None:
    with host_of(folder) as host:
        with Terminal(TID, host=host.address, terminals="terminals.toml") as terminal:
            assert terminal.sign_on().outcome == "no-answer"
        with Terminal(TID, host=host.addresses[1], terminals="terminals.toml", **shown(folder)) as terminal:
            assert "it may not speak TLS at this port" in repr(terminal.sign_on())
        host.journal.wait("reason=not-iso8583")  # what is refused is journalled once it was refused
        whys = {entry.reason: entry.why for entry in host.journal.list() if entry.reason != "approved"}
        assert whys["not-tls"].startswith("plain ISO 8583 on the TLS port")
        assert "TLS handshake on a plain port" in whys["not-iso8583"]


def test_our_terminals_skip_time_over_tls_too(folder: Path) -> None:
    """What waits a minute for no answer takes no minute: the messages of TLS itself wake no one for good."""
    with host_of(folder, fault=["silent:service=sale"]) as host, closing(View(host, terminals=2)) as view:
        terminal = view.terminal(timeout=3000, **shown(folder, "terminals/10000161"))
        assert terminal.sign_on().code == "00"
        assert terminal.sale("1.00").outcome == "no-answer"
        assert host.clock.time.clock.ahead_us > 299_000_000  # then the host ends a silent connection


def test_the_options_of_a_session_of_tests_are_those_of_its_terminals(folder: Path) -> None:
    options = shown(folder, "terminals/10000161")
    with host_of(folder) as host:
        with closing(View(host, terminals=2, usual=options)) as view:
            assert view.terminal().sign_on().code == "00"
        elsewhere = ExternalHost(host.address, "unionpay-pos", folder / "terminals.toml", iter(("10000161",)), options)
        with closing(ExternalView(elsewhere)) as outside:
            assert outside.terminal().sign_on().code == "00"


CERTIFICATE_PROBLEMS = {
    "key of another": ('key = "tls/server.key"', 'key = "tls/terminals/10000161.key"', "does not belong to"),
    "expired": ('"tls/server.', '"tls/flawed/server-expired.', "expired at"),
    "not yet valid": ('"tls/server.', '"tls/flawed/server-not-yet-valid.', "is not valid before"),
    "missing": ('"tls/server.pem"', '"tls/nothing.pem"', "cannot be read (no such file or directory)"),
    "a key for a certificate": ('"tls/server.pem"', '"tls/server.key"', "holds a private key"),
    "no key": ('"tls/server.key"', '"tls/server.pem"', "holds no private key"),
    "no authority": ('"tls/authority.pem"', '"acquirer.toml"', "holds no certificate"),
    "misspelt": ("certificate =", "certifcate =", "did you mean 'certificate'?"),
    "old": ("[tls.test]", '[tls.test]\nminimum = "1.1"', "is not supported; use 1.2 or 1.3"),
    "turned round": ("[tls.test]", '[tls.test]\nminimum = "1.3"\nmaximum = "1.2"', "is above the maximum"),
    "no list": ("[tls.test]", '[tls.test]\nrevoked = "tls/server.pem"', "holds no list of revoked certificates"),
    "no table": ("[tls.test]", "[tls.tset]", "there is no [tls.test] in acquirer.toml; did you mean 'tset'?"),
}


@pytest.mark.parametrize("problem", CERTIFICATE_PROBLEMS)
def test_what_cannot_be_served_ends_with_2_and_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], problem: str
) -> None:
    before, after, says = CERTIFICATE_PROBLEMS[problem]
    text = TABLE.replace(before, after)
    assert text != TABLE
    (folder / "acquirer.toml").write_text(text)
    code = cli.run(["serve", "--listen", "127.0.0.1:0,tls=test", "--store", "memory:"])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--tls-certificate", "tls/terminals/10000161.pem"),
        ("--tls-ca", "tls/nothing.pem"),
        ("--tls-ca", "tls/authority.key"),
        ("--tls-ca", "tls/authority.pem", "--tls-key", "tls/server.key"),
        ("--tls-ca", "tls/authority.pem", "--tls-certificate", "tls/server.pem", "--tls-key", "tls/authority.key"),
        ("--tls-ca", "tls/authority.pem", "--tls-version", "1.1"),
    ],
)
def test_options_of_a_terminal_that_cannot_be_used_end_with_2_and_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    code = cli.run(["terminal", "echo", "--terminals", "terminals.toml", *arguments])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("--tls-")


def test_certificates_say_what_they_are_and_an_authority_is_used_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["certificates", "make", "--out", str(tmp_path), "--json"]
    assert cli.run([*command, "--tid", "10000001..10000003", "--flaw", "all", "--key", "rsa"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["terminals"]) == 3
    assert len(found["flawed"]) == 11
    for key in tmp_path.rglob("*.key"):
        assert key.stat().st_mode & 0o777 == 0o600
    authority = (tmp_path / "authority.pem").read_bytes()
    assert cli.run([*command, "--tid", "10000004"]) == 0
    assert (tmp_path / "authority.pem").read_bytes() == authority
    import cryptography.x509 as x509

    for path in [*tmp_path.glob("*.pem"), *tmp_path.glob("*/*.pem")]:
        if path.name != "revoked.pem":
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            assert "Test certificates of acquirer" in certificate.subject.rfc4514_string()
            policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
            assert "For tests only" in policies[0].policy_qualifiers[0].explicit_text


@pytest.mark.parametrize("arguments", [["--key", "dsa"], ["--flaw", "ugly"], ["--name", "not a name"], ["--tid", "1"]])
def test_what_no_certificate_can_be_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert cli.run(["certificates", "make", "--out", str(tmp_path / "new"), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def secured(folder: Path, address: str) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder / "tls/authority.pem")
    context.load_cert_chain(folder / "tls/terminals/10000161.pem", folder / "tls/terminals/10000161.key")
    host, _, port = address.rpartition(":")
    return context.wrap_socket(socket.create_connection((host, int(port)), timeout=120), server_hostname="localhost")


@pytest.mark.slow
def test_certificates_are_read_anew_on_sighup_and_no_connection_is_dropped(
    folder: Path, serve: Callable[..., Served]
) -> None:
    host = serve("--listen", "127.0.0.1:0,tls=test", "--store", "memory:", "--terminals", "terminals.toml")
    address = json.loads(host.ready)["listeners"][1]
    assert address["tls"] == "test"
    before = secured(folder, address["address"])
    old = before.getpeercert(binary_form=True)
    assert approved(before)
    make_certificates(folder / "tls", WantedCertificates())
    fresh = old
    host.process.send_signal(signal.SIGHUP)
    while fresh == old:  # until it was read
        with secured(folder, address["address"]) as after:
            fresh = after.getpeercert(binary_form=True)
    assert approved(before)
    (folder / "tls/server.key").write_text("nonsense")
    host.process.send_signal(signal.SIGHUP)
    line = ""
    assert host.process.stderr
    while "certificates stay as they were" not in line:
        line = host.process.stderr.readline()
    assert "holds no private key" in line
    with secured(folder, address["address"]) as after:
        assert after.getpeercert(binary_form=True) == fresh
        assert approved(after)
    assert approved(before)
    before.close()
    code, _ = host.end()
    assert code == 0


@pytest.mark.slow
def test_a_relay_speaks_tls_on_both_sides_and_says_on_which_one_it_failed(folder: Path) -> None:
    with host_of(folder) as host:
        own = shown(folder, "terminals/10000161", tls_name="localhost")
        options = [f"--{name.replace('_', '-')}={value}" for name, value in own.items()]
        command = [sys.executable, "-m", "acquirer", "relay", "--listen", "127.0.0.1:0,tls=test", "--to", host.address]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ACQUIRER_")}
        with subprocess.Popen(
            [*command, "--store", "memory:", "--json", "--log", "json", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        ) as relay:  # fmt: skip
            assert relay.stdout
            ready = json.loads(relay.stdout.readline())
            assert (ready["tls"], ready["to_tls"]) == ("test", True)
            address = ready["listen"]
            with Terminal(TID, host=address, terminals="terminals.toml", **shown(folder)) as terminal:
                assert [terminal.sign_on().code, terminal.sale("1.00").code] == ["00", "00"]
            with Terminal("10000162", host=address, terminals="terminals.toml", **shown(folder)) as terminal:
                assert terminal.sign_on().code == "58"  # the relay shows the host a certificate of its own
            with Terminal(TID, host=address, terminals="terminals.toml") as terminal:
                assert terminal.echo().outcome == "no-answer"
            relay.send_signal(signal.SIGTERM)
            _, err = relay.communicate(timeout=120)
        lines = [json.loads(line) for line in err.splitlines()]
        exchanges = [line.get("code") for line in lines if line["event"] == "exchange"]
        assert exchanges == ["00", "00", "58"]
        (failed,) = [line for line in lines if line["event"] == "not-tls"]
        assert "TLS failed on the terminal's side: plain ISO 8583 on the TLS port" in str(failed)


@pytest.mark.slow
def test_a_relay_compares_and_traces_what_passes_over_tls(folder: Path) -> None:
    """Its trace holds the messages and not the records of TLS, so that rules and journeys are made of it."""
    with host_of(folder) as host:
        own = shown(folder, "terminals/10000161", tls_name="localhost")
        options = [f"--{name.replace('_', '-')}={value}" for name, value in own.items()]
        command = [sys.executable, "-m", "acquirer", "relay", "--listen", "127.0.0.1:0,tls=test", "--to", host.address]
        further = ["--compare", "--terminals", "terminals.toml", "--trace", "relay.trace"]
        with subprocess.Popen(
            [*command, "--store", "memory:", "--log", "off", *further, *options], stdout=subprocess.PIPE, text=True
        ) as relay:
            assert relay.stdout
            ready = relay.stdout.readline()
            address = ready.split()[2]
            assert ready.startswith(f"ready: relaying {address} (unionpay-pos, TLS test) to {host.address} over TLS; ")
            with Terminal(TID, host=address, terminals="terminals.toml", **shown(folder)) as terminal:
                assert [terminal.sign_on().code, terminal.sale("1.00").code] == ["00", "00"]
            relay.send_signal(signal.SIGTERM)
            out, _ = relay.communicate(timeout=120)
        assert (relay.returncode, out.splitlines()[0]) == (0, "2 exchanges compared, 0 differ")
        assert (
            cli.run(["record", "relay.trace", "--terminals", "terminals.toml", "--as", "journey", "--out", "j.toml"])
            == 0
        )
        assert 'sale = { amount = "1.00"' in Path("j.toml").read_text()


def test_a_plain_terminal_reaches_a_tls_host_through_a_relay(folder: Path) -> None:
    """Its request comes before the host's side is secured, and waits for it."""
    own = shown(folder, "terminals/10000161")
    call = client_tls(own["tls_ca"], own["tls_certificate"], own["tls_key"])
    with host_of(folder) as host:
        options = RelayOptions(Address("127.0.0.1", 0), (host.host, host.port), call=call)
        with (
            in_background(lambda: relaying(options)) as relay,
            Terminal(TID, host=relay.value.address, terminals="terminals.toml") as terminal,
        ):
            assert [terminal.sign_on().code, terminal.sale("1.00").code] == ["00", "00"]


@pytest.mark.slow
def test_a_burst_a_plan_and_a_check_over_tls(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with host_of(folder) as host:
        to = ["--host", host.address, "--tls-ca", "tls/authority.pem"]
        own = ["--tls-certificate", "tls/terminals/{tid}.pem", "--tls-key", "tls/terminals/{tid}.key"]
        some = ["--terminals", "terminals.toml", "--count", "4", "--within", "1s", "--json"]
        assert cli.run(["load", "burst", *to, *own, *some]) == 0
        assert '"approved": 4' in " ".join(capfd.readouterr().out.split())
        assert cli.run(["load", "burst", *to, *own[:1], "tls/terminals/{tid}.nothing", *some]) == 2
        assert "10000161.nothing" in capfd.readouterr().err
        (folder / "plan.toml").write_text(
            f'host = "{host.address}"\nterminals = "terminals.toml"\n[tls]\nauthority = "tls/authority.pem"\n'
            'certificate = "tls/terminals/{tid}.pem"\nkey = "tls/terminals/{tid}.key"\n'
            '[[phase]]\nkind = "burst"\ncount = 4\nwithin = "1s"\n'
        )
        assert cli.run(["load", "run", "plan.toml", "--json"]) == 0
        assert '"approved": 4' in " ".join(capfd.readouterr().out.split())
        (folder / "look.toml").write_text(
            '[journey]\nname = "look"\nterminals = ["10000161"]\n[[step]]\nsign_on = true\nexpect = { code = "00" }\n'
        )
        files = ["--tls-certificate", "tls/terminals/10000161.pem", "--tls-key", "tls/terminals/10000161.key"]
        assert cli.run(["check", "look.toml", *to, *files]) == 0, capfd.readouterr()
