"""Downloads, as a host answers them: what is handed out, what is asked for in the head, what is refused and why."""

from __future__ import annotations

import pytest

from acquirer.downloads.ca_keys import read_key, read_key_list
from acquirer.downloads.kinds import ORDER
from acquirer.downloads.master_key import (
    read_master_key,
    read_public_key,
    write_transport_key,
)
from acquirer.downloads.parameters import read_parameters
from acquirer.security.key_transport import make_transport_key, unwrap_master_key
from tests.host.conftest import TMK

FIRST = {"capk_query": ("0820", "372"), "aid_query": ("0820", "382")}
ENDS = {
    "parameters": "361",
    "capk": "371",
    "aid": "381",
    "contactless": "395",
    "bins": "399",
    "blacklist": "391",
    "software": "365",
}


def ask(pos, function, download=None, mti="0800", **more):
    elements = {"download": download} if download is not None else {}
    return pos.rig.send(pos.management(mti, function, **elements, **more))


def nibble(answer) -> int:
    return answer.message.raw[7] & 0x0F


def test_the_head_of_a_terminal_without_downloads(pos):
    assert nibble(pos.sign_on()) == 0
    assert nibble(ask(pos, "360")) == 0


def test_the_head_asks_for_each_until_its_end(rig):
    rig.register(downloads=list(ORDER))
    pos = rig.pos()
    digits = [nibble(pos.sign_on())]
    for kind in ORDER:
        if kind == "status":
            answer = ask(pos, "362", b"011021031041051", mti="0820")
        elif kind == "rates":
            answer = ask(pos, "800", mti="0300", transaction_type="01")
        else:
            answer = ask(pos, ENDS[kind])
        assert answer.code == "00"
        digits.append(nibble(answer))
    assert digits == [1, 2, 4, 5, 9, 9, 7, 8, 6, 0]  # the BIN tables have no digit of their own
    assert rig.store.sessions[pos.tid].downloads == ()


def test_a_sign_on_that_is_due_goes_before(rig):
    rig.register(downloads=["capk"])
    pos = rig.pos()
    pos.sign_on()
    pos.sign_off()
    assert nibble(pos.sale()) == 3
    pos.sign_on()
    assert nibble(pos.sale()) == 4


def test_any_reply_asks_sales_and_echoes_too(rig):
    rig.register(downloads=["aid"])
    pos = rig.pos()
    pos.sign_on()
    assert [nibble(one) for one in (pos.sale(), ask(pos, "301", mti="0820"), pos.sale(amount=0))] == [5, 5, 5]


def test_an_unexpected_end(pos):
    assert ask(pos, "371").why == "the terminal has fetched CA public keys unasked; nothing more is asked of it"


def test_parameters_name_the_terminal(rig):
    rig.register()
    answer = ask(rig.pos(), "360")
    assert read_parameters(answer[62])["merchant_name"] == "test"
    assert answer.why == "16 parameters"
    assert ask(rig.pos(), "364")[62] == answer[62]  # as some terminals send it


def test_364_is_the_notice_of_software_too(rig):
    rig.register(downloads=["software"])
    pos = rig.pos()
    assert nibble(pos.sign_on()) == 6
    answer = ask(pos, "364")
    assert (answer.code, answer[62], answer.why) == ("00", None, "no software here: nothing to do")
    assert nibble(ask(pos, "365")) == 0


def test_keys_in_pages(rig):
    pos = rig.pos()
    control, names = read_key_list(ask(pos, "372", b"100", mti="0820")[62])
    assert (control, [one.index for one in names]) == ("1", ["08", "09", "0A", "0B"])
    answer = ask(pos, "372", b"202", mti="0820")
    assert read_key_list(answer[62])[0] == "3"
    assert answer.why == "CA public keys: 2 entries, up to 4 of 4; the last of it"
    assert ask(pos, "372", b"104", mti="0820")[62] == b"0"


def test_all_test_keys_are_right(pos):
    for index in ("08", "09", "0A", "0B"):
        key = read_key(ask(pos, "370", bytes.fromhex(f"9F0605A0000003339F2201{index}"))[62])
        assert key is not None
        assert key.check_problem == ""


@pytest.mark.parametrize(
    ("function", "download", "sentence"),
    [
        (
            "370",
            "9F0605A0000003339F22010C",
            "no CA public key A000000333/0C: of this RID there are 08, 09, 0A, 0B; ask for those of the list (372)",
        ),
        (
            "370",
            "9F0605A0000000039F220108",
            "no CA public key of RID A000000003: there are keys of A000000333; ask for those of the list (372)",
        ),
        (
            "380",
            "9F0607A0000000999999",
            "no parameters of application A0000000999999: there are A000000333010101, A000000333010102, "
            "A000000333010103, A000000333010106, A0000000031010, A0000000041010, A0000000043060, "
            "A0000000651010; ask for those of the list (382)",
        ),
        (
            "380",
            "9F0605A000000333",
            "no parameters of application A000000333: there are A000000333010101, A000000333010102, "
            "A000000333010103, A000000333010106; ask for those of the list (382)",
        ),
    ],
)
def test_what_is_not_there_is_an_empty_answer(pos, function, download, sentence):
    answer = ask(pos, function, bytes.fromhex(download))
    assert (answer.code, answer[62], answer.why) == ("00", b"0", sentence)


@pytest.mark.parametrize(
    ("mti", "function", "download", "sentence"),
    [
        (
            "0820",
            "372",
            b"1000",
            "DE 62 (download) has 4 bytes, and a query has three digits: 1, and how many entries were "
            "received in two; send 100 first",
        ),
        (
            "0820",
            "382",
            b"1a0",
            "DE 62 (download) has 3 bytes, and a query has three digits: 1, and how many entries were "
            "received in two; send 100 first",
        ),
        (
            "0800",
            "370",
            b"\x9f\x06\x05",
            "DE 62 (download) is no data with tags: tag 9F06 says 5 bytes follow, but 0 are left, at byte 0",
        ),
        (
            "0800",
            "370",
            bytes.fromhex("9F0605A000000333"),
            "DE 62 (download) has no tag 9F22; RID (9F06) and index (9F22) belong there",
        ),
        (
            "0800",
            "370",
            bytes.fromhex("9F0604A00000039F220108"),
            "DE 62 (download) has a RID of 4 bytes and an index of 1: 5 and 1 belong there",
        ),
        ("0800", "380", bytes.fromhex("9F0604A0000003"), "DE 62 (download) has an AID of 4 bytes; one has 5 to 16"),
        (
            "0800",
            "390",
            b"0000",
            "DE 62 (download) has 4 bytes, and three digits belong there: the number of the first entry that "
            "is wanted; send 000 first, then the last number that came and one more",
        ),
        ("0800", "396", b"", "DE 62 (download) is missing; a BIN table B download (0800) must carry it: send DE 62"),
    ],
)
def test_what_cannot_be_read_is_a_format_error(pos, mti, function, download, sentence):
    answer = ask(pos, function, download or None, mti=mti)
    assert (answer.code, answer.why) == ("30", sentence)
    assert answer[62] is None


def test_a_number_out_of_sequence(rig):
    pos = rig.pos()
    answer = ask(pos, "396", b"002")
    assert answer[62].startswith(b"3003")
    assert answer.notes == (
        "out-of-sequence: it asks from entry 002 on, and pages begin at 001: send 000 first, then the last number that "
        "came and one more"
    )
    assert ask(pos, "396", b"004").why == "no BIN table B beyond 3 entries: there are 3"


def test_a_status_is_kept(rig):
    pos = rig.pos()
    answer = ask(pos, "362", b"0110210310410501160", mti="0820")
    assert answer.why == "status: display out of order; nothing more is asked of it"
    assert rig.store.sessions[pos.tid].device_status == "0110210310410501160"


def test_a_status_with_the_merchants_name(rig):
    pos = rig.pos()
    answer = ask(pos, "362", b"011020031041051" + b"22" + "测试商户".encode("gbk").ljust(40) + b"\x00", mti="0820")
    assert answer.why == "status: PIN pad out of order; nothing more is asked of it"
    assert answer.notes == ""
    assert rig.store.sessions[pos.tid].device_status.startswith("01102003104105122测试商户  ")


def test_rates(pos):
    answer = ask(pos, "800", mti="0300", transaction_type="01")
    assert (answer.message.mti, answer[62]) == ("0310", b"8401560712340034415600914500")


# the master key


def fetch_master(pos):
    """Take the three steps; returns the key that the terminal then has."""
    own = read_public_key(ask(pos, "352")[62])
    transport, block, check = make_transport_key(own.key, pos.rig.host.randbytes)
    answer = ask(pos, "350", write_transport_key(own.name, block, check))
    assert answer.code == "00"
    return unwrap_master_key(transport, *read_master_key(answer[62]))


def test_a_master_key_is_in_use_once_it_is_activated(rig):
    pos = rig.pos()
    master = fetch_master(pos)
    pos.sign_on()  # still under the registered one, or the keys would not open
    answer = ask(pos, "351")
    assert answer.why == (
        f"the master key with KCV {master.kcv()} is in use, in place of the one with KCV {TMK.kcv()}: sign on under it"
    )
    signed_on = rig.send(pos.management("0800", "003", stan=pos.next_stan(), operator="01 "))
    assert f"under TMK KCV {master.kcv()}" in signed_on.why
    assert pos.suite.accept("003", master, signed_on[62]) is not None
    again = ask(pos, "351")
    assert (again.code, again.why) == ("00", f"the master key with KCV {master.kcv()} is in use already")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda block, check: (block[:-1], check), "30", "the block (DF23) has 127 bytes, and the RSA key 128"),
        (lambda block, check: (bytes(128), check), "30", "does not open to 00 02 FF … 00 and a key of 16 bytes"),
        (lambda block, check: (block, bytes(4)), "30", "the check value of the transport key (DF24) is 00000000"),
    ],
)
def test_a_transport_key_that_does_not_open(pos, change, code, words):
    own = read_public_key(ask(pos, "352")[62])
    _, block, check = make_transport_key(own.key, pos.rig.host.randbytes)
    answer = ask(pos, "350", write_transport_key(own.name, *change(block, check)))
    assert answer.code == code
    assert words in answer.why
    assert ask(pos, "351").code == "40"


def test_another_rsa_key_than_the_hosts(pos):
    answer = ask(pos, "352", bytes.fromhex("9F0605A0000003339F220101"))
    assert (answer.code, answer.why) == (
        "40",
        "no RSA key A000000333/01: there is A000000333/F0; ask for it with an empty DE 62, or by its name",
    )


def test_nothing_to_activate(pos):
    answer = ask(pos, "351")
    assert answer.code == "40"
    assert answer.why == "no master key was downloaded (350) that could be put to use: fetch one first, 352, then 350"
