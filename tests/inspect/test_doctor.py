"""A diagnosis names dialect, framing and every message, and says how sure it is."""

from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from acquirer.inspect.capture_forms import is_packets
from acquirer.inspect.doctor import diagnose_capture
from acquirer.inspect.framings import COMMON_FRAMINGS
from acquirer.inspect.hexdump import hexdump
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.wire.framing import Framing

DIALECTS = [load_dialect(name) for name in dialect_names()]
UNIONPAY = load_dialect("unionpay-pos")
WIRE = [bytes.fromhex(sample.hex) for sample in UNIONPAY.samples]
FRAMES = [data[2:] for data in WIRE]
ASCII = b"0800A2200000008000000400000000000000" + b"0" * 60


def diagnosed(data):
    diagnosis = diagnose_capture(data, [UNIONPAY])
    (group,) = diagnosis.groups
    return diagnosis, group


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"".join(WIRE), "bytes"),
        (b"".join(WIRE).hex().encode(), "hex"),
        ("\n".join(one.hex() for one in WIRE).encode(), "lines of hex"),
        ("\n\n".join(f"sent\n{hexdump(one)}" for one in WIRE).encode(), "hex dump"),
        ("\n".join(f"12:00 SEND {one.hex()}" for one in WIRE).encode(), "hex in text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_message_is_found_in_every_form(data, form):
    diagnosis, group = diagnosed(data)
    assert (diagnosis.form, group.certainty, group.guess.framing) == (form, "sure", "binary2")
    assert [found.frame for found in group.messages] == FRAMES
    assert group.why == (
        "unionpay-pos: TPDU 6000030000, head 603100011001, 2-byte length 60",
        f"{len(FRAMES)} of {len(FRAMES)} messages can be read",
    )


@given(st.lists(st.sampled_from(FRAMES), min_size=1, max_size=5), st.sampled_from(COMMON_FRAMINGS[:8]))
@settings(max_examples=60, deadline=None)
def test_any_conversation_in_any_usual_framing_is_recognised(frames, framing):
    _, group = diagnosed(b"".join(framing.wrap(frame) for frame in frames))
    assert group.guess.framing == framing.spelling
    assert [found.frame for found in group.messages] == frames


def test_what_cannot_be_read_lowers_the_certainty():
    broken = UNIONPAY.framing.wrap(FRAMES[0] + b"\x00")
    assert diagnosed(WIRE[0] + WIRE[2] + broken)[1].certainty == "likely"
    assert diagnosed(broken + WIRE[0])[1].certainty == "a guess"
    group = diagnosed(WIRE[0] + broken)[1]
    assert [bool(found.problem) for found in group.messages] == [False, True]


def test_when_no_dialect_fits_the_reason_says_what_the_bytes_look_like():
    _, group = diagnosed(Framing("ascii", 4).wrap(ASCII))
    assert group.certainty == "unknown"
    assert group.why[0] == (
        "this looks like a message with a 4-digit ASCII length (96), no TPDU, no head, MTI 0800 in ASCII and a bitmap "
        "in ASCII"
    )
    assert group.why[1].startswith("unionpay-pos comes closest (")
    assert diagnosed(b"good morning")[1].why[0] == "nothing looks like ISO 8583"


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_message_that_ships_is_recognised_among_all_dialects(dialect):
    for sample in dialect.samples:
        (group,) = diagnose_capture(bytes.fromhex(sample.hex), DIALECTS).groups
        assert group.certainty == "sure"
        assert dialect.name in (group.guess.dialect.name, *group.guess.also)
        assert group.guess.framing == dialect.framing.spelling


def test_another_protocol_is_named():
    _, group = diagnosed(b"GET / HTTP/1.1\r\n\r\n")
    assert (group.guess, group.why) == (None, ("this is an HTTP request, not ISO 8583",))


def test_nothing_secret_is_shown():
    _, group = diagnosed(WIRE[3])
    shown = str(group.why) + str(group.messages[0].explanation.as_json())
    assert "6225000000000014" not in shown
    assert "62250000000000" not in shown


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=60, deadline=None)
def test_anything_gets_a_diagnosis(data):
    assume(not is_packets(data))
    diagnosis = diagnose_capture(data, [UNIONPAY])
    assert diagnosis.groups
    assert all(group.why for group in diagnosis.groups)


def test_a_reading_without_any_stream_ends_no_search():
    empty = b"\xd4\xc3\xb2\xa1" + struct.pack("<HHIIII", 2, 4, 0, 0, 65535, 1)  # a capture without a packet
    dialect = load_dialect("iso8583-1987-binary")
    sample = bytes.fromhex(dialect.samples[0].hex)
    text = f"{base64.b64encode(empty).decode()}\n\n\\x{sample.hex()}"
    assert [found.frame for _, found in diagnose_capture(text.encode(), [dialect]).messages if found.message] == [
        sample[2:]
    ]
    assert diagnose_capture(base64.b64encode(empty), [dialect]).groups


def test_digits_of_hex_that_are_nothing_are_called_hex():
    assert diagnose_capture(b"00" * 3_000, [load_dialect("iso8583-1987-ascii")]).form == "hex"
