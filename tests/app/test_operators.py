"""Operators at our terminal and at a host of ours together: the page's commands and program, slips, journal."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from acquirer.app.terminal import AsyncTerminal, Terminal
from acquirer.cli import run
from acquirer.testing import running_host

PAGE = (Path(__file__).parents[2] / "docs/operators.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_commands_of_the_page_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (commands,) = blocks("sh")
    with running_host() as host:
        for line in commands.splitlines():
            words = shlex.split(line)[1:]
            assert run([*words, "--host", host.address, "--state", str(tmp_path)]) == 0, line
        assert "操作员号(OPERATOR NO)         01" in capsys.readouterr().out
        assert [one.service for one in host.journal.list()] == ["sign_on", "sale", "void", "sign_off"]
        assert {one.operator for one in host.transactions} == {"01 "}
    assert run(["terminal", "operator", "list", "--state", str(tmp_path), "--json"]) == 0
    assert '{"number": "01", "logged_on": false, "failures": 0, "locked": false}' in capsys.readouterr().out


def test_what_is_refused_ends_with_2_and_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--state", str(tmp_path), "--host", "127.0.0.1:1"]
    assert run(["terminal", "operator", "set-up", "--supervisor", "9000", "--administrator", "99", *here]) == 2
    assert "this is no password of an operator, which has four digits" in capsys.readouterr().err
    assert run(["terminal", "operator", "set-up", "--supervisor", "9000", "--administrator", "9900", *here]) == 0
    assert run(["terminal", "sale", "--amount", "1.00", *here]) == 2
    assert "not sold: no cashier is logged on; log on first ('operator log-on')" in capsys.readouterr().err
    kept = "".join(path.read_text("latin-1") for path in tmp_path.glob("*.json"))
    assert '"9000"' not in kept  # four digits alone stand by chance among those of what is sealed
    assert b"9000".hex() not in kept
    assert run(["terminal", "operator", "list", "--state", str(tmp_path)]) == 0
    assert "the supervisor" in capsys.readouterr().out


def test_the_program_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (program,) = blocks("python")
    with running_host() as host:
        exec(compile(program.replace("127.0.0.1:8583", host.address), "docs/operators.md", "exec"), {})
        assert [one.code for one in host.journal.list()] == ["00", "00", "00"]


def test_the_terminals_of_the_page_list_their_operators(tmp_path: Path) -> None:
    (terminals,) = blocks("toml")
    (tmp_path / "terminals.toml").write_text(terminals, encoding="utf-8")
    with running_host(terminals=tmp_path / "terminals.toml") as host:
        file = tmp_path / "terminals.toml"
        codes = {
            (tid, operator): Terminal(tid, operator=operator, host=host.address, terminals=file).sign_on().code
            for tid in ("10000001", "10000021")
            for operator in ("02", "03", "04", "00")
        }
        assert codes == {
            ("10000001", "02"): "00", ("10000001", "03"): "58", ("10000001", "04"): "58", ("10000001", "00"): "00",
            ("10000021", "02"): "00", ("10000021", "03"): "00", ("10000021", "04"): "58", ("10000021", "00"): "00",
        }  # fmt: skip
        assert len(host.journal.list("operator=03 & reason=operator_unknown")) == 1


async def one_day(address: str) -> list[str]:
    terminal = AsyncTerminal("10000161", host=address)
    results = [
        await terminal.set_up_operators("9000", "9900"),
        await terminal.add_operator("01", "1111", supervisor="9000"),
        await terminal.log_on("01", "1111"),
        await terminal.sale("1.00"),
        await terminal.void(supervisor="9000"),
        await terminal.log_off(),
    ]
    await terminal.close()
    return [str(one.outcome) for one in results]


def test_it_is_the_same_with_asyncio() -> None:
    import asyncio

    with running_host() as host:
        assert asyncio.run(one_day(host.address)) == ["done", "done", "approved", "approved", "approved", "done"]
