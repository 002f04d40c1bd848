"""Packet captures: the bytes of each TCP connection, both ways, put together again (pcap and pcapng, read by dpkt).

1. Segments are ordered by sequence number, what was sent twice is taken once.
2. Where something is missing the stream ends, and another one begins behind the gap.
3. Nothing else of the network is looked at.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dpkt

from acquirer.inspect.capture_forms import IPV4, CaptureError

PACKETS_LIMIT = 200_000  # of one capture: some minutes of a busy host, and a few seconds of reading
WRAP = 1 << 32  # sequence numbers begin again after this


@dataclass(slots=True)
class Flow:
    """What one side of a connection sent."""

    source: str
    target: str
    connection: int  # the two directions of one connection share it
    data: bytearray = field(default_factory=bytearray)
    times: list[tuple[int, float]] = field(default_factory=list)  # offset → seconds since 1970, of each segment
    lost: bool = False  # it begins behind a gap


@dataclass(slots=True)
class _Side:
    source: str
    target: str
    connection: int
    first: int | None = None  # sequence number of its first byte
    segments: list[tuple[int, float, bytes]] = field(default_factory=list)


def tcp_flows(data: bytes) -> tuple[list[Flow], list[str]]:
    """Return the streams of a capture in the order in which they began, and notes about it.

    Raises:
        CaptureError: it is damaged, or of a kind of network that is not read.
    """
    sides: dict[tuple[str, str], _Side] = {}
    finished: list[_Side] = []
    others = connections = 0
    for at_s, segment in _segments(data):
        if segment is None:
            others += 1
            continue
        source, target, tcp = segment
        side = sides.get((source, target))
        begins = bool(tcp.flags & dpkt.tcp.TH_SYN)
        if side and begins and side.segments:  # the same ports again
            finished += [one for key in ((source, target), (target, source)) if (one := sides.pop(key, None))]
            side = None
        if side is None:
            back = sides.get((target, source))
            connections += back is None
            side = sides[source, target] = _Side(source, target, back.connection if back else connections)
        if begins:
            side.first = (tcp.seq + 1) % WRAP
        elif tcp.data:
            side.segments.append((tcp.seq, at_s, bytes(tcp.data)))
    found_flows = [flow for side in (*finished, *sides.values()) for flow in _together(side)]
    found_flows.sort(key=lambda flow: flow.times[0][1])
    notes = [f"{others} packets are not TCP over IP" if others > 1 else "1 packet is not TCP over IP"] if others else []
    lost = sum(flow.lost for flow in found_flows)
    if lost:
        where, what = ("1 place", "a message") if lost == 1 else (f"{lost} places", "messages")
        notes.append(f"packets are missing in {where}: {what} may be cut there")
    return found_flows, notes


def tcp_of(packet: bytes) -> bytes | None:
    """Return what one IPv4 packet carries over TCP; None when these bytes are not one whole packet."""
    if not packet.startswith(IPV4) or int.from_bytes(packet[2:4], "big") != len(packet):
        return None
    found = _segment(packet, dpkt.ip.IP)
    return bytes(found[2].data) if found else None


def _segments(data: bytes) -> Iterator[tuple[float, tuple[str, str, Any] | None]]:
    try:
        reader = dpkt.pcap.UniversalReader(io.BytesIO(data))
        link = LINKS.get(reader.datalink())
        if link is None:
            raise CaptureError(f"packets of link type {reader.datalink()} are not read; capture on Ethernet or 'any'")
        for number, (at_s, packet) in enumerate(reader):
            if number == PACKETS_LIMIT:
                raise CaptureError(f"more than {PACKETS_LIMIT} packets; filter them, for example by port")
            yield float(at_s), _segment(packet, link)
    except (dpkt.Error, IndexError, OverflowError, TypeError) as exc:
        raise CaptureError(f"the packet capture is damaged ({type(exc).__name__})") from None


def _segment(packet: bytes, link: Any) -> tuple[str, str, Any] | None:
    """Return source, target and the TCP segment of a packet; None when there is none in it."""
    try:
        layer = link(packet)
    except (dpkt.Error, IndexError, ValueError, TypeError, AttributeError):
        return None
    while not isinstance(layer, dpkt.ip.IP | dpkt.ip6.IP6):
        layer = getattr(layer, "data", None)
        if layer is None or isinstance(layer, bytes):
            return None
    tcp = layer.data
    if not isinstance(tcp, dpkt.tcp.TCP):
        return None
    six = isinstance(layer, dpkt.ip6.IP6)
    return _address(layer.src, tcp.sport, six), _address(layer.dst, tcp.dport, six), tcp


def _address(packed: bytes, port: int, six: bool) -> str:
    text = dpkt.utils.inet_to_str(packed)
    return f"[{text}]:{port}" if six else f"{text}:{port}"


def _raw(packet: bytes) -> Any:
    return (dpkt.ip6.IP6 if packet[:1] >= b"\x60" else dpkt.ip.IP)(packet)


LINKS = {
    dpkt.pcap.DLT_EN10MB: dpkt.ethernet.Ethernet,
    dpkt.pcap.DLT_NULL: dpkt.loopback.Loopback,
    dpkt.pcap.DLT_LOOP: dpkt.loopback.Loopback,
    dpkt.pcap.DLT_LINUX_SLL: dpkt.sll.SLL,
    dpkt.pcap.DLT_LINUX_SLL2: dpkt.sll2.SLL2,
    dpkt.pcap.DLT_RAW: _raw,
    12: _raw,  # the number BSD writes for raw IP
    101: _raw,
    228: _raw,
    229: _raw,
}


def _together(side: _Side) -> Iterator[Flow]:
    """Yield the stream of one side; a new one behind every gap."""
    if not side.segments:
        return
    first = side.first if side.first is not None else side.segments[0][0]
    if side.first is None:  # it began before the capture: the smallest number seen, as segments may be out of order
        first = min((seq for seq, _, _ in side.segments), key=lambda seq: (seq - first + WRAP // 2) % WRAP)
    flow = Flow(side.source, side.target, side.connection)
    end = 0
    for at, at_s, data in sorted((((seq - first) % WRAP, at_s, data) for seq, at_s, data in side.segments)):
        if at >= WRAP // 2:  # before the first byte: a keep-alive probe of TCP
            continue
        if at > end:
            if flow.data:
                yield flow
            flow = Flow(side.source, side.target, side.connection, lost=True)
            end = at
        fresh = data[end - at :]
        if fresh:
            flow.times.append((len(flow.data), at_s))
            flow.data += fresh
            end += len(fresh)
    if flow.data:
        yield flow
