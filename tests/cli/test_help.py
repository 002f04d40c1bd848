"""The help of every command fits its screen, and no word of it is broken: they are typed as they stand there."""

from __future__ import annotations

import re

import pytest

from acquirer import cli
from acquirer.cli.errors import Code


@pytest.fixture
def help_of(capsys, monkeypatch):
    def printed(columns, *command):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert cli.run([*command, "--help"]) == Code.OK
        return capsys.readouterr().out

    return printed


def commands_of(text):
    section = re.search(r"Commands:\n((?: .*\n?)+)", text)
    return re.findall(r"^  ([a-z][a-z-]*) ", section[1], re.MULTILINE) if section else []


@pytest.mark.parametrize("group", [(), *((name,) for name in cli.COMMANDS)], ids=" ".join)
@pytest.mark.slow
def test_no_word_is_broken_and_no_line_too_wide(help_of, group):
    inner = [(*group, name) for name in commands_of(help_of(80, *group))] if group else []
    for command in (group, *inner):
        words = set(help_of(300, *command).split())
        for columns in (50, 80, 120):
            text = help_of(columns, *command)
            assert set(text.split()) <= words, (columns, command)
            assert max(map(len, text.splitlines())) <= columns, (columns, command)
