"""docs/journal.md: its commands run, its Python passes, and its keys are those that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.cli.errors import Code
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import FIELD_HELP, JOURNAL_KEYS, KEYS
from acquirer.testing import running_host

PAGE = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
BLOCKS = dict[str, str](re.findall(r"^```(console|python)\n(.*?)^```$", PAGE, re.S | re.M))
COMMANDS = [shlex.split(line.removeprefix("$ acquirer ")) for line in BLOCKS["console"].splitlines()]


def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACQUIRER_STORE", "sqlite:///acquirer.db")
    with running_host(store="sqlite:///acquirer.db") as host:
        with Terminal("10000161", host=host.address, state=None) as terminal:
            terminal.sign_on()
            terminal.sale("12.34")
            terminal.sale("1.00")
        for words in COMMANDS:
            if "--for" in words:  # as the page shows it, without the waiting
                words[words.index("--for") + 1] = "1ms"
            assert cli.run(words) == Code.OK, words
    assert {words[1] for words in COMMANDS} == {"list", "find", "wait", "verify", "export", "mark"}


def test_its_python_is_a_test_that_passes() -> None:
    names: dict[str, object] = {}
    exec(compile(BLOCKS["python"], "docs/journal.md", "exec"), names)
    (test,) = (value for name, value in names.items() if name.startswith("test_") and callable(value))
    test()


def test_its_keys_and_values_are_those_of_filters() -> None:
    rows = re.findall(r"^\| (`.*?`) \| (.*?) \|$", PAGE, re.M)
    keys = {**{name: KEYS[name].help for name in JOURNAL_KEYS}, "de.N": FIELD_HELP}
    shown = {key.strip("`"): means for key, means in rows}
    assert {key: shown.get(key) for key in keys} == keys
    written = PAGE[PAGE.index("| written |") : PAGE.index("| key |")]
    filters = [text for text in re.findall(r"`([^`]+)`", written) if re.match(r"[a-z]+(\W|$)", text)]
    assert len(filters) > 12
    for text in filters:
        parse_filter(text, JOURNAL_KEYS)
