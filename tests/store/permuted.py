"""A pytest plugin that puts the columns of every table in another order; `test_contract` runs tests with it.

It stands in for a field that is added or moved in a dataclass: nothing may rely on where a column stands.
"""

from __future__ import annotations

import dataclasses
import os
from random import Random
from typing import Any

from acquirer.model import columns

SEED = os.environ.get("PERMUTED_SEED", "")


def _permuted(cls: Any) -> tuple[dataclasses.Field[Any], ...]:
    found = list(dataclasses.fields(cls))
    Random(f"{SEED} {cls.__name__}").shuffle(found)
    return tuple(found)


if SEED:  # a search for doctests imports this file too
    vars(columns)["fields"] = _permuted  # before any table is built: plugins are imported first
