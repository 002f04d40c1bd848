"""Bugs of host, store and terminal as small patches, each with the checker that is meant for it.

Each is what a hand may slip at in the code it patches. They are planted in process, one at a time: a simulation that
does not catch one of them would not catch the slip either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from acquirer.simulation.plan import DIALECT

Plant = Callable[[pytest.MonkeyPatch], None]


class PlantedBug(NamedTuple):
    """A bug that can be planted."""

    name: str
    checkers: tuple[str, ...]  # any of these finds it; the first is meant for it
    plant: Plant
    dialect: str = DIALECT  # that it is planted in


BUGS: dict[str, PlantedBug] = {}


def planted(*checkers: str, dialect: str = DIALECT) -> Callable[[Plant], Plant]:
    """Register a bug under its function's name."""

    def register(plant: Plant) -> Plant:
        BUGS[plant.__name__] = PlantedBug(plant.__name__, checkers, plant, dialect)
        return plant

    return register


def wrapped(patch: pytest.MonkeyPatch, module: Any, name: str, change: Callable[..., Any]) -> None:
    """Patch a function: `change` gets the original one, then its arguments."""
    original = getattr(module, name)

    def changed(*words: Any, **options: Any) -> Any:
        return change(original, *words, **options)

    patch.setattr(module, name, changed)
