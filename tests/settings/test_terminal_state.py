"""A terminal's memory on disk: atomic, locked, private, and whole after kill -9."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.terminal_state import StateFile, StateFolderError
from acquirer.terminal.kept_transactions import Pending
from acquirer.terminal.state import State

TID = "10000161"
KEYS = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))
STATE = State(
    TID,
    "880210010210162",
    "D0E06F38",
    stan="000012",
    signed_on=True,
    keys=KEYS,
    pending=Pending({2: "6212345678901232", 55: b"\x95\x00"}, "000012", "000001", 1234, "621234******1232", "98"),
)


def test_comes_back(tmp_path: Path) -> None:
    with StateFile(tmp_path / "new" / "folder", TID) as file:
        assert file.load() is None
        file.save(STATE)
    with StateFile(tmp_path / "new" / "folder", TID) as file:
        assert file.load() == STATE


def test_is_for_its_owner_only(tmp_path: Path) -> None:
    with StateFile(tmp_path, TID) as file:
        file.save(STATE)
        for path in (file.path, file.key_path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert file.key_path.stat().st_size == 32
        assert b"6212345678901232" not in file.path.read_bytes()


@pytest.mark.parametrize("mask", [0, 0o022])
def test_a_new_folder_is_for_its_owner_only(tmp_path: Path, mask: int) -> None:
    """Else others could remove its files, and put theirs there."""
    before = os.umask(mask)
    try:
        with StateFile(tmp_path / "new", TID):
            assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_a_second_process_is_kept_off(tmp_path: Path) -> None:
    with StateFile(tmp_path, TID):
        with pytest.raises(StateFolderError, match="another process plays terminal 10000161"):
            StateFile(tmp_path, TID)
        StateFile(tmp_path, "10000162").close()
    StateFile(tmp_path, TID).close()


@pytest.mark.parametrize("suffix", [".key", ".json"])
@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_not_read(tmp_path: Path, suffix: str, put: Callable[[Path], None]) -> None:
    with StateFile(tmp_path, TID) as file:
        file.save(STATE)
    path = tmp_path / f"{TID}{suffix}"
    path.unlink()
    put(path)
    sentence = f"{TID}{suffix}: is no file; a file of the terminal's state belongs there: move it away"
    with pytest.raises(StateFolderError, match=sentence), StateFile(tmp_path, TID) as file:
        file.load()


def test_a_lost_key_file_is_one_sentence(tmp_path: Path) -> None:
    with StateFile(tmp_path, TID) as file:
        file.save(STATE)
        file.key_path.unlink()
    with pytest.raises(StateFolderError, match="the key file is gone"):
        StateFile(tmp_path, TID)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("10000161.json", b"{", "it is damaged; remove it to start afresh"),
        ("10000161.json", b"\xff", "cannot be read"),
        ("10000161.key", b"short", "is no key file: it has 5 bytes"),
        ("10000161.key", bytes(33), "is no key file: it has more, not 32"),
        ("10000161.key", bytes(32), "its key file is another one"),
    ],
)
def test_damage_is_reported_with_its_file(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with StateFile(tmp_path, TID) as file:
        file.save(STATE)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StateFolderError, match=says) as caught, StateFile(tmp_path, TID) as file:
        file.load()
    assert str(tmp_path) in str(caught.value)
    StateFile(tmp_path, "10000162").close()  # and nothing stays locked


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateFolderError, match="cannot be kept here"):
        StateFile(tmp_path / "file" / "below", TID)


@pytest.mark.parametrize("tid", ["../../..", "a/b\\c:d*", "........", "        "])
def test_no_terminal_number_leaves_the_folder(tmp_path: Path, tid: str) -> None:
    with StateFile(tmp_path / "in", tid) as file:
        file.save(STATE)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert len(list((tmp_path / "in").iterdir())) == 3


WRITER = """
import sys
from dataclasses import replace
from acquirer.settings.terminal_state import StateFile
from acquirer.terminal.state import State
with StateFile(sys.argv[1], "10000161") as file:
    state = file.load() or State("10000161", "880210010210162", "D0E06F38")
    while True:
        state = state.next_stan()
        file.save(state)
        print(state.stan, flush=True)
"""


@pytest.mark.slow
def test_survives_kill_9(tmp_path: Path) -> None:
    random = Random(9)
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, env={**os.environ}
        )
        assert writer.stdout is not None
        printed = [writer.stdout.readline().strip() for _ in range(random.randrange(1, 40))]
        writer.send_signal(signal.SIGKILL)
        last = (writer.stdout.read().split() or printed)[-1]
        writer.wait()
        writer.stdout.close()
        with StateFile(tmp_path, TID) as file:
            kept = file.load()
        assert kept is not None
        assert int(last) <= int(kept.stan) <= int(last) + 1
