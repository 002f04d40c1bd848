"""What stands around the data of one TCP segment: link, VLAN tags, IPv4 or IPv6, TCP; read without any library.

1. The link need not be known: Ethernet, Linux "any" (two versions), BSD loopback, PPPoE and raw IP are recognised.
2. Bytes behind the end that IP names are padding, and left out; a packet that was cut keeps what was captured.
3. What does not fit gives None: nothing here raises.
"""

from __future__ import annotations

from typing import NamedTuple

ETHERNET_BYTES, SLL_BYTES, SLL2_BYTES, LOOPBACK_BYTES = 14, 16, 20, 4
IPV4_BYTES, IPV6_BYTES, TCP_BYTES = 20, 40, 20
LEAST_PACKET = IPV4_BYTES + TCP_BYTES
TCP, SYN = 6, 0x02

_IPV4, _IPV6, _PPPOE = 0x0800, 0x86DD, 0x8864
_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)  # VLAN (802.1Q), its outer tag (802.1ad) and two older numbers for that
_PPP = {b"\x00\x21": _IPV4, b"\x00\x57": _IPV6}
_LOOPBACK = (b"\x02\0\0\0", b"\0\0\0\x02", b"\x18\0\0\0", b"\x1c\0\0\0", b"\x1e\0\0\0", b"\0\0\0\x18", b"\0\0\0\x1e")
_EXTENSIONS = (0, 43, 60)  # of IPv6: hop by hop, routing, destination: each says its size in units of eight bytes


class Segment(NamedTuple):
    """One TCP segment and whom it is from."""

    source: str  # "10.0.0.1:50412"
    target: str
    sequence: int
    begins: bool  # it opens its side of a connection
    data: bytes
    cut: bool = False  # the capture holds less of it than was sent


def segment_of(packet: bytes) -> Segment | None:
    """Return the TCP segment in a packet of any known link; None when there is none.

    The headers must agree with each other, so that other bytes are not taken for a packet.
    """
    for skipped in _ip_offsets(packet):
        if found := _ip(packet[skipped:]):
            return found
    return None


def _ip_offsets(packet: bytes) -> list[int]:
    """Return where an IP header may begin, by what stands before it."""
    found = [0]
    at, kind = ETHERNET_BYTES - 2, packet[ETHERNET_BYTES - 2 : ETHERNET_BYTES]
    while int.from_bytes(kind, "big") in _TAGS:
        at += 4
        kind = packet[at : at + 2]
    ether = int.from_bytes(kind, "big")
    if ether in (_IPV4, _IPV6):
        found.append(at + 2)
    if ether == _PPPOE and packet[at + 8 : at + 10] in _PPP:
        found.append(at + 10)
    if int.from_bytes(packet[14:16], "big") in (_IPV4, _IPV6):
        found.append(SLL_BYTES)
    if int.from_bytes(packet[:2], "big") in (_IPV4, _IPV6):
        found.append(SLL2_BYTES)
    if packet[:LOOPBACK_BYTES] in _LOOPBACK:
        found.append(LOOPBACK_BYTES)
    return found


def _ip(packet: bytes) -> Segment | None:
    version, size = packet[:1].hex()[:1], (packet[0] & 15) * 4 if packet else 0
    if version == "4" and len(packet) >= IPV4_BYTES and size >= IPV4_BYTES:
        total = int.from_bytes(packet[2:4], "big") or len(packet)  # 0: the network card fills it in
        later = int.from_bytes(packet[6:8], "big") & 0x1FFF  # a later fragment has no TCP header
        if packet[9] != TCP or total < size + TCP_BYTES or later:
            return None
        source, target = (".".join(map(str, packet[at : at + 4])) for at in (12, 16))
        return _tcp(packet[size:total], source, target, total - size)
    if version == "6" and len(packet) >= IPV6_BYTES:
        total = IPV6_BYTES + int.from_bytes(packet[4:6], "big")
        following, at = packet[6], IPV6_BYTES
        while following in _EXTENSIONS and len(packet) > at + 1:
            following, at = packet[at], at + 8 * (packet[at + 1] + 1)
        if following != TCP or total < at + TCP_BYTES:
            return None
        source, target = (f"[{_ipv6(packet[at_ : at_ + 16])}]" for at_ in (8, 24))
        return _tcp(packet[at:total], source, target, total - at)
    return None


def _ipv6(address: bytes) -> str:
    from ipaddress import IPv6Address  # only few captures have any

    return str(IPv6Address(address))


def _tcp(segment: bytes, source: str, target: str, sent_bytes: int) -> Segment | None:
    if len(segment) < TCP_BYTES:
        return None
    size = (segment[12] >> 4) * 4
    if size < TCP_BYTES or size > sent_bytes or segment[12] & 0x0E:  # three bits that are always zero
        return None
    source, target = f"{source}:{int.from_bytes(segment[:2])}", f"{target}:{int.from_bytes(segment[2:4])}"
    cut = len(segment) < sent_bytes
    return Segment(source, target, int.from_bytes(segment[4:8], "big"), bool(segment[13] & SYN), segment[size:], cut)
