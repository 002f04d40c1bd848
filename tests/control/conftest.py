from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.control.controlled import ControlledHost, controlled_host


@pytest.fixture(scope="module")
def shared() -> Iterator[ControlledHost]:
    """A host that a module's tests share: each cleans what it changed."""
    with controlled_host() as host:
        yield host


@pytest.fixture
def host() -> Iterator[ControlledHost]:
    with controlled_host() as host:
        yield host
