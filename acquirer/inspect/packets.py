"""Packets: the bytes of each TCP connection, both ways, put together again (of pcap, pcapng, and of pasted frames).

1. Segments are ordered by sequence number, what was sent twice is taken once.
2. Where something is missing the stream ends, and another one begins behind the gap.
3. Nothing else of the network is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from acquirer.data.text import plural
from acquirer.inspect.packet_layers import Segment, segment_of

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
    """Return the streams of a packet capture in the order in which they began, and notes about it.

    Raises:
        CaptureError: it is damaged, or of a kind of network that is not read.
    """
    from acquirer.inspect.pcap import read_packets

    packets, notes = read_packets(data)
    flows, about = flows_of((at_s, segment_of(packet)) for at_s, packet in packets)
    return flows, [*notes, *about]


def flows_of(segments: Iterable[tuple[float, Segment | None]]) -> tuple[list[Flow], list[str]]:
    """Return the streams of segments, each with its time, in the order in which they began, and notes about them.

    None stands for a packet that carries no TCP.
    """
    sides: dict[tuple[str, str], _Side] = {}
    finished: list[_Side] = []
    others = connections = cut = 0
    for at_s, segment in segments:
        if segment is None:
            others += 1
            continue
        cut += segment.cut
        source, target = segment.source, segment.target
        side = sides.get((source, target))
        if side and segment.begins and side.segments:  # the same ports again
            finished += [one for key in ((source, target), (target, source)) if (one := sides.pop(key, None))]
            side = None
        if side is None:
            back = sides.get((target, source))
            connections += back is None
            side = sides[source, target] = _Side(source, target, back.connection if back else connections)
        if segment.begins:
            side.first = (segment.sequence + 1) % WRAP
        if segment.data:
            side.segments.append(((segment.sequence + segment.begins) % WRAP, at_s, segment.data))
    flows = [flow for side in (*finished, *sides.values()) for flow in _together(side)]
    flows.sort(key=lambda flow: flow.times[0][1])
    return flows, list(_notes(others, cut, sum(flow.lost for flow in flows)))


def _notes(others: int, cut: int, lost: int) -> Iterator[str]:
    if others:
        yield f"{plural(others, 'packet is', 'packets are')} not TCP over IP"
    if cut:
        which = plural(cut, "packet was", "packets were")
        yield f"{which} captured in part only: its end is missing" if cut == 1 else f"{which} captured in part only"
    if lost:
        where, what = ("1 place", "a message") if lost == 1 else (f"{lost} places", "messages")
        yield f"packets are missing in {where}: {what} may be cut there"


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
