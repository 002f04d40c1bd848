"""A dialect: how one acquirer speaks ISO 8583, compiled from a TOML file and ready to use.

Everything above this floor speaks of *elements* by name (``stan``, ``batch``, ``rrn``); only the dialect knows in
which DE, or which part of a DE, an element travels. The data comes from `loader`, the codec from `codec`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from acquirer.wire.message import Message, Value

Sensitivity = Literal["", "pan", "track", "pin", "secret"]
"""How a value is shown: whole, first 6 + last 4, or only its length."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the two languages the product speaks."""

    en: str
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Locator:
    """Where an element travels: a DE, or `start:stop` characters of a positional DE."""

    de: int
    start: int = 0
    stop: int | None = None

    @property
    def whole(self) -> bool:
        return self.start == 0 and self.stop is None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reply carries: DEs echoed from the request if it had them, elements the host makes."""

    echo: tuple[int, ...]
    make: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Which service answers a message, and with what: chosen by MTI and by the values of elements."""

    service: str
    title: Text
    mti: str  # without repeat digit: 0401 is routed as 0400
    when: Mapping[str, tuple[str, ...]]  # element → the values it may have
    mandatory: tuple[str, ...]  # elements without which the message is a format error
    reply: Answer  # accepted
    refusal: Answer  # refused
    mac_request: bool  # the request must carry a MAC
    mac_reply: Literal["never", "approved"]  # UnionPay terminals check a reply's MAC only when it approves


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
    wrap: Literal["3des", "sm4", "aes"]
    parts: tuple[KeyPart, ...]
    kcv_bytes: int
    # A single-length MAK in a double-length room is filled with zeros, or not: a terminal's profile decides.
    mak_form: bool


@dataclass(frozen=True, slots=True)
class Security:
    """Which algorithms this dialect uses, by the names `acquirer.security` knows them under."""

    mac: str  # e.g. "unionpay-ecb"
    mac_bytes: int  # size of the MAC field on the wire
    coverage: str  # e.g. "mti-to-mac"
    pin_blocks: Mapping[str, str]  # first digit of element `security_control` → PIN block format
    track: str  # e.g. "tdb-before-last-byte"
    packages: Mapping[str, KeyPackage]  # by selector


@dataclass(frozen=True, slots=True)
class Sample:
    """A message that is documentation, test and fuzz seed at once."""

    title: str
    hex: str  # with length prefix
    expect: Mapping[str, str]  # element → value


@dataclass(frozen=True, slots=True)
class Dialect:
    """One acquirer's way of speaking. Made by `loader.load`; immutable; safe to share between threads."""

    name: str
    title: Text
    security: Security
    elements: Mapping[str, Locator]
    routes: tuple[Route, ...]
    reasons: Mapping[str, str]  # symbolic reason → response code
    codes: Mapping[str, Code]
    constants: Mapping[str, str]  # elements with a fixed value: acquirer, organisation, currency …
    samples: tuple[Sample, ...] = field(default=(), repr=False)
    origin: Callable[[str], str] = field(default=lambda _path: "", repr=False, compare=False)  # key → file:line

    def get(self, message: Message, element: str) -> Value | None:
        """The value of `element` in `message`; None when its DE is absent or too short to hold it."""
        raise NotImplementedError
