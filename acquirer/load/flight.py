"""One request on its way to a host, and where it goes."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from acquirer.terminal.effects import Ask, Program
from acquirer.terminal.exchange import Exchange, Result
from acquirer.wire.deframer import Deframer
from acquirer.wire.framing import Framing


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, and how.

    Args:
        sources: addresses to connect from, in turn; none: the system chooses.
        kept: a terminal keeps its connection for its next request.
    """

    address: tuple[str, int]
    framing: Framing
    sources: Sequence[str] = ()
    kept: bool = False


@dataclass(slots=True)
class Flight:
    """One terminal under way: what it does, and the request that it waits with."""

    terminal: int
    program: Program[Result]
    ask: Ask  # its first request, prepared
    exchange: Exchange
    intended_ns: int = 0
    begun_ns: int = 0
    connected_ns: int = 0
    first_ns: int = 0
    data: bytes = b""  # of the request, what is not sent yet
    sock: socket.socket | None = None
    writing: bool = False
    deframer: Deframer | None = None
