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

from acquirer.inspect.capture_forms import is_packets
from acquirer.inspect.packets import tcp_flows, tcp_of

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


def test_a_dump_of_one_packet_gives_what_it_carries():
    packet = bytes(ip(TERMINAL, HOST, 1, b"hello"))
    assert tcp_of(packet) == b"hello"
    assert tcp_of(packet + b"x") is None
    assert tcp_of(b"\x60\x00") is None


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
