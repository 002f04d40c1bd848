"""How a terminal of a dialect behaves: the ``[terminal]`` section of its TOML file, as data.

What entry modes are called, what stands in the IC data, which codes make a terminal sign on again, what goes into a
reversal: all of it differs between acquirers, and none of it belongs into code. `dialect.terminal_section` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Carried = Literal["pan", "expiry", "card_sequence", "track2", "icc"]
Requirement = Literal["sign_on", "parameters", "status", "capk", "aid", "contactless", "blacklist", "rates", "software"]
"""What a host asks of a terminal in the head of a reply: a sign-on, or a download (`downloads.kinds`)."""
SlipRole = Literal[
    "merchant",
    "kind",
    "operator",
    "acquirer",
    "issuer",
    "expiry",
    "time",
    "auth_id",
    "currency",
    "aid",
    "cryptogram",
    "application_label",
    "application_name",
    "original_stan",
    "original_rrn",
    "original_date",
    "slips",
    "capture",
]
"""What an upload of a signature may say of its slip; `signature.slip_elements.ROLES` knows the tags."""


@dataclass(frozen=True, slots=True)
class EntryMode:
    """One way a card's data comes in."""

    mode: str  # element `entry_mode`; {pin} stands for the digit that tells whether a PIN is sent
    letter: str  # on the receipt: S swiped, I inserted, C contactless, M keyed in, F fallback, N no card
    carries: tuple[Carried, ...]  # elements a request then has, if the card has them
    icc_condition: str = "0"


@dataclass(frozen=True, slots=True)
class SecurityControl:
    """Element `security_control`, digit by digit; the rest are zeros."""

    pin_block: str  # which of the dialect's PIN block formats it makes
    no_pin: str
    ciphers: Mapping[str, str]  # of the PIN key → digit
    track_encrypted: str
    track_clear: str


@dataclass(frozen=True, slots=True)
class ReversalProfile:
    """The automatic reversal: the reasons it gives, what it repeats of its sale, which answers end it."""

    done: frozenset[str]  # response codes that end it
    tries: int
    no_answer: str = ""  # reasons, where the dialect has an element for them
    mac_differs: str = ""
    malformed: str = ""
    refused: str = ""  # after an answer that did not end it
    leaves_out: frozenset[int] = frozenset()  # DEs of the sale that it does not repeat
    icc: tuple[str, ...] = ()  # tags of the sale's IC data that it repeats
    never: frozenset[str] = frozenset()  # services whose requests are not reversed without an answer


@dataclass(frozen=True, slots=True)
class SlipProfile:
    """What a receipt takes from the dialect."""

    currency: str = ""  # as printed
    icc: Mapping[str, str] = field(default_factory=dict)  # label → tag of the request's IC data
    names: Mapping[str, tuple[str, int, int]] = field(default_factory=dict)  # issuer, acquirer → element of the reply
    copies: int = 1  # printed of one sale
    testing_digit: int = 0  # of the head, from 1: another digit than 0 is a terminal in its test state; 0: none says it
    free: Mapping[str, int] = field(default_factory=dict)  # entry → amount in minor units up to which nothing is signed


@dataclass(frozen=True, slots=True)
class SignatureParts:
    """How a signature is cut up that is not to travel in one message."""

    types: tuple[str, str]  # element `transaction_type` of the first part, of those that follow
    more: str  # element `part_more` of a part that follows
    last: str  # of the last one


@dataclass(frozen=True, slots=True)
class SignatureProfile:
    """Electronic signatures: what an upload carries, which one is drawn again, how long an upload is tried."""

    carries: tuple[str, ...]  # elements an upload repeats of its sale
    slip: tuple[SlipRole, ...]  # in this order; none: uploads have no element `slip`
    done: frozenset[str]  # response codes after which the host has it
    repeats: tuple[str, ...]  # elements that a reply must repeat as they were asked
    min_bytes: int  # of the compressed picture
    max_bytes: int
    pad: tuple[int, int]  # width and height in pixels
    keeps: int  # how many may wait for their upload
    rounds: int  # of uploads before settlement
    parts: SignatureParts | None = None  # None: this dialect does not cut signatures


@dataclass(frozen=True, slots=True)
class TerminalProfile:
    """A terminal's side of a dialect, beyond what routes and constants say.

    Most of it has a default: what a dialect has no element for, it need not speak of.
    """

    reply_timeout_s: int
    entries: Mapping[str, EntryMode]  # by the name people type
    reversal: ReversalProfile
    package: str = ""  # the key package it asks for by default
    without_stan: frozenset[str] = frozenset()  # services whose request carries no STAN
    sign_on_again: frozenset[str] = frozenset()  # response codes after which it signs on by itself
    keep_batch: frozenset[str] = frozenset()  # batch numbers in a sign-on's reply that mean "keep yours"
    partial: frozenset[str] = frozenset()  # codes that approve less than was asked for
    head: Mapping[str, Requirement] = field(default_factory=dict)  # requirement in a reply's head → what it then does
    operator: str = ""  # format of element `operator`, from {operator}
    serial: str = ""  # format of element `serial`, from {serial} and its {length}
    serial_default: str = ""  # {serial} of a terminal that was given none, from {tid}
    pin_capture: str = ""
    pin_digits: tuple[str, str] = ("", "")  # {pin} in an entry's mode: with a PIN, without
    read_capability: str = ""
    # tag → recipe of `terminal.chip`; two: with a PIN, without
    icc: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    # the same of a chip that approved without the host, where it differs
    offline_icc: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    security_control: SecurityControl | None = None
    slip: SlipProfile = SlipProfile()
    signature: SignatureProfile | None = None  # None: this dialect knows none

    def entry_mode(self, entry: EntryMode, pin: bool) -> str:
        """Return element `entry_mode` of a sale by this entry, with a PIN or without."""
        return entry.mode.format(pin=self.pin_digits[not pin])

    def entry_of(self, entry_mode: str) -> str:
        """Return the name of the first entry that this element fits, with a PIN or without; "" for none."""
        for name, entry in self.entries.items():
            before, _, after = entry.mode.partition("{pin}")
            if entry_mode.startswith(before) and entry_mode.endswith(after):
                return name
        return ""
