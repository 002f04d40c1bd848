"""MACs: which keys verify, for how long, and what a terminal developer reads when none does."""

from __future__ import annotations

import pytest

from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from tests.journal.entries import entry_of

V1 = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))
OTHER = WorkingKeys(Secret.from_hex("0123456789ABCDEFFEDCBA9876543210"), Secret.from_hex("0123456789ABCDEF"))


def test_a_bad_mac_changes_nothing_but_a_counter(rig, pos):
    before = rig.sessions["10000161"]
    answer = pos.sale(keys=OTHER)
    assert answer.code == "A0"
    assert 64 not in answer.message.fields
    after = rig.sessions["10000161"]
    assert (after.bad_macs, rig.store.transactions) == (1, {})
    assert (after.current, after.batch, after.last_stan) == (before.current, before.batch, before.last_stan)


def test_the_sentence_gives_both_macs_the_bytes_and_the_key(new_rig):
    rig = new_rig()
    rig.register(fixed=V1)
    pos = rig.pos()
    pos.sign_on()
    frame = pos.sale_frame(keys=OTHER)
    covered = rig.host.dialect.covered(frame)
    expected, got = rig.host.suite.mac(V1, covered).decode(), frame[-8:].decode()
    assert rig.send(frame).why.startswith(
        f"MAC differs: expected {expected} over {len(frame) - 19} bytes with MAK KCV CFF1592A, got {got}; "
    )


def test_the_same_mab_under_the_previous_mak(rig, pos):
    old = pos.keys
    pos.sign_on()
    rig.advance(61)
    answer = pos.sale(keys=old)
    assert answer.code == "A0"
    new_kcv, old_kcv = pos.keys.mak.kcv(), old.mak.kcv()
    assert f"with MAK KCV {new_kcv}, got " in answer.why
    assert f"previous MAK (KCV {old_kcv})" in answer.why
    assert "the terminal kept its old key" in answer.why


def test_a_mac_of_zeros_is_shown_as_received(rig, pos):
    frame = pos.sale_frame()
    rig.send(frame[:-8] + bytes(8))
    assert ", got 0000000000000000; " in entry_of(rig.journal[-1]).why


def test_a_mac_that_nothing_explains(pos):
    assert "no key, algorithm or coverage that was tried explains it" in pos.sale(keys=OTHER).why


def test_a_missing_mac_is_a_bad_mac(rig, pos):
    frame = pos.sale_frame()
    message = rig.host.dialect.decode(frame)
    bare = rig.host.dialect.encode("0200", {de: value for de, value in message.fields.items() if de != 64})
    answer = rig.send(bare)
    assert answer.code == "A0"
    assert answer.why.startswith("DE 64 (mac) is missing: this message must carry a MAC made with MAK KCV ")


def test_the_reply_is_sealed_with_the_keys_that_verified_the_request(rig, pos):
    old = pos.keys
    pos.sign_on()
    answer = pos.sale(keys=old)
    assert answer.code == "00"
    assert rig.host.suite.verify_message(old, answer.message)
    assert not rig.host.suite.verify_message(pos.keys, answer.message)


class TestGrace:
    def test_previous_keys_hold_while_the_grace_runs(self, rig, pos):
        old = pos.keys
        pos.sign_on()
        rig.advance(59)
        assert pos.sale(keys=old).code == "00"
        rig.advance(1)
        assert pos.sale(keys=old).code == "A0"

    def test_they_die_with_the_first_valid_mac_under_the_new_ones(self, pos):
        old = pos.keys
        pos.sign_on()
        assert pos.sale().code == "00"
        assert pos.sale(keys=old).code == "A0"

    def test_a_reversal_proves_the_new_keys_too(self, pos):
        old = pos.keys
        pos.sale()
        pos.sign_on()
        assert pos.reverse("000002").code == "00"
        assert pos.sale(keys=old).code == "A0"

    def test_only_two_generations_live(self, pos):
        oldest = pos.keys
        pos.sign_on()
        pos.sign_on()
        assert pos.sale(keys=oldest).code == "A0"

    def test_no_grace_at_all(self, new_rig):
        rig = new_rig()
        rig.register(grace_s=0)
        pos = rig.pos()
        pos.sign_on()
        old = pos.keys
        pos.sign_on()
        assert pos.sale(keys=old).code == "A0"


class TestTooManyBadMacs:
    @pytest.fixture
    def locked(self, pos):
        answers = [pos.sale(keys=OTHER) for _ in range(3)]
        assert "bad-macs: 3 wrong MACs in a row" in answers[-1].notes
        return pos

    def test_demand_a_sign_on(self, locked):
        answer = locked.sale()
        assert answer.code == "77"
        assert "sent 3 wrong MACs in a row (3 are allowed)" in answer.why
        locked.sign_on()
        assert locked.sale().code == "00"

    def test_but_a_reversal_with_a_right_one_passes_and_proves_the_keys(self, pos):
        pos.sale()
        for _ in range(3):
            pos.sale(keys=OTHER)
        assert pos.reverse("000002").code == "00"
        assert pos.sale().code == "00"

    def test_a_right_mac_starts_the_count_over(self, rig, pos):
        for _ in range(2):
            pos.sale(keys=OTHER)
        assert pos.sale().code == "00"
        assert rig.sessions["10000161"].bad_macs == 0
