"""Twelve tests that every POS terminal should pass."""

import pytest


def test_signs_on(acquirer, my):
    my.sign_on()
    acquirer.verify("sign_on", code="00")


def test_signs_on_again_when_the_host_asks(acquirer, my):  # by the processing digit of the header
    acquirer.expect("sale").reply(ask="sign_on").once()
    my.sale("1.00")
    my.sale("1.00")
    acquirer.verify_order("sale", "sign_on", "sale")


def test_refuses_keys_whose_kcv_differs(acquirer, my):
    with acquirer.fault("wrong_kcv", key="mak"):
        assert my.sign_on().failed
    acquirer.verify("sale", count=0, for_="1s")


def test_prints_nothing_when_declined(acquirer, my):
    acquirer.expect("sale", amount=">10.00").reply("51").once()
    assert my.sale("12.00").text == "可用余额不足"
    assert my.slips == []


def test_reverses_after_silence(acquirer, my):
    with acquirer.fault("silent", when={"service": "sale"}):
        my.sale("12.00")
    acquirer.verify("reversal", stan=acquirer.find("sale").stan, count=1)


def test_takes_no_late_reply_for_a_sale(acquirer, my):
    with acquirer.fault("late", after="65s", when={"service": "sale"}):
        my.sale("12.00")
        acquirer.clock.advance("70s")
    assert my.slips == []
    assert acquirer.host.transactions.of(my.tid)[-1].state == "reversed"


def test_tries_a_reversal_again(acquirer, my):
    with acquirer.fault("silent", when={"service": ["sale", "reversal"]}, times=3):
        my.sale("1.00")
        my.sale("1.00")
    acquirer.verify("reversal", count="2..4")


def test_reverses_an_approval_whose_mac_differs(acquirer, my):
    my.sign_on()
    with acquirer.fault("wrong_mac", when={"service": "sale"}, times=1):
        my.sale("1.00")
    acquirer.verify("reversal", **{"de.39": "A0"})


def test_signs_on_when_its_keys_are_stale(acquirer, my):  # the host answers A0, and says why
    my.sign_on()
    acquirer.host.rotate_keys(my.tid)
    my.sale("1.00")
    my.sale("1.00")
    acquirer.verify_order({"service": "sale", "reason": "mac_differs"}, "sign_on", "sale")


def test_takes_a_duplicate_reply_once(acquirer, my):
    with acquirer.fault("duplicate", times=2):
        my.sale("1.00")
        my.sale("2.00")
    assert [one.code for one in my.slips] == ["00", "00"]


@pytest.mark.parametrize("sent_bytes", range(0, 121, 10))
def test_survives_a_truncated_reply(acquirer, my, sent_bytes):
    with acquirer.fault("truncate", bytes=sent_bytes):
        my.sign_on()
    assert my.sign_on().ok
    assert my.alive


def test_uploads_the_signature_of_its_sale(acquirer, my):
    my.sale("1288.00", sign="王伟")
    upload = acquirer.wait("signature")
    assert upload.reason == "approved"
    assert acquirer.host.signatures[-1].tied_to == my.last.stan
