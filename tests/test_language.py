"""`scripts/language` finds what it should, and finds nothing in this project."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts/language"


def load_script() -> ModuleType:
    loader = SourceFileLoader("language", str(SCRIPT))
    spec = spec_from_loader("language", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


language = load_script()
PHRASES: tuple[str, ...] = language.PHRASES
SINGLE = [phrase for phrase in PHRASES if " " not in phrase]
(LONG,) = (phrase for phrase in PHRASES if phrase.count(" ") == 2)
PARTICIPLES = sorted(language.PARTICIPLES)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("read_card", ["read", "card"]),
        ("TransactionWriter", ["transaction", "writer"]),
        ("TLVReader", ["tlv", "reader"]),
        ("_no_cvm_limit_minor2", ["no", "cvm", "limit", "minor", "2"]),
        ("DEADLINE_us", ["deadline", "us"]),
    ],
)
def test_identifiers_are_taken_apart(name: str, words: list[str]) -> None:
    assert language.words_of(name) == words


@pytest.mark.parametrize("phrase", PHRASES)
def test_prose_is_checked_in_any_case_and_over_line_ends(phrase: str) -> None:
    text = f"One\ntwo {phrase.upper()}, three."
    assert list(language.in_prose(text)) == [(2, phrase.upper())]
    broken = "# " + phrase.replace(" ", "\n# ")
    assert list(language.in_prose(broken)) == [(1, phrase)]


@pytest.mark.parametrize("phrase", SINGLE)
def test_parts_of_words_are_not_words(phrase: str) -> None:
    assert list(language.in_prose(f"x{phrase} {phrase}x {phrase}en")) == []
    assert list(language.in_prose(f"{phrase}_frame")) == [(1, phrase)]


@pytest.mark.parametrize("word", [*PARTICIPLES, *SINGLE])
def test_names_are_checked_by_their_parts(word: str) -> None:
    source = f"def read():\n    {word} = 1\n    return Has{word.title()}Field(the_{word}, {word}x)\n"
    assert [line for line, _ in language.in_python(source)] == [2, 3, 3]


def test_participles_may_stand_in_prose() -> None:
    word = PARTICIPLES[0]
    assert list(language.in_python(f'"""It {word} so."""\nx = "{word}"  # {word}\n')) == []


def test_comments_and_strings_are_prose() -> None:
    first, second, *_ = SINGLE
    source = (
        f'"""One.\n\nThe {first}.\n"""\nx = f"{{y}} {second}"\n# a {LONG.rpartition(" ")[0]}\n# {LONG.split()[-1]}\n'
    )
    assert list(language.in_python(source)) == [(3, first), (5, second), (6, LONG)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_finds_are_printed_with_file_and_line(tmp_path: Path) -> None:
    word = SINGLE[0]
    (tmp_path / "page.md").write_text(f"One.\n{word}\n", encoding="utf-8")
    (tmp_path / f"test_{word}.py").write_text("", encoding="utf-8")
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{tmp_path}/page.md:2: {word}",
        f"{tmp_path}/test_{word}.py:0: {word} (in the file's name)",
    ]
    assert "2 banned words found" in done.stderr


def test_a_place_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path / "missing")
    assert done.returncode == 2
    assert "missing: no such file" in done.stderr


@pytest.mark.slow
def test_this_project_has_none() -> None:
    done = run()
    assert done.stdout == ""
    assert done.returncode == 0
