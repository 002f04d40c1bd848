"""What a dialect's file says, as data: fields, layouts, elements, routes, codes, security.

Nothing here acts; `loader` makes these from TOML, `codec` and `dialect` use them. All of it is immutable and made
once, at start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Sensitivity = Literal["", "pan", "track", "pin", "secret"]
"""How a value is shown: whole, first 6 + last 4, or only its length."""

Encoding = Literal["bcd", "binary", "ascii", "ebcdic"]
"""How a value becomes bytes: two digits a byte, as it is, or one character a byte."""

LayoutKind = Literal["parts", "ber-tlv", "tag2-length1", "text-tag2-length3", "key-package", "text"]
"""How a field is divided: by position; EMV BER-TLV; two-byte tags with a one-byte length; two characters of tag with
three digits of length; the working keys of a sign-on; not at all, but it is text."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the two languages the product speaks."""

    en: str
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One positional part of a field, from `start` to `stop` characters; `stop` None: all the rest."""

    name: Text
    start: int
    stop: int | None
    values: str = ""  # the table of `Dialect.values` that tells what its values mean
    sensitivity: Sensitivity = ""
    fixed: str = ""  # what always stands here
    counts: bool = False  # the number of characters that follow


@dataclass(frozen=True, slots=True)
class Locator:
    """Where an element travels: a DE, or `start:stop` characters of a positional DE."""

    de: int
    start: int = 0
    stop: int | None = None
    as_text: bool = False  # a binary DE that holds text in this element: read and written as str
    after: tuple[Part, ...] = ()  # written whole, and read from behind these parts on where they are what they must be

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.stop is None


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a TLV field: its name, and how its value reads (n: BCD digits, an/ans: text, b: bytes)."""

    name: Text
    format: str = "b"
    sensitivity: Sensitivity = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the inside of a field is divided, in the messages it fits; the first one that fits is used."""

    name: str
    title: Text
    kind: LayoutKind
    parts: tuple[Part, ...] = ()
    tags: Mapping[str, Tag] = field(default_factory=dict)  # by tag: hex of a binary one, characters of a text one
    mti: tuple[str, ...] = ()  # empty: any
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # element → the values it may have


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One data element: its name and everything the codec must know of it."""

    de: int
    name: Text
    format: str  # ISO notation as written: "n..19"
    kind: str  # n z h x+n b, or a text class: a an ans as ns s
    maximum: int  # digits, characters, or bytes of a `b` field; the exact size of a fixed field
    length_bytes: int  # size of the length indicator; 0: fixed
    length_encoding: Encoding
    encoding: Encoding  # bcd; binary for b; ascii and ebcdic for any (b then travels as hexadecimal text)
    charset: str  # the Python codec of its text, or of the sign of a BCD `x+n`
    pad_left: bool  # where the filling nibble of an odd number of BCD digits stands
    pads: str  # the nibbles that may fill; the first is the one we send
    sensitivity: Sensitivity = ""
    values: str = ""
    layouts: tuple[Layout, ...] = ()

    @property
    def nibbles(self) -> bool:
        """Whether its digits travel two to a byte."""
        return self.encoding == "bcd" and self.kind != "x+n"

    @property
    def wire_maximum(self) -> int:
        """`maximum`, in the units its length indicator counts: digits of BCD, else bytes on the wire."""
        if self.kind == "b":
            return self.maximum if self.encoding == "binary" else 2 * self.maximum
        if self.kind == "x+n":
            return 1 + ((self.maximum + 1) // 2 if self.encoding == "bcd" else self.maximum)
        return self.maximum


@dataclass(frozen=True, slots=True)
class Grammar:
    """All the codec needs of a dialect: what stands before the fields, and the fields."""

    envelope_bytes: int  # TPDU and head: carried along, never looked into
    mti_encoding: Encoding
    bitmap_encoding: Encoding
    bitmap_charset: str
    mti_charset: str
    secondary: bool  # may bit 1 announce DE 65–128?
    fields: Mapping[int, FieldSpec]

    @property
    def mti_bytes(self) -> int:
        return 2 if self.mti_encoding == "bcd" else 4

    @property
    def bitmap_bytes(self) -> int:
        """Size of one bitmap; a secondary one is as long again."""
        return 8 if self.bitmap_encoding == "binary" else 16


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands before the ISO 8583 message: what a terminal sends unless told otherwise, and what replies change."""

    tpdu: bytes  # "60", destination, source; a reply swaps the two addresses
    head: bytes
    processing_digit: int  # which digit of the head (from 1) carries the host's processing requirement; 0: none


@dataclass(frozen=True, slots=True)
class Answer:
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
    reply: Answer  # accepted
    refusal: Answer  # refused
    mac_request: bool  # the request must carry a MAC
    mac_reply: Literal["never", "approved"]  # UnionPay terminals check a reply's MAC only when it approves
    served: bool = True  # False: the message is known by name, so that a host can say what it does not do
    codes: Mapping[str, str] = field(default_factory=dict)  # reasons that have another code here than elsewhere
    name: str = ""  # of its table; "": that of its service


@dataclass(frozen=True, slots=True)
class Numbering:
    """What tells the transactions of a terminal apart, as elements: STANs are unique within something.

    A reversal names its sale by `original_stan` and `original_within`; where it repeats the sale's own numbers, those
    are the same elements.
    """

    within: str  # a batch, or the time of the sale; "": STANs never repeat
    original_stan: str
    original_within: str


@dataclass(frozen=True, slots=True)
class Code:
    """One response code: what it means, what a terminal shows, and what its class lets the terminal do."""

    code: str
    kind: str  # A success · B failed, may retry · C failed, no retry · D operator action · E system fault
    meaning: Text
    shown: Text


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One key of a key package."""

    name: Literal["pik", "mak", "tdk"]
    size_bytes: int  # room on the wire, before the KCV


@dataclass(frozen=True, slots=True)
class KeyPackage:
    """The layout of the working keys a sign-on hands out: each key under the TMK, each followed by its KCV."""

    selector: str  # the value of element `function` that asks for it
    cipher: Literal["des", "3des", "sm4", "aes"]  # of the working keys; the TMK cipher is `wrap`
    wrap: Literal["3des", "sm4", "aes", "tr31-b", "tr31-d"]
    parts: tuple[KeyPart, ...]
    kcv_bytes: int
    # A single-length MAK in a double-length room is filled with zeros, or not: a terminal's profile decides.
    mak_form: bool
    form: Literal["binary", "hex"] = "binary"  # of the whole package: its bytes, or their hexadecimal text


@dataclass(frozen=True, slots=True)
class Security:
    """Which algorithms this dialect uses, by the names `acquirer.security` knows them under."""

    mac: str  # e.g. "unionpay-ecb"
    mac_bytes: int  # size of the MAC field on the wire
    coverage: str  # a name of `wire.coverage.COVERAGES`, e.g. "mti-to-mac"
    pin_blocks: Mapping[str, str]  # first digit of element `security_control` → PIN block format; "": without one
    track: str  # e.g. "tdb-before-last-byte"; "": tracks are never encrypted
    packages: Mapping[str, KeyPackage]  # by selector
    # Where working keys come from: "tmk", a sign-on brings them; or derived for each message, whose element `ksn`
    # tells how ("dukpt-3des").
    keys: str = "tmk"


@dataclass(frozen=True, slots=True)
class Sample:
    """A message that is documentation, test and fuzz seed at once."""

    title: str
    hex: str  # with length prefix
    expect: Mapping[str, str]  # element (or "mti") → value
