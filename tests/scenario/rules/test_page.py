"""The page about rules is made of what rules are read from, and its examples work."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from acquirer import cli
from acquirer.cli.errors import Code
from acquirer.data.toml import parse_toml
from acquirer.matcher.keys import RULE_KEYS
from acquirer.scenario.rules.page import rules_page
from acquirer.scenario.rules.reading import read_rules
from acquirer.scenario.rules.rule import Rule, Then
from acquirer.settings.packs import pack_names

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"


def test_the_page_in_the_documentation_is_what_the_command_prints(capsys):
    """Write it anew with: acquirer rules > docs/rules.md."""
    assert cli.run(["rules"]) == Code.OK
    assert capsys.readouterr().out == PAGE.read_text(encoding="utf-8")


def test_every_key_and_every_pack_stands_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    written = [field.name.removesuffix("_ms") for of in (Rule, Then) for field in fields(of)]
    for name in (*written, *RULE_KEYS, *pack_names()):
        assert f"| `{name}` | " in text, name


def test_the_examples_of_the_page_are_rules():
    text = rules_page([])
    (rule,) = read_rules(parse_toml(text.partition("```toml\n")[2].partition("```")[0], "page"), ())
    assert (rule.name, rule.then.code, rule.times) == ("poor after ten yuan", "51", 1)
    source = text.partition("```python\n")[2].partition("```")[0]
    exec(compile(source, "docs/rules.md", "exec"), {})
