"""What a dialect says beyond its field table, as data: routes, replies, codes, numbering, security, samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from acquirer.security.key_package import KeyPackage
from acquirer.wire.grammar import Text


class Envelope(NamedTuple):
    """What stands before the ISO 8583 message: what a terminal sends by default, and what replies change."""

    tpdu: bytes  # "60", destination, source; a reply swaps the two addresses
    head: bytes
    processing_digit: int  # which digit of the head (from 1) carries the host's processing requirement; 0: none


class ReplySpec(NamedTuple):
    """What a reply carries: DEs echoed from the request if it had them, elements the host makes."""

    echo: tuple[int, ...]
    make: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Which service answers a message, and with what: chosen by MTI and by the values of elements."""

    service: str  # what is asked for; several messages may ask for the same
    title: Text
    mti: str  # without repeat digit: 0401 is routed as 0400
    when: Mapping[str, tuple[str, ...]]  # element → the values it may have
    mandatory: tuple[str, ...]  # elements without which the message is a format error; "pan or track2": one of them
    reply: ReplySpec  # accepted
    refusal: ReplySpec  # refused
    mac_request: bool  # the request must carry a MAC
    mac_reply: Literal["never", "approved"]  # a terminal demands a MAC of approvals only
    served: bool = True  # False: the message is known by name, so that a host can say what it does not do
    codes: Mapping[str, str] = field(default_factory=dict)  # reasons that have another code here than elsewhere
    name: str = ""  # of its table; "": that of its service
    supplied_by_others: tuple[str, ...] = ()  # mandatory elements that other terminals supply, and ours does not
    optional: bool = False  # a dialect that cannot have it has it not
    mac_accepted: bool = False  # with `mac_request` False: a MAC that comes is checked, and the reply then has one
    also: tuple[str, ...] = ()  # elements that our terminal sends too, and no host insists on

    @property
    def path(self) -> tuple[str, str]:
        """Where its table stands in the file."""
        return "routes" if self.served or self.name else "unserved", self.name or self.service


class Numbering(NamedTuple):
    """What tells the transactions of a terminal apart, as elements: STANs are unique within something.

    A reversal names its sale by `original_stan` and `original_within`; where it repeats the sale's own numbers, those
    are the same elements.
    """

    within: str  # a batch, or the time of the sale; "": STANs never repeat
    original_stan: str
    original_within: str


ACCEPTED: Final = "A"
"""The class of codes that mean success (Q/CUP 009, response codes): only these replies have a MAC."""


class ResponseCode(NamedTuple):
    """One response code: what it means, what a terminal shows, and what its class lets the terminal do."""

    code: str
    kind: str  # A success · B failed, may retry · C failed, no retry · D operator action · E system fault
    meaning: Text
    shown: Text


@dataclass(frozen=True, slots=True)
class Security:
    """Which algorithms this dialect uses, by the names `acquirer.security` knows them under."""

    mac: str  # e.g. "unionpay-ecb"
    mac_bytes: int  # size of the MAC field on the wire
    coverage: str  # a name of `wire.coverage.COVERAGES`, e.g. "mti-to-mac"
    pin_blocks: Mapping[str, str]  # first digit of element `security_control` → PIN block format; "": without one
    track: str  # e.g. "tdb-before-last-byte"; "": tracks are never encrypted
    packages: Mapping[str, KeyPackage]  # by selector
    # Where working keys come from: "tmk", a sign-on brings them; or derived for each message, as its element `ksn` says
    # ("dukpt-3des").
    keys: str = "tmk"


class Sample(NamedTuple):
    """A message that is documentation, test and fuzz seed at once."""

    title: str
    hex: str  # with length prefix
    expect: Mapping[str, str]  # element (or "mti") → value


class InheritedSamples(NamedTuple):
    """The samples of the dialect that another one extends, as this one writes them."""

    samples: tuple[Sample, ...]
    left_out: tuple[str, ...]  # a sentence for each that this dialect has no message for


NOTHING_INHERITED: Final = InheritedSamples((), ())
