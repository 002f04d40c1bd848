"""Profiles of hypothesis and fixtures for all tests."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable

import pytest
from hypothesis import settings

# Workers of pytest-xdist are given the width of the screen they are started from; what a command prints is no screen.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# Hypothesis would write failing examples as a patch. Where Twisted is imported, libcst stumbles over its interfaces at
# that, and the whole run ends there, without a word about the test that failed.
sys.modules["hypothesis.extra._patching"] = None  # type: ignore[assignment]

# A slow machine is not a failing test; the same examples every time keep a failing build failing.
settings.register_profile("whole", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.register_profile("fast", settings.get_profile("whole"), max_examples=20)
settings.load_profile(os.environ.get("TEST_PROFILE", "whole"))


def oracle(program: str, package: str) -> str:
    """Return the path of another implementation to compare with; without it skip visibly, in CI fail."""
    path = shutil.which(program)
    if path is None:
        sentence = f"{program} is not installed (Debian: apt install {package})"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return path


@pytest.fixture(scope="session")
def find_oracle() -> Callable[[str, str], str]:
    """Return `oracle`, for tests that take it as a fixture."""
    return oracle
