"""What bytes look like without knowing the dialect, and the sentence for a port that does not fit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.inspect.framings import COMMON_FRAMINGS, framing_words
from acquirer.inspect.sniff import mismatch, sniff
from acquirer.settings.specs import load_dialect
from acquirer.wire.framing import Framing

UNIONPAY = load_dialect("unionpay-pos")
SAMPLES = [bytes.fromhex(sample.hex)[2:] for sample in UNIONPAY.samples]
SIGN_ON = SAMPLES[0]
ASCII = b"0800A2200000008000000400000000000000" + b"0" * 60
EBCDIC = ASCII.decode().encode("cp500")
COUNTED = (  # the same bytes as a frame without an end whose last byte is 03
    Framing("binary", 2, end=b"\x03", includes_end=True),
    Framing("ascii", 4, end=b"\x03", includes_end=True),
)


@pytest.mark.slow
@pytest.mark.parametrize("framing", [one for one in COMMON_FRAMINGS if one not in COUNTED], ids=framing_words)
@pytest.mark.parametrize("message", [*SAMPLES, ASCII, EBCDIC, b"ISO015000055" + ASCII], ids=len)
def test_every_common_framing_is_recognised_around_any_message(framing: Framing, message: bytes) -> None:
    if not framing.length_bytes and framing.end in message:
        return  # cannot be sent so
    if len(message) > framing.largest:
        return
    sight = sniff(framing.wrap(message))
    assert sight is not None
    assert sight.framing == framing
    assert (sight.mti_encoding == "bcd") == (message in SAMPLES)


def test_the_parts_of_a_message_are_recognised() -> None:
    sight = sniff(UNIONPAY.framing.wrap(SIGN_ON))
    assert sight is not None
    assert (sight.length, sight.tpdu, sight.head_bytes, sight.mti) == (60, True, 6, "0800")
    assert (sight.mti_encoding, sight.bitmap_encoding) == ("bcd", "binary")
    sight = sniff(b"0096" + ASCII)
    assert sight is not None
    assert (sight.length, sight.tpdu, sight.head_bytes, sight.mti) == (96, False, 0, "0800")
    assert (sight.mti_encoding, sight.bitmap_encoding) == ("ascii", "ascii")
    sight = sniff(b"0800" + bytes.fromhex("2020000000C00012") + b"0" * 40)
    assert sight is not None
    assert (sight.framing, sight.mti_encoding, sight.bitmap_encoding) == (None, "ascii", "binary")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            Framing("ascii", 4).wrap(SIGN_ON),
            "a 4-digit ASCII length (60); unionpay-pos on this port has a 2-byte length",
        ),
        (
            Framing("bcd", 2).wrap(SIGN_ON),
            "a 4-digit BCD length (60); unionpay-pos on this port has a 2-byte length",
        ),
        (SIGN_ON, "no length; unionpay-pos on this port has a 2-byte length"),
        (
            UNIONPAY.framing.wrap(SIGN_ON[11:]),
            "no TPDU and no head; unionpay-pos on this port has a TPDU and a head of 6 bytes",
        ),
        (
            Framing("ascii", 4).wrap(ASCII),
            "a 4-digit ASCII length (96), no TPDU, no head, MTI 0800 in ASCII and a bitmap in ASCII; unionpay-pos on "
            "this port has a 2-byte length, a TPDU, a head of 6 bytes, an MTI in BCD and a binary bitmap",
        ),
    ],
)
def test_a_mismatch_names_what_does_not_fit_the_port_and_what_would(data: bytes, sentence: str) -> None:
    remedy = "send it as this port reads it, or change the dialect"
    assert mismatch(data, UNIONPAY) == f"this looks like a message with {sentence}; {remedy}"


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n\r\n", b"hello, is anybody there?\r\n", bytes(64), b"0800"])
def test_other_bytes_give_no_sentence(data: bytes) -> None:
    assert mismatch(data, UNIONPAY) == ""


@pytest.mark.parametrize("frame", SAMPLES, ids=len)
def test_what_fits_is_not_called_a_mismatch(frame: bytes) -> None:
    assert mismatch(UNIONPAY.framing.wrap(frame), UNIONPAY) == ""
    assert mismatch(UNIONPAY.framing.wrap(frame)[:-1], UNIONPAY) == ""


@pytest.mark.slow
def test_what_was_cut_off_is_not_called_another_framing() -> None:
    """Its length, 521, stands as 02 09, which would be 209 in BCD; only where a frame of that ends might it be one."""
    frame = UNIONPAY.framing.wrap(SIGN_ON.ljust(521, b"\x35"))
    assert frame[:2].hex() == "0209"
    called = {at: sentence for at in range(3, len(frame)) if (sentence := mismatch(frame[:at], UNIONPAY))}
    assert sorted(called) == [209, 211, 521]
    assert "4-digit BCD length counting itself (209)" in called[209]
    assert "4-digit BCD length (209)" in called[211]
    assert "2-byte length counting itself (521)" in called[521]


@pytest.mark.slow
def test_the_beginning_of_a_message_of_text_is_not_called_one_of_another_framing() -> None:
    dialect = load_dialect("iso8583-1987-ascii")
    frame = dialect.framing.wrap(ASCII + b"0123456789" * 60)
    cuts = [at for at in range(3, len(frame)) if mismatch(frame[:at], dialect)]
    assert cuts == [72, 352, len(frame) - 4]  # where frames of other lengths would end


@given(st.binary(max_size=600))
@settings(max_examples=300, deadline=None)
def test_any_bytes_may_be_looked_at(data: bytes) -> None:
    sentence = mismatch(data, UNIONPAY)
    assert sentence == "" or sentence.isprintable()


@pytest.mark.slow
@given(st.sampled_from(COMMON_FRAMINGS), st.binary(min_size=60, max_size=120))
@settings(max_examples=200, deadline=None)
def test_no_value_of_a_message_is_shown(framing: Framing, rest: bytes) -> None:
    message = b"0200" + b"7020000000C00000" + b"166212345678901232" + rest.replace(framing.end, b"") + b"0" * 20
    if len(message) > framing.largest:
        return
    sentence = mismatch(framing.wrap(message), UNIONPAY)
    assert "6212345678901232" not in sentence
    assert "6212" not in sentence
