"""What a chip's cryptogram covers, out of its data objects (PBOC 3.0 part 17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COVERED: Final = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36")
"""Tags, in their order; behind them the CVR, bytes 4 to 7 of the issuer's application data (9F10)."""

IAD: Final = "9F10"
CVR: Final = slice(3, 7)


def covered_data(tags: Mapping[str, bytes]) -> bytes | None:
    """Return the data that a cryptogram covers; None when an object is missing."""
    if any(tag not in tags for tag in (*COVERED, IAD)):
        return None
    return b"".join(tags[tag] for tag in COVERED) + tags[IAD][CVR]
