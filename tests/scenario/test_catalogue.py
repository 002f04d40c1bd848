"""The page about faults is made of the kinds themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.fault_examples import example
from acquirer.cli.errors import Code
from acquirer.data.toml import parse_toml
from acquirer.scenario.catalogue import kind_page, page
from acquirer.scenario.faults import Stage, load, parse
from acquirer.scenario.registry import CONDITIONS, built_in_names, find_kind

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_in_the_documentation_is_what_the_kinds_say():
    """Write it anew with: acquirer faults > docs/faults.md."""
    assert (DOCS / "faults.md").read_text(encoding="utf-8") == page(built_in_names(), example)


def test_every_kind_that_damages_a_reply_is_shown_with_the_bytes_before_and_after():
    shown = {name: example(find_kind(name)) for name in built_in_names()}
    lines = {name for name in shown if find_kind(name).type.stage is Stage.LINE}
    assert {name for name, text in shown.items() if not text} == lines
    for text in shown.values():
        if text:
            assert "\n+ " in text


def test_the_examples_of_the_page_are_one_fault_written_twice():
    text = page([])
    toml = text.partition("```toml\n")[2].partition("```")[0]
    (from_table,) = load(parse_toml(toml, "page"))
    typed = text.partition("--fault ")[2].partition("\n")[0]
    assert parse(f"{typed},name=slow sale") == from_table


def test_a_kind_is_described_with_its_stage_and_its_parameters():
    lines = kind_page("late").splitlines()
    assert lines[0] == "### `late`"
    assert "Stage: sending." in lines
    (parameter,) = find_kind("late").parameters
    assert lines[-1] == f"| `after` | {parameter.type.description} | `3s` | {parameter.help} |"


def test_every_key_is_described():
    assert all(f"| `{key}` | {meaning} |" in page([]) for key, meaning in CONDITIONS.items())


@pytest.mark.slow
def test_the_command_shows_all_kinds_or_one(capsys):
    assert cli.run(["faults"]) == Code.OK
    assert capsys.readouterr().out == page(built_in_names(), example)
    assert cli.run(["faults", "silent"]) == Code.OK
    assert capsys.readouterr().out == kind_page("silent", example)
    assert cli.run(["faults", "show", "silent"]) == Code.OK
    assert capsys.readouterr().out == kind_page("silent", example)
    assert cli.run(["faults", "silnt"]) == Code.USAGE
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "unknown kind 'silnt'; did you mean 'silent'?\n")


def test_the_command_lists_kinds_as_lines_and_as_an_array(capsys):
    assert cli.run(["faults", "list"]) == Code.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(built_in_names())
    assert cli.run(["faults", "list", "--json"]) == Code.OK
    kinds = json.loads(capsys.readouterr().out)
    assert [kind["name"] for kind in kinds] == list(built_in_names())
    assert cli.run(["faults", "show", "late", "--json"]) == Code.OK
    late = json.loads(capsys.readouterr().out)
    assert late["stage"] == "sending"
    assert [(one["name"], one["default"], one["required"]) for one in late["parameters"]] == [("after", "3s", False)]


@pytest.mark.parametrize("words", [["show"], ["silent", "late"], ["show", "x"], ["list", "late"]])
def test_words_that_name_no_kind_are_refused_in_one_sentence(words, capsys):
    assert cli.run(["faults", *words]) == Code.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_help_of_serve_names_the_kinds(capsys):
    assert cli.run(["serve", "--help"]) == Code.OK
    text = " ".join(capsys.readouterr().out.split())
    assert [name for name in built_in_names() if name not in text] == []


def test_a_kind_that_cannot_be_used_does_not_hide_the_others(distribution, capsys):
    distribution("acme-faults", {"rubbish": "acme_missing:Rubbish"})
    assert cli.run(["faults"]) == Code.OK
    text = capsys.readouterr().out
    assert "### `rubbish`\n\nCannot be used: kind 'rubbish' of distribution 'acme-faults' cannot be loaded" in text
    assert "### `silent`\n\nDecide, book, and send nothing." in text


@pytest.mark.slow
@pytest.mark.parametrize("width", [50, 80])
def test_on_a_screen_nothing_is_wider_than_it(width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    assert cli.run(["faults", "list"]) == Code.OK
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(built_in_names())
    for name in built_in_names():
        assert cli.run(["faults", "show", name]) == Code.OK
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) <= width
        assert not {"|", "```"} & set(text.split())
        assert {name, *(parameter.name for parameter in find_kind(name).parameters)} <= set(text.split())
