"""A host that all tests of this folder share, and a view of it for each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from acquirer.testing import RunningHost, View, running_host


@pytest.fixture(scope="module")
def host() -> Iterator[RunningHost]:
    with running_host() as host:
        yield host


@pytest.fixture
def view(host: RunningHost) -> Iterator[View]:
    view = View(host)
    yield view
    view.close()


@pytest.fixture
def open_files() -> Callable[[], Counter[str]]:
    """Returns the files that this process has open, by what they are."""

    def count() -> Counter[str]:
        files: Counter[str] = Counter()
        for path in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):
                files[str(path.readlink()).split(":")[0]] += 1
        files.pop(os.devnull, None)  # Twisted's reserve, one for the process
        return files

    return count
