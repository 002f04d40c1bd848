"""Compressed captures (gzip, zlib), unpacked within bounds."""

from __future__ import annotations

UNPACKED_LIMIT = 64 << 20  # bytes: as long as a capture may be that is given unpacked


def unpacked(data: bytes) -> bytes:
    """Return what is compressed in some bytes; empty when nothing is, or more than `UNPACKED_LIMIT`."""
    if not (data[:3] == b"\x1f\x8b\x08" or (data[:1] == b"\x78" and int.from_bytes(data[:2], "big") % 31 == 0)):
        return b""
    import zlib  # only few captures are compressed

    reader = zlib.decompressobj(wbits=47)  # either of the two
    try:
        found = reader.decompress(data, UNPACKED_LIMIT + 1)
    except zlib.error:
        return b""
    return found if reader.eof and len(found) <= UNPACKED_LIMIT else b""
