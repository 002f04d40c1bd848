"""The one form of JSON that all commands print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.cli.json_output import print_array, print_object
from acquirer.settings.specs import load_dialect

Say = pytest.CaptureFixture[str]

TMK = "258FB0AB70D025CDB99DF2C4D302D646"
MAK = "AB7C577CC7A18045"
ECHO = next(sample.hex for sample in load_dialect("unionpay-pos").samples if "echo" in sample.title.lower())
STORE = ["--store", "sqlite:///shop.db"]


def test_an_array_has_a_line_for_each_element(capsys: Say) -> None:
    print_array([{"name": "银联"}, {"name": None}])
    assert capsys.readouterr().out == '[\n{"name": "银联"},\n{"name": null}\n]\n'
    print_array([])
    assert capsys.readouterr().out == "[]\n"
    print_object({"a": 1})
    assert capsys.readouterr().out == '{"a": 1}\n'


@pytest.mark.parametrize(
    ("words", "form"),
    [
        (["dialect", "list"], list),
        (["dialect", "show", "unionpay-pos"], dict),
        (["faults", "list"], list),
        (["faults", "show", "late"], dict),
        (["terminals", "list", *STORE], list),
        (["terminals", "show", "10000001", *STORE], dict),
        (["signatures", "list", *STORE], list),
        (["signatures", "unsigned", *STORE], list),
        (["store", "check", *STORE], dict),
        (["mac", "--mak", MAK, "--mab", "00" * 16], list),
        (["decode", ECHO], dict),
        (["doctor", "echo.hex"], dict),
    ],
)
def test_a_finished_list_is_an_array_and_one_thing_an_object(
    words: list[str], form: type, capsys: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("echo.hex").write_text(ECHO, encoding="ascii")
    if STORE[1] in words:
        cli.run(["terminals", "add", "--tid", "10000001", "--mid", "880210010210162", "--tmk", TMK, *STORE])
        capsys.readouterr()
    assert cli.run([*words, "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), form)
