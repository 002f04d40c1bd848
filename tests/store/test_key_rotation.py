"""Another key file for a store: killed at every step it opens, and what it holds stays what it was."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.errors import StoreError
from acquirer.model.rows import Generation
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.store import open_store
from acquirer.store.check import check_store
from acquirer.store.key_file import check_value
from acquirer.store.key_rotation import rotate_key_file
from acquirer.store.location import key_path
from tests.store.conftest import TMK

TID = "10000161"
KEY = Secret(bytes(range(16)))
KEYS = WorkingKeys(KEY, Secret(bytes(8)), KEY)
PAN = "6212345678901232"
FULL = Registration(TID, "880210010210162", tmk=TMK, test=True, fixed_keys=KEYS, bdk=KEY)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "acquirer.db"


@pytest.fixture
def url(database: Path) -> str:
    """A store with every kind of sealed key."""
    url = f"sqlite:///{database}"
    store = open_store(url)
    vault = Vault(store.master_key)
    store.register([FULL, replace(FULL, tid="10000162", bdk=None, fixed_keys=None)], vault)

    def with_keys(session: Any) -> Any:
        current = Generation(7, "003", vault.seal_keys(f"keys:{TID}:7", KEYS, bytes), "PIK …", 1)
        previous = Generation(6, "003", vault.seal_keys(f"keys:{TID}:6", KEYS, bytes), "PIK …", 1)
        sealed = vault.seal_secret(f"tmk:{TID}", KEY, bytes)
        return replace(session, current=current, previous=previous, tmk=sealed, next_tmk=sealed)

    store.change_session(TID, with_keys)
    store.close()
    return url


def opened_keys(url: str) -> tuple[list[object], str]:
    """Return all keys of a store, opened, and how it names a card."""
    store = open_store(url)
    try:
        vault = Vault(store.master_key)
        with store.reader() as reader:
            found = reader.terminal(TID)
            other = reader.terminal("10000162")
        assert found is not None
        assert other is not None
        config, session = found
        keys: list[object] = [
            vault.open_secret(f"tmk:{TID}", config.tmk),
            vault.open_secret(f"bdk:{TID}", config.bdk or b""),
            vault.open_keys(f"fixed:{TID}", config.fixed_keys or b""),
            vault.open_secret("tmk:10000162", other[0].tmk),
            vault.open_secret(f"tmk:{TID}", session.tmk or b""),
            vault.open_secret(f"tmk:{TID}", session.next_tmk or b""),
        ]
        for generation in (session.current, session.previous):
            assert generation is not None
            keys.append(vault.open_keys(f"keys:{TID}:{generation.number}", generation.sealed))
        return keys, vault.token(PAN)
    finally:
        store.close()


def test_every_key_is_sealed_anew_and_cards_keep_their_names(database: Path, url: str) -> None:
    before, old = opened_keys(url), key_path(database).read_bytes()
    old_bytes = database.read_bytes()
    assert rotate_key_file(url) == 8
    assert key_path(database).read_bytes() != old
    assert key_path(database).stat().st_mode & 0o777 == 0o600
    assert opened_keys(url) == before
    assert rotate_key_file(url) == 8  # and once more, from a key that has replaced another one
    assert opened_keys(url) == before
    assert check_store(url).problems == []
    assert [path.name for path in database.parent.glob("*.next*")] == []
    sealed = Vault(bytes.fromhex(old.decode())[:32])
    assert sealed.token(PAN) == before[1]
    assert old_bytes != database.read_bytes()


def test_the_old_key_opens_nothing_any_more(database: Path, url: str) -> None:
    old = key_path(database).read_bytes()
    rotate_key_file(url)
    key_path(database).write_bytes(old)
    with pytest.raises(StoreError, match="is not the key of"):
        open_store(url)
    assert any("is not the key of" in problem for problem in check_store(url).problems)


def test_nothing_that_was_sealed_under_the_old_key_is_left_in_the_file(database: Path, url: str) -> None:
    store = open_store(url)
    more = [replace(FULL, tid=f"2{number:07}", name="x" * (number % 40)) for number in range(400)]
    store.register(more, Vault(store.master_key))
    with store.reader() as reader:
        found = reader.terminals()
    store.close()
    sealed = [config.tmk for config, _ in found] + [one.current.sealed for _, one in found if one.current]
    before = database.read_bytes()
    assert all(one in before for one in sealed)
    rotate_key_file(url)
    left = b"".join(path.read_bytes() for path in database.parent.iterdir())
    assert sum(one in left for one in sealed) == 0


def test_registering_the_same_again_changes_nothing(url: str) -> None:
    rotate_key_file(url)
    store = open_store(url)
    assert store.register([FULL], Vault(store.master_key)).unchanged == 1
    store.close()


def test_a_served_store_is_left_alone(database: Path, url: str) -> None:
    store = open_store(url)
    key = key_path(database).read_bytes()
    with pytest.raises(StoreError, match="is in use by process"):
        rotate_key_file(url)
    assert key_path(database).read_bytes() == key
    store.close()


CHILD = """
import os, signal, sys
from acquirer.store import key_file, key_rotation
step, url = int(sys.argv[1]), sys.argv[2]
done = 0
def counted(original):
    def call(*arguments, **named):
        global done
        result = original(*arguments, **named)
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
key_file.open_private = counted(key_file.open_private)
key_file._sync_folder = counted(key_file._sync_folder)
key_rotation.write_next_key = counted(key_rotation.write_next_key)
key_rotation._reseal = counted(key_rotation._reseal)
key_rotation.set_meta = counted(key_rotation.set_meta)
transact = key_rotation.DirectWriter.transact
key_rotation.DirectWriter.transact = counted(transact)
rename = key_file.Path.rename
key_file.Path.rename = counted(rename)
key_rotation.settle_next_key = counted(key_rotation.settle_next_key)
key_rotation.empty_log = counted(key_rotation.empty_log)
key_rotation.rotate_key_file(url)
print(done)
"""
"""Kills itself with SIGKILL once so many steps are done; otherwise says how many there are."""


def killed_at(step: int, url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CHILD, str(step), url]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
def test_killed_at_every_step_the_store_opens_and_can_be_rotated_again(database: Path, url: str) -> None:
    before = opened_keys(url)
    changed = 0
    step = 1
    while True:
        old = check_value(bytes.fromhex(key_path(database).read_text().strip()))
        end = killed_at(step, url)
        if end.returncode == 0:
            break
        assert end.returncode == -signal.SIGKILL, end.stderr
        assert check_store(url).problems == [], f"after step {step}"
        assert opened_keys(url) == before, f"after step {step}"
        assert not database.with_name(f"{database.name}.key.next").exists(), f"after step {step}"
        changed += check_value(bytes.fromhex(key_path(database).read_text().strip())) != old
        step += 1
    assert step > 9  # so many places were tried …
    assert 0 < changed < step - 1  # … some before the database was sealed anew, some after
    assert opened_keys(url) == before


def test_a_next_key_that_was_not_written_to_its_end_is_thrown_away(database: Path, url: str) -> None:
    before = opened_keys(url)
    half = database.with_name(f"{database.name}.key.next")
    half.write_text("0123")
    assert check_store(url).problems == []
    assert opened_keys(url) == before
    assert not half.exists()
