"""``acquirer terminals`` as it is typed."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.cli.errors import Code
from acquirer.store import open_store

Say = pytest.CaptureFixture[str]
TMK = "258FB0AB70D025CDB99DF2C4D302D646"
PLAIN = ["--tid", "10000161", "--mid", "880210010210162", "--tmk", TMK]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store every command finds by itself."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path}/shop.db"
    monkeypatch.setenv("ACQUIRER_STORE", url)
    return url


def add(**flags: str) -> int:
    return cli.run(
        ["terminals", "add", *PLAIN, *(word for name, value in flags.items() for word in (f"--{name}", value))]
    )


def test_add_then_list_then_show(url: str, capsys: Say) -> None:
    assert add(name="first till") == Code.OK
    assert capsys.readouterr().out == f"{url}: 1 added, 0 changed, 0 as they were.\nTMK: KCV D0E06F38\n"
    assert cli.run(["terminals", "list"]) == Code.OK
    assert re.search(r"10000161 +880210010210162 +first till +D0E06F38 +000001\n", capsys.readouterr().out)
    assert cli.run(["terminals", "show", "10000161"]) == Code.OK
    said = capsys.readouterr().out
    assert re.search(r"tmk kcv +D0E06F38\n", said)
    assert re.search(r"policy required +daily\n", said)
    assert re.search(r"signed on +never\n", said)
    assert TMK not in said


def test_json_is_one_object_a_line(url: str, capsys: Say) -> None:
    add(tid="10000161..10000163", required="per-batch")
    capsys.readouterr()
    assert cli.run(["terminals", "list", "--json"]) == Code.OK
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["tid"] for one in found] == ["10000161", "10000162", "10000163"]
    assert found[0]["policy"]["required"] == "per-batch"
    assert cli.run(["terminals", "show", "10000162", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out) == found[1]


def test_a_terminal_whose_keys_are_derived(url: str, capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TMK}\n"))
    words = ["terminals", "add", *PLAIN[:4], "--bdk", "-", "--bdk-cipher", "aes"]
    assert cli.run(words) == Code.OK
    said = capsys.readouterr().out
    assert re.search(r"\nBDK: KCV [0-9A-F]{8}\n$", said)
    assert TMK not in said
    assert cli.run(["terminals", "list"]) == Code.OK
    assert said[-9:-1] + " (BDK)" in capsys.readouterr().out
    assert cli.run(["terminals", "add", *PLAIN[:4]]) == Code.USAGE
    assert "--tmk: there is no key; give a tmk, or a bdk" in capsys.readouterr().err


def test_a_key_may_come_from_stdin(url: str, capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TMK}\n"))
    assert add(tmk="-") == Code.OK
    assert "KCV D0E06F38" in capsys.readouterr().out


def test_import_adds_changes_and_deletes_nothing(url: str, tmp_path: Path, capsys: Say) -> None:
    add(tid="20000001")
    file = tmp_path / "shop.toml"
    file.write_text(f'[[terminal]]\ntid = "10000161..10000162"\nmid = "880210010210162"\ntmk = "{TMK}"\n')
    assert cli.run(["terminals", "import", str(file)]) == Code.OK
    assert "2 added, 0 changed, 0 as they were" in capsys.readouterr().out
    file.write_text(file.read_text() + 'name = "till"\n')
    assert cli.run(["terminals", "import", str(file)]) == Code.OK
    assert "0 added, 2 changed, 0 as they were" in capsys.readouterr().out
    cli.run(["terminals", "list", "--json"])
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", *PLAIN, "--tid", "1"], "--tid: '1' is no terminal number, which has 8 ASCII"),
        (["add", *PLAIN, "--tmk", "00"], "--tmk: a 3DES key has 16 or 24 bytes, this one has 1"),
        (["add", *PLAIN, "--required", "now"], "--required: input should be 'never', 'daily'"),
        (["add", "--tid", "10000161"], "Missing option '--mid'"),
        (["import", "none.toml"], "none.toml: cannot be read: No such file or directory"),
        (["list", "--store", "here.db"], "store 'here.db' is none we know: use memory:"),
        (["list", "--store", "sqlite:///none.db"], "there is no store at none.db: start 'acquirer serve' once"),
        (["add", *PLAIN, "--store", "memory:"], "A memory: store ends with its process"),
        (["show", "10000169"], "knows no terminal '10000169'; did you mean '10000161'?"),
    ],
)
def test_what_is_typed_wrong_is_one_sentence(url: str, arguments: list[str], sentence: str, capsys: Say) -> None:
    add()
    capsys.readouterr()
    assert cli.run(["terminals", *arguments]) == Code.USAGE
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_sentence_about_a_file_begins_with_its_name_as_it_is(
    url: str, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACQUIRER_STORE", "sqlite:///shop.db")
    store = open_store(url)
    assert add() == Code.USAGE
    assert re.fullmatch(r"shop\.db is in use by process \d+: .*\.\n", capsys.readouterr().err)
    store.close()


def test_a_served_store_can_be_listed_and_not_changed(url: str, capsys: Say) -> None:
    add()
    store = open_store(url)
    capsys.readouterr()
    assert cli.run(["terminals", "list"]) == Code.OK
    assert add() == Code.USAGE
    assert "is in use by process" in capsys.readouterr().err
    store.close()
    assert add() == Code.OK


def test_a_weak_key_and_a_key_file_that_others_read_are_warned_of(url: str, capsys: Say) -> None:
    assert add(tmk="01" * 8 + "FE" * 8) == Code.OK
    key = Path(url.removeprefix("sqlite:///") + ".key")
    said = capsys.readouterr().err
    assert said.startswith("Warning: the TMK of terminal 10000161 (KCV ")
    assert "is a weak key" in said
    key.chmod(0o644)
    assert add() == Code.OK
    assert (
        capsys.readouterr().err
        == f"Warning: {key} has mode 0644, but it opens every key of the store: chmod 600 {key}.\n"
    )
    key.chmod(0o600)
    assert add() == Code.OK
    assert capsys.readouterr().err == ""
