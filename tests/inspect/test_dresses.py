"""Any message that ships, in any dress and any order of wrapping, is read back."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.inspect.doctor import diagnose_capture
from acquirer.settings.specs import dialect_names, load_dialect
from tests.inspect.dresses import DRESSES
from tests.inspect.pasted import PASTED

DIALECTS = {name: load_dialect(name) for name in dialect_names()}
SAMPLES = [*{one.hex: (name, one) for name, dialect in DIALECTS.items() for one in dialect.samples}.values()]
"""Each message once, with a dialect that has it."""
ALL = DRESSES | PASTED
AMBIGUOUS = ("cat -v", "percent where needed", "C string", "od -a", "form", "C characters", "Oracle DUMP")
WHOLE = (
    *("bits", "bits, half bytes", "bits, joined", "xxd -e", "xxd -e -g 8", "Ascii85", "Ascii85, Adobe"),
    *("od -t x2, A n", "od -t x4, A n", "od -t u2, A n"),
)
"""Read where they are all of a text: within another, digits 0 and 1 are hexadecimal ones, words have any order and no
end, and the letters of Ascii85 are quotes and marks of other forms."""
NESTED = [name for name in ALL if name not in (*AMBIGUOUS, *WHOLE)]
ETHERNET, VLAN = bytes.fromhex("00145e472ed8001ad40c320f"), bytes.fromhex("81000064")


def segment(data, sequence=1):
    tcp = struct.pack("!HHIIBBHHH", 40000, 8583, sequence, 1, 0x50, 0x18, 16310, 0, 0) + data
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 128, 6, 0, b"\x0a\0\0\5", b"\x0a\0\0\x0d")
    return ip + tcp


def ethernet(data):
    return ETHERNET + b"\x08\x00" + segment(data)


def ethernet_vlan_padded(data):
    return ETHERNET + VLAN + b"\x08\x00" + segment(data) + bytes(6)


def pcap(data):
    """Two segments of one stream, the second one first."""
    out = b"\xd4\xc3\xb2\xa1" + struct.pack("<HHIIII", 2, 4, 0, 0, 65535, 1)
    for at, piece in ((20, data[20:]), (0, data[:20])):
        packet = ETHERNET + b"\x08\x00" + segment(piece, 1 + at)
        out += struct.pack("<IIII", 1_700_000_000, at, len(packet), len(packet)) + packet
    return out


PACKETS = {"bare": bytes, "Ethernet": ethernet, "VLAN and padding": ethernet_vlan_padded, "pcap": pcap}


def messages(data, dialect):
    diagnosis = diagnose_capture(data, [dialect])
    return [found.frame for _, found in diagnosis.messages if found.message]


def frame_of(dialect, sample):
    data = bytes.fromhex(sample.hex)
    framing = dialect.framing
    end = len(data) - len(framing.end)
    return data, data[framing.before_bytes : end]


@pytest.mark.slow
@given(
    st.sampled_from(SAMPLES),
    st.sampled_from(list(PACKETS)),
    st.sampled_from(NESTED),
    st.sampled_from([None, *NESTED]),
    st.sampled_from([b"%s", b"\xef\xbb\xbf%s\r\n", b"\n%s\n\n"]),
)
@settings(max_examples=25, deadline=None)
def test_any_sample_is_read_back_out_of_any_wrapping(named, packets, inner, outer, around):
    dialect = DIALECTS[named[0]]
    data, frame = frame_of(dialect, named[1])
    text = ALL[inner](PACKETS[packets](data)).encode()
    if outer:
        text = ALL[outer](text).encode()
    assert messages(around.replace(b"%s", text), dialect) == [frame]


@pytest.mark.slow
@pytest.mark.parametrize("dress", ALL)
def test_samples_are_read_back_out_of_every_dress(dress):
    for name, sample in SAMPLES[list(ALL).index(dress) % 4 :: 4]:  # each sample in each fourth dress
        data, frame = frame_of(DIALECTS[name], sample)
        if dress == "cat -v" and {*b"^M\n"} & {byte & 127 for byte in data}:
            continue  # it does not escape what it escapes with
        if dress == "od -a" and not data.isascii():
            continue  # it leaves out the highest bit
        assert messages(ALL[dress](data).encode(), DIALECTS[name]) == [frame]


@pytest.mark.slow
@pytest.mark.parametrize("quoted", ["JSON string", "Go %q", "Rust bytes", "C string", "Python"])
def test_marked_bytes_may_stand_in_a_text_in_quotes_that_escapes_nothing(quoted):
    dialect = DIALECTS["iso8583-1987-binary"]
    for sample in dialect.samples:
        data, frame = frame_of(dialect, sample)
        for dress in ("angle brackets", "percent"):
            text = DRESSES[quoted](DRESSES[dress](data).encode())
            assert messages(text.encode(), dialect) == [frame]
            assert messages(f'12:00:01 "{dress}" sent {text}, ok'.encode(), dialect) == [frame]


@pytest.mark.parametrize("name", ["iso8583-1987-ascii", "iso8583-1993-ascii"])
def test_messages_of_text_are_read_from_lines_and_logs(name):
    dialect = DIALECTS[name]
    frames = [frame_of(dialect, sample)[1] for sample in dialect.samples]
    frames = [frame for frame in frames if frame.isascii() and frame.decode().isprintable()]
    assert len(frames) > 3
    assert messages(b"\r\n".join(frames), dialect) == frames
    assert messages(b"\n".join(b"12:00:01 sent [%s] ok" % frame for frame in frames), dialect) == frames
    assert messages(b"\n".join(b'{"t": 1, "raw": "%s"}' % frame for frame in frames), dialect) == frames
    assert messages(b"\n".join(b"12:00:01 >> %s" % frame for frame in frames), dialect) == frames
    assert messages(b"".join(frame + b"\n" for frame in frames).hex().encode(), dialect) == frames


def test_a_text_of_digits_is_never_hex_where_the_dialect_reads_it():
    dialect = DIALECTS["iso8583-1987-ascii"]
    echo = b"08008220000000C000000400000000000000112013300000000110000161880210010210162301"
    for text in (echo, echo + b"\n", b"0078" + echo, echo.replace(b"C", b"c")):
        assert messages(text, dialect) == [echo.replace(b"C", b"c") if b"c" in text else echo]
