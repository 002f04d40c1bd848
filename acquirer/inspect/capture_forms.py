"""How packet captures and packets begin: recognised without the library that reads them, which is slow to import."""

from __future__ import annotations

from acquirer.errors import WireError

MAGICS = (
    b"\xa1\xb2\xc3\xd4",  # pcap, and the same with its bytes swapped, in microseconds and nanoseconds
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",  # pcapng
)
"""First bytes of packet captures."""


class CaptureError(WireError, ValueError):
    """A packet capture that is damaged, too long, or of a kind of network that is not read: one sentence."""


def is_packets(data: bytes) -> bool:
    """Return whether this is a packet capture."""
    return data[:4] in MAGICS
