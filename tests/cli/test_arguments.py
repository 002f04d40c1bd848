"""How typed words become values, and that no validation library is loaded for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from acquirer.cli.arguments import take_over


def call(arguments: list[str]) -> dict[str, Any]:
    """Run a command with parameters of every type; returns what it was given."""
    given: dict[str, Any] = {}
    app = typer.Typer(add_completion=False)

    @app.command()
    def command(
        word: str,
        count: Annotated[int, typer.Option(min=1, max=9)] = 1,
        share: Annotated[float | None, typer.Option(min=0.5)] = None,
        file: Path | None = None,
        also: list[str] | None = None,
        switch: Annotated[bool, typer.Option("--switch/--no-switch")] = False,
    ) -> None:
        given.update(locals())

    built = typer.main.get_command(app)
    take_over(built)
    built.main(arguments, standalone_mode=False)
    del given["given"]
    return given


def test_defaults_are_left_as_they_are() -> None:
    assert call(["x"]) == {"word": "x", "count": 1, "share": None, "file": None, "also": None, "switch": False}


def test_values_of_every_type() -> None:
    arguments = ["--count", "9", "--share", "0.5", "--file", "a/b", "--also", "c", "--also", "d", "--switch", "007"]
    assert call(arguments) == {
        "word": "007",
        "count": 9,
        "share": 0.5,
        "file": Path("a/b"),
        "also": ["c", "d"],
        "switch": True,
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--count", "x"], "Invalid value for '--count': 'x' is not a whole number from 1 to 9"),
        (["--count", "1.5"], "Invalid value for '--count': '1.5' is not a whole number from 1 to 9"),
        (["--count", "10"], "Invalid value for '--count': '10' is out of range; write a whole number from 1 to 9"),
        (["--share", "x"], "Invalid value for '--share': 'x' is not a number"),
        (["--share", "0.4"], "Invalid value for '--share': '0.4' is out of range; write a number from 0.5"),
        (["--share", "nan"], "Invalid value for '--share': 'nan' is out of range; write a number from 0.5"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        call(["word", *arguments])
    assert caught.value.format_message() == sentence


def test_a_missing_argument_is_still_missed() -> None:
    with pytest.raises(typer.BadParameter.__mro__[1], match="word"):
        call([])


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--version"], ["serve", "--help"], ["journal", "list", "--help"], ["faults"]])
def test_no_validation_library_is_loaded(words: list[str]) -> None:
    code = (
        "import sys; from acquirer.cli import run; "
        f"code = run({words}); print('pydantic' in sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "False\n")
