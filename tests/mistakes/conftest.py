"""The catalogue, held with a host once for all tests here."""

from __future__ import annotations

import pytest

from tests.mistakes.catalogue import ROWS
from tests.mistakes.run import Recorded, record


@pytest.fixture(scope="session")
def recorded() -> dict[str, Recorded]:
    """Return what the host said to each row, in order."""
    return {one.row.id: one for one in record(ROWS)}
