"""A diagnosis does not depend on which keys a host happens to draw."""

from __future__ import annotations

import pytest

from tests.mistakes.catalogue import ROWS
from tests.mistakes.pending import PENDING
from tests.mistakes.run import record
from tests.mistakes.score import problems


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mistakes_are_named_under_any_keys(seed: int) -> None:
    found = {one.row.id: problems(one, ROWS) for one in record(ROWS, seed)}
    assert {name: problem for name, problem in found.items() if problem and name not in PENDING} == {}
