"""Files that are made for their owner alone."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acquirer.settings.private_file import open_private, write_private


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0, 0o022, 0o277, 0o777])
def test_a_new_file_is_its_owners_alone_under_any_umask(tmp_path, mask):
    with umask(mask):
        write_private(tmp_path / "a", b"one")
        os.close(open_private(tmp_path / "b"))
    assert (mode(tmp_path / "a"), mode(tmp_path / "b")) == (0o600, 0o600)
    assert (tmp_path / "a").read_bytes() == b"one"


def test_one_that_exists_is_written_over_and_keeps_its_mode(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"something longer")
    path.chmod(0o644)
    write_private(path, b"one")
    assert (path.read_bytes(), mode(path)) == (b"one", 0o644)
    os.close(open_private(path))
    assert path.read_bytes() == b"one"


def test_a_link_to_nothing_makes_what_it_names(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with umask(0):
        write_private(tmp_path / "link", b"one")
    assert (tmp_path / "there").read_bytes() == b"one"
    assert mode(tmp_path / "there") == 0o600


def test_a_pipe_is_written_to_its_reader(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_private(tmp_path / "pipe", b"one")
    reader.join(30)
    assert read == [b"one"]


def test_what_cannot_be_written_is_an_error_that_names_it(tmp_path):
    for path in (tmp_path, tmp_path / "none" / "a"):
        with pytest.raises(OSError) as refused:
            write_private(path, b"one")
        assert refused.value.filename == str(path) or refused.value.filename == path
