"""How a host goes about settlements, and about loads, where hosts of the field differ: settings, by their words."""

from __future__ import annotations

from typing import Literal

SettlementReply = Literal["host", "host-without-offline", "terminal"]
"""Whose totals the reply to a settlement has that is not balanced."""

UnsignedPolicy = Literal["accept", "flag", "hold"]
"""What a settlement does about transactions that lack a signature: nothing, note them, or keep the batch open."""

ReversibleLoads = Literal["all", "voids"]
"""Which reversals of loads a host takes: all, or only those of the void of a load."""
