"""Each mistake of a terminal is caught by the case that is meant for it, and by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.certification.mutants import MUTANTS, Mutant
from tests.app.certification.rehearsal import certify, failing

LEAST = 15


def test_there_are_enough() -> None:
    assert len({one.name for one in MUTANTS}) == len(MUTANTS) >= LEAST


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_is_caught_by_the_case_meant_for_it(
    mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [mutant.case]
    if mutant.case == "operator-takes-over":
        wanted.append("operator-in-the-sign-on")  # sets operator 01 up
    with monkeypatch.context() as patch:
        mutant.apply(patch)
        report = certify(tmp_path, only=wanted)
    assert mutant.caught_by in failing(report).get(mutant.case, [])
