"""``acquirer store check|backup|vacuum|purge`` as people and scripts meet it."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.testing import running_host
from tests.cli.served import SIGN_ON, Served, approved

RELEASED = Path(__file__).parents[1] / "v01" / "store"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working directory, with a store that version 0.1 wrote."""
    for path in RELEASED.iterdir():
        shutil.copy(path, tmp_path)
        (tmp_path / path.name).chmod(0o600)  # which git does not keep
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(place, capsys):
    """``run("check")``: exit code, stdout, stderr."""

    def run_(*words: str) -> tuple[int, str, str]:
        code = cli.run(["store", *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run_


def spoil(statement: str) -> None:
    with closing(sqlite3.connect("acquirer.db", isolation_level=None)) as connection:
        connection.execute(statement)


def test_a_whole_store_is_ok(run):
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert out.startswith("sqlite:///acquirer.db: OK (version 0003; rows: 8 in terminal, ")
    assert out.count("\n") == 1
    code, out, err = run("check", "--json")
    document = json.loads(out)
    assert (code, document["ok"], document["problems"], document["rows"]["journal"]) == (0, True, [], 73)


def test_each_problem_is_named_and_the_end_is_1(run):
    spoil("UPDATE journal SET request = '{' WHERE id < 3")
    spoil("DELETE FROM meta WHERE name = 'rrn'")
    code, out, err = run("check")
    assert (code, err) == (1, "")
    first, second, last = out.splitlines()
    assert first.startswith("acquirer.db is damaged (a row of table journal: ")
    assert first.endswith("(2 such rows).")
    assert second == "acquirer.db: rrn is missing in table meta: put a backup back."
    assert last == "sqlite:///acquirer.db: 2 problems found."
    code, out, _ = run("check", "--json")
    assert (code, json.loads(out)["ok"], len(json.loads(out)["problems"])) == (1, False, 2)


def test_a_file_that_is_no_store_is_a_problem_too(run, place):
    (place / "acquirer.db").write_bytes(b"no database " * 400)
    code, out, _ = run("check")
    assert code == 1
    assert out.splitlines()[0].startswith("acquirer.db is no SQLite database: name another file, or put a backup back")


@pytest.mark.slow
def test_a_store_that_another_program_has_alone_is_not_called_broken(run, place):
    with closing(sqlite3.connect(place / "acquirer.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        code, out, err = run("check")
    assert (code, out) == (2, "")
    assert err.startswith("acquirer.db is held by another program")


def test_a_key_file_that_others_may_read_is_warned_of(run, place):
    (place / "acquirer.db.key").chmod(0o644)
    code, _, err = run("check")
    assert code == 0
    assert err.startswith("Warning: acquirer.db.key has mode 0644")


def test_a_backup_can_be_put_back(run, place):
    code, out, err = run("backup", "backup.db")
    assert (code, err) == (0, "")
    assert out.startswith("sqlite:///acquirer.db was copied to backup.db (")
    assert out.endswith(" and backup.db.key.\n")
    (place / "acquirer.db").write_bytes(b"")
    (place / "damaged").mkdir()
    for path in place.glob("acquirer.db*"):
        path.rename(place / "damaged" / path.name)
    assert run("backup", "acquirer.db", "--store", "sqlite:///backup.db")[0] == 0
    with running_host(store="sqlite:///acquirer.db") as host:
        assert len(host.terminals) == 8
    assert run("check")[0] == 0


def test_purging_says_how_many(run):
    spoil("UPDATE session SET batch = '999999'")
    spoil("UPDATE transactions SET at_us = 1")
    code, out, err = run("purge", "--keep-days", "1")
    assert (code, out, err) == (
        0, "sqlite:///acquirer.db: 35 transactions deleted, last used more than 1 days ago.\n", "",
    )  # fmt: skip
    assert run("purge")[1] == "sqlite:///acquirer.db: 0 transactions deleted, last used more than 35 days ago.\n"
    code, out, err = run("vacuum")
    assert (code, err) == (0, "")
    sizes = re.fullmatch(r"sqlite:///acquirer.db: ([0-9,]+) bytes before, ([0-9,]+) bytes after\.\n", out)
    assert sizes
    assert int(sizes[1].replace(",", "")) > int(sizes[2].replace(",", ""))


def test_the_days_of_a_configuration_file_count(run, place):
    spoil("UPDATE session SET batch = '999999'")
    (place / "acquirer.toml").write_text('keep_days = 3650\nclock = "2036-01-01T00:00:00"\n')
    assert run("purge")[1] == "sqlite:///acquirer.db: 0 transactions deleted, last used more than 3650 days ago.\n"
    assert "35 transactions deleted" in run("purge", "--keep-days", "100")[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("check", "--store", "sqlite:///none.db"), "there is no store at none.db: name the right one."),
        (("vacuum", "--store", "sqlite:///none.db"), "there is no store at none.db: name the right one."),
        (("purge", "--store", "memory:"), "a memory: store ends with its process: name a sqlite: store."),
        (("backup", "acquirer.db"), "acquirer.db is there already: name another file, or move it away first."),
        (("backup", "none/b.db"), "none/b.db: there is no directory none; make it first."),
        (("backup", "."), ". is a directory: name a file for the store."),
        (("purge", "--keep-days", "0"), "--keep-days: '0' is out of range; write a whole number from 1 to 3650"),
        (("check", "--store", "sqlite:////dev/null"), "/dev/null is a device: name a file for the store."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run, place, words, sentence):
    before = sorted(place.iterdir())
    assert run(*words) == (2, "", sentence + "\n")
    assert sorted(place.iterdir()) == before


@pytest.mark.slow
def test_beside_a_serving_host_a_store_is_checked_and_copied_and_not_changed(run, place, serve):
    for path in RELEASED.iterdir():
        (place / path.name).unlink()
    host: Served = serve()
    with host.connect() as sock:
        assert approved(sock)
        assert run("check")[0] == 0
        assert run("backup", "backup.db")[0] == 0
        for words in (("vacuum",), ("purge",)):
            code, out, err = run(*words)
            assert (code, out) == (2, "")
            assert err == f"acquirer.db is in use by process {host.process.pid}: stop it, or name another store.\n"
        sock.sendall(SIGN_ON)
        assert sock.recv(4096)
    assert host.end()[0] == 0
    with closing(sqlite3.connect("backup.db")) as backup, closing(sqlite3.connect("acquirer.db")) as store:
        counts = [one.execute("SELECT count(*) FROM exchange").fetchone()[0] for one in (backup, store)]
    assert counts == [1, 2]
