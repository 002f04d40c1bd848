"""Rules of conduct: what a terminal must keep to in every case, beside what the case is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ConductRule:
    """One rule.

    Args:
        what: it in words, for a report.
        broken_by: exchanges of which there must be none, as a filter.
    """

    what: str
    broken_by: str


CONDUCT: Final[Mapping[str, ConductRule]] = {
    "readable": ConductRule(
        "every message can be read, and has the fields that it must have", "reason=format_wrong | reason=mti_unknown"
    ),
    "served": ConductRule("every message is one that the dialect knows", "reason=not_supported"),
    "numbers": ConductRule(
        "terminal and merchant number are those that were registered",
        "reason=terminal_unknown | reason=merchant_unknown",
    ),
    "mac": ConductRule("every MAC is right, under the keys of the last sign-on", "reason=mac_differs"),
    "pin": ConductRule(
        "every PIN block and every track can be opened", "reason=pin_format_wrong | reason=track_unreadable"
    ),
    "stan": ConductRule("no STAN is used for two transactions", "reason=duplicate & !(service=signature*)"),
    "batch": ConductRule("the batch is the one that the sign-on gave", "reason=batch_differs"),
}
"""Name → rule. A case that breaks one on purpose says so in `allows`."""
