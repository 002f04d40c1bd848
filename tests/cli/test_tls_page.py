"""docs/tls.md and docs/keys.md: their commands run one after another, their tables and their Python are used."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.cli.errors import Code
from acquirer.settings.terminals import read_terminals
from tests.cli.served import Served

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """Return the contents of a page's code blocks in one language."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.S | re.M)


def commands(page: str) -> list[list[str]]:
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    return [shlex.split(line.removeprefix("$ acquirer ")) for line in lines]


@pytest.mark.slow
def test_the_page_of_tls_holds(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make, host, sign_on, find, make_flawed = commands("tls")
    settings, terminals, plan = blocks("tls", "toml")
    assert cli.run(make) == Code.OK
    assert settings in capsys.readouterr().out
    Path("acquirer.toml").write_text(settings, encoding="utf-8")
    assert (host[:2], host[2].partition(",")[2]) == (["serve", "--listen"], "tls=test")
    served = serve("--listen", f"127.0.0.1:0,{host[2].partition(',')[2]}")
    address = json.loads(served.ready)["listeners"][1]["address"]
    assert cli.run([*sign_on, "--host", address]) == Code.OK
    assert cli.run([*sign_on[:4], "--host", address]) == Code.NO_CONNECTION  # without a certificate of its own
    assert cli.run(find) == Code.OK
    assert "the terminal sent no certificate, and one is required" in capsys.readouterr().out
    assert cli.run(make_flawed) == Code.OK
    tids = 'tid = "10000161..10000162"\nmid = "880210010210162"\ntmk = "258FB0AB70D025CDB99DF2C4D302D646"\n'
    Path("some.toml").write_text(f"[[terminal]]\n{tids}", encoding="utf-8")
    burst = '[[phase]]\nkind = "burst"\ncount = 2\nwithin = "1s"\n'
    Path("plan.toml").write_text(f'host = "{address}"\nterminals = "some.toml"\n{plan}{burst}', encoding="utf-8")
    assert cli.run(["load", "run", "plan.toml"]) == Code.OK, capsys.readouterr()
    Path("bound.toml").write_text(terminals, encoding="utf-8")
    assert {one.tid: one.certificate for one in read_terminals(Path("bound.toml"))}["10000020"] == "CN=10000020"


@pytest.mark.slow
def test_the_tests_of_the_page_of_tls_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in commands("tls"):
        if words[0] == "certificates":
            assert cli.run(words) == Code.OK
    (source,) = blocks("tls", "python")
    (tmp_path / "test_shown.py").write_text(f"import pytest\n\n{source}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "1 passed" in done.stdout.splitlines()[-1], done.stdout


def test_the_commands_of_the_page_of_keys_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order; the store whose keys are replaced is one that a host has left."""
    monkeypatch.chdir(tmp_path)
    terminal = ["--tid", "10000161", "--mid", "880210010210162", "--tmk", "258FB0AB70D025CDB99DF2C4D302D646"]
    assert cli.run(["terminals", "add", *terminal]) == Code.OK
    for words in commands("keys"):
        assert cli.run(words) == Code.OK, words
    shown = {words[1] for words in commands("keys")}
    assert shown == {"kcv", "split", "combine", "wrap", "rotate-tmk", "rotate-file"}
