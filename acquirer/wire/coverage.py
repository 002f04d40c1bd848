"""Which bytes of a frame are under its MAC: functions that a dialect chooses by name.

Each takes a frame whose last field is the MAC, the size of what stands before the MTI, and the size of the MAC.
"""

from __future__ import annotations

from collections.abc import Callable

Coverage = Callable[[bytes, int, int], bytes]


def mti_to_mac(frame: bytes, envelope_bytes: int, mac_bytes: int) -> bytes:
    """Return the bytes from the MTI up to the MAC: UnionPay, and most others."""
    return frame[envelope_bytes:-mac_bytes]


def frame_to_mac(frame: bytes, _envelope_bytes: int, mac_bytes: int) -> bytes:
    """Return TPDU and head as well."""
    return frame[:-mac_bytes]


def head_to_mac(frame: bytes, _envelope_bytes: int, mac_bytes: int) -> bytes:
    """Return the head as well, but not the five bytes of TPDU, which a network on the way may change."""
    return frame[5:-mac_bytes]


def mti_to_end_zeroed(frame: bytes, envelope_bytes: int, mac_bytes: int) -> bytes:
    """Return the bytes from the MTI to the end, the MAC's own place filled with zeros."""
    return frame[envelope_bytes:-mac_bytes] + bytes(mac_bytes)


def without_mti(frame: bytes, envelope_bytes: int, mac_bytes: int) -> bytes:
    """Return the bytes from the bitmap up to the MAC, for an MTI of two bytes: a mistake often made."""
    return frame[envelope_bytes + 2 : -mac_bytes]


COVERAGES: dict[str, Coverage] = {
    "mti-to-mac": mti_to_mac,
    "frame-to-mac": frame_to_mac,
    "head-to-mac": head_to_mac,
    "mti-to-end-zeroed": mti_to_end_zeroed,
    "bitmap-to-mac": without_mti,
}
"""Name → which bytes. A diagnosis tries all of them."""
