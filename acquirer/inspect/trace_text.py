"""Raw frames as text: a line that says when, from whom to whom, on which connection and how many bytes; then a dump.

1. Nothing is masked: a trace is what someone asked for by name.
2. Times are universal, with microseconds, as the journal's are.
3. What was written is read again here, with what `trace_packets` wrote, so that an exchange finds its frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from acquirer.data.text import plural
from acquirer.inspect.hexdump import HexError, hexdump, read_hex
from acquirer.inspect.packet_layers import Segment, segment_of
from acquirer.inspect.pcap import read_packets

FIRST_LINE: Final = "# acquirer trace: raw frames both ways, nothing is masked"
PCAPNG: Final = b"\x0a\x0d\x0d\x0a"

_HEADING: Final = re.compile(
    r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})Z  (\S+) > (\S+)  connection (\d+), (?:received|sent) ", re.MULTILINE
)


class TracedFrame(NamedTuple):
    """Bytes that went one way over one connection at one time: a frame with all that stands around it."""

    at_us: int
    source: str  # "127.0.0.1:50412"
    target: str
    data: bytes


def frame_text(frame: TracedFrame, connection: int, *, received: bool) -> str:
    """Return a frame as a trace writes it."""
    size = plural(len(frame.data), "byte")
    way = "received" if received else "sent"
    heading = f"{universal(frame.at_us)}  {frame.source} > {frame.target}  connection {connection}, {way} {size}"
    return f"{heading}\n{hexdump(frame.data)}\n\n"


def universal(at_us: int) -> str:
    """Return a moment in UTC: ``2026-01-02T03:04:05.678900Z``."""
    seconds, micros = divmod(at_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06}Z"


def read_trace(data: bytes) -> list[TracedFrame]:
    """Return the frames of a trace in the order of their writing.

    Raises:
        ValueError: it is no trace, or damaged; one sentence.
    """
    if data[:4] == PCAPNG:
        return list(_packets(data))
    text = data.decode("utf-8", "replace")
    if not text.startswith(FIRST_LINE):
        raise ValueError("is no trace: name the file that 'acquirer serve --trace' wrote")
    return list(_frames(text))


def frames_of_exchange(frames: list[TracedFrame], peer: str, at_us: int) -> list[TracedFrame]:
    """Return the frame that an exchange began with and those sent to its peer before the next one from_peer from there.

    Args:
        at_us: when the exchange began; its frame was traced just before.
    """
    ours = [frame for frame in frames if peer in (frame.source, frame.target)]
    from_peer = [place for place, frame in enumerate(ours) if frame.source == peer]
    if not from_peer:
        return []
    before = [place for place in from_peer if ours[place].at_us <= at_us]
    first = before[-1] if before else from_peer[0]  # one that never ended is traced once it is given up
    sent: list[TracedFrame] = []
    for frame in ours[first + 1 :]:
        if frame.source == peer and sent:
            break
        if frame.source != peer:
            sent.append(frame)
    return [ours[first], *sent]


def _frames(text: str) -> Iterator[TracedFrame]:
    headings = list(_HEADING.finditer(text))
    for number, heading in enumerate(headings):
        stop = headings[number + 1].start() if number + 1 < len(headings) else len(text)
        dump = text[heading.end() : stop].partition("\n")[2]
        at = datetime.fromisoformat(heading[1]).replace(tzinfo=UTC)
        at_us = int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond
        try:
            data = read_hex("\n".join(line for line in dump.splitlines() if line[:4].strip() and line[0] != "#"))
        except HexError:
            continue  # the host was killed while it wrote this one
        yield TracedFrame(at_us, heading[2], heading[3], data)


def _packets(data: bytes) -> Iterator[TracedFrame]:
    packets, _notes = read_packets(data)
    last: tuple[float, Segment] | None = None
    for at_s, packet in packets:
        segment = segment_of(packet)
        if segment is None or not segment.data:
            continue
        if last and last[0] == at_s and last[1][:2] == segment[:2]:  # a frame longer than a packet
            segment = segment._replace(data=last[1].data + segment.data)
        elif last:
            yield _traced(*last)
        last = (at_s, segment)
    if last:
        yield _traced(*last)


def _traced(at_s: float, segment: Segment) -> TracedFrame:
    return TracedFrame(round(at_s * 1_000_000), segment.source, segment.target, segment.data)
