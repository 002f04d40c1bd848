"""The field table of a dialect, as data: everything a codec needs to know.

Nothing here acts; `dialect.loading` makes these from TOML. All of it is immutable and made once, at start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from acquirer.wire.charsets import ASCII_CODE_PAGE, EBCDIC_CODE_PAGE

Sensitivity = Literal["", "pan", "track", "pin", "secret"]
"""How a value is shown: whole, first 6 + last 4, or only its length."""

Encoding = Literal["bcd", "binary", "ascii", "ebcdic"]
"""How a value becomes bytes: two digits a byte, as it is, or one character a byte."""

AMOUNT_DIGITS: Final = 12
"""Of an amount, and of a date with its time."""

CHARSETS = {"ascii": ASCII_CODE_PAGE, "ebcdic": EBCDIC_CODE_PAGE}
"""Python codecs of text on the wire, unless a dialect has another code page; each maps all 256 bytes one to one."""

LayoutKind = Literal[
    "parts",
    "ber-tlv",
    "tag2-length1",
    "text-tag2-length3",
    "text-tag6-length3",
    "length2-bin",
    "length2-digits",
    "coded-values",
    "key-package",
    "text",
]
"""How a field is divided: by position; EMV BER-TLV; two-byte tags with a one-byte length; two or six characters of tag
with three digits of length; card numbers behind their length, or their first six digits; two-digit codes with values
whose size the table of tags says; the working keys of a sign-on; not at all, but it is text. What has tags may have
parts before them."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in English and Chinese."""

    en: str
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One positional part of a field, from `start` to `stop` characters; `stop` None: all the rest."""

    name: Text
    start: int
    stop: int | None
    values: str = ""  # the table of `Dialect.values` with the meanings of its values
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

    @property
    def tags_start(self) -> int:
        """Where its tags begin: behind its parts."""
        return self.parts[-1].stop or 0 if self.parts else 0


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
    shown_as: str = "latin-1"  # the character set in which its text reads

    @property
    def displayed_in(self) -> str:
        """The character set for `display`: that in which its text reads, or the code page of EBCDIC."""
        return self.charset if self.encoding == "ebcdic" else self.shown_as

    @property
    def nibbles(self) -> bool:
        """Whether its digits travel two to a byte."""
        return self.encoding == "bcd" and self.kind != "x+n"

    @property
    def holds_long_digits(self) -> bool:
        """Whether it is digits, of which more may stand there than an amount or a date with its time has."""
        return self.kind == "n" and self.maximum > AMOUNT_DIGITS

    @property
    def padding_key(self) -> str:
        """The key of ``[padding]`` that says how it is filled up."""
        return "z" if self.kind == "z" else "n_variable" if self.length_bytes else "n_fixed"

    @property
    def padding_of_other_side(self) -> str:
        """What ``[padding]`` would say if it was filled on the other side."""
        return f"{'right' if self.pad_left else 'left'} {self.pads}"

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
    shown_as: str = "latin-1"  # the character set in which text reads, where a field does not say

    @property
    def mti_bytes(self) -> int:
        return 2 if self.mti_encoding == "bcd" else 4

    def mti_on_wire(self, mti: str) -> bytes:
        """Return an MTI as it travels."""
        return bytes.fromhex(mti) if self.mti_encoding == "bcd" else mti.encode(self.mti_charset)

    @property
    def bitmap_bytes(self) -> int:
        """Size of one bitmap; a secondary one is as long again."""
        return 8 if self.bitmap_encoding == "binary" else 16
