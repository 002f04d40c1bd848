"""What is logged besides exchanges: events, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any


@dataclass(slots=True)
class LogEvent:
    """Anything else worth a line: ``started``, ``refused``, ``stopped`` …"""

    at_us: int
    name: str
    sentence: str
    fields: Mapping[str, Any]


def utc(at_us: int) -> str:
    """Return a time as lines of log have it.

    >>> utc(1_767_254_400_123_456)
    '2026-01-01T08:00:00.123Z'
    """
    return utc_of_millisecond(at_us // 1000)


@lru_cache(maxsize=64)  # at a full host a dozen lines have one
def utc_of_millisecond(at_ms: int) -> str:
    """Return the same of a time in milliseconds."""
    at_s, rest_ms = divmod(at_ms, 1000)
    return f"{_second(at_s)}.{rest_ms:03d}Z"


@lru_cache(maxsize=4)  # lines come in the order of time
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
