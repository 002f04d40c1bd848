"""``acquirer serve`` while its store is held by another program, or goes away."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from acquirer.store import rrn
from acquirer.store.soundness import CHECKED_AT_START_BYTES
from acquirer.testing import running_host
from tests.cli.served import APPROVED, DIALECT, SIGN_ON, Served, approved

Serve = Callable[..., Served]


def code_of(host: Served) -> str:
    """Return the code that a sign-on is answered with."""
    with host.connect() as sock:
        sock.sendall(SIGN_ON)
        return DIALECT.text(DIALECT.decode(sock.recv(4096)[2:]), "code")


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another program; this process is one."""
    with closing(sqlite3.connect(tmp_path / "acquirer.db", isolation_level=None, check_same_thread=False)) as other:
        yield other


def reserved(tmp_path: Path) -> int:
    with closing(sqlite3.connect(tmp_path / "acquirer.db")) as connection:
        (limit,) = connection.execute("SELECT value FROM meta WHERE name = 'rrn'").fetchone()
    return int(limit)


@pytest.mark.slow
def test_while_another_program_holds_the_database_requests_are_answered_91_and_then_it_goes_on(
    serve: Serve, holder: sqlite3.Connection, tmp_path: Path
) -> None:
    """From the first exchange on, when no reference number was ever reserved."""
    host = serve()
    holder.execute("BEGIN EXCLUSIVE")
    assert [code_of(host) for _ in range(4)] == ["91"] * 4
    holder.execute("COMMIT")
    assert [code_of(host) for _ in range(3)] == ["00"] * 3
    code, lines = host.end()
    assert code == 0
    events = [line["event"] for line in lines if line["event"].startswith("store-")]
    assert events == ["store-locked", "store-unlocked"]
    assert lines[-1]["locked_out"] == 4
    answered = [line["code"] for line in lines if line["event"] == "exchange"]
    assert sorted(answered) == ["00"] * 3 + ["91"] * 4
    (kept,) = holder.execute(APPROVED).fetchone()
    assert kept == 3
    assert reserved(tmp_path) >= 3


@pytest.mark.slow
def test_reference_numbers_that_run_out_under_a_lock_are_given_out_once_it_is_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In blocks of four, in a host of this process, whose thread writes."""
    monkeypatch.setattr(rrn, "BLOCK", 4)
    with running_host(store=f"sqlite:///{tmp_path / 'acquirer.db'}") as host:

        def codes(number: int) -> list[str]:
            found = []
            for _ in range(number):
                with socket.create_connection((host.host, host.port), timeout=120) as sock:
                    sock.sendall(SIGN_ON)
                    found.append(DIALECT.text(DIALECT.decode(sock.recv(4096)[2:]), "code"))
            return found

        assert codes(3) == ["00"] * 3
        with closing(sqlite3.connect(tmp_path / "acquirer.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert codes(6) == ["91"] * 6
        assert codes(6) == ["00"] * 6
        given = [int(entry.rrn) for entry in host.journal.list()]
        assert len(set(given)) == 9
        assert reserved(tmp_path) >= max(given)


@pytest.mark.slow
def test_a_lock_does_not_stop_the_loop(serve: Serve, holder: sqlite3.Connection) -> None:
    """What needs no commit is answered at once: a connection that sends rubbish is closed."""
    host = serve()
    holder.execute("BEGIN EXCLUSIVE")
    with host.connect() as waits, host.connect() as rubbish:
        waits.sendall(SIGN_ON)
        rubbish.sendall(b"\0\3abc")
        assert rubbish.recv(1) == b""
        waits.setblocking(False)
        with pytest.raises(BlockingIOError):  # the other one is not answered yet
            waits.recv(1)
        waits.settimeout(120)
        assert DIALECT.text(DIALECT.decode(waits.recv(4096)[2:]), "code") == "91"
    holder.execute("COMMIT")
    assert host.end()[0] == 0


@pytest.mark.slow
def test_at_the_end_a_lock_costs_the_rest_of_a_block_of_reference_numbers(
    serve: Serve, holder: sqlite3.Connection, tmp_path: Path
) -> None:
    host = serve()
    assert code_of(host) == "00"
    block = reserved(tmp_path)
    assert block > 1
    holder.execute("BEGIN EXCLUSIVE")
    code, lines = host.end(signal.SIGTERM)
    assert (code, lines[-1]["event"]) == (0, "stopped")
    holder.execute("COMMIT")
    assert reserved(tmp_path) == block
    again = serve()
    assert code_of(again) == "00"
    _, lines = again.end()
    assert int(lines[0]["rrn"]) == block + 1


@pytest.mark.slow
def test_a_request_under_a_lock_at_the_end_is_answered(serve: Serve, holder: sqlite3.Connection) -> None:
    host = serve()
    assert code_of(host) == "00"
    holder.execute("BEGIN EXCLUSIVE")
    with host.connect() as sock:
        sock.sendall(SIGN_ON)
        with host.connect() as rubbish:  # when that was closed, the request before it was read
            rubbish.sendall(b"\0\3abc")
            assert rubbish.recv(1) == b""
        code, lines = host.end()
        assert DIALECT.text(DIALECT.decode(sock.recv(4096)[2:]), "code") == "91"
    assert (code, lines[-1]["locked_out"]) == (0, 2)  # what was no request could not be journalled either


def replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "file"),
    [(Path.unlink, ""), (replace, ""), (Path.unlink, "-wal"), (Path.unlink, "-shm"), (Path.unlink, ".lock")],
    ids=["removed", "replaced", "log removed", "index of the log removed", "lock removed"],
)
def test_when_its_file_goes_away_a_host_stops_with_6_and_approves_nothing_more(
    serve: Serve, tmp_path: Path, spoil: Callable[[Path], None], file: str
) -> None:
    host = serve()
    assert code_of(host) == "00"
    gone = tmp_path / f"acquirer.db{file}"
    spoil(gone)
    approved_after = 0
    if file in ("", "-wal"):  # what writes looks at its files, and only the host at the others
        with host.connect() as sock:
            approved_after = approved(sock)
    _, err = host.process.communicate(timeout=120)
    assert host.process.returncode == 6
    assert not approved_after
    last = err.splitlines()[-1]
    assert last.startswith(f"the store failed and stops: acquirer.db{file} was removed or replaced while the store was")
    assert ("put a backup back" if file in ("", "-wal") else "let 'acquirer store check' look at the store") in last
    assert "Traceback" not in err


def drop(table: str) -> Callable[[Path], None]:
    def dropped(database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute(f"DROP TABLE {table}")

    return dropped


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda database: os.truncate(database, 0), "acquirer.db was written over or cut off while the store was in"),
        (lambda database: os.truncate(f"{database}-wal", 0), "acquirer.db-wal was written over or cut off while the"),
        (drop("exchange_form"), "acquirer.db is damaged (it has no table exchange_form): put a backup back"),
        (drop("meta"), "acquirer.db is damaged (it has no table meta): put a backup back"),
        (drop("alembic_version"), "it does not say any more which version it is of"),
    ],
    ids=["emptied", "log emptied", "a table dropped", "the table of its settings dropped", "its version dropped"],
)
def test_a_store_that_is_spoilt_beneath_a_host_stops_it_with_6(
    serve: Serve, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    """Though no request may meet it for long: what is read often is in memory."""
    host = serve()
    assert code_of(host) == "00"
    spoil(tmp_path / "acquirer.db")
    _, err = host.process.communicate(timeout=120)
    assert host.process.returncode == 6
    last = err.splitlines()[-1]
    assert last.startswith("the store failed and stops: ")
    assert words in last
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_key_file_that_is_removed_is_logged_and_stops_nothing(serve: Serve, tmp_path: Path) -> None:
    """The host has it in memory, and a backup has another copy."""
    host = serve(stderr=subprocess.PIPE)
    key = tmp_path / "acquirer.db.key"
    content = key.read_bytes()
    key.unlink()
    assert host.process.stderr is not None
    line = json.loads(host.process.stderr.readline())
    assert line["event"] == "store-complaint"
    assert "acquirer.db.key is gone: put it back, or no host can open the store again" in line.values()
    assert code_of(host) == "00"
    key.write_bytes(content)
    assert host.end()[0] == 0
    assert code_of(again := serve()) == "00"
    assert again.end()[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("table", ["session", "exchange"], ids=["what is read", "what is written to"])
def test_a_damaged_page_of_a_large_store_stops_a_host_with_6_when_a_request_meets_it(
    serve: Serve, tmp_path: Path, table: str
) -> None:
    """Too large for all of its pages to be looked at when it is opened."""
    host = serve()
    assert code_of(host) == "00"
    assert host.end()[0] == 0
    database = tmp_path / "acquirer.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(f"INSERT INTO blob VALUES ('large', zeroblob({CHECKED_AT_START_BYTES}))")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    host = serve()
    assert code_of(host) == "96"
    _, err = host.process.communicate(timeout=120)
    assert host.process.returncode == 6
    last = err.splitlines()[-1]
    assert "is damaged (database disk image is malformed): put a backup back" in last
    assert "Traceback" not in err
    assert "internal-fault" not in err


@pytest.mark.slow
def test_a_host_that_no_one_asks_notices_it_too(serve: Serve, tmp_path: Path) -> None:
    host = serve()
    (tmp_path / "acquirer.db").unlink()
    assert host.process.wait(timeout=120) == 6


@pytest.mark.slow
def test_a_database_that_was_moved_away_is_whole(serve: Serve, tmp_path: Path) -> None:
    """What was answered before lies partly in the log, which cannot be moved along."""
    host = serve()
    assert [code_of(host) for _ in range(5)] == ["00"] * 5
    (tmp_path / "acquirer.db").rename(tmp_path / "moved.db")
    assert host.process.wait(timeout=120) == 6
    with closing(sqlite3.connect(tmp_path / "moved.db")) as moved:
        assert moved.execute(APPROVED).fetchone() == (5,)


@pytest.mark.slow
@pytest.mark.parametrize("mask", [0, 0o277])
def test_every_file_is_its_owners_alone_under_any_umask(serve: Serve, tmp_path: Path, mask: int) -> None:
    """Those of a host, and those that commands make of what it keeps: exports, slips, backups, a terminal's state."""
    host = serve(preexec_fn=lambda: os.umask(mask))
    address = json.loads(host.ready)["listen"]
    commands = [
        ["terminal", "sale", "--host", address, "--amount", "1", "--sign", "Li Wei", "--sign-upload", "at-once",
         "--receipt-png", "slip.png"],
        ["signatures", "export", "--out", "signatures"],
        ["receipt", "--tid", "10000161", "--stan", "000002", "--png", "receipt.png"],
        ["store", "backup", "backup.db"],
    ]  # fmt: skip
    for words in commands:
        done = subprocess.run(
            [sys.executable, "-m", "acquirer", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            preexec_fn=lambda: os.umask(mask),
            env={**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert {f"acquirer.db{suffix}" for suffix in ("", "-wal", "-shm", ".key", ".lock")} < names
    assert {"slip.png", "receipt.png", "backup.db", "backup.db.key"} < names
    assert [path.suffix for path in tmp_path.glob("signatures/10000161-*")].count(".jbg") == 1
    assert stat.S_IMODE((tmp_path / "signatures").stat().st_mode) == 0o700 & ~mask
    loose = [path for path in tmp_path.rglob("*") if path.is_file() and stat.S_IMODE(path.stat().st_mode) != 0o600]
    assert loose == []
    assert host.end()[0] == 0
