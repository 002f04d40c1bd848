"""The codec: pyiso8583 and the dialect's rules judge; generated code says the same, only sooner."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.data.toml import parse_toml
from acquirer.dialect.loading import load
from acquirer.settings.specs import load_dialect
from acquirer.wire import codec
from acquirer.wire.encoder_source import bitmaps
from acquirer.wire.fast import make_decoder, make_encoder
from acquirer.wire.message import DecodeError, EncodeError, Unusual
from acquirer.wire.reference import ReferenceCodec

UNLIKE = (Unusual, LookupError, TypeError, ValueError, AttributeError)
HEXADECIMAL = "0123456789ABCDEF"


# ── any dialect ──


@st.composite
def formats(draw):
    """One field: its format, and options of its own."""
    kind = draw(st.sampled_from(["n", "z", "h", "b", "ans", "an", "x+n"]))
    dots = "" if kind == "x+n" else draw(st.sampled_from(["", "..", "..."]))
    options = [f'format = "{kind}{dots}{draw(st.integers(1, 20 if dots != "..." else 120))}"']
    if kind in "nzh" and draw(st.booleans()):
        options.append(f'pad = "{draw(st.sampled_from(["left 0", "right 0", "right 0F", "left F0"]))}"')
    if dots and draw(st.integers(0, 3)) == 0:
        options.append(f'length = "{draw(st.sampled_from(["bcd", "binary", "ascii", "ebcdic"]))}"')
    if draw(st.integers(0, 3)) == 0:
        allowed = ["ascii", "ebcdic", *{"b": ["binary"], "ans": [], "an": []}.get(kind, ["bcd"])]
        options.append(f'encoding = "{draw(st.sampled_from(allowed))}"')
    return ", ".join(options)


@st.composite
def dialects(draw):
    """A dialect as a user might write it: any encodings, any fields."""
    secondary = draw(st.booleans())
    numbers = [de for de in range(2, 129 if secondary else 65) if de != 65]
    des = sorted(draw(st.sets(st.sampled_from(numbers), min_size=1, max_size=8)))
    digits, text = st.sampled_from(["bcd", "ascii", "ebcdic"]), st.sampled_from(["ascii", "ebcdic"])
    return load(
        parse_toml(
            f"""
            dialect = "random"
            title = "made up"
            [envelope]
            tpdu = "{draw(st.sampled_from(["", "6000030000"]))}"
            head = "{draw(st.sampled_from(["", "603100310000", "0102"]))}"
            [encoding]
            mti = "{draw(digits)}"
            bitmap = "{draw(st.sampled_from(["binary", "ascii", "ebcdic"]))}"
            secondary = {str(secondary).lower()}
            length = "{draw(st.sampled_from(["bcd", "binary", "ascii", "ebcdic"]))}"
            n = "{draw(digits)}"
            z = "{draw(digits)}"
            text = "{draw(text)}"
            b = "{draw(st.sampled_from(["binary", "ascii", "ebcdic"]))}"
            [padding]
            z = "{draw(st.sampled_from(["right 0F", "left 0", "right F"]))}"
            [fields]
            """
            + "\n".join(f'{de} = {{ name = "field {de}", {draw(formats())} }}' for de in des),
            "random.toml",
        ),
        _nothing_to_extend,
    )


def _nothing_to_extend(name):
    raise LookupError(name)


def values(field):
    """Any value a field can carry."""
    low = 0 if field.length_bytes else field.maximum
    sizes = {"min_size": low, "max_size": field.maximum}
    if field.kind == "b":
        return st.binary(**sizes)
    if field.kind == "x+n":
        return st.builds(str.__add__, st.sampled_from("CD"), st.text("0123456789", **sizes))
    if field.kind in "nzh":
        track = HEXADECIMAL if field.encoding == "bcd" else HEXADECIMAL + "="
        return st.text({"n": "0123456789", "z": track, "h": HEXADECIMAL}[field.kind], **sizes)
    return st.text(st.characters(max_codepoint=255), **sizes)


@st.composite
def messages(draw, dialect):
    """An MTI and fields that the dialect can carry."""
    des = draw(st.sets(st.sampled_from(sorted(dialect.fields)), min_size=1))
    return draw(st.from_regex(r"\A[0-9]{4}\Z")), {
        de: draw(values(dialect.fields[de])) for de in draw(st.permutations(sorted(des)))
    }


@st.composite
def mutations(draw, frame):
    """The same frame with some bytes changed, taken out, put in, or cut off."""
    data = bytearray(frame)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        what = draw(st.integers(0, 3))
        if what == 0:
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif what == 1:
            data[at : at + 1] = b""
        elif what == 2:
            data[at:at] = draw(st.binary(min_size=1, max_size=3))
        else:
            data = data[:at]
    return bytes(data)


@st.composite
def nudges(draw, dialect, frame):
    """The same frame with one byte at the edge of a field changed: lengths, fillers, first and last characters."""
    spans = ReferenceCodec(dialect.grammar).decode(frame)[2]
    edges = sorted({at for start, stop in spans.values() for at in (start, start + 1, start + 2, stop - 1)})
    at = draw(st.sampled_from([at for at in edges if at < len(frame)]))
    byte = frame[at]
    others = [byte ^ 1, byte ^ 0x0F, byte ^ 0xF0, byte ^ 0x10, byte ^ 8, byte ^ 0x80, *b" +-.0AFG", 0x40, 0xC1, 0xF0]
    return frame[:at] + bytes([draw(st.sampled_from(others))]) + frame[at + 1 :]


def found(decode):
    """What a decoder makes of a frame: a message, or all that it says is wrong."""
    try:
        message = decode()
    except DecodeError as exc:
        return (str(exc), exc.field, exc.position, exc.mti, exc.fields)
    return message.mti, message.fields


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_what_is_encoded_is_decoded_again_quick_and_thorough_alike(data):
    dialect = data.draw(dialects())
    mti, fields = data.draw(messages(dialect))
    envelope = dialect.envelope.tpdu + dialect.envelope.head
    before = dict(fields)
    frame = ReferenceCodec(dialect.grammar).encode(envelope, mti, fields)
    assert fields == before
    assert make_encoder(dialect.grammar, fields)(envelope, mti, fields) == frame

    assert ReferenceCodec(dialect.grammar).decode(frame)[:2] == (mti, fields)
    size = len(bitmaps(fields)) // 2 * (1 if dialect.grammar.bitmap_encoding == "binary" else 2)
    message = make_decoder(dialect.grammar, fields, size)(frame)
    assert (message.mti, message.fields, message.raw) == (mti, fields, frame)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_generated_decoders_find_what_the_reference_finds_in_damaged_frames(data):
    dialect = data.draw(dialects())
    mti, fields = data.draw(messages(dialect))
    frame = dialect.encode(mti, fields)
    for _ in range(codec.COMPILE_AFTER):
        dialect.decode(frame)
    twin = load_twin(dialect)
    for damaged in [data.draw(mutations(frame)), *(data.draw(nudges(dialect, frame)) for _ in range(8))]:
        assert found(lambda: dialect.decode(damaged)) == found(lambda: twin.decode(damaged))  # noqa: B023  # called at once


def load_twin(dialect):
    """A dialect of the same grammar that has compiled nothing yet: the first messages go to the reference."""
    return replace(dialect)


@st.composite
def spoilt(draw, value):
    """A value that is nearly right: one character changed, taken out or put in."""
    if isinstance(value, bytes):
        return draw(st.sampled_from([value + b"x", value[1:], value.hex()]))
    at = draw(st.integers(0, len(value)))
    return (
        value[:at]
        + draw(st.sampled_from(["", "0", "A", "a", "=", " ", "²", "٣", "é", "终"]))
        + value[at + draw(st.integers(0, 1)) :]
    )


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_generated_encoders_refuse_what_the_reference_refuses(data):
    dialect = data.draw(dialects())
    mti, right = data.draw(messages(dialect))
    encode = make_encoder(dialect.grammar, right)
    for de in right:
        fields = right | {de: data.draw(st.one_of(spoilt(right[de]), st.text(max_size=25), st.binary(max_size=25)))}
        agree(encode, dialect, mti, fields)
        agree(make_encoder(dialect.grammar, right, sure={*right} - {de}), dialect, mti, fields)
    agree(encode, dialect, data.draw(st.one_of(spoilt(mti), st.text(max_size=5))), right)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_what_is_known_of_all_messages_is_encoded_alike(data):
    dialect = data.draw(dialects())
    mti, fields = data.draw(messages(dialect))
    texts = {de: value for de, value in fields.items() if isinstance(value, str)}
    known = {de: texts[de] for de in data.draw(st.sets(st.sampled_from([*texts])) if texts else st.just(set()))}
    encode = make_encoder(dialect.grammar, fields, known=known)
    agree(encode, dialect, mti, fields)
    for de in set(fields) - set(known):
        agree(encode, dialect, mti, fields | {de: data.draw(spoilt(fields[de]))})


def agree(encode, dialect, mti, fields):
    try:
        expected = ReferenceCodec(dialect.grammar).encode(b"", mti, fields)
    except EncodeError:
        with pytest.raises(UNLIKE):
            encode(b"", mti, fields)
    else:
        assert encode(b"", mti, fields) == expected


# ── UnionPay ──


@pytest.fixture(scope="module")
def unionpay():
    return load_dialect("unionpay-pos")


SAMPLES = {sample.title: bytes.fromhex(sample.hex)[2:] for sample in load_dialect("unionpay-pos").samples}
SIGN_ON = SAMPLES["sign-on request"]


@pytest.mark.parametrize("title", SAMPLES)
def test_a_sample_says_what_it_should_and_is_written_as_it_was(unionpay, title):
    sample = next(sample for sample in unionpay.samples if sample.title == title)
    for _ in range(codec.COMPILE_AFTER + 1):  # the thorough way first, then the quick one
        message = unionpay.decode(SAMPLES[title])
        assert {"mti": message.mti} | {
            name: unionpay.text(message, name) for name in sample.expect if name != "mti"
        } == dict(sample.expect)
        assert unionpay.encode(message.mti, message.fields, *unionpay.envelope_of(message.raw)) == message.raw


@pytest.mark.slow
@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=300), st.sampled_from(sorted(SAMPLES.values())).flatmap(mutations)))
def test_any_bytes_give_a_message_or_a_decode_error(frame):
    dialect = load_dialect("unionpay-pos")
    try:
        message = dialect.decode(frame)
    except DecodeError as caught:
        error = caught
    else:
        edges = [edge for span in dialect.spans(message).values() for edge in span]
        assert edges == sorted(edges)
        assert edges[0] == 0
        assert edges[1:-1:2] == edges[2::2]  # each begins where the one before it ends
        assert edges[-1] == len(frame)
        return
    assert 0 <= error.position <= len(frame)
    assert error.problem in str(error)


def body(hexadecimal):
    return bytes.fromhex("6000030000603100310000" + hexadecimal)


# frame, field, position, problem, DEs read before it
DAMAGED = {
    "nothing": (b"", "envelope", 0, "0 bytes are fewer than TPDU and head have (11)", []),
    "no MTI": (body("08"), "mti", 11, "the frame ends before or inside the MTI", []),
    "MTI of no digits": (body("0A00" + "00" * 8), "mti", 11, "is not made of four digits", []),
    "half a bitmap": (body("08000020"), "bitmap", 13, "8 bytes are needed, 2 are there", []),
    "bit 1": (body("08008020000000000000000003"), 1, 13, "bit 1 is set, but this dialect has no second bitmap", []),
    "undefined bit": (
        body("080000210000000000000000039999"),
        16,
        24,
        "bit 16 is set, but this dialect has no such field",
        [11],
    ),
    "digit A": (body("0800002000000000000000000A"), 11, 23, "holds a character that no 'n' field has", []),
    "amount cut": (body("020010000000000000000000"), 4, 21, "12 nibbles are needed, 4 are there", []),
    "length of no digits": (body("020040000000000000001A62"), 2, 21, "the length is not made of digits", []),
    "length too large": (
        body("020040000000000000002062"),
        2,
        21,
        "the length says 20 nibbles, the field has 19 at most",
        [],
    ),
    "length cut": (
        body("0800002000000000001000000300"),
        60,
        24,
        "the frame ends inside the length: 1 of 2 bytes",
        [11],
    ),
    "past the end": (body("08000020000000000010000003001100"), 60, 26, "11 nibbles are needed, 2 are there", [11]),
    "MAC cut": (body("0200002000000000000100000300112233"), 64, 24, "8 bytes are needed, 4 are there", [11]),
    "bytes left over": (
        body("08000020000000000000000003FFFF"),
        "end",
        24,
        "2 bytes are left over after the last field",
        [11],
    ),
    "wrong filler": (
        body("020000000200000000001001"),
        23,
        21,
        'the filling half byte is 1, not 0: filled on the other side? [padding] n_fixed = "right 0" reads that',
        [],
    ),
    "filler F": (
        body("02000000020000000000F010"),
        23,
        21,
        'the filling half byte is F, not 0: [padding] n_fixed = "left 0F" takes it',
        [],
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_evidence_says_field_position_and_what_was_read_before(unionpay, case):
    frame, field, position, problem, before = DAMAGED[case]
    with pytest.raises(DecodeError) as exc:
        unionpay.decode(frame)
    assert (exc.value.field, exc.value.position) == (field, position)
    assert exc.value.problem == problem
    assert list(exc.value.fields) == before
    assert exc.value.mti == (None if field in ("envelope", "mti") else frame[11:13].hex())


def test_the_first_mistake_is_reported_even_if_a_later_one_stopped_the_reading(unionpay):
    with pytest.raises(DecodeError) as exc:
        unionpay.decode(body("0200102000000000000000000000000A00"))
    assert exc.value.field == 4
    assert exc.value.position == 26


@pytest.mark.parametrize("filler", "0F")
def test_a_track_may_be_filled_up_with_0_or_F_and_is_sent_with_0(unionpay, filler):
    frame = body("02000000000020000000051234D" + filler)
    for _ in range(codec.COMPILE_AFTER + 1):
        message = unionpay.decode(frame)
        assert message.fields == {35: "1234D"}
        assert message.raw == frame
        assert unionpay.encode("0200", message.fields) == body("02000000000020000000051234D0")


def test_entry_mode_is_left_justified_and_card_sequence_right(unionpay):
    frame = unionpay.encode("0200", {22: "051", 23: "001"})
    assert frame[-4:].hex() == "05100001"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({5: "1"}, "DE 5: this dialect has no such field"),
        ({11: "12345"}, "DE 11: 6 nibbles are needed, 5 are there"),
        ({11: "12345A"}, "DE 11: holds a character that no 'n' field has"),
        ({11: b"123456"}, "DE 11: must be text"),
        ({64: "3A57ACBB"}, "DE 64: must be bytes"),
        ({41: "终端号一二三四五"}, "DE 41: holds a character that cannot be sent"),
        ({2: "1" * 20}, "DE 2: the length says 20 nibbles, the field has 19 at most"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_field(unionpay, fields, sentence):
    with pytest.raises(EncodeError) as exc:
        unionpay.encode("0800", fields)
    assert str(exc.value) == sentence


def test_an_mti_or_an_envelope_of_another_size_is_refused(unionpay):
    cases: tuple[Any, ...] = (("080", {}), ("0800", {}, b"\x60"), ("0800", {}, b"", b"\x60"))
    for arguments in cases:
        with pytest.raises(EncodeError, match=r"mti|tpdu|head"):
            unionpay.encode(*arguments)


def test_no_number_of_bitmaps_fills_the_memory(unionpay):
    twin = load_twin(unionpay)
    des = [2, 3, 4, 11, 12, 13, 14, 15, 22]
    for chosen in range(1, 1 << len(des)):
        fields = {de: "0" * twin.fields[de].maximum for i, de in enumerate(des) if chosen >> i & 1}
        frame = twin.encode("0200", fields)
        for _ in range(codec.COMPILE_AFTER):
            assert twin.decode(frame).fields == fields
        assert len(twin.codec._decoders.ready) <= codec.MAX_COMPILED
    assert len(twin.codec._decoders._seen) <= codec.MAX_COMPILED


def test_code_is_compiled_only_for_messages_that_were_right_several_times(unionpay):
    twin = load_twin(unionpay)
    for _ in range(10):
        with pytest.raises(DecodeError):
            twin.decode(SIGN_ON[:-1])
    assert not twin.codec._decoders.ready
    for _ in range(codec.COMPILE_AFTER):
        assert not twin.codec._decoders.ready
        twin.decode(SIGN_ON)
    assert len(twin.codec._decoders.ready) == 1


def test_a_decode_error_never_quotes_the_field(unionpay):
    frame = body("020040000000000000001762250000000000141A")
    with pytest.raises(DecodeError) as exc:
        unionpay.decode(frame)
    assert "6225" not in str(exc.value)
    assert 2 not in exc.value.fields


# ── the same message in other tongues ──

FIELDS = """
2  = { format = "n..19", name = "card" }
12 = { format = "n6", name = "time" }
20 = { format = "n3", name = "country" }
28 = { format = "x+n8", name = "fee" }
35 = { format = "z..37", name = "track" }
52 = { format = "b8", name = "PIN block" }
70 = { format = "n3", name = "function" }
"""
VALUES: dict[int, str | bytes] = {
    2: "1234567890123456",
    12: "123456",
    20: "111",
    28: "C00000150",
    35: "1234D9912",
    52: bytes(range(8)),
    70: "301",
}
TONGUES = {
    "ascii": (
        'mti = "ascii"\nbitmap = "ascii"\nlength = "ascii"\nn = "ascii"\nb = "ascii"',
        b"0200" b"C010101020001000" b"0400000000000000" b"161234567890123456" b"123456" b"111" b"C00000150"
        b"091234D9912" b"0001020304050607" b"301",
    ),
    "binary": (
        'mti = "bcd"\nbitmap = "binary"\nlength = "bcd"\nn = "bcd"',
        bytes.fromhex("0200 C010101020001000 0400000000000000 161234567890123456 123456 0111 4300000150")
        + bytes.fromhex("091234D99120 0001020304050607 0301"),
    ),
    "binary with lengths of its own": (
        'mti = "bcd"\nbitmap = "binary"\nlength = "binary"\nn = "bcd"\ntext = "ebcdic"',
        bytes.fromhex("0200 C010101020001000 0400000000000000 101234567890123456 123456 0111 C300000150")
        + bytes.fromhex("091234D99120 0001020304050607 0301"),
    ),
    "ebcdic": (
        'mti = "ebcdic"\nbitmap = "binary"\nlength = "ebcdic"\nn = "ebcdic"\ntext = "ebcdic"',
        "0200".encode("cp500") + bytes.fromhex("C010101020001000 0400000000000000")
        + "161234567890123456123456111C00000150091234D9912".encode("cp500") + bytes(range(8)) + "301".encode("cp500"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("tongue", TONGUES)
def test_one_message_in_many_encodings(tongue):
    encodings, frame = TONGUES[tongue]
    text = f'dialect = "x"\ntitle = "x"\n[encoding]\nsecondary = true\n{encodings}\n[fields]{FIELDS}'
    dialect = load(parse_toml(text, "x.toml"), _nothing_to_extend)
    for _ in range(codec.COMPILE_AFTER + 1):
        assert dialect.encode("0200", VALUES) == frame
        assert dialect.decode(frame).fields == VALUES
    assert dialect.codec._decoders.ready


# What nearly every codec lets pass: field, the bytes of it that are wrong, where, and what is said.
SLIPS = {
    "a length with a blank": (2, b" 9123456789", 0, "the length is not made of digits"),
    "a length with a sign": (2, b"+9123456789", 0, "the length is not made of digits"),
    "a length above the maximum": (2, b"20" + b"1" * 20, 0, "the length says 20 bytes, the field has 19 at most"),
    "a digit that is none in ASCII": (12, b"12345\xb2", 5, "holds a character that no 'n' field has"),
    "a sign that is none": (28, b"X00000150", 0, "holds a character that no 'x+n' field has"),
    "a small letter in a track": (35, b"04123d", 5, "holds a character that no 'z' field has"),
    "blanks among hexadecimal digits": (52, b"00 01 0203040506", 2, "is not made of hexadecimal digits"),
    "half a byte": (55, b"03ABC", 5, "has an odd number of hexadecimal digits"),
    "no digit in hexadecimal": (55, b"02XY", 2, "is not made of hexadecimal digits"),
}  # fmt: skip
RIGHT: dict[int, str | bytes] = {2: "1", 12: "123456", 28: "C00000150", 35: "1", 52: bytes(8), 55: b"x"}


@pytest.mark.parametrize("slip", SLIPS)
def test_slips_are_found_whether_or_not_code_was_generated(slip):
    de, bad_bytes, offset, problem = SLIPS[slip]
    fields = FIELDS.replace('70 = { format = "n3", name = "function" }', '55 = { format = "b..9", name = "chip" }')
    dialect = load(
        parse_toml(f'dialect = "x"\ntitle = "x"\n[encoding]\nb = "ascii"\n[fields]{fields}', "x.toml"),
        _nothing_to_extend,
    )
    frame = b"0200" + bitmaps([de]).encode() + bad_bytes
    for _ in range(codec.COMPILE_AFTER):
        dialect.decode(dialect.encode("0200", {de: RIGHT[de]}))
    assert dialect.codec._decoders.ready
    expected: Any = (f"DE {de} at byte {20 + offset}: {problem}", de, 20 + offset, "0200", {})
    assert found(lambda: dialect.decode(frame)) == found(lambda: load_twin(dialect).decode(frame)) == expected


@pytest.mark.parametrize("value", ["12a", "1 2", "12=", "1²3"])
def test_what_is_no_nibble_is_not_sent_as_one(unionpay, value):
    for de in (35, 48):
        with pytest.raises(UNLIKE):
            make_encoder(unionpay.grammar, [de])(b"", "0200", {de: value})
        with pytest.raises(EncodeError):
            unionpay.encode("0200", {de: value})


SECONDARY = """
dialect = "x"
title = "x"
[encoding]
mti = "ascii"
bitmap = "{bitmap}"
n = "ascii"
secondary = true
[fields]
11 = {{ format = "n6", name = "STAN" }}
70 = {{ format = "n3", name = "function" }}
71 = {{ format = "n3", name = "number" }}
"""


@pytest.mark.parametrize("bitmap", ["binary", "ascii", "ebcdic"])
def test_fields_of_the_second_bitmap_alone_choose_the_generated_decoder(bitmap):
    """70 and 71 have one form and the same first bitmap: only the second one keeps their values apart."""
    dialect = load(parse_toml(SECONDARY.format(bitmap=bitmap), "x.toml"), _nothing_to_extend)
    for de in (70, 71, 70, 71):
        for number in range(codec.COMPILE_AFTER + 2):  # other values each time: they are no part of the choice
            fields = {11: f"{number:06}", de: f"{number:03}"}
            assert dialect.decode(dialect.encode("0800", fields)).fields == fields
    assert len(dialect.codec._decoders.ready) == 2


def test_sets_of_fields_that_are_seen_once_are_counted_up_to_a_bound():
    numbers = range(2, 14)
    fields = "\n".join(f'{de} = {{ format = "n1", name = "field {de}" }}' for de in numbers)
    dialect = load(parse_toml(f'dialect = "x"\ntitle = "x"\n[fields]\n{fields}', "x.toml"), _nothing_to_extend)
    for chosen in range(1, 2 * codec.MAX_COMPILED):
        values = {de: "1" for place, de in enumerate(numbers) if chosen >> place & 1}
        assert dialect.decode(dialect.encode("0200", values)).fields == values
        for sets in (dialect.codec._decoders, dialect.codec._encoders):
            assert len(sets._seen) <= codec.MAX_COMPILED
            assert not sets.ready


@pytest.mark.parametrize(
    ("bitmap", "offset"), [(b"70 0000000000000", 2), (b"7000000000G00000", 10), (b"+0000000000000000", 0)]
)
def test_a_bitmap_in_text_has_hexadecimal_digits(bitmap, offset):
    dialect = load(
        parse_toml(SECONDARY.format(bitmap="ascii"), "x.toml"),
        _nothing_to_extend,
    )
    with pytest.raises(DecodeError) as exc:
        dialect.decode(b"0200" + bitmap + b"0" * 40)
    assert (exc.value.field, exc.value.position) == ("bitmap", 4 + offset)
    assert exc.value.problem == "is not made of hexadecimal digits"


@pytest.mark.parametrize(
    ("size", "digits", "offset"),
    [
        (8, "0000A150", 3),
        (7, "000A150", 3),
        (8, "A0000150", 1),
        (7, "A000150", 1),
        (8, "0A000150", 1),
        (7, "0A00150", 2),
    ],
)
def test_a_bad_digit_of_a_signed_amount_in_bcd_is_found_at_its_byte(size, digits, offset):
    text = f'dialect = "x"\ntitle = "x"\n[fields]\n28 = {{ format = "x+n{size}", name = "fee", encoding = "bcd" }}'
    dialect = load(parse_toml(text, "x.toml"), _nothing_to_extend)
    data = b"C" + bytes.fromhex("0" * (size % 2) + digits)
    with pytest.raises(DecodeError) as exc:
        dialect.decode(dialect.encode("0200", {28: "C" + "0" * size})[: -len(data)] + data)
    assert exc.value.position == len(dialect.encode("0200", {28: "C" + "0" * size})) - len(data) + offset


@pytest.mark.parametrize("encoding", ["bcd", "ascii"])
@pytest.mark.parametrize("value", ["C", "C1234567", "C123456789", ""])
def test_a_signed_amount_of_another_size_is_refused(encoding, value):
    text = f'dialect = "x"\ntitle = "x"\n[fields]\n28 = {{ format = "x+n8", name = "fee", encoding = "{encoding}" }}'
    dialect = load(parse_toml(text, "x.toml"), _nothing_to_extend)
    with pytest.raises(EncodeError, match=r"^DE 28: must be C or D and 8 digits$"):
        dialect.encode("0200", {28: value})
