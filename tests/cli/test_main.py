"""The command line as a whole: help, version, and one clear sentence about what cannot be understood."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import typer

from acquirer import __version__, cli
from acquirer.app.terminal import Terminal
from acquirer.cli.errors import Code, Exit
from acquirer.data.toml import parse_toml
from acquirer.testing import running_host

Say = pytest.CaptureFixture[str]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch):
    """Put a function in the place of `acquirer decode`."""

    def put(function) -> None:
        module = ModuleType("acquirer.cli.decode")
        module.command = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "acquirer.cli.decode", module)

    return put


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_command_with_its_whole_line(arguments: list[str], capsys: Say) -> None:
    assert cli.run(arguments) == Code.OK
    shown = capsys.readouterr()
    flat = " ".join(shown.out.split())
    for name, line in cli.COMMANDS.items():
        assert f" {name} {line}" in flat
    assert shown.err == ""


def test_help_imports_no_command() -> None:
    code = "\n".join(
        (
            "import sys",
            "from acquirer.cli import run",
            "run(['--help'])",
            "shared = {f'acquirer.cli.{name}' for name in ('arguments', 'errors', 'help', 'streams')}",
            "sys.exit(len({name for name in sys.modules if name.startswith('acquirer.cli.')} - shared))",
        )
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_group_without_a_command_shows_its_help_in_whole_sentences(capsys: Say) -> None:
    assert cli.run(["dialect"]) == Code.OK
    shown = capsys.readouterr()
    assert "Show a dialect: its frames, fields, messages, response codes, key packages, constants and samples." in (
        " ".join(shown.out.split())
    )
    assert shown.err == ""


def test_every_command_of_the_table_has_a_module_that_shows_its_help(capsys: Say) -> None:
    for name, line in cli.COMMANDS.items():
        assert cli.run([name, "--help"]) == Code.OK
        assert f"Usage: acquirer {name} " in capsys.readouterr().out, line


def helps(capsys: Say) -> dict[str, str]:
    """Return the help of every command, by its words."""
    found: dict[str, str] = {}
    for name in cli.COMMANDS:
        module = import_module(f"acquirer.cli.{name}")
        group = module.app.registered_commands if hasattr(module, "app") else []
        for words in [[name, one.name or one.callback.__name__] for one in group] or [[name]]:
            capsys.readouterr()
            assert cli.run([*words, "--help"]) == Code.OK
            found[" ".join(words)] = capsys.readouterr().out
    return found


@pytest.mark.slow
def test_help_names_no_python_types(capsys: Say) -> None:
    for words, text in helps(capsys).items():
        assert not re.search(r"<(str|int|float|path|list)\b", text), words


@pytest.mark.slow
def test_help_begins_with_what_one_always_needs(capsys: Say) -> None:
    sale = helps(capsys)["terminal sale"]
    headings = re.findall(r"^(\S.*):$", sale, re.M)
    assert headings == [
        "Options", "Signature", "Receipt", "Made without the host", "Terminal and host", "Messages", "Answers", "TLS",
    ]  # fmt: skip
    first = sale[: sale.index("Signature:")]
    assert [option for option in ("--amount", "--card", "--pin", "--sign", "--tpdu") if f"{option} " in first] == [
        "--amount",
        "--card",
        "--pin",
    ]
    assert "--sign NAME|FILE" in helps(capsys)["terminal sign"].partition("Signature:")[0]  # it must be given


def test_version(capsys: Say) -> None:
    assert cli.run(["--version"]) == Code.OK
    assert capsys.readouterr().out == f"acquirer {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["journl"], "No such command 'journl'. Did you mean 'journal', 'journeys'? Try 'acquirer --help'."),
        (["--bogus"], "No such option: --bogus. Try 'acquirer --help'."),
        (["decode", "--bogus"], "No such option: --bogus. Try 'acquirer decode --help'."),
        (["decode", "--count"], "Option '--count' requires an argument. Try 'acquirer decode --help'."),
        (
            ["decode", "--count", "x"],
            "Invalid value for '--count': 'x' is not a whole number. Try 'acquirer decode --help'.",
        ),
        (["decode", "a"], "Got unexpected extra argument(s) (a). Try 'acquirer decode --help'."),
    ],
)
def test_a_command_line_that_cannot_be_understood_is_one_sentence_and_ends_with_2(
    arguments: list[str], sentence: str, capsys: Say, command
) -> None:
    def decode(count: int = 0) -> None: ...

    command(decode)
    assert cli.run(arguments) == Code.USAGE
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", sentence + "\n")


def raising(error: BaseException):
    def decode() -> None:
        raise error

    return decode


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (Exit(Code.NO_REPLY, "No reply within 3 s."), 4, "No reply within 3 s.\n"),
        (Exit(Code.EXPECTATION_FAILED), 1, ""),
        (parse_toml("a = 1", "x.toml").error(("a",), "is wrong"), 2, "x.toml:1: a: is wrong\n"),
        (FileNotFoundError(2, "No such file or directory", "x.toml"), 2, "x.toml: No such file or directory.\n"),
        (PermissionError(13, "Permission denied", "/x.db"), 2, "/x.db: Permission denied.\n"),
        (KeyboardInterrupt(), 130, ""),
        (typer.Abort(), 130, ""),
        (typer.Exit(6), 6, ""),
    ],
)
def test_code_and_sentence_follow_from_how_a_command_ends(
    error: BaseException, code: int, sentence: str, capsys: Say, command
) -> None:
    command(raising(error))
    assert cli.run(["decode"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.strip() == sentence.strip()


def test_a_bug_of_our_own_is_not_reported_as_a_usage_error(command) -> None:
    command(raising(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError):
        cli.run(["decode"])
    command(raising(OSError(5, "an input/output error without a file")))
    with pytest.raises(OSError, match="without a file"):
        cli.run(["decode"])


def test_a_number_returned_is_the_exit_code(command) -> None:
    command(lambda: 5)
    assert cli.run(["decode"]) == Code.UNDECODABLE


def test_a_reader_that_stops_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        for arguments in (["--version"], ["--help"]):
            done = subprocess.run(
                [sys.executable, "-m", "acquirer", *arguments], stdout=writing, stderr=subprocess.PIPE, check=False
            )
            assert (done.returncode, done.stderr) == (0, b"")
    finally:
        os.close(writing)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a store in which an exchange is journalled."""
    place = tmp_path_factory.mktemp("place")
    with (
        running_host(store=f"sqlite:///{place / 'acquirer.db'}") as host,
        Terminal("10000161", host=host.address) as one,
    ):
        one.echo()
    return place


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        "--version >/dev/full",
        "--help >&-",
        "decode 00 >/dev/full",
        "decode 00 >&-",
        "dialect show unionpay-pos >/dev/full",
        "terminals list >/dev/full",
        "journal list --json >/dev/full",
        "journal list >&-",
        "serve --listen 127.0.0.1:0 --store memory: --log off >/dev/full",
        "serve --listen 127.0.0.1:0 --store memory: --log off >&-",
    ],
)
def test_a_stdout_that_cannot_be_written_is_one_sentence(arguments: str, place: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m acquirer {arguments}"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False, cwd=place, timeout=120)
    reason = "Bad file descriptor" if arguments.endswith(">&-") else "No space left on device"
    assert (done.returncode, done.stderr) == (Code.USAGE, f"stdout: {reason}.\n")


@pytest.mark.slow
def test_what_failed_before_the_last_flush_decides_the_exit_code() -> None:
    command = f"{shlex.quote(sys.executable)} -m acquirer decode --json 00 >/dev/full"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert done.returncode == Code.UNDECODABLE
    assert done.stderr.startswith("Undecodable as ")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "out"),
    [("--bogus 2>&-", Code.USAGE, ""), ("--bogus 2>/dev/full", Code.USAGE, ""), ("decode <&- 2>&1", 2, "stdin: is")],
)
def test_other_streams_may_be_closed_too(arguments: str, code: int, out: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m acquirer {arguments}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout[: len(out) or None]) == (code, out)


HOSTILE = "\x1b[2Jx\r\ny"
"""Clears the screen and begins lines of its own."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["decode", HOSTILE],
        ["doctor", HOSTILE],
        ["dialect", "lint", HOSTILE],
        ["journal", "list", HOSTILE],
        ["journal", "list", "--code", HOSTILE],
        ["journal", "export", "--out", HOSTILE],
        ["journal", "show", HOSTILE],
        ["serve", "--keep-days", HOSTILE],
        ["serve", "--terminals", HOSTILE],
        ["store", "check", "--store", f"sqlite:///{HOSTILE}"],
        ["store", "check", "--store", "sqlite:///empty\x1b"],
        ["store", "backup", "backup\x1b.db"],
        ["terminals", "import", "keys.toml"],
        ["terminals", "import", "good.toml", "--store", "sqlite:///new\x1b.db"],
        ["terminals", "show", HOSTILE],
        ["terminal", "sale", "--amount", HOSTILE],
        [HOSTILE],
    ],
    ids=lambda arguments: " ".join(arguments[:3]).encode("unicode_escape").decode(),
)
def test_what_is_repeated_of_arguments_and_files_cannot_move_the_cursor(
    arguments: list[str], capsys: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty\x1b").touch()
    (tmp_path / "keys.toml").write_text('[[terminal]]\n"\\u001b[2J" = 1\n')
    terminal = 'tid = "10000001"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    (tmp_path / "good.toml").write_text(f"[[terminal]]\n{terminal}")
    assert cli.run(["terminals", "import", "good.toml"]) == Code.OK
    capsys.readouterr()
    cli.run(arguments)
    shown = capsys.readouterr()
    assert "\\x1b" in shown.out + shown.err
    assert all(line.isprintable() for line in [*shown.out.split("\n"), *shown.err.split("\n")])
    assert not any(line.startswith("y") for line in [*shown.out.split("\n"), *shown.err.split("\n")])


@pytest.mark.parametrize(
    "arguments",
    [
        ["journal", "list", "--tid", "\udcff"],
        ["terminals", "add", "--tid", "10000001", "--mid", "880210010210162", "--tmk", "AB" * 16, "--name", "\udcff"],
        ["terminal", "sale", "--amount", "1", "--sign", "\udcff"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]).encode("ascii", "backslashreplace").decode(),
)
def test_an_argument_that_is_no_text_is_one_sentence(
    arguments: list[str], capsys: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python reads bytes that are no UTF-8 as halves of characters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with running_host(store="sqlite:///acquirer.db") as host, Terminal("10000161", host=host.address) as terminal:
        terminal.sign_on()
        if arguments[0] == "terminal":
            arguments = [*arguments, "--host", host.address]
        elif arguments[0] == "terminals":
            arguments = [*arguments, "--store", "sqlite:///other.db"]
        capsys.readouterr()
        code = cli.run(arguments)
    shown = capsys.readouterr()
    assert code == Code.USAGE
    assert shown.err.splitlines()[-1] == "\\udcff is no UTF-8 text: it can name a file, and nothing else."
