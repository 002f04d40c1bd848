"""What is the matter with a connection, as data: what line faults say and the net does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acquirer.data.types import Randbytes


@dataclass(frozen=True, slots=True)
class LineState:
    """How one connection behaves, from its accept to its close. The default is a line without faults."""

    accept: Literal["open", "refused", "silent"] = "open"
    """``refused``: reset at once; ``silent``: it stays open, nothing is read and nothing sent."""

    reset_after_ms: int | None = None
    """Reset (RST) so long after it was accepted, also while a reply is on its way."""

    half_close_after_ms: int | None = None
    """The host sends FIN so long after it was accepted; it goes on reading."""

    close_delay_ms: int = 0
    """How long the host waits before it closes a connection that it would close at once."""

    bytes_per_s: int | None = None
    """How fast bytes leave."""

    loss_rate: float = 0.0
    """The share of packets that are lost: each stalls the stream until it is sent again."""

    loss_correlation: float = 0.0
    """How much the fate of a packet depends on that of the one before."""

    stall_ms: int = 0
    """How long a lost packet stalls the stream: what TCP waits before it sends it again."""

    randbytes: Randbytes | None = None
    """What losses are drawn from."""
