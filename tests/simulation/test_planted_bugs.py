"""Bugs that are planted in host, store and terminal are caught, each by the checker that is meant for it."""

from __future__ import annotations

import pytest

from acquirer.simulation.checkers import CHECKERS
from acquirer.simulation.plan import DIALECT
from acquirer.simulation.simulation import PlanName, simulate
from tests.simulation import dialect_bugs, host_bugs, store_bugs, terminal_bugs
from tests.simulation.planted_bugs import BUGS

MOST_SEEDS = 40
"""The rarest of them needs 37 days: an advice without an answer that is given another number."""

KNOWN_SEEDS = {
    "late_sale_approved_after_its_reversal": 26,
    "advice_repeated_under_a_new_number": 37,
    "image_of_another_sale_uploaded": 13,
    "keys_swapped_too_early": 10,
    "keys_swapped_without_grace": 10,
    "mac_under_another_generation": 10,
}
"""Where the search may begin: it takes as long as the tests of a room otherwise."""


def test_there_are_bugs_of_host_store_and_terminal() -> None:
    rooms = [host_bugs.__name__, store_bugs.__name__, terminal_bugs.__name__]
    found = {room: [one for one in BUGS.values() if one.plant.__module__ == room] for room in rooms}
    assert [len(bugs) >= 7 for bugs in found.values()] == [True] * 3
    assert len(BUGS) >= 25
    assert {one.dialect for one in BUGS.values() if one.plant.__module__ != dialect_bugs.__name__} == {DIALECT}
    assert {one.checkers[0] for one in BUGS.values()} <= CHECKERS.keys()


@pytest.mark.interpreted  # compiled, some of them cannot be planted
@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_it_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    first = KNOWN_SEEDS.get(name, 1)
    seeds = [*range(first, MOST_SEEDS + 1), *range(1, first)]
    bug.plant(monkeypatch)
    caught: set[str] = set()
    for seed in seeds:
        caught |= {one.checker for one in simulate(PlanName(seed, dialect=bug.dialect)).violations}
        if bug.checkers[0] in caught:
            return
    pytest.fail(f"{name} was not caught in {MOST_SEEDS} days by '{bug.checkers[0]}', only by {sorted(caught)}")


@pytest.mark.slow
def test_without_bugs_nothing_is_found() -> None:
    found = [one for seed in range(1, MOST_SEEDS + 1) for one in simulate(PlanName(seed)).violations]
    assert found == []
