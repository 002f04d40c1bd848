"""Raw frames as a packet capture (pcapng) that Wireshark opens: TCP connections put around what was received and sent.

1. Only the payload is what was on the wire: handshake, numbers and headers are made here, so that a capture's reader
   follows each connection. The link is raw IP.
2. A frame is one segment, or several where it is longer than a packet may be.
3. A file may be written on: a section with its interface begins anew each time.

Source: draft-ietf-opsawg-pcapng; RFC 791, 8200, 9293.
"""

from __future__ import annotations

from ipaddress import ip_address
from sys import byteorder
from typing import Final

IpAndPort = tuple[str, int]

SEGMENT_MOST: Final = 32_768
"""Bytes of one segment: IPv4 has room for twice as many."""

_FIN, _SYN, _PUSH, _ACK = 0x01, 0x02, 0x08, 0x10
_RAW_IP: Final = 101
_TCP: Final = 6
_COMMENT, _WAY = 1, 2
_INBOUND, _OUTBOUND = 1, 2


def section(comment: str) -> bytes:
    """Return what a capture begins with: a section, and its one interface with a clock of microseconds."""
    text = comment.encode()
    options = _option(_COMMENT, text) + _option(0, b"")
    begin = b"\x4d\x3c\x2b\x1a" + b"\x01\0" + b"\0\0" + b"\xff" * 8
    return _block(0x0A0D0D0A, begin + options) + _block(1, _number(_RAW_IP, 2) + b"\0\0" + _number(0, 4))


class PacketConnection:
    """One connection as packets; the peer opens it."""

    def __init__(self, peer: IpAndPort, host: IpAndPort) -> None:
        self._ends = _of_one_version(peer, host)
        self._sequences = [1, 1]  # of the next byte from the peer, and from the host
        self._open = False

    def frame(self, at_us: int, data: bytes, *, received: bool, comment: str = "") -> bytes:
        """Return the packets of bytes that came from the peer, or went there; before the first ones, the handshake.

        Args:
            comment: on the first packet with data.
        """
        side = 0 if received else 1
        parts = []
        if not self._open:
            self._open = True
            parts += [self._packet(at_us, 0, _SYN, sequence=0, known=0)]
            parts += [self._packet(at_us, 1, _SYN | _ACK, sequence=0), self._packet(at_us, 0, _ACK)]
        for start in range(0, len(data), SEGMENT_MOST):
            piece = data[start : start + SEGMENT_MOST]
            parts.append(self._packet(at_us, side, _PUSH | _ACK, piece, comment="" if start else comment))
            self._sequences[side] = (self._sequences[side] + len(piece)) % (1 << 32)
        return b"".join(parts)

    def end(self, at_us: int) -> bytes:
        """Return the packet that ends the connection; nothing where nothing was sent."""
        return self._packet(at_us, 0, _FIN | _ACK) if self._open else b""

    def _packet(
        self,
        at_us: int,
        side: int,
        flags: int,
        data: bytes = b"",
        sequence: int | None = None,
        known: int | None = None,
        comment: str = "",
    ) -> bytes:
        (source, source_port), (target, target_port) = self._ends if side == 0 else self._ends[::-1]
        number = self._sequences[side] if sequence is None else sequence
        acknowledged = self._sequences[1 - side] if known is None else known
        addresses = ip_address(source).packed + ip_address(target).packed
        ports = source_port.to_bytes(2) + target_port.to_bytes(2)
        rest = b"\x50" + flags.to_bytes(1) + b"\xff\xff"
        tcp = ports + number.to_bytes(4) + acknowledged.to_bytes(4) + rest
        size = len(tcp) + 4 + len(data)
        pseudo = addresses + bytes([0, _TCP]) + size.to_bytes(2)  # sums to the same with the longer one of IPv6
        segment = tcp + _checksum(pseudo + tcp + b"\0\0\0\0" + data) + b"\0\0" + data
        packet = _ip(addresses, segment)
        clock = _number(at_us >> 32, 4) + _number(at_us & 0xFFFFFFFF, 4)
        sizes = _number(len(packet), 4) * 2
        options = _option(_COMMENT, comment.encode()) if comment else b""
        options += _option(_WAY, _number(_INBOUND if side == 0 else _OUTBOUND, 4)) + _option(0, b"")
        return _block(6, _number(0, 4) + clock + sizes + _padded(packet) + options)


def _of_one_version(one: IpAndPort, other: IpAndPort) -> tuple[IpAndPort, IpAndPort]:
    """Return both ends in one version of IP: a relay may be reached by another than it reaches its host by."""
    versions = {ip_address(one[0]).version, ip_address(other[0]).version}
    if len(versions) == 1:
        return one, other
    mapped = [(host if ":" in host else f"::ffff:{host}", port) for host, port in (one, other)]
    return mapped[0], mapped[1]


def _ip(addresses: bytes, segment: bytes) -> bytes:
    """Return a segment in a packet of the version that its addresses have."""
    if len(addresses) == 32:
        return b"\x60\0\0\0" + len(segment).to_bytes(2) + bytes([_TCP, 64]) + addresses + segment
    head = b"\x45\0" + (20 + len(segment)).to_bytes(2) + b"\0\0\x40\0" + bytes([64, _TCP])
    return head + _checksum(head + b"\0\0" + addresses) + addresses + segment


def _checksum(data: bytes) -> bytes:
    """Return the sum of the internet protocols (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(memoryview(data).cast("H").tolist())  # the order of bytes does not matter but at the end
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (0xFFFF ^ total).to_bytes(2, byteorder)


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _option(kind: int, value: bytes) -> bytes:
    return _number(kind, 2) + _number(len(value), 2) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    size = _number(12 + len(body), 4)
    return _number(kind, 4) + size + body + size
