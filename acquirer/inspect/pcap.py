"""Packet captures as files: pcap and pcapng, read as far as they are whole.

1. pcap: a header of 24 bytes, then for each packet its time, how much was captured, how much was sent.
2. pcapng: blocks that say their size at both ends; a section says the byte order, an interface its link and its clock.
3. What breaks off at its end is read up to there, with a note; what is no capture at all is refused.

Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from acquirer.data.text import plural
from acquirer.inspect.capture_forms import CaptureError

PACKETS_LIMIT = 200_000  # of one capture: some minutes of a busy host, and a few seconds of reading

Packet = tuple[float, bytes]
"""Seconds since 1970, and the bytes from the link on."""

LINKS = {
    0: "BSD loopback", 1: "Ethernet", 9: "PPP", 12: "raw IP", 14: "raw IP", 101: "raw IP", 108: "BSD loopback",
    113: "Linux any", 228: "IPv4", 229: "IPv6", 276: "Linux any, version 2",
}  # fmt: skip
"""Types of links whose packets are read."""

ByteOrder = Literal["big", "little"]

_PCAP: dict[bytes, tuple[ByteOrder, float]] = {
    b"\xa1\xb2\xc3\xd4": ("big", 1e6), b"\xd4\xc3\xb2\xa1": ("little", 1e6),
    b"\xa1\xb2\x3c\x4d": ("big", 1e9), b"\x4d\x3c\xb2\xa1": ("little", 1e9),
}  # fmt: skip
_PCAP_HEADER, _RECORD_HEADER = 24, 16
_SECTION, _INTERFACE, _SIMPLE, _OLD_PACKET, _ENHANCED = 0x0A0D0D0A, 1, 3, 2, 6
_CLOCK_OPTION = 9  # if_tsresol
_LARGEST_PACKET = 1 << 26  # more than any program captures: the size is damaged


def read_packets(data: bytes) -> tuple[list[Packet], list[str]]:
    """Return the packets of a capture and notes about it.

    Raises:
        CaptureError: it is damaged, too long, or of a kind of network that is not read.
    """
    packets: list[Packet] = []
    notes: list[str] = []
    for at_s, packet in _pcapng(data, notes) if data[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(data, notes):
        if len(packets) == PACKETS_LIMIT:
            notes.append(f"only the first {PACKETS_LIMIT} packets are read; filter them, for example by port")
            break
        packets.append((at_s, packet))
    return packets, notes


def _pcap(data: bytes, notes: list[str]) -> Iterator[Packet]:
    order, ticks = _PCAP[data[:4]]
    number = _numbers(data, order)
    if len(data) < _PCAP_HEADER:
        raise CaptureError(
            f"the packet capture is damaged: it ends within its header, after {plural(len(data), 'byte')}"
        )
    _check_link(number(20) & 0x0FFFFFFF)
    at = _PCAP_HEADER
    while at + _RECORD_HEADER <= len(data):
        size = number(at + 8)
        if size > _LARGEST_PACKET:
            raise CaptureError(
                f"the packet capture is damaged: at byte {at + 8} a packet of {plural(size, 'byte')} is announced"
            )
        packet = data[at + _RECORD_HEADER : at + _RECORD_HEADER + size]
        yield number(at) + number(at + 4) / ticks, packet
        at += _RECORD_HEADER + size
    if at != len(data):
        notes.append("the packet capture breaks off within a packet")


def _pcapng(data: bytes, notes: list[str]) -> Iterator[Packet]:
    number = _numbers(data, "big")
    clocks: list[float] = []  # of each interface: ticks in a second
    at = 0
    while at + 12 <= len(data):
        kind = number(at)
        if kind == _SECTION or data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            kind, clocks = _SECTION, []
            number = _numbers(data, "little" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else "big")
        size = number(at + 4)
        if size < 12 or size % 4:
            raise CaptureError(
                f"the packet capture is damaged: at byte {at + 4} a block of {plural(size, 'byte')} is announced"
            )
        end = at + size - 4
        if end > len(data):
            break
        if kind == _INTERFACE:
            _check_link(number(at + 8, 2))
            clocks.append(_ticks(data, at + 16, end, number))
        elif kind == _ENHANCED and at + 28 <= end:
            interface, captured = number(at + 8), number(at + 20)
            ticks = clocks[interface] if interface < len(clocks) else 1e6
            yield (number(at + 12) << 32 | number(at + 16)) / ticks, data[at + 28 : min(at + 28 + captured, end)]
        elif kind == _OLD_PACKET and at + 28 <= end:
            yield (number(at + 12) << 32 | number(at + 16)) / 1e6, data[at + 28 : min(at + 28 + number(at + 20), end)]
        elif kind == _SIMPLE and at + 12 <= end:
            yield 0.0, data[at + 12 : min(at + 12 + number(at + 8), end)]
        at += size
    if at < len(data):
        notes.append("the packet capture breaks off within a block")


def _numbers(data: bytes, order: ByteOrder) -> Callable[..., int]:
    """Return a reader of numbers at a place."""

    def number(at: int, size: int = 4) -> int:
        return int.from_bytes(data[at : at + size], order)

    return number


def _check_link(link: int) -> None:
    if link not in LINKS:
        raise CaptureError(f"packets of link type {link} are not read; capture on Ethernet or 'any'")


def _ticks(data: bytes, at: int, end: int, number: Callable[..., int]) -> float:
    """Return how many ticks a second of an interface has, as its options say."""
    while at + 4 <= end and (kind := number(at, 2)):
        size = number(at + 2, 2)
        if kind == _CLOCK_OPTION and size:
            power = data[at + 4]
            return float(2 ** (power & 0x7F)) if power & 0x80 else float(10 ** min(power, 18))
        at += 4 + (size + 3) // 4 * 4
    return 1e6
