"""Registering terminals: what is the same is recognised without opening a key, what differs is sealed anew."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from acquirer.model.effects import Load
from acquirer.model.rows import Policy
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.store.registry import Registered

KEY = Secret(bytes(range(16)))
FULL = Registration(
    "10000161",
    "880210010210162",
    tmk=KEY,
    name="Harbour shop",
    mak="double",
    policy=Policy("never", 5, "decline", False, 7),
    test=True,
    fixed_keys=WorkingKeys(KEY, Secret(bytes(8)), KEY),
    bdk=Secret(bytes(16)),
    operators=("01", "02"),
)


@pytest.fixture
def store(opened, url) -> Any:
    return opened(url).store


def register(store: Any, *terminals: Registration) -> tuple[int, int, int]:
    result: Registered = store.register(terminals, Vault(store.master_key))
    return result.added, result.changed, result.unchanged


def test_what_is_registered_again_opens_no_key(store, monkeypatch):
    register(store, FULL)

    def opened(*_arguments: object) -> None:
        raise AssertionError("a sealed key was opened")

    monkeypatch.setattr(Vault, "open", opened)
    assert register(store, FULL) == (0, 0, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"mid": "880210010210163"},
        {"name": "Harbour shop "},
        {"mak": "single"},
        {"policy": replace(FULL.policy, grace_s=6)},
        {"test": False, "fixed_keys": None},
        {"tmk": Secret(bytes(range(1, 17)))},
        {"tmk": KEY.using("sm4")},
        {"tmk": None},
        {"bdk": None},
        {"bdk": KEY},
        {"operators": ("01",)},
        {"operators": ()},
        {"fixed_keys": WorkingKeys(KEY, Secret(bytes(8)))},
        {"tmk": FULL.bdk, "bdk": FULL.tmk},
    ],
    ids=lambda change: " ".join(f"{name}={value}" for name, value in change.items()),
)
def test_any_change_is_noticed(store, change):
    register(store, FULL)
    changed = replace(FULL, **change)
    assert register(store, changed) == (0, 1, 0)
    assert register(store, changed) == (0, 0, 1)
    config = store.load(Load(FULL.tid)).terminal
    assert (config.mid, config.name, config.mak, config.policy, config.test, config.operators) == (
        changed.mid,
        changed.name,
        changed.mak,
        changed.policy,
        changed.test,
        changed.operators,
    )


def test_without_a_digest_the_registration_itself_is_compared_and_the_digest_is_added(store, database):
    """As in a store of version 0.1, and after a later version counts something else in."""
    register(store, FULL)
    sealed = store.load(Load(FULL.tid)).terminal
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE terminal SET registration = ''")
    connection.close()
    assert register(store, FULL) == (0, 0, 1)
    assert store.load(Load(FULL.tid)).terminal == sealed
    connection = sqlite3.connect(database)
    ((digest,),) = connection.execute("SELECT registration FROM terminal WHERE tid = ?", (FULL.tid,)).fetchall()
    connection.close()
    assert len(digest) == 32


def test_digests_of_two_terminals_under_one_key_differ(store, database):
    register(store, FULL, replace(FULL, tid="10000163"))
    connection = sqlite3.connect(database)
    digests = connection.execute("SELECT DISTINCT registration FROM terminal WHERE registration <> ''").fetchall()
    connection.close()
    assert len(digests) == 3  # with the terminal that `opened` registers
