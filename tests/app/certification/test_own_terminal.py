"""Our own terminal passes every case that ships: what it cannot pass is a bad case, or a bad terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.app.certification.prepare import SHIPPED, prepare_cases
from acquirer.settings.named_files import CERTIFICATIONS
from tests.app.certification.rehearsal import certify, failing

LEAST = 40
"""Cases that the first set has at least."""


def test_every_file_that_ships_is_run() -> None:
    assert sorted(SHIPPED) == CERTIFICATIONS.names
    assert len(prepare_cases().cases) >= LEAST


@pytest.mark.slow
def test_it_passes_all(tmp_path: Path) -> None:
    report = certify(tmp_path)
    assert failing(report) == {}
    assert report.overall == "passed"
    assert not any(one.remarks for one in report.results)


def test_it_passes_a_few(tmp_path: Path) -> None:
    names = ["sign-on", "kcv-of-mac-key", "sale-without-answer", "power-cut", "signature-in-parts", "torn-answer"]
    report = certify(tmp_path, only=names)
    assert failing(report) == {}
    assert [one.verdict for one in report.results] == ["passed"] * len(names)


def test_what_a_terminal_does_not_have_is_not_done(tmp_path: Path) -> None:
    report = certify(tmp_path, only=["sign-off", "sign-on"], without=["sign-off"])
    assert failing(report) == {"sign-off": ["not for this terminal, which is none that signs off"]}
    assert report.overall == "passed"
