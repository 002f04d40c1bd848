"""docs/settlement.md: its commands run, its Python passes, and its causes and settings are those that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from acquirer import cli
from acquirer.app.terminal_options import TerminalOptions
from acquirer.host.explain.causes import Cause
from acquirer.settings.config import SETTINGS
from acquirer.settlement.policies import SettlementReply, UnsignedPolicy
from acquirer.terminal.kind import OfflineUpload
from acquirer.testing import running_host

PAGE = (Path(__file__).parents[2] / "docs" / "settlement.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.S | re.M)


def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    with running_host(store=f"sqlite:///{tmp_path / 'acquirer.db'}", terminals=None) as host:
        for line in "".join(block for language, block in BLOCKS if language == "console").splitlines():
            words = shlex.split(line.removeprefix("$ "))[1:]
            if words[0] == "terminal":
                words += ["--host", host.address]
            assert cli.run(words) == 0, (words, capsys.readouterr())
    printed = capsys.readouterr().out
    assert "对账平" in printed
    assert "Terminal and host agree." in printed


def test_its_python_passes() -> None:
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "docs/settlement.md", "exec"), {})  # the page's own


def test_every_cause_stands_there() -> None:
    section = PAGE.partition("## When it does not balance")[2]
    named = {name for row in re.findall(r"^\| (`.*?) \|", section, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(get_args(Cause))


def test_every_setting_stands_there() -> None:
    assert {"settlement_reply", "unsigned_at_settlement"} <= set(SETTINGS)
    assert "offline_upload" in TerminalOptions.__annotations__
    for name, values in (
        ("settlement_reply", SettlementReply),
        ("unsigned_at_settlement", UnsignedPolicy),
        ("offline_upload", OfflineUpload),
    ):
        listed = ", ".join(f"`{one}`" for one in get_args(values))
        assert f"| `--{name.replace('_', '-')}` | {listed} |" in PAGE
