"""What every test may use."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

# A slow machine is not a failing test; the same examples every time keep a red build red.
settings.register_profile("acquirer", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("acquirer")


def oracle(program: str, package: str) -> str:
    """The path of another implementation to compare with; a visible skip without it, a failure in CI."""
    path = shutil.which(program)
    if path is None:
        sentence = f"{program} is not installed (Debian: apt install {package})"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return path


@pytest.fixture(scope="session")
def find_oracle():
    """`oracle`, for tests that take it as a fixture."""
    return oracle
