"""docs/mistakes.md says what the host says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mistakes.catalogue import ROWS
from tests.mistakes.page import page
from tests.mistakes.run import Recorded

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.slow
def test_the_page_in_the_documentation_is_what_the_host_says(recorded: dict[str, Recorded]) -> None:
    """Write it anew with: scripts/mistakes."""
    assert (DOCS / "mistakes.md").read_text(encoding="utf-8") == page(list(recorded.values()))


def test_every_row_stands_on_the_page() -> None:
    text = (DOCS / "mistakes.md").read_text(encoding="utf-8")
    assert [row.id for row in ROWS if f"**{row.id}**" not in text] == []
