"""Each mistake of a terminal is caught by the case that is meant for it, and by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.certification.prepare import prepare_cases
from tests.app.certification.mutants import MUTANTS, Mutant
from tests.app.certification.rehearsal import certify, failing

LEAST = 15


def test_there_are_enough() -> None:
    assert len({one.name for one in MUTANTS}) == len(MUTANTS) >= LEAST


def test_every_case_is_caught_out_by_a_mutant() -> None:
    caught = {case for mutant in MUTANTS for case in (mutant.case, *mutant.also)}
    assert {one.name for one in prepare_cases().cases} - caught == set()


OPERATORS = ("operator-in-the-sign-on", "operator-takes-over", "operator-refused", "logged-off-operator")
"""Cases that go on where the one before has left the terminal's operators."""

PAIRS = [(mutant, case) for mutant in MUTANTS for case in (mutant.case, *mutant.also)]


@pytest.mark.slow
@pytest.mark.parametrize(("mutant", "case"), PAIRS, ids=lambda one: one if isinstance(one, str) else one.name)
def test_a_mutant_is_caught_by_the_cases_meant_for_it(
    mutant: Mutant, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = OPERATORS[: OPERATORS.index(case) + 1] if case in OPERATORS else (case,)
    with monkeypatch.context() as patch:
        mutant.apply(patch)
        report = certify(tmp_path, only=wanted)
    found = failing(report)
    verdict = next(one.verdict for one in report.results if one.name == case)
    assert verdict == "failed", found.get(case, ["it passed"])
    if case == mutant.case:
        assert mutant.caught_by in found[case]
