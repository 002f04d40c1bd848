"""Which dialects the fast tests try."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def slow_except(fast: str, dialects: Iterable[str]) -> list[Any]:
    """Return the dialects as parameters of a test or a fixture, all marked slow but one."""
    return [name if name == fast else pytest.param(name, marks=pytest.mark.slow) for name in dialects]
