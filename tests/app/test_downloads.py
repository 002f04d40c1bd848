"""Downloads at a host that is served: the page's commands, programs, files and journey."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from acquirer.app.terminal import AsyncTerminal, Terminal
from acquirer.cli import run
from acquirer.testing import running_host

PAGE = (Path(__file__).parents[2] / "docs/downloads.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def terminals(tmp_path: Path) -> Path:
    file = tmp_path / "terminals.toml"
    (text,) = blocks("toml")
    file.write_text(text, encoding="utf-8")
    return file


def test_the_commands_of_the_page_run(terminals: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (commands,) = blocks("sh")
    with running_host(terminals=terminals) as host:
        for line in commands.splitlines():
            words = shlex.split(line)[1:]
            where = [] if words[:2] == ["terminal", "parameters"] else ["--host", host.address]
            assert run([*words, *where, "--state", str(tmp_path / "state")]) == 0, line
        out = capsys.readouterr().out
        assert "Corner shop" in out
        assert "A000000333/0B" in out
        assert "6243030000000001" not in out
        services = [one.service for one in host.journal.list()]
        assert services[:2] == ["sign_on", "parameters"]
        assert services.index("blacklist_end") < services.index("sale") < services.index("tmk_activation")
    document = json.loads(out[out.index('{"parameters"') :])
    assert document["tmk_kcv"]
    assert document["blacklist"] == ["624303******0001", "817199******0000"]


def test_the_files_of_the_page(tmp_path: Path) -> None:
    own, mine = tmp_path / "own", tmp_path / "mine.toml"
    own.mkdir()
    (parameters,), (dialect,) = blocks("toml title=parameters.toml"), blocks("toml title=dialect")
    (own / "parameters.toml").write_text(parameters, encoding="utf-8")
    mine.write_text(f'dialect = "mine"\ntitle = "mine"\nextends = "unionpay-pos"\n{dialect}', encoding="utf-8")
    with (
        running_host(downloads=own, dialect=str(mine)) as host,
        Terminal("10000161", host=host.address, dialect=str(mine)) as terminal,
    ):
        assert terminal.download().ok
        kept = terminal.state.downloaded
        assert (kept.parameters["merchant_name"], kept.parameters["tip_percent"]) == ("城市书店", 10)
        assert [key.expiry for key in kept.keys] == ["20301231"] * 4
        assert terminal.sale("1.00").receipt.merchant == "城市书店"
        assert terminal.pre_auth("1.00").sentence.startswith("not authorised: the downloaded parameters do not permit")


def test_the_program_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (program,) = blocks("python")
    with running_host() as host:
        exec(compile(program.replace("127.0.0.1:8583", host.address), "docs/downloads.md", "exec"), {})


def test_the_journey_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (journey,) = blocks("toml title=first-hour.toml")
    file = tmp_path / "first-hour.toml"
    file.write_text(journey, encoding="utf-8")
    assert run(["check", str(file)]) == 0, capsys.readouterr()


def test_a_host_asks_while_it_serves() -> None:
    with running_host() as host, Terminal("10000161", host=host.address) as terminal:
        terminal.sign_on()
        assert not terminal.state.downloaded.keys
        host.fetch("10000161", "capk")
        assert [one.service for one in terminal.echo().exchanges][:2] == ["echo", "capk_query"]
        assert len(terminal.state.downloaded.keys) == 4
        assert host.terminals["10000161"][1].downloads == ()
        with pytest.raises(LookupError):
            host.fetch("99999999", "capk")
        with pytest.raises(ValueError, match="names 'cpk', which is no download"):
            host.fetch("10000161", "cpk")


def test_a_terminal_on_asyncio() -> None:
    import asyncio

    async def fetch(address: str) -> int:
        async with AsyncTerminal("10000161", host=address) as terminal:
            await terminal.sign_on()
            assert (await terminal.download("aid")).ok
            return len(terminal.state.downloaded.aids)

    with running_host() as host:
        assert asyncio.run(fetch(host.address)) == 8


def test_keys_that_were_rotated_stand_under_a_downloaded_master_key() -> None:
    with running_host() as host, Terminal("10000161", host=host.address) as terminal:
        terminal.download("tmk")
        terminal.sign_on()
        host.rotate_keys("10000161")
        assert terminal.sale("1.00").code == "A0"
        assert terminal.sale("1.00").code == "00"  # it signed on again, under the downloaded key
