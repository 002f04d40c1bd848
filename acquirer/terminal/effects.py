"""What a terminal asks its driver to do, and the results it is given.

An operation (sign on, sell …) is a generator: it yields effects and is resumed with their results. A driver over
blocking sockets, one over asyncio and one in a test's memory perform them; nothing here knows how.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from acquirer.slip.settlement_slip import SettlementSlip
from acquirer.slip.words import Copy
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.state import State
from acquirer.terminal.voucher import Voucher


@dataclass(slots=True)
class Ask:
    """Send this frame and bring the first frame that comes back; answered with a `Response`."""

    frame: bytes  # without its length prefix
    timeout_s: float  # from now until the answer must be complete
    fresh: bool = False  # on a new connection, even if an old one is still open
    hang_up: bool = False  # as soon as it is sent, without waiting for an answer: a line that drops


@dataclass(slots=True)
class Listen:
    """The last frame answers another request: bring the next one, within the time of the last `Ask`."""


@dataclass(slots=True)
class Keep:
    """Make this state durable before going on: after a power cut it is all that is left."""

    state: State


@dataclass(slots=True)
class Began:
    """An exchange is about to be sent; to be shown."""

    exchange: Exchange


@dataclass(slots=True)
class Ended:
    """An exchange is over, and what follows from it is durable; to be shown."""

    exchange: Exchange


@dataclass(slots=True)
class Print:
    """Print this slip for the cardholder to sign on paper; what made it necessary is only then forgotten.

    Answered with `NotPrinted` where that fails.
    """

    voucher: Voucher


@dataclass(slots=True)
class PrintCopy:
    """Print a copy of a slip; answered with `NotPrinted` where that fails."""

    slip: Voucher | SettlementSlip
    copy: Copy = "merchant"


@dataclass(slots=True)
class Received:
    """A whole frame arrived."""

    frame: bytes
    took_us: int  # since the request was sent


@dataclass(slots=True)
class NoAnswer:
    """No whole frame arrived: silence, or a connection that ended. The host may have booked the request even so."""

    detail: str
    took_us: int


@dataclass(slots=True)
class Unframed:
    """Bytes arrived that are no frame of this dialect: an absurd length, another protocol."""

    detail: str
    took_us: int


@dataclass(slots=True)
class NotSent:
    """No connection: not a byte has left, so the host cannot have booked anything."""

    detail: str


@dataclass(slots=True)
class NotPrinted:
    """The printer failed: no paper, a jam. Some lines may have come out."""

    trouble: str


Response = Received | NoAnswer | Unframed | NotSent | NotPrinted
TerminalEffect = Ask | Listen | Keep | Began | Ended | Print | PrintCopy

T = TypeVar("T")
Program = Generator[TerminalEffect, Response | None, T]
"""An operation of the terminal: yields effects, returns its result."""
