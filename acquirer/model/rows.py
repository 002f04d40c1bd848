"""Rows of state: what a store keeps, a decision reads, and a commit changes.

One terminal row is the consistency boundary: it carries a `version`, a decision is made on one version, and a commit
says which. Rows are plain slots, never frozen: a handful is made per exchange, and freezing costs more than deciding.
A row is never changed in place; `dataclasses.replace` makes the next one.

A field added here is a column of its table: `model.columns` says how, and a migration adds it to older databases. Text
is masked when it is written, unless its type says what it is: `model.text`.

Units: `_us` is UTC microseconds since the epoch, `_minor` is minor units of the currency (分, cents).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

from acquirer.data.types import MakForm
from acquirer.model.text import Hexadecimal, Identifier, MaskedNumber, Particulars, Sentence

Required = Literal["never", "daily", "per-batch", "per-transaction"]
TransactionState = Literal[
    "approved", "declined", "reversed", "voided", "refunded", "completed", "adjusted", "tombstone"
]
"""``refunded``: partly or whole, see `Transaction.refunded_minor`; ``completed``: a pre-authorisation whose amount was
taken; ``adjusted``: another transaction stands in its place; ``tombstone``: known only from its reversal."""


class TransactionKey(NamedTuple):
    """What identifies a transaction: a terminal numbers its transactions within a batch."""

    mid: str
    tid: str
    batch: str
    stan: str


@dataclass(frozen=True, slots=True)
class Policy:
    """How the host treats one terminal; every default is what a real host would do."""

    required: Required = "daily"  # how often a sign-on is due; "never" means once ever
    grace_s: int = 60  # how long the previous keys still verify what was in flight
    repeat: Literal["replay", "decline"] = "replay"  # the same request again: its stored reply, or 94
    batch_check: bool = True  # refuse a sale whose batch is not the host's
    bad_macs_allowed: int = 3  # wrong MACs in a row before a new sign-on is demanded
    unlisted_operators: bool = False  # one who is not among those that the terminal lists may sign on, with a note


MANAGERS: Final = ("00", "99")
"""The supervisor and the administrator, whom every terminal has. Source: manuals of the field's terminals."""


@dataclass(frozen=True, slots=True)
class TerminalConfig:
    """A registered terminal: who it is and its keys. Changes only by registration."""

    tid: Identifier  # 8 characters
    mid: Identifier  # 15 characters
    name: str
    tmk: bytes = field(repr=False)  # sealed by the vault under context "tmk:<tid>"; b"": it has none
    tmk_kcv: Identifier  # 8 hex digits, by the TMK's own cipher
    mak: MakForm = "single"
    policy: Policy = Policy()
    test: bool = False  # may be given fixed keys
    fixed_keys: bytes | None = field(default=None, repr=False)  # sealed "fixed:<tid>": working keys pinned for tests
    bdk: bytes | None = field(default=None, repr=False)  # sealed "bdk:<tid>": its keys are derived for each message
    bdk_kcv: Identifier = ""
    operators: tuple[Identifier, ...] = ()  # who may sign on, beside `MANAGERS`; none: anyone
    downloads: tuple[Identifier, ...] = ()  # what it is asked to download from its registration on
    certificate: Identifier = ""  # that it must show over TLS: see `model.peer_certificate`; "": any, or none


@dataclass(slots=True)
class Generation:
    """One set of working keys handed out by one sign-on."""

    number: int  # counts sign-ons of this terminal, from 1
    package: Identifier  # selector of the dialect's key package, e.g. "003"
    sealed: bytes = field(repr=False)  # sealed by the vault under context "keys:<tid>:<number>"
    kcvs: Identifier  # "PIK 900ECCE3, MAK CFF1592A": for eyes
    since_us: int  # committed at


@dataclass(slots=True)
class Session:
    """What changes about a terminal from exchange to exchange; `version` guards it."""

    tid: Identifier
    version: int = 0  # 0: no row yet
    batch: Identifier = "000001"
    signed_on_us: int = 0  # 0: never
    signed_on_day: Identifier = ""  # YYYYMMDD in the host's time zone
    signed_on_count: int = 0  # which sign-on of that day it is
    signed_off: bool = False
    sign_on_spent: bool = False  # per-transaction: a sale has used the sign-on up
    operator: str = ""
    serial: str = ""
    current: Generation | None = None
    previous: Generation | None = None
    previous_until_us: int = 0  # grace; 0 once the current keys have proved themselves
    bad_macs: int = 0  # in a row
    last_stan: Identifier = ""
    settled: Identifier = ""  # the batch before: its settlement closed it; "": none was settled yet
    settling: bool = False  # the open batch was settled and its upload has not ended: it takes no new transactions
    unused: bool = False  # nothing was booked in the open batch since the settlement of the one before
    downloads: tuple[Identifier, ...] = ()  # what it is asked to download, until their ends have come
    device_status: Particulars = ""  # as it was uploaded last
    tmk: bytes | None = field(
        default=None, repr=False
    )  # downloaded and in use, sealed "tmk:<tid>"; None: as registered
    tmk_kcv: Identifier = ""
    next_tmk: bytes | None = field(default=None, repr=False)  # downloaded and not activated, sealed the same
    next_tmk_kcv: Identifier = ""

    def copy(self) -> Session:
        """Return the same row once more, to become the next one: `replace` costs three times as much."""
        return _copied(self)


def _copier() -> Callable[[Session], Session]:
    """Return a function that copies a session: compiled, because each sign-on makes a copy."""
    lines = [f"    other.{name} = session.{name}\n" for name in Session.__slots__]
    names: dict[str, Any] = {"new": object.__new__, "Session": Session}
    source = f"def copied(session):\n    other = new(Session)\n{''.join(lines)}    return other\n"
    exec(compile(source, "<copy of a session>", "exec"), names)  # noqa: S102  made of our own names
    copied: Callable[[Session], Session] = names["copied"]
    return copied


_copied: Final = _copier()


def under_own_key(terminal: TerminalConfig, session: Session) -> TerminalConfig:
    """Return a terminal with the master key that it has: the one that it downloaded, else the registered one."""
    return terminal if session.tmk is None else replace(terminal, tmk=session.tmk, tmk_kcv=session.tmk_kcv)


@dataclass(slots=True)
class Transaction:
    """A transaction as the host booked it, refused it, or knows it only from its reversal (tombstone)."""

    key: TransactionKey
    version: int = 0  # 0: not stored yet
    kind: Identifier = "sale"
    state: TransactionState = "approved"
    processing_code: Identifier = ""
    transaction_type: Identifier = ""  # DE60.1 where a dialect has it
    amount_minor: int = 0
    currency: Identifier = ""
    pan_masked: MaskedNumber = ""  # first 6 + last 4
    card: Identifier = ""  # keyed hash of the PAN: the card row's name
    entry_mode: str = ""
    operator: str = ""
    reason: Identifier = ""  # a Reason
    code: Identifier = ""
    rrn: Identifier = ""
    auth_id: Identifier = ""
    reply_elements: dict[str, Identifier] = field(default_factory=dict)  # of the reply: those that the host made itself
    generation: int = 0  # whose keys verified the request
    at_us: int = 0
    business_date: Identifier = ""  # YYYYMMDD, fixed at arrival
    reversed_us: int = 0
    reversal_reason: str = ""  # what the terminal gave: 98, A0, 06 …
    reversal_elements: dict[str, Identifier] = field(default_factory=dict)  # of the reply to its reversal
    mti: Identifier = ""  # of the request, without its repeat digit; "": booked by version 0.1
    original: TransactionKey | None = None  # the transaction that a void or a refund is tied to
    original_rrn: Identifier = ""  # the reference number by which the request names it
    refunded_minor: int = 0  # of a sale: what refunds have given back
    authorised_minor: int = 0  # of an approved pre-authorisation: what is held on the card, top-ups included
    used_us: int = 0  # last referred to: by its request, a reversal, a void, a refund, a signature


@dataclass(slots=True)
class Card:
    """The mutable side of a test card: what sales took and reversals gave back."""

    token: Identifier
    version: int = 0
    pan_masked: MaskedNumber = ""
    spent_minor: int = 0  # of the balance, since the card was first seen
    day: Identifier = ""  # YYYYMMDD that day_* speak of
    day_spent_minor: int = 0
    day_count: int = 0
    pin_tries: int = 0  # wrong PINs in a row


@dataclass(frozen=True, slots=True)
class SlipElement:
    """One element of the slip that came with a signature, as it may be kept: card numbers masked, secrets gone."""

    tag: Identifier
    hex: Hexadecimal  # its bytes; "" where they may not be kept
    text: Particulars  # how it reads


@dataclass(frozen=True, slots=True)
class Flag:
    """Something odd about a signature, by a short name, and the sentence that says what was seen."""

    name: str
    why: Sentence


PictureState = Literal["waiting", "made", "none"]
"""Of a signature's PNG: to be made yet; made; there is none, because the image cannot be decoded."""


@dataclass(slots=True)
class Signature:
    """An electronic signature as it was uploaded. Of those of one sale the one with the highest number counts."""

    key: TransactionKey  # of the sale
    number: int  # from 1
    digest: Identifier  # SHA-256 of the image as it came, hex: where its bytes are kept
    stream_bytes: int
    parts: int = 1  # messages that brought it
    at_us: int = 0
    dialect: str = ""
    amount_minor: int | None = None  # as uploaded; None: the upload did not say
    pan_masked: MaskedNumber = ""
    rrn: Identifier = ""
    settlement_date: str = ""  # MMDD
    feature_code: str = ""  # computed again, from settlement date and RRN of the upload
    captured: str = ""  # touch, pen, fingerprint, paper, none; "": the terminal does not tell
    slip: tuple[SlipElement, ...] = ()
    flags: tuple[Flag, ...] = ()
    picture: PictureState = "waiting"
    width: int = 0  # pixels; 0 until decoded
    height: int = 0
    png: Identifier = ""  # SHA-256 of the PNG, hex: where it is kept

    @property
    def tied_to(self) -> str:
        """Return the STAN of its sale."""
        return self.key.stan


@dataclass(slots=True)
class SignaturePart:
    """A piece of a signature that waits for the others."""

    key: TransactionKey
    part: int  # from 1
    last: bool
    stream: bytes = field(repr=False)
    at_us: int = 0
    slip: tuple[SlipElement, ...] = ()


@dataclass(slots=True)
class Uploaded:
    """What is known of the signatures of one sale, for a decision about one more."""

    signatures: tuple[Signature, ...] = ()  # in the order of their numbers
    parts: tuple[SignaturePart, ...] = ()
    elsewhere: Transaction | None = None  # without such a sale: the latest one with this STAN in another batch


@dataclass(slots=True)
class Upload:
    """What an upload changes: a new signature, or a part that waits."""

    key: TransactionKey
    signature: Signature | None = None
    stream: bytes = field(default=b"", repr=False)  # the signature's image
    part: SignaturePart | None = None
    forget: tuple[int, ...] = ()  # parts that waited and are done with


@dataclass(frozen=True, slots=True)
class Picture:
    """What decoding a signature's image came to."""

    width: int = 0
    height: int = 0
    png: bytes = field(default=b"", repr=False)  # nothing: it could not be decoded
    flags: tuple[Flag, ...] = ()
    inexact_end: bool = False  # it ends otherwise than an encoder of these lines must end it, bit for bit
