"""Every mistake of the catalogue is made over a real socket, and the host says what it was."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mistakes.catalogue import ROWS
from tests.mistakes.pending import PENDING
from tests.mistakes.row import GROUPS, Mistake
from tests.mistakes.run import Recorded
from tests.mistakes.score import problems

BY_ID = {row.id: row for row in ROWS}


LEAST = {
    "framing": 18,
    "encoding and fields": 24,
    "keys and MAC": 25,
    "PIN and track": 14,
    "sign-on": 8,
    "sale and reversal": 6,
    "signature": 5,
}


@pytest.mark.parametrize("row", ROWS, ids=BY_ID)
def test_the_host_names_the_mistake(row: Mistake, recorded: dict[str, Recorded]) -> None:
    found = problems(recorded[row.id], ROWS)
    if row.id in PENDING:
        assert found, f"{row.id} is recognised: take it out of tests/mistakes/pending.py"
    else:
        sentence = recorded[row.id].mistaken.sentence
        assert not found, "\n".join([f"{row.title}:", f"  {sentence}", *(f"  - {one}" for one in found)])


def test_the_catalogue_is_large_enough() -> None:
    counts = Counter(row.group for row in ROWS)
    assert {group: counts[group] for group in GROUPS if counts[group] < LEAST[group]} == {}
    assert len(ROWS) >= 110


def test_rows_differ() -> None:
    assert len(BY_ID) == len(ROWS)
    assert len({row.title for row in ROWS}) == len(ROWS)
    assert {row.group for row in ROWS} <= set(GROUPS)
    for row in ROWS:
        for other in row.same_as:
            assert row.id in BY_ID[other].same_as, f"{row.id} looks like {other}, but not the other way round"


def test_only_rows_of_the_catalogue_are_pending() -> None:
    assert BY_ID.keys() >= PENDING
