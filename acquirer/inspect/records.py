"""Intel HEX and Motorola S-records: lines with a length, an address, bytes and a checksum.

1. A record counts when its length and its checksum are right; what stands around it is left alone.
2. Bytes at the address that comes next go on; at any other, another piece begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from acquirer.inspect.printed import Found

Record = tuple[int, bytes]  # address, bytes

INTEL = r":((?:[0-9A-Fa-f]{2}){5,260})(?![0-9A-Za-z])"
MOTOROLA = r"(?<![0-9A-Za-z])S([0-9](?:[0-9A-Fa-f]{2}){4,256})(?![0-9A-Za-z])"
ADDRESS_BYTES = {"1": 2, "2": 3, "3": 4}  # by the type of an S-record


def intel_records(text: str) -> Found:
    """Yield the line and the bytes of each piece in the records of Intel HEX."""
    return _pieces(text, INTEL, _intel) if ":" in text else iter(())


def motorola_records(text: str) -> Found:
    """Yield the same of Motorola's S-records."""
    return _pieces(text, MOTOROLA, _motorola) if "S" in text else iter(())


def are_records(text: str) -> bool:
    """Return whether a text is nothing but such records."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for letter, pattern, read in ((":", INTEL, _intel), ("S", MOTOROLA, _motorola)):
        if lines and all(line.startswith(letter) for line in lines):
            found = [re.fullmatch(pattern, line) for line in lines]
            return all(one and read(one[1]) for one in found)
    return False


def _pieces(text: str, pattern: str, read: Callable[[str], Record | None]) -> Found:
    first, data, following = 0, b"", -1
    for number, line in enumerate(text.splitlines(), 1):
        for found in re.finditer(pattern, line):
            record = read(found[1])
            if not record or not record[1]:
                continue
            address, row = record
            if address != following and data:
                yield first, data
                data = b""
            first = first if data else number
            data, following = data + row, address + len(row)
    if data:
        yield first, data


def _intel(digits: str) -> Record | None:
    record = bytes.fromhex(digits)
    if sum(record) & 0xFF or record[0] != len(record) - 5 or record[3] > 5:
        return None
    return int.from_bytes(record[1:3], "big"), record[4:-1] if record[3] == 0 else b""


def _motorola(digits: str) -> Record | None:
    record, size = bytes.fromhex(digits[1:]), ADDRESS_BYTES.get(digits[0], 0)
    if sum(record) & 0xFF != 0xFF or record[0] != len(record) - 1:
        return None
    return int.from_bytes(record[1 : 1 + size], "big"), record[1 + size : -1] if size else b""
