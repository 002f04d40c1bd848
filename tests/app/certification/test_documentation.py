"""docs/certification.md says what there is: keys, features, conduct, cases; and its example is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.certification.prepare import prepare_cases
from acquirer.certification.case import FEATURES
from acquirer.certification.conduct import CONDUCT
from acquirer.certification.reading import CASE_KEYS, FILE_KEYS
from acquirer.certification.reading_steps import EXPECTATION_KEYS, STEP_KEYS
from acquirer.cli.errors import Code

PAGE = (Path(__file__).parents[3] / "docs/certification.md").read_text(encoding="utf-8")


def rows() -> list[tuple[str, str]]:
    """Return the rows that the page must have."""
    found: list[tuple[str, str]] = [*FEATURES.items()]
    for keys in (FILE_KEYS, CASE_KEYS, STEP_KEYS, EXPECTATION_KEYS):
        found += keys.items()
    found += [(name, rule.what) for name, rule in CONDUCT.items()]
    for case in prepare_cases().cases:
        found.append((case.name, case.title + (" (should)" if case.severity == "should" else "")))
    return found


def test_the_page_describes_every_key_and_every_case() -> None:
    assert [name for name, words in rows() if f"| `{name}` | {words} |" not in PAGE] == []


def test_the_page_counts_the_cases() -> None:
    cases = prepare_cases().cases
    assert f"{len(cases)} cases ship" in PAGE
    place = [one.name for one in cases].index("sale-without-answer") + 1
    assert f"{place}/{len(cases)}  sale-without-answer" in PAGE


def test_its_example_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"^```toml\n# my-cases.toml\n(.*?)^```$", PAGE, re.S | re.M)
    monkeypatch.chdir(tmp_path)
    Path("my-cases.toml").write_text(example, encoding="utf-8")
    lines = [line for line in PAGE.splitlines() if line.startswith("acquirer certify") and "my-cases.toml" in line]
    assert len(lines) == 2
    for line in lines:
        arguments = line.split()[1:]
        assert cli.run([*arguments, *(["--listen", "127.0.0.1:0"] if "run" in arguments else [])]) == Code.OK
    assert "OK: 1 of 1 case passed" in capsys.readouterr().out
