"""Every frame is answered, or closed with a reason; nothing raises, nothing is booked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.host.undecodable import refuse_stream
from acquirer.journal.render import collect, pack_any
from acquirer.model.effects import Arrival, Close, Commit, Send, Silence
from acquirer.signature import jbig_encoder
from acquirer.signature.pen import draw_signature
from acquirer.testing import Playbook

ANN = jbig_encoder.encode_jbig(draw_signature("Ann", seed=1))

SIGN_ON = bytes.fromhex(
    "600003000060310001100108000020000000C0001200000331303030303136313838303231303031303231303136320011"
    "0000000100300003303120"
)


def mti(text: str, frame: bytes = SIGN_ON) -> bytes:
    return frame[:11] + bytes.fromhex(text) + frame[13:]


@pytest.mark.parametrize(
    ("frame", "code", "reply_mti"),
    [
        (SIGN_ON + b"\x00", "30", "0810"),  # trailing bytes
        (SIGN_ON[:-1], "30", "0810"),  # the last field is cut
        (SIGN_ON[:25], "30", "0810"),  # nothing but a STAN
        (SIGN_ON[:21], "30", "0810"),  # no field at all
        (mti("0801", SIGN_ON[:-1]), "30", "0810"),  # a repeat
        (mti("0700"), "12", "0710"),
        (mti("0700", SIGN_ON + b"\x00"), "12", "0710"),
        (mti("9999"), "12", "9998"),  # odd, but the answer to nothing this dialect has
        (mti("0710", SIGN_ON + b"\x00"), "12", "0710"),
        (SIGN_ON[:13] + b"\xa0" + SIGN_ON[14:], "30", "0810"),  # bit 1, but no secondary bitmap
    ],
)
def test_answered_when_it_says_which_terminal_asks(rig, frame, code, reply_mti):
    answer = rig.send(frame)
    assert (answer.code, answer.message.mti) == (code, reply_mti)
    assert answer.evidence[0].code == code
    assert answer.message.raw[:5] == bytes.fromhex("6000000003")
    assert rig.sessions == {}


def test_the_refusal_names_the_terminal_as_far_as_it_was_read(rig):
    answer = rig.send(SIGN_ON[:-1])
    assert (answer[11], answer[41], answer[42]) == ("000003", "10000161", "880210010210162")
    evidence = answer.evidence[0]
    assert (evidence.tid, evidence.stan, evidence.reason) == ("10000161", "000003", "format_wrong")
    assert evidence.why.startswith(
        "the message ends 1 byte too early: either the length, which says 59, is 1 less than"
    )
    assert evidence.why.endswith("; count every byte behind the length, and send 3 for DE 63; nothing was booked")


@pytest.mark.parametrize(
    "frame",
    [
        b"HELLO",
        b"",
        SIGN_ON[:11],
        mti("070A"),
        mti("0700", SIGN_ON[:21]),  # unknown, and neither STAN nor terminal
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[:13],
    ],
)
def test_closed_when_it_names_no_terminal(rig, frame):
    answer = rig.send(frame)
    assert answer.effects == [Close("undecodable")]
    assert answer.evidence[0].why


@pytest.mark.parametrize("frame", [mti("0810"), mti("0811"), mti("0810", SIGN_ON + b"\x00"), mti("0210")])
def test_a_response_is_never_answered(rig, frame):
    answer = rig.send(frame)
    assert answer.effects == [Silence("response")]
    assert (answer.evidence[0].reason, answer.evidence[0].code) == ("stray_response", "")
    assert "responses are never answered" in answer.why


def test_two_hosts_that_do_not_know_each_others_messages_fall_silent(rig):
    """What is answered 12 comes back to a host that does not know it either, and is not answered again."""
    answer = rig.send(rig.send(mti("0710")).message.raw)
    assert (answer.effects, answer.evidence[0].reason) == ([Silence("response")], "stray_response")


def test_an_unreadable_terminal_number_is_shown_without_harm(rig):
    answer = rig.pos("\x1b[31m\x00\x9c\xff").sign_on()
    assert answer.code == "97"
    assert answer.why.isprintable()


def test_a_stream_that_carries_no_frames(rig):
    arrival = Arrival(b"SSH-2.0", 0, 0.0, "127.0.0.1:9")
    book = Playbook(refuse_stream(rig.host, arrival, "not-iso8583", "an SSH banner"))
    evidence = book.expect(Commit).effect.changes.evidence
    assert evidence.reason == "not-iso8583"
    assert evidence.why.startswith("an SSH banner; send frames over plain TCP")
    book.give(rig.store.commit(book.effect)).expect(Close, reason="not-iso8583")


def cut_off(rig, frame: bytes, size: int):
    """The evidence of a frame of which `size` bytes came, its length among them."""
    wire = rig.host.dialect.framing.wrap(frame)[:size]
    arrival = Arrival(wire, 0, 0.0, "127.0.0.1:9")
    book = Playbook(refuse_stream(rig.host, arrival, "cut-off", f"{size} bytes of a frame came")).expect(Commit)
    commit = book.effect
    book.give(rig.store.commit(commit)).expect(Close, reason="cut-off")
    return commit.changes.evidence


def test_an_upload_that_is_cut_names_its_terminal_and_sale(rig, pos):
    pos.sale()
    frame = pos.upload_frame(pos.last, ANN)
    found = cut_off(rig, frame, 150)
    assert (found.tid, found.mti, found.stan, found.service) == ("10000161", "0820", pos.last, "signature")
    size = len(frame)
    assert found.why == (
        f"150 bytes of a frame came: of a message 0820, DE 62 is cut; its length says {size} bytes, and 148 of "
        "them came: send the rest before the connection ends, or correct the length"
    )
    text = str(pack_any(collect(found), rig.host.dialect))
    assert "6212345678901232" not in text
    assert "621234******1232" in text


@pytest.mark.slow
def test_a_frame_that_is_cut_anywhere_is_noted_with_its_whole_fields(rig, pos):
    pos.sale()
    for frame in (pos.upload_frame(pos.last, ANN), SIGN_ON):
        known = 0
        for size in range(1, len(frame) + 2):
            found = cut_off(rig, frame, size)
            assert found.reason == "cut-off"
            assert "6212345678901232" not in str(pack_any(collect(found), rig.host.dialect))
            assert len([*filter(None, (found.mti, found.stan, found.tid, found.mid))]) >= known
            known = len([*filter(None, (found.mti, found.stan, found.tid, found.mid))])
        assert known == 4


def test_a_frame_whose_length_says_more_than_it_has_is_noted_with_all_its_fields(rig, pos):
    found = cut_off(rig, SIGN_ON + b"    ", len(SIGN_ON) + 2)
    assert (found.tid, found.service) == ("10000161", "")
    assert found.why.startswith("62 bytes of a frame came; the length says 64, and a good message of 60 bytes stands")


def test_a_frame_that_is_cut_before_its_fields_is_noted_with_its_mti(rig, pos):
    found = cut_off(rig, SIGN_ON, 2 + 16)
    assert (found.mti, found.tid, found.stan, found.frame_bytes) == ("0800", "", "", 16)
    assert found.why.startswith("18 bytes of a frame came: of a message 0800, its fields are cut; its length says ")
    unreadable = cut_off(rig, SIGN_ON, 2 + 11)
    assert (unreadable.mti, unreadable.frame_bytes, unreadable.frame) == ("", 13, b"")
    assert unreadable.why.startswith("13 bytes of a frame came; its length says 60 bytes, and 11 of them came")


def ends_well(rig, frame: bytes) -> None:
    """One send, close or silence, and evidence of it; refusals change no rows but a counter."""
    books = (dict(rig.store.transactions), dict(rig.store.cards))
    answer = rig.send(frame)
    assert len(answer.effects) == 1
    assert len(answer.evidence) == 1
    assert answer.why.isprintable()
    if answer.code != "00" and answer.evidence[0].reason in ("format_wrong", "mti_unknown", "mac_differs"):
        assert books == (rig.store.transactions, rig.store.cards)
    assert isinstance(answer.effects[0], Send | Close | Silence)


@pytest.mark.slow
@settings(max_examples=300)
@given(frame=st.binary(max_size=120))
def test_any_bytes(warm, frame):
    ends_well(warm[0], frame)


@pytest.mark.slow
@settings(max_examples=300)
@given(data=st.data())
def test_any_damage_to_any_message(warm, data):
    rig, frames, _ = warm
    frame = bytearray(data.draw(st.sampled_from(frames)))
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(("flip", "cut", "insert", "double")))
        at = data.draw(st.integers(0, max(0, len(frame) - 1)))
        if kind == "flip" and frame:
            frame[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del frame[at : at + data.draw(st.integers(1, 8))]
        elif kind == "insert":
            frame[at:at] = data.draw(st.binary(max_size=6))
        else:
            frame[at:at] = frame[at : at + 12]
    ends_well(rig, bytes(frame))


@pytest.mark.slow
@settings(max_examples=200)
@given(data=st.data())
def test_any_damage_that_its_sender_signed(warm, data):
    """Past the MAC, where a clumsy terminal's mistakes are: any field may be missing or say anything it can say."""
    rig, _, pos = warm
    digits = st.text("0123456789", min_size=1)
    more = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "pan": st.none() | digits.filter(lambda text: len(text) <= 19),
                "track2": st.text("0123456789ABCDEF", min_size=1, max_size=37),
                "track3": st.text("0123456789D", min_size=1, max_size=104),
                "security_control": st.text("0123456789", min_size=16, max_size=16),
                "pin_block": st.binary(min_size=8, max_size=8),
                "icc": st.binary(max_size=40),
                "expiry": st.text("0123456789", min_size=4, max_size=4),
                "entry_mode": st.text("0123456789", min_size=3, max_size=3),
                "currency": st.text(st.characters(max_codepoint=255), min_size=3, max_size=3),
                "batch": st.text("0123456789", min_size=6, max_size=6),
                "date": st.text("0123456789", min_size=4, max_size=4),
            },
        )
    )
    stan = data.draw(st.text("0123456789", min_size=6, max_size=6))
    reverse = data.draw(st.booleans())
    ends_well(rig, pos.reversal_frame(stan, **more) if reverse else pos.sale_frame(stan=stan, **more))


@pytest.fixture(scope="module")
def warm(new_rig):
    """A host in the middle of a day, and one frame of each kind."""
    rig = new_rig(trigger_amounts=True)
    rig.register()
    pos = rig.pos()
    pos.sign_on("004")
    return (
        rig,
        [
            SIGN_ON,
            pos.sale_frame(icc=bytes.fromhex("9F36020123"), track2="6212345678901232D3012"),
            pos.sale_frame(pin_block=bytes(8), security_control="2600000000000000"),
            pos.reversal_frame("000002"),
            pos.management("0820", "301"),
            pos.management("0820", "002", stan="000004"),
        ],
        pos,
    )


def test_a_whole_message_without_a_sender(rig):
    """It is unknown, and says neither which terminal nor which STAN: the connection ends."""
    frame = rig.host.dialect.encode("0700", {3: "000000"})
    answer = rig.send(frame)
    assert answer.effects == [Close("undecodable")]
    assert answer.evidence[0].reason == "mti_unknown"
    assert answer.why.startswith("there is no message with MTI 0700 in dialect unionpay-pos; use one of its 10: 0100, ")
    for fields, code in (({11: "000001"}, None), ({41: "10000161"}, None), ({11: "000001", 41: "10000161"}, "12")):
        assert rig.send(rig.host.dialect.encode("0700", fields)).code == code
