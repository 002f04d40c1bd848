"""Every target with what ships, and with what was found: `scripts/fuzz` finds more."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.keep import has_foreign_card, kept_breakers
from tests.fuzz.mutators import damaged
from tests.fuzz.table import TARGETS
from tests.fuzz.target import CORPUS, Target, corpus, name_of

NAMES = sorted(TARGETS)


@pytest.fixture(params=NAMES)
def target(request: pytest.FixtureRequest) -> Target:
    return TARGETS[request.param]


def test_seeds_and_corpus(target: Target) -> None:
    """What once broke something, too: the lines behind comments."""
    for data in (*target.seeds(), *corpus(target.name)):
        try:
            target.check(data)
        except Exception as exc:
            raise AssertionError(f"{target.name} {name_of(data)}: {data.hex()}") from exc


@pytest.mark.slow
def test_an_input_takes_no_more_memory_than_is_allowed(target: Target) -> None:
    for data in (*target.seeds(), *corpus(target.name)):
        target.check(data)
        assert target.memory_of(data) <= target.memory_bytes, name_of(data)


@pytest.mark.slow
def test_damaged_inputs(target: Target) -> None:
    """A few hundred, drawn; the same each time."""
    random, good = Random(target.name), [seed for seed in target.seeds() if seed]
    for _ in range(300):
        data = damaged(good, random)
        try:
            target.check(data)
        except Exception as exc:
            raise AssertionError(f"{target.name}: {data.hex()}") from exc


def test_a_corpus_is_of_a_target_and_holds_test_cards_only() -> None:
    for path in CORPUS.glob("*.txt"):
        assert path.stem in TARGETS
        for data in corpus(path.stem):
            assert not has_foreign_card(data), data.hex()
        assert all("once" in comment for comment, _ in kept_breakers(path.stem))


def test_a_card_that_is_none_of_ours_is_noticed() -> None:
    assert not has_foreign_card(b"6212345678901232")
    assert has_foreign_card(b"5555555555554444")  # published, but not shipped
    assert has_foreign_card(bytes.fromhex("1055555555555544440F80"))
