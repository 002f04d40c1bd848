"""What an exchange asks its driver to do, and the results it is resumed with.

An exchange is a generator: it yields effects and is resumed with their results. The last one it may return instead,
when it does not want to know how that went. Drivers (over TCP, in memory, a simulator) perform them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import Final, Literal

from acquirer.model.batches import BatchBooks, Settlement, UploadedDetail
from acquirer.model.evidence import Evidence
from acquirer.model.peer_certificate import PeerCertificate
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, Picture, Session, TerminalConfig, Transaction, TransactionKey, Upload, Uploaded

NO_DEADLINE: Final = float("inf")
"""The deadline of what may be written, or looked for, however late."""


@dataclass(slots=True)
class Arrival:
    """A frame and the circumstances of its coming."""

    frame: bytes  # without its length prefix
    at_us: int  # wall clock, UTC
    deadline_s: float  # monotonic: past it the terminal has given up and nothing may be booked
    peer: str = ""  # "127.0.0.1:50412"
    connection: int = 0
    before: bytes = b""  # of a refused stream: what came just before; of a frame: an empty one that came before it
    listener: str = ""  # the address that the host was reached at: "127.0.0.1:8583"
    certificate: PeerCertificate | None = None  # that the peer showed over TLS


@dataclass(slots=True)
class Load:
    """Load this terminal, its session and the transaction of this key; answered with `Loaded`.

    From here until the commit is answered, no other exchange of this terminal is decided.
    """

    tid: str
    key: TransactionKey | None = None


@dataclass(slots=True)
class Loaded:
    """The answer to `Load`. A row that does not exist is None, except `session`: a fresh one for a known terminal."""

    terminal: TerminalConfig | None
    session: Session | None
    transaction: Transaction | None
    rrn: str  # a reference number that is handed out once: 12 digits, gaps allowed


@dataclass(slots=True)
class LoadCard:
    """Load the row of a card; answered with a `Card`, or None when nothing is kept about it yet."""

    token: str
    exclusive: bool = False  # its row is likely to change: no other exchange decides on it until our commit


@dataclass(slots=True)
class LoadOriginal:
    """Load the transaction that a void, a refund or a completion names; answered with a `Transaction` or None.

    It is named by its key; else by reference number and date; else it is a pre-authorisation (`authorised_minor`),
    named by its card, by authorisation code and date where they are given. Of several that fit, the latest; without an
    authorisation code the latest that stands. No other exchange that loads it so decides on it until our commit.
    """

    mid: str
    key: TransactionKey | None = None
    rrn: str = ""
    auth_id: str = ""
    card: str = ""  # token
    date: str = ""  # MMDD of the business date; "": any


@dataclass(slots=True)
class LoadSignatures:
    """Load what is known of the signatures of one sale; answered with `Uploaded`."""

    key: TransactionKey
    open_batch: str = ""  # of the terminal: without such a sale, the same STAN is looked for there and before


@dataclass(slots=True)
class LoadBatch:
    """Load what is known of one batch of the terminal that was loaded; answered with `BatchBooks`."""

    mid: str
    tid: str
    batch: str
    stans: tuple[str, ...] | None = None  # of the transactions and details that are wanted; None: all


@dataclass(slots=True)
class Changes:
    """All that one decision alters. It becomes durable together or not at all.

    Each row carries the version it was decided on (0: it must not exist yet); the store writes version + 1.
    """

    evidence: Evidence
    session: Session | None = None
    transaction: Transaction | None = None
    original: Transaction | None = None  # the transaction that this one is tied to
    card: Card | None = None
    upload: Upload | None = None
    settlement: Settlement | None = None
    details: tuple[UploadedDetail, ...] = ()  # of an upload: one that is there is written over
    authorisation: Transaction | None = None  # the pre-authorisation beneath the original, where a completion is voided

    @property
    def only_refused(self) -> bool:
        """Whether nothing changes, and there is only the evidence of a request that is refused."""
        refused = self.evidence.reason != Reason.APPROVED
        return refused and not any(getattr(self, name) for name in _ROWS_OF_CHANGES)


_ROWS_OF_CHANGES: Final = tuple(one.name for one in fields(Changes) if one.name != "evidence")


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
    SHED = "shed"  # only evidence of a refusal, of which too many came: answer it, nothing was written
    LOCKED = "locked"  # another program holds the database: nothing was written
    FAILED = "failed"  # unknown outcome: the store stops, so must we


@dataclass(slots=True)
class DecodeImage:
    """Decode this image of a signature; answered with a `Picture`, or None when too many wait."""

    stream: bytes


@dataclass(slots=True)
class RenderPicture:
    """Render the pictures of stored signatures when there is time."""


@dataclass(slots=True)
class Send:
    """Put this frame on the connection the request came from."""

    frame: bytes  # without its length prefix
    delay_ms: int = 0


@dataclass(slots=True)
class SendBytes:
    """Put these bytes on the connection as they are, without framing: a fault's work."""

    data: bytes
    delay_ms: int = 0


@dataclass(slots=True)
class SendWithNext:
    """Put these bytes on the connection together with the next ones that are sent there, in front of or behind them.

    When no others come within `wait_ms`, they are sent alone.
    """

    data: bytes  # with what frames them
    place: Literal["before", "after"]
    wait_ms: int


@dataclass(slots=True)
class SendElsewhere:
    """Put these bytes on another connection than the request came from: the youngest of the same listener."""

    data: bytes  # with what frames them


@dataclass(slots=True)
class Restart:
    """Reset all connections, refuse new ones for a time, and forget replies that are held back and terminals' keys."""

    reason: str
    down_ms: int
    forget: bool  # who has signed on


@dataclass(slots=True)
class Close:
    """End the connection: politely (FIN, after what was sent) or hard (RST)."""

    reason: str
    how: Literal["fin", "rst"] = "fin"


@dataclass(slots=True)
class Silence:
    """Send nothing, on purpose: a fault, or a message that is never answered."""

    reason: str


@dataclass(slots=True)
class Hold:
    """Wait, on purpose: for a time, or until a person resumes the exchange. Its terminal waits, others do not.

    Lanes of originals and cards are left: rows that change meanwhile make the commit a conflict.
    """

    rule: str
    tid: str
    service: str
    stan: str
    hold_ms: int = 0  # 0: until it is resumed


@dataclass(frozen=True, slots=True)
class Pause:
    """Ask for nothing: a driver of several exchanges may take the others as far as this one."""

    long: bool = False
    """Whether what follows takes milliseconds: of such exchanges one goes on at a time, and others between them.

    Answered with True where too many wait for that already: then it is to be left out.
    """

    begun: bool = False
    """Whether it is the next slice of what takes long: it goes on before those that wait to begin, never left out."""


PAUSE: Final = Pause()
LONG_PAUSE: Final = Pause(long=True)
SLICE_PAUSE: Final = Pause(long=True, begun=True)

Effect = (
    Load
    | LoadCard
    | LoadOriginal
    | LoadSignatures
    | LoadBatch
    | DecodeImage
    | Commit
    | RenderPicture
    | Send
    | SendBytes
    | SendWithNext
    | SendElsewhere
    | Restart
    | Close
    | Silence
    | Hold
    | Pause
)
EffectResult = Loaded | Card | Transaction | Uploaded | BatchBooks | Picture | CommitOutcome | bool | None

__all__ = [
    "LONG_PAUSE",
    "NO_DEADLINE",
    "PAUSE",
    "SLICE_PAUSE",
    "Arrival",
    "Changes",
    "Close",
    "Commit",
    "CommitOutcome",
    "DecodeImage",
    "Effect",
    "EffectResult",
    "Hold",
    "Load",
    "LoadBatch",
    "LoadCard",
    "LoadOriginal",
    "LoadSignatures",
    "Loaded",
    "Pause",
    "RenderPicture",
    "Restart",
    "Send",
    "SendBytes",
    "SendElsewhere",
    "SendWithNext",
    "Silence",
]
