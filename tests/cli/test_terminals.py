"""``acquirer terminals`` as it is typed."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

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
    assert add(name="first shop") == Code.OK
    assert capsys.readouterr().out == f"{url}: 1 added, 0 changed, 0 as they were.\nTMK: KCV D0E06F38\n"
    assert cli.run(["terminals", "list"]) == Code.OK
    assert re.search(r"10000161 +880210010210162 +first shop +D0E06F38 +000001\n", capsys.readouterr().out)
    assert cli.run(["terminals", "show", "10000161"]) == Code.OK
    printed = capsys.readouterr().out
    assert re.search(r"tmk kcv +D0E06F38\n", printed)
    assert re.search(r"policy required +daily\n", printed)
    assert re.search(r"signed on +never\n", printed)
    assert TMK not in printed


def test_a_list_is_an_array_and_a_terminal_an_object(url: str, capsys: Say) -> None:
    add(tid="10000161..10000163", required="per-batch")
    capsys.readouterr()
    assert cli.run(["terminals", "list", "--json"]) == Code.OK
    found = json.loads(capsys.readouterr().out)
    assert [one["tid"] for one in found] == ["10000161", "10000162", "10000163"]
    assert found[0]["policy"]["required"] == "per-batch"
    assert cli.run(["terminals", "show", "10000162", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out) == found[1]


def test_a_terminal_whose_keys_are_derived(url: str, capsys: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TMK}\n"))
    words = ["terminals", "add", *PLAIN[:4], "--bdk", "-", "--bdk-cipher", "aes"]
    assert cli.run(words) == Code.OK
    printed = capsys.readouterr().out
    assert re.search(r"\nBDK: KCV [0-9A-F]{8}\n$", printed)
    assert TMK not in printed
    assert cli.run(["terminals", "list"]) == Code.OK
    assert printed[-9:-1] + " (BDK)" in capsys.readouterr().out
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
    file.write_text(file.read_text() + 'name = "shop"\n')
    assert cli.run(["terminals", "import", str(file)]) == Code.OK
    assert "0 added, 2 changed, 0 as they were" in capsys.readouterr().out
    cli.run(["terminals", "list", "--json"])
    assert len(json.loads(capsys.readouterr().out)) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", *PLAIN, "--tid", "1"], "--tid: '1' is not a terminal number, which has 8 ASCII"),
        (["add", *PLAIN, "--tmk", "00"], "--tmk: a 3DES key has 16 or 24 bytes, this one has 1"),
        (
            ["add", *PLAIN, "--required", "now"],
            "--required: 'now' is not supported; use never, daily, per-batch or per-transaction",
        ),
        (["add", "--tid", "10000161"], "Missing option '--mid'"),
        (["import", "none.toml"], "none.toml: cannot be read: No such file or directory"),
        (["list", "--store", "here.db"], "unsupported store 'here.db': use memory:"),
        (["list", "--store", "sqlite:///none.db"], "there is no store at none.db: start 'acquirer serve' once"),
        (["add", *PLAIN, "--store", "memory:"], "A memory: store ends with its process"),
        (["show", "10000169"], "knows no terminal '10000169'; did you mean '10000161'?"),
    ],
)
def test_a_mistake_is_one_sentence(url: str, arguments: list[str], sentence: str, capsys: Say) -> None:
    add()
    capsys.readouterr()
    assert cli.run(["terminals", *arguments]) == Code.USAGE
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


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
    printed = capsys.readouterr().err
    assert printed.startswith("Warning: the TMK of terminal 10000161 (KCV ")
    assert "is a weak key" in printed
    key.chmod(0o644)
    assert add() == Code.OK
    assert (
        capsys.readouterr().err
        == f"Warning: {key} has mode 0644, but it opens every key of the store: chmod 600 {key}.\n"
    )
    key.chmod(0o600)
    assert add() == Code.OK
    assert capsys.readouterr().err == ""


@pytest.fixture
def shops(url: str, tmp_path: Path, capsys: Say) -> str:
    """Terminals of two merchants, one with a long name in Chinese."""
    file = tmp_path / "shops.toml"
    tables = [
        ("10000001..10000012", "880210010210162", "Harbour shop"),
        ("20000001", "880210010210163", "北京市朝阳区建国门外大街一号国际贸易中心商城地下一层超市收银台"),
        ("2000000A", "880210010210163", "a name of many words that is longer than a narrow screen is wide"),
    ]
    file.write_text(
        "".join(
            f'[[terminal]]\ntid = "{tid}"\nmid = "{mid}"\nname = "{name}"\ntmk = "{TMK}"\n' for tid, mid, name in tables
        )
    )
    assert cli.run(["terminals", "import", str(file)]) == Code.OK
    capsys.readouterr()
    return url


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "tids"),
    [
        (["--tid", "10000003"], ["10000003"]),
        (["--tid", "1000001*"], ["10000010", "10000011", "10000012"]),
        (["--tid", "2000000[A-Z]"], ["2000000A"]),
        (["--tid", "2000000?"], ["20000001", "2000000A"]),
        (["--mid", "880210010210163"], ["20000001", "2000000A"]),
        (["--mid", "*163", "--tid", "*1"], ["20000001"]),
        (["--mid", "880210010210163' OR '1"], []),
        (["-n", "2"], ["10000001", "10000002"]),
        (["--limit", "1", "--mid", "*3"], ["20000001"]),
    ],
)
def test_a_list_is_filtered_and_limited(shops: str, flags: list[str], tids: list[str], capsys: Say) -> None:
    assert cli.run(["terminals", "list", "--json", *flags]) == Code.OK
    assert [one["tid"] for one in json.loads(capsys.readouterr().out)] == tids


def test_a_list_that_is_cut_says_so_on_stderr(shops: str, capsys: Say) -> None:
    assert cli.run(["terminals", "list", "-n", "3", "--tid", "1*"]) == Code.OK
    printed = capsys.readouterr()
    assert printed.err == "The first 3 of 12 terminals.\n"
    assert len(re.findall("^1", printed.out, re.MULTILINE)) == 3
    assert cli.run(["terminals", "list", "-n", "12", "--tid", "1*"]) == Code.OK
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("width", [20, 24, 50, 80, 120, 200])
def test_no_number_is_broken_on_any_screen(
    shops: str, width: int, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert cli.run(["terminals", "list"]) == Code.OK
    lines = capsys.readouterr().out.splitlines()
    assert max(map(cell_len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    text = "\n".join(lines)
    for tid in (*(f"{number}" for number in range(10000001, 10000013)), "20000001", "2000000A"):
        assert len(re.findall(rf"^{tid}\b", text, re.MULTILINE)) == 1
    assert text.count("D0E06F38") == len(re.findall(r"(?<!\d)000001$", text, re.MULTILINE)) == 14
    assert text.count("880210010210162") == 12
    words = ["a", "name", "of", "many", "words", "that", "is", "longer", "than", "a", "narrow", "screen", "is", "wide"]
    assert [word for word in re.findall(r"\w+", text[text.index("2000000A") :]) if word in words] == words


def test_a_list_that_is_no_screens_has_one_line_for_each_terminal(shops: str, capsys: Say) -> None:
    assert cli.run(["terminals", "list"]) == Code.OK
    header, rule, *lines = capsys.readouterr().out.splitlines()
    assert re.split("  +", header) == ["Terminal", "Merchant", "Name", "Key KCV", "Batch", "Signed on", "Working keys"]
    assert set(rule) == {"─"}
    assert len(lines) == 14


def test_a_list_of_no_terminals_has_headers(url: str, capsys: Say) -> None:
    open_store(url).close()
    assert cli.run(["terminals", "list"]) == Code.OK
    assert capsys.readouterr().out.startswith("Terminal  Merchant  Name")
