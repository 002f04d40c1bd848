"""Opened keys: remembered for the blob they came from, for so many terminals, and never for another's blob."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from acquirer.host.keys import KeyRing, context
from acquirer.model.rows import Generation, TerminalConfig
from acquirer.security.dukpt import DUKPT
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


class TestOpenedOnce:
    """Opening costs time: keys are opened when their blob, or their device, is another one, and at no other time."""

    def test_master_keys(self, vault):
        ring = KeyRing(vault)
        blobs = [vault.seal_secret("tmk:1", keys.pik, RANDOM) for keys in KEYS[:2]]
        terminal = TerminalConfig("1", "m", "", blobs[0], "")
        for one, opened in ((terminal, 1), (terminal, 1), (replace(terminal, tmk=blobs[1]), 2), (terminal, 3)):
            ring.master(one)
            assert vault.opened == opened

    def test_pinned_keys(self, vault):
        ring = KeyRing(vault)
        terminal = TerminalConfig("1", "m", "", b"", "", fixed_keys=vault.seal_keys("fixed:1", KEYS[1], RANDOM))
        assert ring.pinned(terminal) == ring.pinned(terminal) == KEYS[1]
        assert vault.opened == 1
        assert ring.pinned(replace(terminal, fixed_keys=None)) is None

    def test_generations_on_both_sides_of_a_sign_on(self, vault):
        ring = KeyRing(vault)
        first, second, third = (generation(vault, "1", number) for number in range(3))
        assert (ring.current("1", second), ring.previous("1", first)) == (KEYS[1], KEYS[0])
        ring.remember("1", third.sealed, KEYS[2])
        assert (ring.current("1", third), ring.previous("1", second)) == (KEYS[2], KEYS[1])
        assert vault.opened == 2
        assert (ring.current("1", first), ring.previous("1", first)) == (KEYS[0], KEYS[0])
        assert vault.opened == 4

    def test_initial_keys_of_a_device(self, vault):
        ring, dukpt = KeyRing(vault), DUKPT["dukpt-3des"]
        bdks = [Secret(RANDOM(16)) for _ in range(2)]
        terminals = [
            TerminalConfig("1", "m", "", b"", "", bdk=vault.seal_secret("bdk:1", bdk, RANDOM), bdk_kcv="")
            for bdk in bdks
        ]
        ksns = [bytes.fromhex(f"FFFF98765432{device}E00001") for device in ("10", "20")]
        for number, ksn, opened in ((0, 0, 1), (0, 0, 1), (0, 1, 2), (0, 1, 2), (1, 1, 3), (1, 1, 3), (0, 0, 4)):
            initial = dukpt.initial(bdks[number].using("3des"), ksns[ksn])
            assert ring.initial(terminals[number], dukpt, ksns[ksn]) == initial
            assert vault.opened == opened

    def test_derived_keys_of_a_message(self, vault):
        ring, dukpt = KeyRing(vault), DUKPT["dukpt-3des"]
        bdk = Secret(RANDOM(16))
        terminal = TerminalConfig("1", "m", "", b"", "", bdk=vault.seal_secret("bdk:1", bdk, RANDOM), bdk_kcv="")
        for device, counter in (("10", 1), ("10", 1), ("10", 2), ("20", 2), ("10", 1)):
            ksn = dukpt.ksn(bytes.fromhex(f"FFFF98765432{device}E00000"), counter)
            expected = dukpt.keys(dukpt.initial(bdk.using("3des"), ksn), ksn)
            keys = ring.derived(terminal, dukpt, ksn)
            assert keys == expected
            assert ring.derived(terminal, dukpt, ksn) is keys


def test_a_terminal_without_a_master_key_or_a_base_derivation_key(vault):
    terminal = TerminalConfig("1", "m", "", b"", "")
    with pytest.raises(VaultError) as exc:
        KeyRing(vault).master(terminal)
    assert str(exc.value) == "terminal 1 is registered without a tmk"
    with pytest.raises(VaultError) as exc:
        KeyRing(vault).initial(terminal, DUKPT["dukpt-3des"], bytes(10))
    assert str(exc.value) == "terminal 1 is registered without a bdk, which dukpt-3des needs"


def test_the_oldest_terminal_is_forgotten_first(vault):
    ring = KeyRing(vault, limit=2)
    kept = {tid: generation(vault, tid, 1) for tid in "123"}
    for tid in "1231":
        ring.current(tid, kept[tid])
    assert vault.opened == 4
    ring.current("3", kept["3"])
    assert (vault.opened, len(ring)) == (4, 2)
