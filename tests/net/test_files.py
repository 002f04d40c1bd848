"""Room for connections: limits are raised as far as they go, and what stays too low is reported."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

from acquirer.net import files
from acquirer.net.limits import RESERVED_FILES

SCRIPT = """
import json, resource, sys
from acquirer.net.files import make_room
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
print(json.dumps([make_room(int(sys.argv[3])), *resource.getrlimit(resource.RLIMIT_NOFILE)]))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "room", "soft_after"),
    [
        (256, 4096, 1000, 1000, 1200),  # raised as far as needed
        (256, 512, 1000, 312, 512),  # raised as far as allowed
        (2048, 4096, 1000, 1000, 2048),  # high enough, left alone
        (64, 64, 1000, 1, 64),  # nothing to be done
    ],
)
def test_the_limit_of_open_files_is_raised(soft: int, hard: int, wanted: int, room: int, soft_after: int) -> None:
    command = [sys.executable, "-c", SCRIPT, str(soft), str(hard), str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(done.stdout) == [room, soft_after, hard]


def test_bounds_that_are_high_enough_are_not_reported(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    somaxconn = tmp_path / "somaxconn"
    somaxconn.write_text("4096\n")
    monkeypatch.setattr(files, "SOMAXCONN", somaxconn)
    assert files.bounds_too_low(1000, 1000, 4096) == []
    assert "newcomers above that will be closed" in files.bounds_too_low(1000, 312, 4096)[0]
    assert "set net.core.somaxconn=5000" in files.bounds_too_low(1, 1, 5000)[0]
    somaxconn.unlink()
    assert files.bounds_too_low(1, 1, 5000) == []


def test_this_process_keeps_its_limit() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    files.make_room(1)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_a_system_without_limits_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "resource", None)
    assert files.make_room(20_000) == 20_000


def test_a_limit_that_cannot_be_raised_as_far_as_it_says_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS, where it is called unlimited and is not."""

    class Refusing:
        RLIMIT_NOFILE, RLIM_INFINITY = 7, -1

        @staticmethod
        def getrlimit(_which: int) -> tuple[int, int]:
            return 256, -1

        @staticmethod
        def setrlimit(_which: int, _limits: tuple[int, int]) -> None:
            raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(files, "resource", Refusing)
    assert files.make_room(20_000) == 256 - RESERVED_FILES
