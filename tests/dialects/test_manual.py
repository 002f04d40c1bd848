"""The manual is executed: Harbour Bank's file is written as it says, and every command is run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acquirer.app.dialects import lint_dialect
from acquirer.app.terminal import Terminal
from acquirer.cli import run
from acquirer.dialect.vocabulary import ELEMENTS
from acquirer.host.services import SERVICES
from acquirer.security.mac import MAC_ALGORITHMS
from acquirer.security.pin import PIN_FORMATS
from acquirer.security.track import TRACK_METHODS
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.terminal.exchange import Outcome
from acquirer.testing import running_host
from acquirer.wire.coverage import COVERAGES

DOCS = Path(__file__).parents[2] / "docs"
MANUAL = (DOCS / "dialects.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^```(toml|toml wrong|console)\n(.*?)^```$", MANUAL, re.S | re.M)


def commands(block: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each command of a console block, with the lines it is to print."""
    for command in re.split(r"^\$ ", block, flags=re.M)[1:]:
        first, *printed = command.splitlines()
        yield shlex.split(first)[1:], printed


def like(line: str) -> str:
    """A pattern for a line in which … stands for anything."""
    return ".*".join(map(re.escape, line.split("…")))


@pytest.fixture
def do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Types a command in a directory of its own; gives what was printed, and not how it ended."""
    monkeypatch.chdir(tmp_path)

    def typed(words: list[str]) -> list[str]:
        run(words)
        printed = capsys.readouterr()
        return [*printed.out.splitlines(), *printed.err.splitlines()]

    return typed


@pytest.mark.slow
def test_step_by_step(do: Callable[..., list[str]], tmp_path: Path) -> None:
    file, mistake = tmp_path / "harbour.toml", tmp_path / "wrong.toml"
    text, address = "", ""
    running = None
    for kind, block in STEPS:
        if kind == "toml":
            text += block + "\n"
            file.write_text(text, encoding="utf-8")
            continue
        if kind == "toml wrong":
            mistake.write_text(text + block, encoding="utf-8")
            continue
        for words, expected_lines in commands(block):
            if words[0] == "serve":
                running = running_host(dialect=str(file), timezone="UTC")
                address = running.__enter__().address
                continue
            more = ["--host", address, "--state", str(tmp_path)] if words[0] == "terminal" else []
            printed = do([*words, *more])
            assert len(printed) == len(expected_lines), printed
            for got, expected in zip(printed, expected_lines, strict=True):
                assert re.fullmatch(like(expected), got)
    assert running is not None
    running.__exit__(None, None, None)
    assert sum(kind == "toml" for kind, _ in STEPS) == 9


def test_keys_for_pins_without_macs(tmp_path: Path) -> None:
    (recipe,) = re.findall(r"^```toml recipe\n(.*?)^```$", MANUAL, re.S | re.M)
    name = str(tmp_path / "with-pins.toml")
    Path(name).write_text(recipe, encoding="utf-8")
    assert lint_dialect(name).problems == ()
    tid = "10000161"
    with running_host(dialect=name, timezone="UTC") as host, Terminal(tid, host=host.address, dialect=name) as terminal:
        terminal.sign_on()
        sale = terminal.sale("12.34", pin="123456")
        assert sale.outcome is Outcome.APPROVED
        assert 52 in sale.exchange.request
        assert 64 not in sale.exchange.request
        assert 64 not in sale.exchange.reply.fields


def named(heading: str) -> set[str]:
    """All names in code type in the tables of a section."""
    section = MANUAL.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_element_is_described() -> None:
    assert named("Elements") == set(ELEMENTS)
    assert {element for name in dialect_names() for element in load_dialect(name).elements} <= set(ELEMENTS)


def test_an_element_that_nothing_reads_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    head = 'dialect = "mine"\ntitle = "mine"\nextends = "iso8583-1987-ascii"\nsamples = []\n'
    more = '[elements]\nopertor = "60"\nlane = "61"\n[routes.sale]\nwhen.lane = "7"\n'
    file.write_text(head + more, encoding="utf-8")
    report = lint_dialect(str(file))
    assert [str(note) for note in report.notes] == [
        f"{file}:6: elements.opertor: nothing reads this element; did you mean 'operator'?"
    ]


def test_every_function_is_described() -> None:
    described = named("Functions chosen by name")
    stretched = {name for name in PIN_FORMATS if name.endswith(("-padded", "-wide"))}
    plain = {name for name in MAC_ALGORITHMS if not name.endswith("-hex")}
    assert {*SERVICES, *plain, *COVERAGES, *TRACK_METHODS} | set(PIN_FORMATS) - stretched <= described


def test_every_dialect_is_described() -> None:
    section = MANUAL.partition("\n## ")[0]
    described = set()
    for names in re.findall(r"^\| (`.*?) \|", section, re.M):
        first, *rest = re.findall(r"`([^`]+)`", names)
        described |= {first, *(name if name[0] != "-" else first.rpartition("-")[0] + name for name in rest)}
    assert described == set(dialect_names())


def test_the_pages_it_names_are_there() -> None:
    pages = re.findall(r"\]\(([a-z.-]+\.md)\)", MANUAL)
    assert pages
    assert [page for page in pages if not DOCS.joinpath(page).exists()] == []
