"""A dialect in use: elements by name, routes, envelopes, the bytes under a MAC."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.dialect.router import REMEMBERED, Router, without_repeat
from acquirer.model.reasons import Reason
from acquirer.settings.specs import load_dialect
from acquirer.wire.message import EncodeError, Message

D = load_dialect("unionpay-pos")
Fields = dict[int, str | bytes]
SAMPLES = {sample.title.split(",")[0]: D.decode(bytes.fromhex(sample.hex)[2:]) for sample in D.samples}
SIGN_ON, SALE, CHIP = SAMPLES["sign-on request"], SAMPLES["sale"], SAMPLES["sale with chip and PIN"]
SIGNED_ON = D.decode(bytes.fromhex(D.samples[1].hex)[2:])


def request(mti, **elements):
    fields: Fields = {}
    for name, value in elements.items():
        D.put(fields, name, value)
    return D.decode(D.encode(mti, fields))


# ── elements ──


def test_elements_are_read_by_name_whole_or_in_part():
    assert D.get(SIGN_ON, "stan") == "000003"
    assert D.get(SIGN_ON, "batch") == "000001"
    assert D.get(SIGN_ON, "function") == "003"
    assert D.get(SIGN_ON, "read_capability") is None  # the field ends before
    assert D.get(SIGN_ON, "pan") is None
    assert D.get(SALE, "mac") == b"3A57ACBB"
    assert D.text(SALE, "mac") == "3341353741434242"
    assert D.text(SALE, "pan") == ""


def test_a_binary_field_may_hold_text_in_one_message_and_keys_in_another():
    serial = request("0800", serial="Sequence No12306099999906")
    assert D.get(serial, "serial") == "306099999906"
    assert D.get(serial, "keys") == b"Sequence No12306099999906"


@pytest.mark.parametrize(
    "text", ["306099999906", "Sequence No", "Sequence No1230609999990", "Sequence Nr12306099999906"]
)
def test_a_text_without_the_form_it_should_have_is_taken_whole(text):
    assert D.get(request("0800", serial=text), "serial") == text


def test_a_part_is_written_into_what_is_there_or_after_zeros():
    fields: Fields = {60: "00000001003"}
    D.put(fields, "batch", "000519")
    assert fields == {60: "00000519003"}
    D.put(fields, "read_capability", "6")
    assert fields == {60: "000005190036"}
    empty: Fields = {}
    D.put(empty, "function", "301")
    assert empty == {60: "00000000301"}
    text: Fields = {}
    D.put(text, "operator", "01 ")
    assert text == {63: "01 "}


@pytest.mark.parametrize(("element", "value"), [("batch", "1"), ("function", b"301"), ("operator", "01")])
def test_a_part_of_another_size_is_refused(element, value):
    with pytest.raises(EncodeError):
        D.put({}, element, value)


@given(st.sampled_from(sorted(D.elements)), st.data())
def test_what_is_put_is_got(element, data):
    at = D.elements[element]
    field = D.fields[at.de]
    size = field.maximum if at.stop is None else at.stop - at.start
    value = "7" * size if field.kind != "b" or at.as_text else data.draw(st.binary(min_size=size, max_size=size))
    fields: Fields = {}
    D.put(fields, element, value)
    assert D.get_from(fields, element) == value
    assert D.get(D.decode(D.encode("0200", fields)), element) == value


# ── routes ──


def kind(type_and_function, *, mti="0200", code="000000", condition="00", **more):
    elements = {"transaction_type": type_and_function[:2], "function": type_and_function[2:] or "000"}
    if mti in ("0200", "0201", "0100", "0220"):
        elements |= {"processing_code": code, "condition": condition}
    return request(mti, **elements, **more)


@pytest.mark.parametrize(
    ("message", "service", "served"),
    [
        (SIGN_ON, "sign_on", True),
        (SALE, "sale", True),
        (CHIP, "sale", True),
        (kind("00002", mti="0820"), "sign_off", True),
        (kind("00301", mti="0820"), "echo", True),
        (kind("22", mti="0400"), "reversal", True),
        (kind("10", mti="0401"), "reversal", True),
        (kind("22", mti="0201"), "sale", True),
        (kind("22", entry_mode="032"), "qr_sale", True),
        (kind("22", condition="08"), "moto_sale", True),
        (kind("22", condition="64"), "instalment_sale", True),
        (kind("23", code="200000"), "void", True),
        (kind("01", code="310000"), "balance", True),
        (kind("10", mti="0100", code="030000", condition="06"), "pre_auth", True),
        (kind("25", mti="0220", code="200000"), "refund", True),
        (kind("00201", mti="0500"), "settlement", True),
        (kind("07800", mti="0820"), "signature", True),
        (kind("08802", mti="0820"), "signature_part", True),
        (kind("00360", mti="0800"), "parameters", True),
        (kind("00401", mti="0820"), "points_sign_on", False),
    ],
    ids=lambda value: repr(value) if isinstance(value, Message) else str(value),
)
def test_a_message_finds_its_service(message, service, served):
    route = D.route(message)
    assert (route.service, route.served) == (service, served)


def test_an_unknown_message_has_no_route():
    assert D.route(kind("99", code="990000")) is None
    assert D.route(request("0600", stan="000001")) is None
    assert D.route(SIGNED_ON) is None
    assert D.request_mti_known("0201")
    assert not D.request_mti_known("0600")
    assert not D.request_mti_known("0210")


def test_routes_are_remembered_within_bounds():
    router = Router(D.routes, D.elements)
    for i in range(REMEMBERED + 100):
        message = Message(b"", "0820", {60: f"00000001{i % 1000:03}{i // 1000}"})
        assert (router.find(message) is not None) == (
            f"{i % 1000:03}" in {"002", "301", "362", "372", "373", "382", "401"}
        )
        message = Message(b"", "0200", {3: f"{i:06}", 60: "22"})
        router.find(message)
    assert len(router._remembered) <= REMEMBERED


def test_a_mandatory_element_that_is_missing_is_named():
    assert D.missing(SIGN_ON, D.find_route("sign_on")) is None
    assert D.missing(request("0800", stan="000003", tid="10000161"), D.find_route("sign_on")) == "mid"
    assert D.missing(SALE, D.find_route("sale")) == "pan or track2 or track3"
    assert D.missing(CHIP, D.find_route("sale")) is None


def test_a_service_that_does_not_exist_is_answered_with_the_nearest():
    with pytest.raises(LookupError, match="'sign_on'"):
        D.find_route("signon")


# ── MTIs ──


def test_a_response_is_one_function_on_and_never_a_repeat():
    pairs = {
        "0800": "0810",
        "0820": "0830",
        "0200": "0210",
        "0201": "0210",
        "0401": "0410",
        "0421": "0430",
        "0403": "0412",
    }
    assert {mti: D.response_mti(mti) for mti in pairs} == pairs
    assert [mti for mti in ("0210", "0410", "0800", "0400") if D.is_response(mti)] == ["0210", "0410"]
    with pytest.raises(ValueError, match="is a response"):
        D.response_mti("0810")


def test_only_what_answers_a_known_request_is_a_response():
    assert [mti for mti in ("9999", "0710", "0810", "0811") if D.is_response(mti)] == ["0810", "0811"]
    assert (D.response_mti("9999"), D.response_mti("0710")) == ("9998", "0710")
    assert D.is_response("0710", {39: "12"})
    assert not D.is_response("0710", {11: "000001"})
    assert not D.is_response("0400", {39: "98"})  # there it is the reason of the reversal


@given(st.from_regex(r"\A[0-9]{4}\Z"))
def test_a_repeat_is_what_was_sent_first(mti):
    first = without_repeat(mti)
    assert without_repeat(first) == first
    assert first[:3] == mti[:3]
    assert int(mti) - int(first) in (0, 1)


# ── envelope and MAC ──


def test_a_reply_swaps_addresses_and_echoes_the_head_but_for_one_nibble():
    assert D.reply_envelope(SIGN_ON) == (bytes.fromhex("6000000003"), bytes.fromhex("603100011001"))
    assert D.reply_envelope(SIGN_ON.raw, 3)[1].hex() == "603103011001"
    envelope = bytes.fromhex("600003000060310F310000")
    assert D.reply_envelope(envelope)[1].hex() == "603100310000"


def test_the_mac_covers_from_mti_to_the_field_before_it():
    assert D.covered(SALE.raw) == SALE.raw[11:-8]
    assert len(D.covered(SALE.raw)) == 68
    assert D.mac_of(SALE) == b"3A57ACBB"
    assert D.mac_of(SIGN_ON) is None
    assert D.with_mac(SALE.raw, b"12345678") == SALE.raw[:-8] + b"12345678"
    with pytest.raises(EncodeError, match="8 bytes, not 4"):
        D.with_mac(SALE.raw, b"1234")


# ── UnionPay ──


def reply_bitmap(route_name, values, request_message, *, approved=True):
    route = D.find_route(route_name)
    answer = route.reply if approved else route.refusal
    fields = {de: request_message.fields[de] for de in answer.echo if de in request_message.fields}
    for name in answer.make:
        if name in values:
            D.put(fields, name, values[name])
    return D.encode(D.response_mti(request_message.mti), fields)[13:21].hex().upper()


VALUES = {
    "time": "221301", "date": "0720", "settlement_date": "0720", "acquirer": "00085500", "rrn": "221201491329",
    "code": "00", "batch": "000519", "keys": bytes(40), "additional": "x" * 22, "icc": b"\x9f\x36\x02\x01\x96",
    "organisation": "CUP", "mac": bytes(8),
}  # fmt: skip


def test_a_sign_on_is_answered_with_the_published_bitmap():
    assert reply_bitmap("sign_on", VALUES, SIGN_ON) == "003800010AC00014"
    assert reply_bitmap("sign_on", VALUES, SIGN_ON, approved=False) == "0038000002C00010"


def test_a_sale_is_answered_with_the_captured_bitmap():
    assert reply_bitmap("sale", VALUES, CHIP) == "703E02810AD08213"


def test_every_reason_has_a_code_and_every_code_a_meaning_in_both_languages():
    assert set(D.reasons) == {str(reason) for reason in Reason}
    assert all(code.meaning.en and code.meaning.zh and code.shown.en and code.shown.zh for code in D.codes.values())
    assert {D.code_of(reason) for reason in ("mac_differs", "sign_on_required", "terminal_unknown")} == {
        "A0",
        "77",
        "97",
    }


def test_every_field_has_a_name_in_both_languages():
    assert all(field.name.en and field.name.zh for field in D.fields.values())
    published = "2 3 4 11 12 13 14 15 22 23 25 26 32 35 36 37 38 39 41 42 44 48 49 52 53 54 55 57 58 59 60 61 62 63 64"
    assert set(D.fields) == {int(de) for de in published.split()}


@pytest.mark.parametrize(
    ("message", "de", "layout"),
    [
        (SIGNED_ON, 62, "working_keys"),
        (request("0800", function="003", serial="Sequence No12306099999906"), 62, "serial"),
        (request("0820", function="362", keys=b"011"), 62, "device_status"),
        (request("0820", transaction_type="07", function="800", keys=b"x"), 62, "signature"),
        (request("0820", transaction_type="07", function="800", icc=b"x"), 55, "receipt"),
        (request("0800", function="370", keys=b"x"), 62, "capk_name"),
        (request("0800", function="999", keys=b"x"), 62, "private_text"),
        (CHIP, 55, "emv"),
        (SIGN_ON, 63, "operator"),
        (request("0210", organisation="CUP"), 63, "organisation"),
        (SIGN_ON, 11, None),
    ],
    ids=str,
)
def test_the_inside_of_a_field_depends_on_the_message(message, de, layout):
    found = D.layout(message, de)
    assert (found.name if found else None) == layout
