"""``acquirer replay`` and ``acquirer record`` as people type them: exit codes, sentences, what stands where."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.cli.errors import Code
from acquirer.testing import running_host
from acquirer.testing.host import RunningHost
from tests.cli.served import Served
from tests.cli.test_relay import where

STORE = "sqlite:///host.db"
PAN = "6212345678901232"


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder with the journal and the trace of a host: sign-on, sale with a PIN, decline, echo."""
    monkeypatch.chdir(tmp_path)
    with (
        running_host(store=STORE, trace=tmp_path / "host.trace") as host,
        Terminal("10000161", host=host.address, state=None) as terminal,
    ):
        terminal.sign_on()
        terminal.sale("12.34", pin="123456")
        terminal.sale("20.00", card="poor")
        terminal.echo()
    return "host.trace"


@pytest.fixture
def other() -> Iterator[RunningHost]:
    with running_host() as host:
        yield host


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_trace_is_sent_again_and_each_reply_is_a_line(
    recorded: str, other: RunningHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["replay", recorded, "--to", other.address]) == Code.OK
    first, second, third, fourth, last = lines(capsys)
    assert first.startswith("#1 0800 sign_on STAN 000001 → 0810 00 approved · ")
    assert second.startswith("#2 0200 sale STAN 000002 12.34 621234******1232 → 0210 00 approved · ")
    assert third.startswith("#3 0200 sale STAN 000003 20.00 620000******0047 → 0210 51 not enough funds · ")
    assert all(line.endswith("[same]") for line in (first, second, third, fourth))
    assert last == "4 of 4 recorded exchanges sent again, 0 differ"


def test_as_json_each_exchange_is_an_object(
    recorded: str, other: RunningHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["replay", recorded, "--to", other.address, "--json", "--new", "stan,time"]) == Code.OK
    found = [json.loads(line) for line in lines(capsys)]
    assert [(one["service"], one["code"], one["recorded_code"], one["same"]) for one in found] == [
        ("sign_on", "00", "00", True),
        ("sale", "00", "00", True),
        ("sale", "51", "51", True),
        ("echo", "00", "00", True),
    ]
    assert PAN not in json.dumps(found)


def test_exchanges_of_the_journal_need_a_trace_or_test_data(
    recorded: str, other: RunningHost, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["replay", "2", "--store", STORE, "--to", other.address, "--sign-on"]
    assert cli.run(again) == Code.USAGE
    err = capsys.readouterr().err
    assert err.startswith(
        "The journal hides DE 2 (primary account number), DE 14 (expiry date), DE 35 (track 2) and DE 52"
    )
    assert "give the trace that has its bytes (--trace FILE), or the test data it had (--card NAME, or" in err
    assert cli.run([*again, "--trace", recorded]) == Code.OK
    assert cli.run([*again, "--card", "standard", "--pin", "123456", "--first-stan", "700"]) == Code.OK
    out = capsys.readouterr().out
    assert "STAN 000700" in out
    assert PAN not in out
    assert "not enough funds" not in out
    assert cli.run(["replay", "4", "--store", STORE, "--to", other.address]) == Code.OK  # nothing in it is hidden


def test_a_dialect_of_ones_own_is_named_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own.toml"
    own.write_text('dialect = "own"\nextends = "unionpay-pos"\ntitle = "Ours"\n')
    with (
        running_host(store=STORE, dialect=str(own), trace=tmp_path / "own.trace") as host,
        Terminal("10000161", host=host.address, dialect=str(own), state=None) as terminal,
    ):
        terminal.sale("1.00")
    with running_host(dialect=str(own)) as host:
        assert cli.run(["replay", "own.trace", "--dialect", "own.toml", "--to", host.address]) == Code.OK
        numbers = ["replay", "all", "--store", STORE, "--trace", "own.trace", "--to", host.address, "--new", "all"]
        assert cli.run([*numbers, "--dialect", "own.toml"]) == Code.OK
        assert cli.run(numbers) == Code.USAGE
        assert "Dialect own is not known here: name its file, --dialect FILE.toml." in capsys.readouterr().err
        monkeypatch.setenv("ACQUIRER_DIALECT", "own.toml")
        assert cli.run([*numbers, "--first-stan", "100"]) == Code.OK
    assert cli.run(["record", "all", "--store", STORE]) == Code.OK


def test_keys_may_be_named(recorded: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terminals = tmp_path / "fixed.toml"
    keys = {"pik": "0123456789ABCDEF1122334455667788", "mak": "AB7C577CC7A18045"}
    terminals.write_text(
        "[[terminal]]\ntid = '10000161'\nmid = '880210010210162'\ntest = true\npolicy = { required = 'never' }\n"
        f"tmk = '{'0123456789ABCDEF' * 2}'\nfixed_keys = {{ pik = '{keys['pik']}', mak = '{keys['mak']}' }}\n"
    )
    (tmp_path / "keys.txt").write_text(f"PIK={keys['pik']},MAK={keys['mak']}")
    with (
        running_host(terminals=terminals) as host,
        Terminal("10000161", host=host.address, terminals=str(terminals), state=None) as terminal,
    ):
        terminal.sign_on()
        words = ["replay", recorded, "--to", host.address, "--where", "service=sale", "--new", "all", "--first-stan"]
        assert cli.run([*words, "50", "--keys", "@keys.txt"]) == Code.OK, capsys.readouterr()
        assert cli.run([*words, "60"]) == Code.EXPECTATION_FAILED
    assert keys["mak"] not in "".join(capsys.readouterr())


def test_no_host_and_a_silent_one(recorded: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        to = f"127.0.0.1:{listening.getsockname()[1]}"
        assert (
            cli.run(["replay", recorded, "--to", to, "--timeout", "0.05", "--where", "service=echo"]) == Code.NO_REPLY
        )
    assert cli.run(["replay", recorded, "--to", to, "--where", "service=echo"]) == Code.NO_CONNECTION
    assert f"no connection to {to}: connection refused." in capsys.readouterr().err


def test_a_capture_may_come_from_stdin(recorded: str, serve: Callable[..., Served], tmp_path: Path) -> None:
    to = where(serve("--store", "memory:", "--log", "off"))
    command = [sys.executable, "-m", "acquirer", "replay", "-", "--to", to]
    with (tmp_path / recorded).open("rb") as trace:
        done = subprocess.run(command, stdin=trace, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == Code.OK, done.stderr
    assert "4 of 4 recorded exchanges sent again, 0 differ" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["replay", "host.trace"], "--to is missing: name the host that requests are sent to, as HOST:PORT."),
        (["replay", "host.trace", "--to", "x"], "--to: 'x' is no address"),
        (["replay", "none.trace", "--to", "127.0.0.1:1"], "none.trace is neither a file nor numbers of exchanges"),
        (["replay", "99", "--store", STORE, "--to", "127.0.0.1:1"], "has no exchange 99; 'acquirer journal list'"),
        (
            ["replay", "host.trace", "--to", "127.0.0.1:1", "--new", "stna"],
            "--new: 'stna' cannot be new; did you mean 'stan'",
        ),
        (["replay", "host.trace", "--to", "127.0.0.1:1", "--keys", "PIK=zz"], "--keys PIK: write hex digits"),
        (["replay", "host.trace", "--to", "127.0.0.1:1", "--keys", "abc"], "--keys: write PIK=HEX,MAK=HEX"),
        (["replay", "host.trace", "--to", "127.0.0.1:1", "--ignore", "rnr"], "'rnr' is no field of unionpay-pos"),
        (["replay", "host.trace", "--to", "127.0.0.1:1", "--card", "none"], "there is no test card"),
        (["replay", "host.trace", "--to", "127.0.0.1:1", "--where", "servise=sale"], "did you mean 'service'"),
        (["replay", "host.trace", "--trace", "host.trace", "--to", "127.0.0.1:1"], "a trace is itself a capture"),
        (["replay", "2", "--store", STORE, "--trace", "notes.txt", "--to", "127.0.0.1:1"], "notes.txt: is no trace"),
        (["replay", "notes.txt", "--to", "127.0.0.1:1"], "notes.txt: holds no message that can be read"),
        (
            ["replay", "host.trace", "--to", "127.0.0.1:1", "--where", "stan=999999"],
            "no request that can be sent",
        ),
        (["record", "host.trace", "--as", "poem"], "--as: 'poem' is none of rules, journey."),
        (["record", "host.trace", "--json"], "--json needs --out FILE.toml"),
        (["record", "host.trace", "--cards", "x.toml"], "--cards is for a journey"),
        (["record", "host.trace", "--out", "no/such/folder.toml"], "cannot be written: no such file or directory."),
    ],
)
def test_bad_input_gets_a_sentence(
    recorded: str, words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("only words, and no message")
    assert cli.run(words) == Code.USAGE
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err


def test_a_recording_becomes_rules_that_a_host_takes_at_once(
    recorded: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["record", "all", "--store", STORE, "--out", "rules.toml", "--json"]) == Code.OK
    found = json.loads(capsys.readouterr().out)
    assert (found["exchanges"], found["reproduced"], found["left_out"]) == (4, 4, [])
    with (
        running_host(pack=[str(tmp_path / "rules.toml")], cards=plain_cards(tmp_path)) as host,
        Terminal("10000161", host=host.address, state=None) as terminal,
    ):
        terminal.sign_on()
        assert terminal.sale("12.34", pin="123456").code == "00"
        assert terminal.sale("20.00", card="poor").code == "51"  # a card that this host knows nothing about


def plain_cards(tmp_path: Path) -> Path:
    path = tmp_path / "cards.toml"
    path.write_text("unknown = 'approve'\n[[card]]\nname = 'standard'\npan = '6212345678901232'\npin = '123456'\n")
    return path


def test_a_recording_becomes_a_journey_that_runs_at_once(recorded: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["record", recorded, "--as", "journey", "--name", "a recorded day"]) == Code.OK
    text = capsys.readouterr().out
    Path("journey.toml").write_text(text, encoding="utf-8")
    assert cli.run(["check", "journey.toml"]) == Code.OK
    assert "a recorded day" in capsys.readouterr().out


def test_nothing_to_reproduce_is_no_success(recorded: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["record", recorded, "--where", "service=sign_on"]) == Code.EXPECTATION_FAILED
    assert "No rule is needed" in capsys.readouterr().err
    cards = Path("cards.toml")
    cards.write_text("[[card]]\nname = 'one'\npan = '4111111111111111'\n")
    words = ["record", recorded, "--as", "journey", "--where", "service=sale", "--cards", "cards.toml"]
    assert cli.run(words) == Code.EXPECTATION_FAILED
    err = capsys.readouterr().err
    assert "Not reproduced: exchange 2: its card 621234******1232 is not in the card table: --cards FILE.toml." in err
    assert os.linesep in err
