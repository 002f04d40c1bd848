"""Streams out of packets: in order, each byte once, and honest about what is missing."""

from __future__ import annotations

import io
import random
from contextlib import suppress
from itertools import pairwise
from typing import Any

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.inspect.capture_forms import MAGICS, CaptureError, is_packets
from acquirer.inspect.packet_layers import segment_of
from acquirer.inspect.packets import tcp_flows

TERMINAL, HOST = (b"\x0a\0\0\1", 50412), (b"\x0a\0\0\2", 8583)
SYN, SYN_ACK, PUSH = 0x02, 0x12, 0x18


def ip(source, target, seq, data, flags=PUSH):
    tcp = dpkt.tcp.TCP(sport=source[1], dport=target[1], seq=seq % (1 << 32), flags=flags, data=data)
    packet = dpkt.ip.IP(src=source[0], dst=target[0], p=6, data=tcp)
    packet.len = len(packet)
    return packet


def capture(packets, link=dpkt.pcap.DLT_EN10MB, writer=dpkt.pcap.Writer):
    file = io.BytesIO()
    out = writer(file, linktype=link) if writer is dpkt.pcap.Writer else writer(file)
    for number, packet in enumerate(packets):
        framed = dpkt.ethernet.Ethernet(data=packet) if link == dpkt.pcap.DLT_EN10MB else packet
        out.writepkt(bytes(framed), ts=1_700_000_000 + number)
    return file.getvalue()


def sent(data):
    found_flows, notes = tcp_flows(data)
    return [(flow.source, bytes(flow.data)) for flow in found_flows], notes


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_order_and_repeats_of_segments_do_not_change_the_stream(data):
    stream = data.draw(st.binary(min_size=1, max_size=80))
    first = data.draw(st.sampled_from([0, 1000, (1 << 32) - 20]))  # the last one wraps around
    cuts = [0, *sorted(data.draw(st.sets(st.integers(1, len(stream)), max_size=5))), len(stream)]
    pieces = [(a, stream[a:b]) for a, b in pairwise(cuts) if b > a]
    again = data.draw(st.lists(st.sampled_from(pieces), max_size=3))
    packets = [ip(TERMINAL, HOST, first + 1 + at, piece) for at, piece in pieces + again]
    data.draw(st.randoms()).shuffle(packets)
    opened = [ip(TERMINAL, HOST, first, b"", SYN)] * data.draw(st.booleans())
    assert sent(capture([*opened, *packets])) == ([("10.0.0.1:50412", stream)], [])


@pytest.mark.parametrize("writer", [dpkt.pcap.Writer, dpkt.pcapng.Writer])
def test_both_directions_of_a_connection_belong_together(writer):
    data = capture(
        [
            ip(TERMINAL, HOST, 99, b"", SYN),
            ip(HOST, TERMINAL, 499, b"", SYN_ACK),
            ip(TERMINAL, HOST, 100, b"ask"),
            ip(HOST, TERMINAL, 500, b"answer"),
            ip((b"\x0a\0\0\3", 1), HOST, 7, b"other"),
        ],
        writer=writer,
    )
    assert is_packets(data)
    found_flows, _ = tcp_flows(data)
    assert [(bytes(flow.data), flow.connection) for flow in found_flows] == [(b"ask", 1), (b"answer", 1), (b"other", 2)]
    assert found_flows[0].times == [(0, 1_700_000_002.0)]


def test_the_same_ports_again_are_another_connection():
    once = [ip(TERMINAL, HOST, 99, b"", SYN), ip(TERMINAL, HOST, 100, b"one")]
    again = [ip(TERMINAL, HOST, 9, b"", SYN), ip(TERMINAL, HOST, 10, b"two")]
    found_flows, _ = tcp_flows(capture(once + again))
    assert [bytes(flow.data) for flow in found_flows] == [b"one", b"two"]
    assert found_flows[0].connection != found_flows[1].connection


def test_behind_a_gap_a_new_stream_begins():
    data = capture([ip(TERMINAL, HOST, 100, b"one"), ip(TERMINAL, HOST, 110, b"two")])
    assert sent(data) == (
        [("10.0.0.1:50412", b"one"), ("10.0.0.1:50412", b"two")],
        ["packets are missing in 1 place: a message may be cut there"],
    )


def test_other_packets_are_counted():
    udp = dpkt.ip.IP(src=TERMINAL[0], dst=HOST[0], p=17, data=dpkt.udp.UDP(sport=1, dport=2, data=b"x"))
    assert sent(capture([udp, ip(TERMINAL, HOST, 1, b"x")])) == (
        [("10.0.0.1:50412", b"x")],
        ["1 packet is not TCP over IP"],
    )


def test_other_kinds_of_links_are_read_or_named():
    packet = ip(TERMINAL, HOST, 1, b"x")
    assert sent(capture([packet], dpkt.pcap.DLT_RAW))[0] == [("10.0.0.1:50412", b"x")]
    six = dpkt.ip6.IP6(src=bytes(15) + b"\1", dst=bytes(15) + b"\2", nxt=6, plen=len(packet.data), data=packet.data)
    assert sent(capture([six], dpkt.pcap.DLT_RAW))[0] == [("[::1]:50412", b"x")]
    with pytest.raises(ValueError, match="packets of link type 105 are not read"):
        tcp_flows(capture([], 105))


PACKET = bytes(ip(TERMINAL, HOST, 1, b"hello"))
SIX = bytes(dpkt.ip6.IP6(src=bytes(15) + b"\1", dst=bytes(15) + b"\2", nxt=6, plen=25, data=PACKET[20:]))
MACS = bytes.fromhex("0014 5e47 2ed8 001a d40c 320f")


@pytest.mark.parametrize(
    "before",
    [
        b"",
        MACS + b"\x08\x00",
        MACS + b"\x81\x00\x00\x64\x08\x00",
        MACS + b"\x88\xa8\x00\x64\x81\x00\x00\x65\x08\x00",
        MACS + b"\x88\x64\x11\x00\x00\x01\x00\x2f\x00\x21",
        bytes.fromhex("0000 0001 0006 001a d40c 320f 0000 0800"),
        bytes.fromhex("0800 0000 0000 0002 0001 0006 001a d40c 320f 0000"),
        bytes.fromhex("02000000"),
    ],
    ids=["raw", "Ethernet", "VLAN", "two VLANs", "PPPoE", "any", "any 2", "loopback"],
)
def test_all_that_may_stand_before_a_segment_is_recognised(before):
    found = segment_of(before + PACKET)
    assert (found.source, found.target, found.data, found.cut) == ("10.0.0.1:50412", "10.0.0.2:8583", b"hello", False)
    assert segment_of(before + PACKET + bytes(7)).data == b"hello", "padding is left out"
    cut = segment_of(before + PACKET[:-2])
    assert (cut.data, cut.cut) == (b"hel", True)
    if before in (b"", MACS + b"\x08\x00"):
        version_6 = segment_of(before.replace(b"\x08\x00", b"\x86\xdd") + SIX + bytes(3))
        assert (version_6.source, version_6.data) == ("[::1]:50412", b"hello")


@pytest.mark.parametrize("other", [b"", b"\x45", PACKET[:30], b"\x60\x00" + bytes(60), bytes(range(64)), PACKET[20:]])
def test_other_bytes_are_no_packet(other):
    assert segment_of(other) is None


@given(st.binary(max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_looked_at(data):
    for packet in (data, MACS + b"\x08\x00" + data, MACS + b"\x86\xdd\x60" + data, b"\x45" + data):
        found = segment_of(packet)
        assert found is None or packet.find(found.data) >= 0


def test_a_capture_that_breaks_off_is_read_up_to_there():
    data = capture([ip(TERMINAL, HOST, 1, b"ask"), ip(HOST, TERMINAL, 1, b"answer")])
    found, notes = sent(data[:-4])
    assert [stream for _, stream in found] == [b"ask", b"an"]
    assert notes == [
        "the packet capture breaks off within a packet",
        "1 packet was captured in part only: its end is missing",
    ]
    found, notes = sent(capture([ip(TERMINAL, HOST, 1, b"ask")] * 2, writer=dpkt.pcapng.Writer)[:-8])
    assert (found, notes) == ([("10.0.0.1:50412", b"ask")], ["the packet capture breaks off within a block"])


@given(st.binary(max_size=200), st.sampled_from(MAGICS))
@settings(max_examples=200, deadline=None)
def test_no_capture_takes_time_or_memory(data, magic):
    with suppress(CaptureError):
        tcp_flows(magic + data)


def test_sizes_beyond_all_measure_are_damage():
    whole = capture([ip(TERMINAL, HOST, 1, b"ask")])
    with pytest.raises(CaptureError, match="at byte 32 a packet of 4294967295 bytes is announced"):
        tcp_flows(whole[:32] + b"\xff" * 4 + whole[36:])


@given(st.integers(0, 10_000))
@settings(max_examples=150, deadline=None)
def test_a_damaged_capture_is_read_as_far_as_it_goes_or_refused_as_damaged(seed):
    dice = random.Random(seed)
    data = bytearray(capture([ip(TERMINAL, HOST, 100, b"ask"), ip(HOST, TERMINAL, 500, b"answer")]))
    for _ in range(dice.randrange(1, 6)):
        data[dice.randrange(4, len(data))] = dice.randrange(256)
    found_flows: list[Any] = []
    with suppress(ValueError):
        found_flows, _ = tcp_flows(bytes(data[: dice.randrange(24, len(data) + 1)]))
    assert sum(len(flow.data) for flow in found_flows) <= len(data)
