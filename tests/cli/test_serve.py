"""``acquirer serve`` as people and scripts meet it: the ready line, exit codes, sentences, an orderly end."""

from __future__ import annotations

import inspect
import json
import os
import pty
import resource
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.cli.serve import command
from acquirer.settings.config import ALIASES, SETTINGS
from tests.cli.served import APPROVED, DIALECT, SIGN_ON, Served, approved, child_of

Refused = Callable[..., tuple[int, str]]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """``refused("--listen", "x")``: exit code and stderr, in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        code = cli.run(["serve", *arguments])
        shown = capsys.readouterr()
        assert shown.out == ""
        return code, shown.err

    return run


@pytest.mark.slow
def test_ready_is_exactly_one_json_object(serve: Callable[..., Served]) -> None:
    host = serve("--store", "memory:")
    ready = json.loads(host.ready)
    assert ready["event"] == "ready"
    assert set(ready) == {"event", "version", "listen", "listeners", "store", "dialects", "terminals"}
    assert ready["listeners"] == [{"address": ready["listen"], "dialect": "unionpay-pos"}]
    assert ready["terminals"] > 200
    code, lines = host.end()
    assert (code, lines[-1]["event"]) == (0, "stopped")


@pytest.mark.slow
def test_ready_is_one_sentence_for_people(serve: Callable[..., Served]) -> None:
    host = serve("--store", "memory:", json_=False)
    assert host.ready.startswith("ready: listening on 127.0.0.1:")
    assert "(unionpay-pos); " in host.ready
    assert host.end(signal.SIGINT)[0] == 0


@pytest.mark.slow
def test_the_default_store_lies_in_the_working_directory(serve: Callable[..., Served], tmp_path: Path) -> None:
    host = serve()
    with host.connect() as sock:
        sock.sendall(SIGN_ON)
        assert sock.recv(4096)
        code, lines = host.end()
        assert sock.recv(1) == b"", "an idle connection is closed politely"
    assert code == 0
    assert (tmp_path / "acquirer.db").stat().st_size > 0
    assert not (tmp_path / "acquirer.db-wal").exists(), "everything is in the one file"
    assert [line["event"] for line in lines] == ["exchange", "stopped"]
    assert (lines[0]["id"], lines[0]["tid"], lines[0]["code"]) == (1, "10000161", "00")
    assert lines[1]["exchanges"] == 1


@pytest.mark.slow
def test_on_a_terminal_each_exchange_is_one_readable_line(serve: Callable[..., Served]) -> None:
    screen, its_end = pty.openpty()
    host = serve("--store", "memory:", stderr=its_end)
    os.close(its_end)
    with host.connect() as sock:
        sock.sendall(SIGN_ON)
        assert sock.recv(4096)
    host.process.terminate()
    assert host.process.wait(timeout=120) == 0
    shown = b""
    try:
        while piece := os.read(screen, 4096):
            shown += piece
    except OSError:  # the terminal's other side is closed
        pass
    finally:
        os.close(screen)
    line = shown.decode().splitlines()[0]
    for part in ("10000161", "0800", "sign_on", "000003", "00", "new keys in package 003"):
        assert part in line


@pytest.mark.slow
def test_readable_lines_in_a_file_have_no_colours(serve: Callable[..., Served]) -> None:
    host = serve("--store", "memory:", "--log", "readable")
    with host.connect() as sock:
        sock.sendall(SIGN_ON)
        assert sock.recv(4096)
    host.process.terminate()
    _, err = host.process.communicate(timeout=120)
    assert "new keys in package 003" in err
    assert "\x1b" not in err


@pytest.mark.slow
def test_log_off_says_nothing(serve: Callable[..., Served]) -> None:
    host = serve("--store", "memory:", "--log", "off")
    with host.connect() as sock:
        sock.sendall(SIGN_ON)
        assert sock.recv(4096)
    assert host.end() == (0, [])


@pytest.mark.slow
def test_requests_received_before_sigterm_are_answered(serve: Callable[..., Served]) -> None:
    host = serve()
    socks = [host.connect() for _ in range(20)]
    for sock in socks:
        sock.sendall(SIGN_ON)
    while len(socks[0].recv(1)) != 1:  # one answer is out: the host is at work
        pass
    code, lines = host.end()
    answered = 0
    for sock in socks:
        answered += bool(sock.recv(4096))
        sock.close()
    assert code == 0
    assert answered == sum(line["event"] == "exchange" for line in lines)


@pytest.mark.slow
def test_when_its_terminal_is_closed_it_ends_like_on_sigterm(serve: Callable[..., Served]) -> None:
    code, lines = serve("--store", "memory:").end(signal.SIGHUP)
    assert (code, lines[-1]["event"]) == (0, "stopped")


@pytest.mark.slow
def test_under_nohup_it_stays(serve: Callable[..., Served]) -> None:
    host = serve("--store", "memory:", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    host.process.send_signal(signal.SIGHUP)
    with host.connect() as sock:
        sock.sendall(SIGN_ON)
        assert sock.recv(4096)
    assert host.end()[0] == 0


WEAK = """\
[[terminal]]
tid = "10000161..10000163"
mid = "880210010210162"
tmk = "00000000000000000000000000000000"
"""


@pytest.mark.slow
def test_a_warning_about_keys_that_protect_nothing(serve: Callable[..., Served], tmp_path: Path) -> None:
    (tmp_path / "weak.toml").write_text(WEAK)
    (tmp_path / "acquirer.db.key").write_text("5a" * 32)
    (tmp_path / "acquirer.db.key").chmod(0o640)
    host = serve("--terminals", "weak.toml")
    _, lines = host.end()
    anew, loose, weak = [line["why"] for line in lines if line["event"] == "warning"]
    assert anew.startswith("acquirer.db was not there, though its key file is: a new store was begun")
    assert loose.endswith(
        "acquirer.db.key has mode 0640, but it opens every key of the store: chmod 600 acquirer.db.key"
    )
    assert weak.startswith("the TMK of terminal 10000161 and 2 more (KCV 8CA64DE9) is a weak key, like one of zeros")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--listen", "nowhere"], 2, "--listen: 'nowhere' is not an address; write [HOST:]PORT[=DIALECT]"),
        (["--store", "mysql://x"], 2, "unsupported store 'mysql://x': use memory:, sqlite:///relative.db"),
        (["--dialect", "unionpay-pso", "--store", "memory:"], 2, "did you mean 'unionpay-pos'?"),
        (["--idle-s", "-1"], 2, "--idle-s: '-1.0' is out of range; write a number of seconds above 0 and up to 86400"),
        (["--lisen", "1"], 2, "No such option"),
        (["--clock", "noon"], 2, "--clock: 'noon' is not a date and time; write it like"),
        (["--listen", "0.0.0.0:0", "--seed", "1"], 2, "--seed: makes keys anyone can compute"),
        (["--terminals", "none.toml", "--store", "memory:"], 2, "none.toml: cannot be read"),
        (["--config", "none.toml"], 2, "none.toml: cannot be read"),
        (["--fault", "silent:tod=1"], 2, "--fault: fault 'silent:tod=1': tod: unknown key; did you mean 'tid'?"),
    ],
)
def test_an_unusable_setting_is_one_sentence(refused: Refused, arguments: list[str], code: int, sentence: str) -> None:
    ended, text = refused(*arguments)
    assert ended == code
    assert sentence in text
    assert len(text.splitlines()) == 1


@pytest.mark.slow
def test_an_old_name_of_an_option_works_and_is_noted_in_the_log(serve: Callable[..., Served]) -> None:
    host = serve("--store", "memory:", "--magic-amounts")
    code, lines = host.end()
    assert code == 0
    assert [line["why"] for line in lines if line["event"] == "note"] == [
        "--magic-amounts is called --trigger-amounts now; the old name goes on working"
    ]


def test_every_setting_is_an_option() -> None:
    options = {name.replace("-", "_") for name in inspect.signature(command).parameters}
    others = {
        "http_token",  # a flag could be read by everyone on the machine
        "no_sign_limit",  # of receipts, no host reads it
        "tls",  # tables of the file: --listen names one
    }
    assert options - {"config", "as_json"} == {*SETTINGS, *ALIASES} - others


def test_a_taken_address_ends_with_3(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        code, text = refused("--listen", where, "--store", "memory:", "--log", "off")
    assert (code, text) == (3, f"cannot listen on {where}: address already in use.\n")


@pytest.mark.slow
def test_a_second_host_on_one_file_ends_with_2_and_names_the_first(
    serve: Callable[..., Served], refused: Refused
) -> None:
    host = serve()
    code, text = refused("--listen", "127.0.0.1:0")
    assert code == 2
    assert f"acquirer.db is in use by process {host.process.pid}" in text


def test_settings_of_file_and_environment_are_used(
    tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acquirer.toml").write_text('store = "memory:"\nlisten = "nowhere"\n')
    assert "'nowhere' is not an address" in refused()[1]
    monkeypatch.setenv("ACQUIRER_LISTEN", "elsewhere")
    assert "'elsewhere' is not an address" in refused()[1]
    (tmp_path / "acquirer.toml").write_text("\nstroe = 1\n")
    assert refused() == (2, "acquirer.toml:2: stroe: unknown key; did you mean 'store'?\n")


@pytest.mark.slow
def test_more_connections_than_the_system_allows_are_warned_of(serve: Callable[..., Served]) -> None:
    def few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 256))

    host = serve("--store", "memory:", "--connections", "1000", preexec_fn=few_files)
    code, lines = host.end()
    assert code == 0
    assert "1000 connections want 1200 open files, there is room for 56" in lines[0]["why"]


def closed_by_host(sock: socket.socket) -> bool:
    sock.settimeout(0.05)
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


@pytest.mark.slow
def test_running_out_of_descriptors_closes_newcomers_and_keeps_serving(serve: Callable[..., Served]) -> None:
    def few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    host = serve("--store", "memory:", preexec_fn=few_files)
    first = host.connect()
    first.sendall(SIGN_ON)
    assert first.recv(4096)
    crowd = [host.connect() for _ in range(60)]
    open_ = list(crowd)
    end_s = time.monotonic() + 120
    while len(crowd) - len(open_) <= 20:
        open_ = [sock for sock in open_ if not closed_by_host(sock)]
        assert time.monotonic() < end_s, "newcomers are not closed"
    assert open_
    first.sendall(SIGN_ON)
    assert first.recv(4096), "a connection that was open before is still served"
    for sock in [first, *crowd]:
        sock.close()
    with host.connect() as again:
        again.sendall(SIGN_ON)
        assert again.recv(4096), "and new connections are accepted again"
    code, lines = host.end()
    assert code == 0
    assert [line["event"] for line in lines].count("files-exhausted") == 1
    assert lines[-1]["files_exhausted"] >= 1


@pytest.mark.slow
def test_a_full_disk_ends_the_host_with_6_and_approves_nothing_more(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    host = serve(preexec_fn=small_disk)
    approved = 0
    with host.connect() as sock:
        try:
            while approved < 10_000:
                sock.sendall(SIGN_ON)
                reply = sock.recv(4096)
                if not reply or DIALECT.text(DIALECT.decode(reply[2:]), "code") != "00":
                    break
                approved += 1
        except ConnectionError:
            pass
    _, err = host.process.communicate(timeout=120)
    assert host.process.returncode == 6
    assert err.splitlines()[-1].startswith("the store failed and stops: ")
    with sqlite3.connect(tmp_path / "acquirer.db") as database:
        (kept,) = database.execute(APPROVED).fetchone()
    database.close()
    assert 0 < approved <= kept


@pytest.mark.slow
def test_what_a_killed_host_has_answered_is_stored_and_logged_and_the_next_one_starts(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    host = serve()
    with host.connect() as sock:
        answered = sum(approved(sock) for _ in range(50))
        host.process.kill()
    _, err = host.process.communicate(timeout=120)
    logged = [json.loads(line) for line in err.splitlines()]  # by its writer, which ends after it, in whole lines
    assert answered == 50
    assert [line["id"] for line in logged] == list(range(1, 51))
    again = serve()
    with again.connect() as sock:
        assert approved(sock)
    _, lines = again.end()
    assert lines[0]["id"] == 51
    assert lines[0]["rrn"] > logged[-1]["rrn"]


@pytest.mark.slow
def test_a_host_whose_writer_is_killed_ends_with_6_and_approves_nothing_more(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    host = serve()
    with host.connect() as sock:
        assert approved(sock)
        os.kill(child_of(host.process, "acquirer.process.store_writer"), signal.SIGKILL)
        more = sum(approved(sock) for _ in range(100))
    _, err = host.process.communicate(timeout=120)
    assert host.process.returncode == 6
    assert err.splitlines()[-1] == "the store failed and stops: the process that writes has ended."
    with sqlite3.connect(tmp_path / "acquirer.db") as database:
        (kept,) = database.execute(APPROVED).fetchone()
    database.close()
    assert 1 + more <= kept
