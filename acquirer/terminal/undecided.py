"""Refusals that decide nothing: the host could not, or not now, and an earlier message may be booked all the same."""

from __future__ import annotations

from typing import Final

from acquirer.terminal.exchange import Exchange
from acquirer.terminal.machine import Machine

UNDECIDED: Final = ("system_fault", "overloaded", "issuer_down")
"""Reasons of refusals that do not say whether an earlier message with the same numbers was booked."""


def is_undecided(machine: Machine, exchange: Exchange) -> bool:
    """Return whether an answer is a refusal for one of the reasons in `UNDECIDED`."""
    reasons = machine.setup.dialect.reasons
    return exchange.code in {reasons[name] for name in UNDECIDED if name in reasons}
