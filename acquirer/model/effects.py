"""What an exchange asks its driver to do, and what it is told in return.

An exchange is a generator: it yields effects and is resumed with their results. The last one it may return instead,
when it does not want to know how that went. Drivers (Twisted over TCP, an in-memory pair, a simulator) perform them;
nothing here knows how.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from acquirer.model.evidence import Evidence
from acquirer.model.rows import (
    Card,
    Picture,
    Session,
    TerminalConfig,
    Transaction,
    TransactionKey,
    Upload,
    Uploaded,
)


@dataclass(slots=True)
class Arrival:
    """A frame and the circumstances of its coming."""

    frame: bytes  # without its length prefix
    at_us: int  # wall clock, UTC
    deadline_s: float  # monotonic: past it the terminal has given up and nothing may be booked
    peer: str = ""  # "127.0.0.1:50412"
    connection: int = 0


@dataclass(slots=True)
class Load:
    """Give me this terminal, and the rows that this message is about."""

    tid: str
    key: TransactionKey | None = None
    card: str | None = None  # a card's token; asked for in a second Load once the track is open
    alone: bool = False  # nobody else shall decide on this card until our commit: its row is likely to change
    upload: bool = False  # and the signatures of that transaction


@dataclass(slots=True)
class Loaded:
    """The answer to `Load`. A row that does not exist is None, except `session`: a fresh one for a known terminal."""

    terminal: TerminalConfig | None
    session: Session | None
    transaction: Transaction | None
    card: Card | None
    rrn: str  # a reference number nobody else was given: 12 digits, gaps allowed
    uploaded: Uploaded | None = None
    picture: Picture | None = None  # what `DecodeImage` came to; of an exchange that asked for it


@dataclass(slots=True)
class Changes:
    """All that one decision alters. It becomes durable together or not at all.

    Each row carries the version it was decided on (0: it must not exist yet); the store writes version + 1.
    """

    evidence: Evidence
    session: Session | None = None
    transaction: Transaction | None = None
    card: Card | None = None
    upload: Upload | None = None


@dataclass(slots=True)
class Commit:
    """Make these changes durable; answered with an `CommitOutcome`."""

    changes: Changes
    deadline_s: float


class CommitOutcome(Enum):
    """How a commit ended."""

    DONE = "done"
    CONFLICT = "conflict"  # a row was changed since it was read: load and decide again
    EXPIRED = "expired"  # waited longer than the terminal would: nothing was written
    OVERLOADED = "overloaded"  # the queue is full: nothing was written
    FAILED = "failed"  # unknown outcome: the store stops, so must we


@dataclass(slots=True)
class DecodeImage:
    """Decode this image of a signature before I decide; answered with a `Picture`, or None when too many wait."""

    stream: bytes


@dataclass(slots=True)
class RenderPicture:
    """A signature was stored: have its picture made when there is time."""


@dataclass(slots=True)
class Send:
    """Put this frame on the connection the request came from."""

    frame: bytes  # without its length prefix
    delay_ms: int = 0


@dataclass(slots=True)
class Close:
    """End the connection: politely (FIN, after what was sent) or hard (RST)."""

    reason: str
    how: Literal["fin", "rst"] = "fin"


@dataclass(slots=True)
class Silence:
    """Send nothing, on purpose: a fault, or a message that is never answered."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is wanted; whoever drives several exchanges may let the others come as far as this one."""


PAUSE = Pause()

Effect = Load | Commit | DecodeImage | RenderPicture | Send | Close | Silence | Pause
EffectResult = Loaded | CommitOutcome | Picture | None

__all__ = [
    "PAUSE",
    "Arrival",
    "Changes",
    "Close",
    "Commit",
    "CommitOutcome",
    "DecodeImage",
    "Effect",
    "EffectResult",
    "Load",
    "Loaded",
    "Pause",
    "RenderPicture",
    "Send",
    "Silence",
]
