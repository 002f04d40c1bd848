"""A message in words: what is said of published messages, and that nothing sensitive is ever among it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.inspect.explain import Explanation, explain, explain_failure
from acquirer.inspect.explained_rows import ExplainedRow
from acquirer.inspect.hexdump import dump_lines, hexdump
from acquirer.settings.specs import load_dialect
from acquirer.wire.card_numbers import passes_luhn
from acquirer.wire.message import DecodeError, Value
from acquirer.wire.tlv import build_tlv

UNIONPAY = load_dialect("unionpay-pos")
SIGN_ON, SIGN_ON_REPLY, SALE, CHIP_SALE = (bytes.fromhex(sample.hex)[2:] for sample in UNIONPAY.samples[:4])


def explain_frame(frame: bytes, unsafe_show: bool = False) -> Explanation:
    try:
        return explain(UNIONPAY, UNIONPAY.decode(frame), unsafe_show)
    except DecodeError as exc:
        return explain_failure(UNIONPAY, frame, exc, unsafe_show)


def explain_fields(mti: str, fields: dict[int, Value]) -> Explanation:
    return explain_frame(UNIONPAY.encode(mti, fields))


def all_rows(explanation: Explanation) -> list[ExplainedRow]:
    return [row for top in (*explanation.before, *explanation.fields) for _, row in top.walk()]


def lines(explanation: Explanation) -> dict[str, tuple[str, str]]:
    return {row.key: (row.value, row.meaning.en) for row in all_rows(explanation)}


def everything_shown(explanation: Explanation) -> str:
    """All that can reach a person's eyes: rows, JSON, and the digits of the dump."""
    digits = "".join(cell for line in dump_lines(explanation.frame, explanation.hidden) for cell in line.cells)
    dumped = hexdump(explanation.frame, explanation.hidden)
    return "\n".join((json.dumps(explanation.as_json(), ensure_ascii=False), str(explanation), digits, dumped))


# --- published messages ----------------------------------------------------------------------------------------------


def test_the_published_sign_on_request_in_words() -> None:
    explanation = explain_frame(SIGN_ON)
    assert (explanation.title.en, explanation.title.zh) == ("sign-on", "签到")
    shown_lines = lines(explanation)
    assert shown_lines["tpdu"][0] == "6000030000"
    assert shown_lines["tpdu.2"][0] == "0003"
    assert shown_lines["head"][0] == "603100011001"
    assert shown_lines["mti"] == ("0800", "network management")
    assert shown_lines["bitmap"] == ("0020000000C00012", "11 41 42 60 63")
    assert shown_lines["42"][0] == "880210010210162"
    assert shown_lines["60"][0] == "00000001003"
    assert shown_lines["60.3"] == ("003", "sign-on, double-length keys")
    assert shown_lines["63.1"][0] == "01 "
    assert explanation.error == ""
    assert explanation.hidden == frozenset()


def test_a_reply_is_that_of_the_service_whose_conditions_it_repeats() -> None:
    """A QR code sale differs from a sale by DE 22 only, which no reply carries."""
    request = UNIONPAY.decode(SALE)
    fields = {de: value for de, value in request.fields.items() if de in (2, 3, 4, 11, 25, 41, 42, 49, 60)}
    reply = UNIONPAY.decode(UNIONPAY.encode("0210", {**fields, 39: "00"}))
    assert explain(UNIONPAY, reply).title.en == "sale reply"


def test_the_published_sign_on_reply_names_each_key_and_its_check_value() -> None:
    explanation = explain_frame(SIGN_ON_REPLY)
    assert explanation.title.en == "sign-on reply"
    shown_lines = lines(explanation)
    assert shown_lines["PIK"][0] == "46F161A743497B32EAC760DF5EA57DF5"
    assert shown_lines["PIK KCV"][0] == "900ECCE3"
    assert shown_lines["MAK"] == (
        "977731A7EA402DDF0000000000000000",
        "single length: the second half is no cipher text",
    )
    assert shown_lines["MAK KCV"][0] == "CFF1592A"
    assert shown_lines["39"] == ("00", "approved")
    assert shown_lines["12"] == ("221301", "22:13:01")
    assert shown_lines["13"] == ("0720", "20 Jul")


def test_a_sale_tells_its_amount_with_its_currency_and_what_its_mac_covers() -> None:
    explanation = explain_frame(SALE)
    shown_lines = lines(explanation)
    assert shown_lines["4"] == ("000000000001", "0.01 CNY")
    assert shown_lines["22.1"] == ("02", "magnetic stripe")
    assert shown_lines["53.2"] == ("6", "triple DES")
    assert shown_lines["64"] == ("3341353741434242", "reads '3A57ACBB'")
    assert "the MAC covers bytes 11–78 (68 bytes)" in explanation.notes
    assert explanation.as_json("binary2")["fields"]["4"]["value"] == 1


def test_a_chip_sale_tells_its_tags_and_the_bits_of_the_tvr() -> None:
    shown_lines = lines(explain_frame(CHIP_SALE))
    assert shown_lines["9F26"][0] == "ACF958C80FF74403"
    assert shown_lines["9F27"] == ("80", "ARQC (go online)")
    assert shown_lines["95"][1].startswith("application versions differ; online PIN entered; over floor limit")
    assert shown_lines["9F1E"][0] == "50703665"
    assert shown_lines["2"][0] == "622500******0014"
    assert shown_lines["35"][0] == "[37 characters hidden]"
    assert shown_lines["52"][0] == "[8 bytes hidden]"


def test_the_json_form_is_exact() -> None:
    assert explain_frame(SIGN_ON).as_json("binary2") == {
        "dialect": "unionpay-pos",
        "framing": "binary2",
        "tpdu": "6000030000",
        "head": "603100011001",
        "mti": "0800",
        "title": "sign-on",
        "fields": {
            "11": {"name": "system trace audit number", "value": "000003", "span": [21, 24]},
            "41": {"name": "terminal", "value": "10000161", "span": [24, 32]},
            "42": {"name": "merchant", "value": "880210010210162", "span": [32, 47]},
            "60": {
                "name": "transaction type, batch, function",
                "value": "00000001003",
                "span": [47, 55],
                "sub": {
                    "60.1": {"name": "transaction type", "value": "00", "span": [49, 50], "meaning": "management"},
                    "60.2": {"name": "batch", "value": "000001", "span": [50, 53]},
                    "60.3": {
                        "name": "function",
                        "value": "003",
                        "span": [53, 55],
                        "meaning": "sign-on, double-length keys",
                    },
                },
            },
            "63": {
                "name": "operator, or card organisation",
                "value": "01 ",
                "span": [55, 60],
                "meaning": "operator",
                "sub": {"63.1": {"name": "operator", "value": "01 ", "span": [57, 60]}},
            },
        },
        "envelope": explain_frame(SIGN_ON).as_json()["envelope"],
        "notes": [],
        "error": None,
    }


# --- notes for a terminal developer -----------------------------------------------------------------------------------


def test_a_note_names_what_a_request_lacks() -> None:
    fields: dict[int, Value] = {11: "000001", 41: "10000161", 42: "880210010210162", 60: "00000001003"}
    assert explain_fields("0800", fields).notes == ("operator is missing: a sign-on without it is a format error",)
    sale: dict[int, Value] = {3: "000000", 4: "000000000100", 22: "012", 25: "00", **fields, 60: "22000001000"}
    assert any("must carry a MAC" in note for note in explain_fields("0200", sale).notes)


def test_a_message_known_by_name_only_is_called_by_it() -> None:
    load = explain_fields("0200", {3: "630000", 25: "00", 60: "48000001000"})
    assert load.title.zh == "磁条卡充值"
    assert "magnetic card load is known by name, but not served here" in load.notes


def test_a_reversal_says_why_and_a_refusal_what_it_means() -> None:
    assert lines(explain_fields("0400", {39: "98"}))["39"] == ("98", "no answer came")
    assert lines(explain_fields("0400", {39: "A0"}))["39"] == ("A0", "the MAC of the answer differed")
    refusal = explain_fields("0810", {39: "97", 60: "00000001003"})
    (code,) = [row for row in refusal.fields if row.key == "39"]
    assert code.meaning.zh == "终端未登记"
    assert lines(explain_fields("0810", {39: "ZZ"}))["39"][1] == "not in the code table"


def test_a_repeat_is_the_message_it_repeats() -> None:
    repeat = explain_fields("0401", {39: "98"})
    assert repeat.title.en == "reversal"
    assert lines(repeat)["mti"] == ("0401", "reversal, repeated")


def test_lists_of_card_numbers_are_hidden_though_nothing_says_what_they_are() -> None:
    batch = "01" + "00" + "000012" + "6225000000000014".zfill(20) + "000000012345"
    blacklist = b"1001" + b"166225000000000014" + b"166225000000000014"
    for explanation in (
        explain_fields("0320", {48: batch, 60: "00000001201"}),
        explain_fields("0810", {62: blacklist, 60: "00000001390"}),
    ):
        shown = everything_shown(explanation)
        assert "6225000000000014" not in shown
        assert b"6225000000000014".hex() not in shown


def test_a_check_digit_that_differs_is_reported_though_the_number_is_masked() -> None:
    assert lines(explain_fields("0200", {2: "6212345678901233"}))["2"] == ("621234******1233", "check digit wrong")
    assert lines(explain_fields("0200", {2: "6212345678901232"}))["2"] == ("621234******1232", "")


def test_chinese_in_a_field_reads_as_chinese() -> None:
    issuer = "中国银行".encode("gbk").ljust(20).decode("latin-1")
    assert (
        lines(explain_fields("0210", {39: "00", 63: "CUP" + issuer, 60: "22000001000"}))["63.2"][0].rstrip()
        == "中国银行"
    )


def test_a_tag_that_comes_twice_is_numbered_in_json() -> None:
    explanation = explain_fields("0200", {55: build_tlv([("9F36", b"\x01\x02"), ("9F36", b"\x03\x04")])})
    inside = explanation.as_json()["fields"]["55"]["sub"]
    assert {key: row["value"] for key, row in inside.items()} == {"9F36": "0102", "9F36 (2)": "0304"}


def test_chip_data_that_breaks_off_is_read_up_to_there_and_the_rest_hidden() -> None:
    explanation = explain_fields("0200", {55: bytes.fromhex("9F36020196" + "5A0A6212345678")})
    (chip,) = explanation.fields
    assert [row.key for row in chip.within] == ["9F36", "?"]
    assert chip.within[1].value == "[7 bytes hidden]"
    assert chip.within[1].meaning.en == "tag 5A says 10 bytes follow, but 5 are left"
    assert "621234" not in everything_shown(explanation)


# --- what must not be seen --------------------------------------------------------------------------------------------


def luhn(body: str) -> str:
    return next(body + check for check in "0123456789" if passes_luhn(body + check))


# Digits that the rest of the message does not have, so that a secret found is a secret shown.
pans = st.text("456789", min_size=12, max_size=18).map(luhn)


@st.composite
def sensitive_messages(draw: st.DrawFn) -> tuple[dict[int, Value], list[str]]:
    """Fields of a sale full of what must not be seen, and those secrets as hex or digits."""
    pan, pin_block = draw(pans), bytes(draw(st.lists(st.integers(0xE0, 0xFF), min_size=8, max_size=8)))
    service = draw(st.text("456789", min_size=8, max_size=12))
    track = f"{pan}D2412{service}"[: draw(st.sampled_from([36, 37]))]
    packed = f"{pan}{'F' * (len(pan) % 2)}"
    fields: dict[int, Value] = {
        2: pan,
        3: "000000",
        4: "000000000100",
        11: "000001",
        14: "2412",
        22: draw(st.sampled_from(["021", "051", "072"])),
        25: "00",
        35: track,
        36: f"99{pan}D156{service}"[:104],
        41: "10000161",
        42: "880210010210162",
        49: "156",
        52: pin_block,
        60: "22000001000600",
    }
    emv = [("9F36", b"\x01\x02"), ("5A", bytes.fromhex(packed))]
    emv.append(("57", bytes.fromhex(track + "F" * (len(track) % 2))))
    emv.append(("DF7F", draw(st.sampled_from([pan.encode(), bytes.fromhex(packed)]))))  # an unknown tag
    fields[55] = build_tlv(draw(st.permutations(emv)))
    fields[draw(st.sampled_from([57, 58]))] = f"card {pan} of a customer"
    kept = draw(st.sets(st.sampled_from(sorted(fields)), min_size=4))
    secrets = [pan, pan[6:-4], track, pan.encode().hex(), pin_block.hex().upper()]
    return {de: value for de, value in fields.items() if de in kept}, [one for one in secrets if len(one) >= 8]


def test_a_security_control_field_is_shown_and_a_card_number_in_its_place_is_not() -> None:
    fields: dict[int, Value] = {3: "000000", 4: "000000000100", 11: "000001", 41: "10000161"}
    control = explain_fields("0200", {**fields, 53: "2600000000000000"})
    assert [lines(control)[key][0] for key in ("53", "53.1", "53.2")] == ["2600000000000000", "2", "6"]
    mistaken = explain_fields("0200", {**fields, 53: "6212345678901232"})
    assert lines(mistaken)["53"] == ("621234******1232", "")
    assert "56789" not in everything_shown(mistaken)
    assert "53.1" not in lines(mistaken)


def test_digits_of_a_variable_size_that_are_a_card_number_are_hidden() -> None:
    ascii_1987 = load_dialect("iso8583-1987-ascii")
    long = [de for de, spec in ascii_1987.fields.items() if spec.holds_long_digits]
    assert {53, 86, 90} <= set(long)
    for de in long:
        size = ascii_1987.fields[de].maximum
        value = "6212345678901232".rjust(size, "0") if size >= 16 else "30569309025904"[:size].rjust(size, "0")
        frame = ascii_1987.encode("0200", {3: "000000", 11: "000001", de: value})
        shown = everything_shown(explain(ascii_1987, ascii_1987.decode(frame)))
        assert value.lstrip("0") not in shown, de


@pytest.mark.slow
@given(sensitive_messages())
@settings(max_examples=150, deadline=None)
def test_no_card_number_track_or_pin_block_is_ever_shown(message: tuple[dict[int, Value], list[str]]) -> None:
    fields, secrets = message
    explanation = explain_fields("0200", fields)
    assert explanation.error == ""
    shown = everything_shown(explanation)
    for secret in secrets:
        assert secret not in shown
    for row in all_rows(explanation):
        assert row.hidden <= explanation.hidden


@pytest.mark.slow
@given(sensitive_messages(), st.data())
@settings(max_examples=150, deadline=None)
def test_nor_when_the_frame_breaks_off_or_is_damaged(
    message: tuple[dict[int, Value], list[str]], data: st.DataObject
) -> None:
    fields, secrets = message
    frame = UNIONPAY.encode("0200", fields)
    broken = frame[: data.draw(st.integers(0, len(frame) - 1))]
    explanation = explain_frame(broken)
    assert explanation.error
    shown = everything_shown(explanation)
    for secret in secrets:
        assert secret not in shown


@pytest.mark.slow
@given(sensitive_messages())
@settings(max_examples=50, deadline=None)
def test_unsafe_show_hides_nothing(message: tuple[dict[int, Value], list[str]]) -> None:
    fields, _ = message
    frame = UNIONPAY.encode("0200", fields)
    explanation = explain_frame(frame, unsafe_show=True)
    assert explanation.hidden == frozenset()
    assert "*" not in "".join(cell for line in dump_lines(frame, explanation.hidden) for cell in line.cells)
    assert not any("hidden" in row.value for row in all_rows(explanation))
    for row in explanation.fields:
        value = fields[int(row.key)]
        assert row.value == (value.hex().upper() if isinstance(value, bytes) else value)


# --- any bytes --------------------------------------------------------------------------------------------------------

samples = st.sampled_from([SIGN_ON, SIGN_ON_REPLY, SALE, CHIP_SALE])


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    frame = bytearray(draw(samples))
    for _ in range(draw(st.integers(0, 3))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    return bytes(frame[: draw(st.integers(0, len(frame)) | st.just(len(frame)))]) + draw(st.binary(max_size=3))


@pytest.mark.slow
@given(mutants() | st.binary(max_size=60), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_explained_and_every_row_stands_in_the_frame(frame: bytes, unsafe_show: bool) -> None:
    explanation = explain_frame(frame, unsafe_show)
    for top in (*explanation.before, *explanation.fields):
        for _, row in top.walk():
            assert 0 <= row.span[0] <= row.span[1] <= len(frame)
            assert top.span[0] <= row.span[0] <= row.span[1] <= top.span[1]
            assert row.value.isprintable()
            assert row.meaning.en.isprintable()
            assert row.hidden <= set(range(2 * len(frame)))
    assert json.loads(json.dumps(explanation.as_json())) == explanation.as_json()
    assert bool(explanation.error) == (explanation.failure is not None)


@pytest.mark.parametrize("frame", [SIGN_ON, SIGN_ON_REPLY, SALE, CHIP_SALE])
def test_the_rows_of_a_message_cover_its_frame_without_gaps(frame: bytes) -> None:
    explanation = explain_frame(frame)
    spans = [row.span for row in (*explanation.before, *explanation.fields)]
    assert spans[0][0] == 0
    assert spans[-1][1] == len(frame)
    assert all(one[1] == other[0] for one, other in pairwise(spans))


@pytest.mark.parametrize("name", ["iso8583-1993-ascii", "iso8583-1987-binary", "unionpay-pos"])
def test_chip_data_sent_as_hexadecimal_text_is_named_and_not_shown(name: str) -> None:
    """Its card number would stand in the meaning of bytes that read as text."""
    dialect = load_dialect(name)
    data = b"5A086212345678901232" + b"9F3602000A"
    message = dialect.decode(dialect.encode("1200" if "1993" in name else "0200", {11: "000001", 55: data}))
    explained = explain(dialect, message)
    (field,) = [row for row in explained.fields if row.key == "55"]
    rows = [row for _, row in field.walk()]
    assert "is hexadecimal text, and bytes belong there" in [row.meaning.en for row in rows]
    assert not [row for row in rows if "6212345678901232" in row.value + row.meaning.en]
