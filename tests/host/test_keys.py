"""Opened keys: remembered for the blob they came from, for so many terminals, and never for another's blob."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from acquirer.host.keys import KeyRing, context
from acquirer.model.rows import Generation, TerminalConfig
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault, VaultError
from acquirer.security.working import WorkingKeys

RANDOM = Random(1).randbytes
KEYS = [WorkingKeys(Secret(RANDOM(16)), Secret(RANDOM(8))) for _ in range(3)]


class Counting(Vault):
    """A vault that counts how often it is opened."""

    opened = 0

    def open(self, context: str, blob: bytes) -> bytes:
        self.opened += 1
        return super().open(context, blob)


@pytest.fixture
def vault() -> Counting:
    return Counting(bytes(32))


def generation(vault: Vault, tid: str, number: int) -> Generation:
    sealed = vault.seal_keys(context(tid, number), KEYS[number], RANDOM)
    return Generation(number, "003", sealed, KEYS[number].kcvs, 0)


def test_each_blob_is_opened_once(vault):
    ring = KeyRing(vault)
    first, second = generation(vault, "1", 1), generation(vault, "1", 2)
    for _ in range(3):
        assert ring.current("1", second) == KEYS[2]
        assert ring.previous("1", first) == KEYS[1]
    assert vault.opened == 2


def test_fresh_keys_need_not_be_opened_and_push_those_before_them_back(vault):
    ring = KeyRing(vault)
    first, second = generation(vault, "1", 1), generation(vault, "1", 2)
    ring.remember("1", first.sealed, KEYS[1])
    ring.remember("1", second.sealed, KEYS[2])
    assert (ring.current("1", second), ring.previous("1", first)) == (KEYS[2], KEYS[1])
    assert vault.opened == 0


def test_a_key_set_that_was_never_committed_is_not_mistaken_for_the_one_that_was(vault):
    ring = KeyRing(vault)
    first = generation(vault, "1", 1)
    ring.remember("1", first.sealed, KEYS[1])
    ring.remember("1", generation(vault, "1", 2).sealed, KEYS[2])  # its commit failed
    assert ring.current("1", first) == KEYS[1]


def test_a_master_key_is_opened_again_when_it_was_changed(vault):
    ring = KeyRing(vault)
    secrets = [KEYS[0].pik, KEYS[1].pik]
    blobs = [vault.seal_secret("tmk:1", secret, RANDOM) for secret in secrets]
    terminal = TerminalConfig("1", "m", "", blobs[0], "")
    assert ring.master(terminal) == secrets[0]
    assert ring.master(replace(terminal, tmk=blobs[1])) == secrets[1]


def test_another_terminals_blob_does_not_open(vault):
    ring = KeyRing(vault)
    with pytest.raises(VaultError):
        ring.current("2", generation(vault, "1", 1))


def test_so_many_terminals_are_remembered_and_no_more(vault):
    ring = KeyRing(vault, limit=2)
    kept = {tid: generation(vault, tid, 1) for tid in "123"}
    for tid in "123":
        ring.current(tid, kept[tid])
    assert len(ring) == 2
    assert ring.current("3", kept["3"]) == ring.current("1", kept["1"]) == KEYS[1]
    assert vault.opened == 4
