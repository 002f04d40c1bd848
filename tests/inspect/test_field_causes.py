"""Fields that are written otherwise: each mistake is made once, in bytes, and blamed on the field that has it."""

import pytest

from acquirer.inspect.field_causes import field_cause
from acquirer.settings.specs import load_dialect
from acquirer.wire.message import DecodeError

DIALECT = load_dialect("unionpay-pos")
ASCII = load_dialect("iso8583-1987-ascii")

# A sale in order of its fields: how each one stands on the wire.
FIELDS = {
    2: bytes.fromhex("166212345678901232"),
    3: bytes(3),
    4: bytes.fromhex("000000001234"),
    11: bytes.fromhex("000012"),
    14: bytes.fromhex("3012"),
    22: bytes.fromhex("0510"),
    23: bytes.fromhex("0001"),
    25: bytes.fromhex("00"),
    26: bytes.fromhex("12"),
    35: bytes.fromhex("376212345678901232D301212200000012345600"),
    41: b"10000161",
    42: b"880210010210162",
    49: b"156",
    52: bytes.fromhex("1122334455667788"),
    53: bytes.fromhex("2600000000000000"),
    55: bytes.fromhex("0018") + bytes.fromhex("9F2608AABBCCDDEEFF00119F360200079A00"),
    60: bytes.fromhex("0011") + bytes.fromhex("220000010000"),
    64: b"3A57ACBB",
}


def frame(left_out=(), bits_off=(), **changed):
    fields = {**FIELDS, **{int(name[2:]): value for name, value in changed.items()}}
    bits = 0
    for de in fields:
        bits |= (de not in bits_off) << 64 - de
    body = b"".join(fields[de] for de in sorted(fields) if de not in left_out)
    return bytes.fromhex("60000300006031003100000200") + bits.to_bytes(8, "big") + body


def cause(data, dialect=DIALECT):
    with pytest.raises(DecodeError) as found:
        dialect.decode(data)
    return field_cause(dialect, data, found.value)


def test_the_frame_without_a_mistake_decodes():
    assert DIALECT.decode(frame()).fields[2] == "6212345678901232"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"de22": bytes.fromhex("0051")},
            "DE 22 (00 51) is the cause: its digits look filled on the left, and they are filled on",
        ),
        ({"de23": bytes.fromhex("001F")}, "DE 23 (00 1F) is the cause: its digits look filled on the right"),
        ({"de2": bytes.fromhex("086212345678901232")}, "DE 2 is the cause: its length (8) counts bytes, and digits"),
        ({"de60": bytes.fromhex("0006220000010000")}, "DE 60 is the cause: its length (6) counts bytes, and digits"),
        (
            {"de35": bytes.fromhex("196212345678901232D301212200000012345600"[:40])},
            "DE 35 is the cause: its length (19)",
        ),
        (
            {"de3": b"000000"},
            "DE 3 is the cause: it is sent as ASCII characters, and BCD belongs there; send it in BCD",
        ),
        ({"de4": b"000000001234"}, "DE 4 is the cause: it is sent as ASCII characters"),
        ({"de11": b"000012"}, "DE 11 is the cause: it is sent as ASCII characters"),
        ({"de14": b"3012"}, "DE 14 is the cause: it is sent as ASCII characters"),
        ({"de22": b"051"}, "DE 22 (30 35 31) is the cause: it is sent as ASCII characters"),
        ({"de25": b"00"}, "DE 25 (30 30) is the cause: it is sent as ASCII characters"),
        (
            {"de52": b"1122334455667788"},
            "DE 52 is the cause: it is sent as 16 hexadecimal characters, and 8 bytes belong there",
        ),
        ({"de41": bytes.fromhex("10000161")}, "DE 41 is the cause: it is packed as BCD, and characters belong there"),
        (
            {"de42": b"88021001021016"},
            "DE 41 or DE 42 is the cause: DE 41: it has 7 characters, and 8 belong there; DE 42: it has 14 characters",
        ),
        ({"de41": b"1000016"}, "DE 41 or DE 42 is the cause: DE 41: it has 7 characters, and 8 belong there"),
        (
            {"de49": bytes.fromhex("0156")},
            "DE 49 (01 56) is the cause: it is packed as BCD, and characters belong there",
        ),
        ({"de55": b"\x12" + FIELDS[55][2:]}, "DE 55 is the cause: its length is a binary byte"),
        ({"de55": b"\x00\x12" + FIELDS[55][2:]}, "DE 55 is the cause: its length is two binary bytes"),
        (
            {"de55": bytes.fromhex("0036") + FIELDS[55][2:]},
            "DE 55 is the cause: its length (36) counts half bytes",
        ),
        ({"de2": bytes.fromhex("106212345678901232")}, "DE 2 is the cause: its length is a binary byte"),
        ({"de2": b"16" + FIELDS[2][1:]}, "DE 2 is the cause: its length is 2 ASCII digits"),
        ({"de2": FIELDS[2][1:]}, "DE 2 is the cause: there is no length before it"),
        ({"de4": bytes.fromhex("1234")}, "DE 4 (12 34) is the cause: it has 4 digits, and 12 belong there"),
        (
            {"de55": bytes.fromhex("0017") + FIELDS[55][2:]},
            "DE 55 is the cause: its length says 17 bytes, and 18 are there",
        ),
    ],
)
def test_a_field_that_is_written_otherwise(changed, says):
    assert says in cause(frame(**changed))


def test_a_field_that_is_announced_and_absent():
    assert "DE 26 is the cause: bit 26 is set, and the field is not there; send it, or clear bit 26" in cause(
        frame(left_out=(26,))
    )


def test_a_field_that_is_there_and_not_announced():
    assert "DE 53 is the cause: it is there, and bit 53 is not set; set bit 53" in cause(frame(bits_off=(53,)))


def test_binary_data_where_its_hexadecimal_digits_belong():
    for sample in ASCII.samples:
        data = bytes.fromhex(sample.hex)[ASCII.framing.before_bytes :]
        message = ASCII.decode(data)
        if 52 in message.fields and not ASCII.is_response(message.mti):
            start, stop = ASCII.spans(message)[52]
            assert "DE 52 is the cause: it is sent as bytes" in cause(
                data[:start] + bytes.fromhex(data[start:stop].decode()) + data[stop:], ASCII
            )
            return
    pytest.fail("no sample has a PIN block")


@pytest.mark.parametrize("size", [20, 40, 60, 100])
def test_rubbish_has_no_cause(size):
    data = frame()[:size]
    assert cause(data + bytes(3)) == ""


def test_no_sentence_quotes_a_value():
    for changed in ({"de2": bytes.fromhex("086212345678901232")}, {"de52": b"1122334455667788"}):
        assert not set(cause(frame(**changed)).split()) & {"6212345678901232", "1122334455667788"}


def in_order(des):
    body = b"".join(FIELDS[de] for de in des)
    return bytes.fromhex("60000300006031003100000200") + frame()[13:21] + body


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        (2, 3, "it reads with DE 3 before DE 2; send them in the order of their numbers"),
        (41, 42, ""),  # fifteen characters and eight read in any order
        (14, 22, "it reads with DE 22 before DE 14"),
    ],
)
def test_fields_that_are_exchanged(first, then, says):
    to = {first: then, then: first}
    data = in_order([to.get(de, de) for de in sorted(FIELDS)])
    if says:
        assert says in cause(data)
    else:
        assert DIALECT.decode(data)


def test_what_reads_in_no_order_is_not_named_so():
    data = in_order(sorted(FIELDS, reverse=True))
    assert "order" not in cause(data)


@pytest.mark.parametrize(("filling", "words"), [(b"\0", "zeros"), (b" ", "blanks"), (b"\xff", "bytes FF")])
def test_a_message_that_is_filled_up_before_its_mac(filling, words):
    data = frame()[:-8] + 5 * filling + FIELDS[64]
    assert cause(data).startswith(f"{words} stand before DE 64, 5 bytes, that fill up what its MAC covers: leave them")
