"""The bench measures what it says, against a whole host and a whole echo."""

from __future__ import annotations

import re

import pytest

from acquirer.load import ratios
from acquirer.load.ratios import RatioOptions


@pytest.mark.slow
def test_the_bench_books_everything_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    ratios.run(RatioOptions(seconds=600.0, rounds=1, connections=20, count=200, uploads=10))
    printed = capsys.readouterr().out
    assert "LOST" not in printed
    for kind in ("kept", "fresh"):
        assert re.search(rf"^{kind}: [\d,]+ sign-ons/s, echo [\d,]+/s, ratio [\d.]+ \(mark", printed, re.MULTILINE)
    found = re.search(
        r"^uploads: 10 at once, p50 [\d.]+ ms, .* alone [\d,]+/s, ratio [\d.]+ \(mark", printed, re.MULTILINE
    )
    assert found
    assert re.search(r"^pictures of all signatures were made [\d.]+ s after", printed, re.MULTILINE)
    assert "831 exchanges are in the journal" in printed, "one to begin with, 200 kept, 200 fresh, 400 beside 10 × 3"
