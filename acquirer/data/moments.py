"""Moments in documents for programs: ISO 8601 in UTC beside local ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo


def with_times(document: dict[str, Any], timezone: str) -> dict[str, Any]:
    """Return a document for machines with each of its moments (``at_us``) in UTC and local too: ``at``, ``at_local``.

    None stands for never, and for what is no moment.
    """
    added: dict[str, Any] = {}
    for name, value in document.items():
        if name.endswith("_us") and name not in _DURATIONS:
            short = name.removesuffix("_us")
            added[short], added[f"{short}_local"] = _iso(value, ZoneInfo("UTC")), _iso(value, ZoneInfo(timezone))
    return {**document, **{name: value for name, value in added.items() if name not in document}}


_DURATIONS: Final = ("took_us",)


def _iso(at_us: int, zone: ZoneInfo) -> str | None:
    if not at_us:
        return None
    try:
        moment = datetime.fromtimestamp(at_us // 1_000_000, zone).replace(microsecond=at_us % 1_000_000)
    except (ValueError, OverflowError, OSError):  # before the year 1 or after 9999
        return None
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
