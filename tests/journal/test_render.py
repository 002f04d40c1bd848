"""Evidence as it is written: everything a developer needs, nothing a thief does."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.journal.entry import Entry, as_json
from acquirer.journal.mask import showers
from acquirer.journal.render import render
from acquirer.model.evidence import Evidence
from acquirer.observe.lines import exchange_line
from acquirer.wire.masking import hidden, known, mask_card_numbers
from acquirer.wire.message import DecodeError, Message
from tests.journal.entries import entry_of

PAN = "6212345678901232"
PACKED = bytes.fromhex(PAN)


def entry(evidence: Evidence) -> Entry:
    return entry_of(evidence)


def shown(record, dialect, fields, mti="0200"):
    return dict(entry(record(mti=mti, message=Message(b"", mti, fields))).request)


def test_it_reads_back_as_it_was(record, dialect):
    message = Message(b"", "0800", {11: "000003", 63: "01 ", 41: '1"00\\161'})
    evidence = record(
        message=message, mti="0800", why="批准", notes=("one", "two"), replayed=True, reply={39: "00"}, reply_mti="0810"
    )
    read = entry(evidence)
    assert (read.why, read.notes, read.replayed) == ("批准", ("one", "two"), True)
    assert dict(read.request) == {"11": "000003", "63": "01 ", "41": '1"00\\161'}
    assert read.reply == {"39": "00"}
    assert json.loads(json.dumps(as_json(read)))["notes"] == ["one", "two"]


def test_nothing_answered_is_not_an_empty_answer(record):
    assert entry(record()).reply is None
    assert entry(record(reply={}, reply_mti="0810")).reply == {}


@pytest.mark.parametrize(
    ("de", "value", "expected"),
    [
        (2, PAN, "621234******1232"),
        (14, "2912", "[4 characters hidden]"),
        (35, f"{PAN}D2912", "[21 characters hidden]"),
        (36, f"{PAN}D2912", "[21 characters hidden]"),
        (52, b"12345678", "[8 bytes hidden]"),
        (42, "880210010210162", "880210010210162"),
        (53, "2600000000000000", "2600000000000000"),
        (53, "2610000000000000", "2610000000000000"),
        (53, PAN, "621234******1232"),
        (53, "2600000000000083", "260000******0083"),
        (48, f"A{PAN}B", "A621234******1232B"),
        (48, f"1{PAN}", "1621234******1232"),
        (61, PAN, "621234******1232"),
        (61, f"000001000002{PAN}", "000001000002621234******1232"),
        (61, "0130090065431129", "0130090065431129"),  # batch, STAN, date: a card number is inside by chance
        (57, f"card {PAN}", "card 621234******1232"),
        (59, f"ZZ016{PAN}A4003ABC", "ZZ016621234******1232A4003ABC"),
        (59, "\x00\x01", "**"),
        (48, "\x00\x01", "0001"),
        (63, "银联".encode("gbk").decode("latin-1"), "银联"),
        (3, "000000", "000000"),
        (99, "anything", "[8 characters hidden]"),
    ],
)
def test_each_field_as_it_may_be_shown(record, dialect, de, value, expected):
    assert shown(record, dialect, {de: value}) == {str(de): expected}


def test_chip_data_keeps_its_shape_and_loses_the_card(record, dialect):
    data = (
        bytes.fromhex("9F360201965A08")
        + PACKED
        + bytes.fromhex("5713")
        + PACKED
        + bytes.fromhex("D29122010000123456789F")
    )
    text = shown(record, dialect, {55: data})["55"]
    assert len(text) == 2 * len(data)
    assert text == "9F360201965A08" + "*" * 16 + "5713" + "*" * 38


def test_chip_data_that_cannot_be_parsed_is_hidden_from_there_on(record, dialect):
    data = bytes.fromhex("9F360201965A7F") + PACKED
    assert shown(record, dialect, {55: data})["55"] == "9F36020196" + "*" * (2 * len(data) - 10)
    assert set(shown(record, dialect, {55: b"\x9f"})["55"]) == {"*"}


def test_keys_of_a_sign_on_are_hidden_and_the_serial_is_not(record, dialect):
    serial = b"Sequence No12306099999906"
    evidence = record(mti="0800", message=Message(b"", "0800", {62: serial}), reply={62: bytes(40)}, reply_mti="0810")
    read = entry(evidence)
    assert read.request["62"] == serial.decode()
    assert read.reply == {"62": "[40 bytes hidden]"}


@pytest.mark.parametrize(
    ("serial", "masked"),
    [
        ("6212345678901232", "621234******1232"),
        ("SN6212345678901232", "SN621234******1232"),
        ("621234567890123200", "621234********3200"),
        ("3060 6212-3456-7890-1232", "3060 6212-34**-****-1232"),
    ],
)
def test_a_card_number_in_the_place_of_a_serial_number_is_masked(record, dialect, serial, masked):
    """Though the form of the field would divide it: licence of the network, then number of the hardware."""
    label = f"Sequence No{len(serial)}"
    assert shown(record, dialect, {62: f"{label}{serial}".encode()}, "0800") == {"62": f"{label}{masked}"}


def test_a_serial_number_is_no_card_number_but_other_text_in_its_place_may_be(record, dialect):
    serial = b"Sequence No12306010000161"  # 14 digits in a row, and the last one happens to be their check digit
    assert shown(record, dialect, {62: serial}, "0800") == {"62": serial.decode()}
    assert shown(record, dialect, {62: serial.replace(b"No", b"Nr")}, "0800") == {"62": "Sequence Nr123060****0161"}


def test_evidence_of_our_own_is_never_taken_for_a_card_number(record):
    why = f"got {known('0' * 16)} from merchant {known('880210010210167')}, card {PAN}"
    read = entry(record(why=why, notes=(why,)))
    assert read.why == "got 0000000000000000 from merchant 880210010210167, card 621234******1232"
    assert read.notes == (read.why,)
    line = exchange_line(read)
    assert line["why"] == line["notes"][0] == read.why


def test_an_unknown_mti_may_be_any_and_hides_what_any_would(record, dialect):
    assert shown(record, dialect, {62: bytes(40)}, mti="9999") == {"62": "[40 bytes hidden]"}


def test_of_a_broken_frame_only_what_stands_before_the_break(record):
    failure = DecodeError("too short", field=4, position=23, mti="0200", fields={2: PAN, 3: "000000"})
    read = entry(record(mti="0200", failure=failure))
    assert dict(read.request) == {"2": "621234******1232", "3": "000000"}
    assert read.failure == "DE 4 at byte 23: too short"


SALE = "02007020000000C0000016" + PAN + "000000000000001234000002" + b"10000161880210010210162".hex()


def undecoded(record, dialect, frame):
    try:
        dialect.decode(frame)
    except DecodeError as failure:
        return entry(record(mti=failure.mti or "", failure=failure, frame=frame))
    raise AssertionError("it can be decoded")


def test_of_a_broken_frame_the_bytes_before_the_break_are_kept_without_what_is_hidden(record, dialect):
    envelope = "6000030000603100310000"
    frame = bytes.fromhex(envelope + SALE)[:-3]
    read = undecoded(record, dialect, frame)
    assert read.failure.startswith("DE 42 at byte ")
    assert read.before_failure == (
        f"{envelope}02007020000000C0000016" + "*" * 16 + "000000000000001234000002" + b"10000161".hex()
    )
    assert as_json(read)["before_failure"] == read.before_failure


@pytest.mark.parametrize("size", range(65))
def test_nothing_from_the_failing_byte_on_is_kept(record, dialect, size):
    frame = bytes.fromhex("6000030000603100310000" + SALE)[:size]
    read = undecoded(record, dialect, frame)
    assert len(read.before_failure) <= 2 * int(read.failure.split(" at byte ")[1].split(":")[0])
    assert PAN not in read.before_failure


def test_of_a_frame_without_mti_no_byte_is_kept(record, dialect):
    for frame in (PACKED * 3, f"card {PAN}, please".encode(), b""):
        assert undecoded(record, dialect, frame).before_failure == ""


def test_a_mac_is_shown_as_people_compare_it(record, dialect):
    assert shown(record, dialect, {64: b"3A57ACBB"}) == {"64": "3A57ACBB"}
    assert shown(record, dialect, {64: bytes.fromhex("009C3A57ACBB0000")}) == {"64": "009C3A57ACBB0000"}


def test_what_was_answered_was_sent_unless_something_else_is_known(record):
    row = render(record(reply={39: "00"}, reply_mti="0810"))
    assert [entry_of(row, delivery=known).delivery for known in (None, "undelivered")] == ["sent", "undelivered"]
    assert entry(record()).delivery == ""


def test_a_card_number_in_a_sentence_is_masked(record):
    read = entry(record(why=f"card {PAN} is unknown", notes=(f"PAN {PAN}",), pan_masked=PAN))
    assert PAN not in repr(read)
    assert read.why == "card 621234******1232 is unknown"


def luhn(body: str) -> str:
    total = sum(sum(divmod(2 * int(d), 10)) for d in body[-1::-2]) + sum(int(d) for d in body[-2::-2])
    return body + str(-total % 10)


pans = st.from_regex(r"[1-9][0-9]{10,17}", fullmatch=True).map(luhn).filter(lambda pan: pan[3:].strip("0"))
"""Card numbers; one whose account number is zeros is none, but a security control field."""


@given(pan=pans, before=st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=20))
def test_free_text_never_shows_a_card_number(pan, before):
    assert pan not in mask_card_numbers(f"{before}{pan}x")


@pytest.mark.slow
@settings(max_examples=100)
@given(pan=pans, data=st.data())
def test_no_field_that_may_hold_a_card_shows_it(record, dialect, pan, data):
    """Wherever a card number may stand (card fields, tracks, free text, chip data): it is not in the row."""
    packed = bytes.fromhex(pan + "F" * (len(pan) % 2))
    places = {
        2: pan,
        35: f"{pan}D29121010000",
        36: f"99{pan}D",
        44: pan,
        55: b"\x5a" + bytes([len(packed)]) + packed,
        57: f"A{pan}",
        59: f"ZZ{len(pan):03d}{pan}",
        62: pan.encode(),
        63: f"CUP {pan}",
    }
    chosen = data.draw(st.sets(st.sampled_from(sorted(places)), min_size=1))
    mti = data.draw(st.sampled_from(["0200", "0400", "0820", "9999"]))
    row = render(
        record(
            mti=mti,
            message=Message(b"", mti, {de: places[de] for de in chosen}),
            reply={63: f"CUP {pan}"},
            why=f"{pan}!",
        )
    )
    written = "\n".join(value for value in row if isinstance(value, str))  # a clock reading may hold any digits
    assert pan not in written
    assert pan.encode().hex() not in written.lower()


def test_masks_are_decided_once_and_not_for_ever(dialect):
    assert showers(dialect, "0200") is showers(dialect, "0200")
    assert showers(dialect, "9998") is showers(dialect, "9999")


def test_an_image_is_shown_by_length_and_digest_and_text_in_its_place_as_it_reads(record, dialect):
    image = b"\x00\x00\x01\x00\x00\x00\x00\xf0" + PAN.encode() + bytes(range(128, 256))
    digest = hashlib.sha256(image).hexdigest()
    assert shown(record, dialect, {62: image}, "0820") == {"62": f"[{len(image)} bytes, SHA-256 {digest}]"}
    assert shown(record, dialect, {62: b"000111000"}, "0820") == {"62": "000111000"}
    assert shown(record, dialect, {62: PAN.encode()}, "0820") == {"62": "621234******1232"}


@pytest.mark.slow
@given(
    fields=st.dictionaries(
        st.integers(2, 70),
        st.one_of(st.text("0123456789AZ %s", max_size=30), st.text(max_size=20), st.binary(max_size=12)),
        max_size=8,
    ),
    mti=st.sampled_from(["0200", "0800", "9999"]),
)
def test_fields_are_written_as_each_of_them_is_shown(record, dialect, fields, mti):
    known = showers(dialect, mti)
    expected = {str(de): known.get(de, hidden)(value) for de, value in fields.items()}
    assert shown(record, dialect, fields, mti) == expected
