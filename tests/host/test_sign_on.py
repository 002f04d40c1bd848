"""Signing on: which keys, which batch, how often, and what is fields when it cannot be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from acquirer.model.effects import Send
from acquirer.model.rows import TerminalConfig
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

PUBLISHED = (
    "600003000060310001100108000020000000C0001200000331303030303136313838303231303031303231303136320011"
    "0000000100300003303120"
)
V1 = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))
V1_PACKAGE = "46F161A743497B32EAC760DF5EA57DF5900ECCE3977731A7EA402DDF0000000000000000CFF1592A"


def test_the_published_request_gets_the_published_package(new_rig):
    rig = new_rig()
    rig.register(fixed=V1)
    answer = rig.send(bytes.fromhex(PUBLISHED))
    sent = next(effect.frame for effect in answer.effects if isinstance(effect, Send))
    assert sent[11:21].hex().upper() == "0810003800010AC00014"
    assert answer[62] == bytes.fromhex(V1_PACKAGE)
    assert sent[:5].hex() == "6000000003"
    assert answer.why == (
        "new keys in package 003 under TMK KCV D0E06F38: PIK 900ECCE3, MAK CFF1592A; batch 000001; "
        "sign-on 1 of 2025-03-10"
    )


@pytest.mark.parametrize("function", ["001", "003", "004", "005", "006"])
@pytest.mark.parametrize("mak", ["single", "double", "duplicated"])
def test_every_package_works_from_the_first_sale_on(new_rig, function, mak):
    rig = new_rig()
    rig.register(mak=mak)
    pos = rig.pos()
    assert pos.sign_on(function).code == "00"
    assert pos.sale().code == "00"


def test_a_terminal_that_is_not_registered(rig):
    answer = rig.pos("10000999").sign_on()
    assert answer.code == "97"
    assert 62 not in answer.message.fields
    assert answer.why.startswith("terminal 10000999 is not registered with this host (merchant 880210010210162 in the")
    assert rig.sessions == {}


def test_a_terminal_of_another_merchant(rig):
    answer = rig.pos().sign_on(mid="880210010210163")
    assert answer.code == "03"
    assert "belongs to merchant 880210010210162, the message says 880210010210163" in answer.why


def test_pinned_keys_that_do_not_fit_the_package_are_not_handed_out(new_rig):
    rig = new_rig()
    rig.register(fixed=V1)
    answer = rig.pos().sign_on("001")
    assert answer.code == "40"
    assert answer.why.startswith("terminal 10000161 cannot be given working keys: the pinned PIK has 16 bytes")


def test_a_master_key_sealed_by_another_host(new_rig):
    rig = new_rig()
    rig.register()
    bad = rig.host.vault.seal_secret("tmk:another", V1.pik, rig.host.randbytes)
    known: TerminalConfig = rig.terminals["10000161"]
    rig.terminals["10000161"] = TerminalConfig("10000161", known.mid, "", bad, "")
    answer = rig.pos().sign_on()
    assert answer.code == "40"
    assert "the sealed blob does not open" in answer.why


def test_the_journal_tells_which_sign_on_of_the_day_it_is_and_by_which_operator(rig, pos):
    assert rig.sessions["10000161"].operator == "01 "
    assert "operator 01" in rig.journal[-1].notes
    assert pos.sign_on(serial="Sequence No12306099999906").why.endswith("sign-on 2 of 2025-03-10")
    assert "serial 306099999906" in rig.journal[-1].notes
    assert rig.sessions["10000161"].serial == "306099999906"
    rig.advance(12 * 3600)
    assert pos.sign_on().why.endswith("sign-on 1 of 2025-03-11")


def test_a_serial_without_the_form_of_one_may_be_a_card_number(rig, pos):
    assert "serial 621234******1232" in pos.sign_on(serial="6212345678901232").notes
    assert rig.sessions["10000161"].serial == "621234******1232"


@pytest.mark.parametrize("before", ["\xff+\x08", "Sequence No12\xff+\x08\x00"])
def test_a_card_number_packed_into_a_serial_is_masked(rig, pos, before):
    packed = bytes.fromhex("6212345678901232").decode("latin-1")
    pos.sign_on(serial=before + packed)
    assert packed[:3] + "***" + packed[6:] in rig.sessions["10000161"].serial
    assert packed not in repr(rig.journal[-1])


def test_two_devices_under_one_number_are_suspected(rig, pos):
    pos.sign_on(serial="Sequence No0212")
    rig.advance(20)
    notes = pos.sign_on(serial="Sequence No0213").notes
    assert "clone-suspected: terminal 10000161 signed on 20 s ago as serial 12; two devices" in notes
    rig.advance(61)
    assert "clone" not in pos.sign_on(serial="Sequence No0212").notes


def test_sale_before_sign_on(rig):
    answer = rig.pos().sale(keys=V1)
    assert answer.code == "77"
    assert answer.why == "terminal 10000161 has no working keys yet: it must sign on first"


class TestPolicies:
    def test_daily_asks_again_when_the_hosts_day_begins(self, rig, pos):
        rig.now_us = midnight() - 1_000_000
        assert pos.sale().code == "00"
        rig.advance(1)
        answer = pos.sale()
        assert answer.code == "77"
        assert answer.why == (
            "terminal 10000161 last signed on at 2025-03-10 12:00:00 and today is 2025-03-11 in Asia/Shanghai: "
            "its policy 'daily' asks for a sign-on each day"
        )
        assert asks_for_sign_on(answer)
        pos.sign_on()
        assert pos.sale().code == "00"

    def test_a_sign_on_just_before_midnight_holds_until_then(self, rig, pos):
        rig.now_us = midnight() - 1_000_000
        pos.sign_on()
        rig.advance(2)
        assert pos.sale().code == "77"

    def test_a_clock_set_back_over_midnight_takes_nothing_away(self, rig, pos):
        rig.now_us = midnight()
        pos.sign_on()
        rig.advance(-3600)
        assert pos.sale().code == "00"

    def test_never_means_once_ever(self, new_rig):
        rig = new_rig()
        rig.register(required="never")
        pos = rig.pos()
        assert pos.sale(keys=V1).code == "77"
        pos.sign_on()
        rig.advance(400 * 86400)
        assert pos.sale().code == "00"

    def test_per_transaction_is_used_up_by_any_sale_that_was_decided(self, new_rig):
        rig = new_rig()
        rig.register(required="per-transaction")
        pos = rig.pos()
        pos.sign_on()
        first = pos.sale(amount=0)
        assert first.code == "13"
        assert asks_for_sign_on(first)
        answer = pos.sale()
        assert answer.code == "77"
        assert "was used up by the sale with STAN 000002" in answer.why
        pos.sign_on()
        assert pos.sale().code == "00"

    def test_a_sale_that_was_not_decided_uses_nothing_up(self, new_rig):
        rig = new_rig()
        rig.register(required="per-transaction")
        pos = rig.pos()
        pos.sign_on()
        assert pos.sale(keys=V1).code == "A0"
        assert pos.sale().code == "00"

    def test_per_batch_counts_batches_by_sign_offs(self, new_rig):
        rig = new_rig()
        rig.register(required="per-batch")
        pos = rig.pos()
        pos.sign_on()
        pos.sign_on()
        assert pos.batch == "000001"
        rig.advance(3 * 86400)
        assert pos.sale().code == "00"
        assert pos.sign_off().code == "00"
        answer = pos.sale()
        assert answer.code == "77"
        assert "has signed off from batch 000001; that closes its batch" in answer.why
        pos.sign_on()
        assert pos.batch == "000002"
        assert pos.sale().code == "00"

    def test_batch_numbers_start_over(self, new_rig):
        rig = new_rig()
        rig.register(required="per-batch")
        pos = rig.pos()
        pos.sign_on()
        rig.sessions["10000161"].batch = "999999"
        pos.sign_off()
        pos.sign_on()
        assert pos.batch == "000001"

    def test_sign_off_under_the_other_policies_keeps_the_batch(self, pos):
        pos.sign_off()
        assert pos.sale().code == "77"
        pos.sign_on()
        assert pos.batch == "000001"
        assert pos.sale().code == "00"

    def test_signing_off_twice_is_as_good_as_once(self, pos):
        assert pos.sign_off().code == "00"
        answer = pos.sign_off()
        assert (answer.code, answer.why) == ("00", "nothing to sign off: the terminal had signed off already")

    def test_a_batch_that_is_not_the_hosts(self, pos):
        pos.batch = "000007"
        answer = pos.sale()
        assert answer.code == "77"
        assert "says batch 000007, the host has batch 000001 open for terminal 10000161" in answer.why
        assert asks_for_sign_on(answer)

    def test_unless_the_policy_does_not_care(self, new_rig):
        rig = new_rig()
        rig.register(batch_check=False)
        pos = rig.pos()
        pos.sign_on()
        pos.batch = "000007"
        assert pos.sale().code == "00"


def test_echo_answers_the_request(rig):
    answer = rig.send(rig.pos().management("0820", "301"))
    assert answer.code == "00"
    assert 11 not in answer.message.fields
    assert rig.send(rig.pos().management("0820", "301", stan="000077"))[11] == "000077"


def midnight() -> int:
    day = datetime.fromisoformat("2025-03-10T00:00:00+08:00") + timedelta(days=1)
    return int(day.timestamp()) * 1_000_000


def asks_for_sign_on(answer) -> bool:
    return answer.message.raw[7] & 0x0F == 3


def test_what_sign_on_and_sign_off_say(rig):
    pos = rig.pos()
    assert pos.sign_off().why == "nothing to sign off: the terminal was never signed on"
    first = pos.sign_on()
    assert first.why == (
        f"new keys in package 003 under TMK KCV D0E06F38: PIK {pos.keys.pik.kcv()}, MAK {pos.keys.mak.kcv()}; "
        "batch 000001; sign-on 1 of 2025-03-10"
    )
    assert first.notes == "operator 01"
    rig.advance(61)
    assert pos.sign_on().why.endswith("; batch 000001; sign-on 2 of 2025-03-10")
    other = rig.send(pos.management("0820", "002", stan="000009", batch="000005"))
    assert other.why == "signed off; batch 000001 stays open"
    assert other.notes == "batch: the terminal signs off from batch 000005, the host has 000001"
    assert rig.sessions[pos.tid].signed_off
    again = pos.sign_off()
    assert (again.why, again.notes) == ("nothing to sign off: the terminal had signed off already", "")
    assert pos.rig.send(pos.management("0820", "301")).why == "the host is there"


def test_a_batch_that_sign_off_closes(new_rig):
    rig = new_rig()
    rig.register(required="per-batch")
    pos = rig.pos()
    pos.sign_on()
    assert pos.sign_off().why == "signed off; batch 000001 is closed"
    assert pos.sign_on().why.endswith("; batch 000002; sign-on 2 of 2025-03-10")
    rig.advance(86_400)
    assert pos.sign_on().why.endswith("; batch 000002; sign-on 1 of 2025-03-11")


@pytest.mark.parametrize(("seconds", "suspected"), [(0, True), (59, True), (60, False), (-1, False)])
def test_another_serial_within_a_minute(rig, seconds, suspected):
    pos = rig.pos()
    first = pos.sign_on(serial="Sequence No16AB123456789012CD")
    assert first.notes.splitlines()[1:] == ["serial AB123456789012CD"]
    rig.advance(seconds)
    assert pos.sign_on(serial="Sequence No16AB123456789012CD").notes == "operator 01"
    notes = pos.sign_on(serial="Sequence No16AB123456789012CE").notes
    sentence = (
        "clone-suspected: terminal 10000161 signed on 0 s ago as serial AB123456789012CD; two devices "
        "seem to use one terminal number, and each sign-on takes the other's keys away"
    )
    assert notes.splitlines()[2] == sentence
    rig.advance(seconds)
    notes = pos.sign_on(serial="Sequence No16AB123456789012CF").notes
    assert notes.count(f"signed on {seconds} s ago as serial AB123456789012CE") == suspected
    assert rig.sessions[pos.tid].serial == "AB123456789012CF"
    pos.sign_on()
    assert rig.sessions[pos.tid].serial == "AB123456789012CF"
