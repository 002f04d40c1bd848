"""A dialect: how one acquirer speaks ISO 8583, compiled from a TOML file and ready to use.

Everything above this floor speaks of *elements* by name (``stan``, ``batch``, ``rrn``); only the dialect knows in
which DE, or which part of a DE, an element travels. The data comes from `loading`, the codec from `wire.codec`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acquirer.data.text import plural
from acquirer.data.toml import DataError, Document, KeyPath, did_you_mean
from acquirer.dialect.definitions import (
    NOTHING_INHERITED,
    Envelope,
    InheritedSamples,
    Numbering,
    ReplySpec,
    ResponseCode,
    Route,
    Sample,
    Security,
)
from acquirer.dialect.private_forms import DownloadForms, PrivateForms
from acquirer.dialect.router import Router, without_repeat
from acquirer.security.key_package import KeyPackage, KeyPart
from acquirer.wire.codec import Codec
from acquirer.wire.coverage import COVERAGES
from acquirer.wire.elements import matches, read_element, write_element
from acquirer.wire.framing import Framing
from acquirer.wire.grammar import FieldSpec, Grammar, Layout, Locator, Part, Sensitivity, Tag, Text
from acquirer.wire.message import EncodeError, Message, Span, Value

if TYPE_CHECKING:
    from acquirer.dialect.terminal_profile import TerminalProfile

__all__ = [
    "Dialect",
    "Envelope",
    "FieldSpec",
    "KeyPackage",
    "KeyPart",
    "Layout",
    "Locator",
    "Numbering",
    "Part",
    "ReplySpec",
    "ResponseCode",
    "Route",
    "Sample",
    "Security",
    "Sensitivity",
    "Tag",
    "Text",
]

REPLY_TIMEOUT_S = 60
"""How long terminals wait when a dialect does not say: UnionPay's usual setting, and most others'."""


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One acquirer's way of speaking. Returned by `loading.load`; immutable; safe to share between threads."""

    name: str
    title: Text
    framing: Framing
    envelope: Envelope
    grammar: Grammar = field(repr=False)
    security: Security = field(repr=False)
    elements: Mapping[str, Locator] = field(repr=False)
    numbering: Numbering = field(repr=False)
    forms: PrivateForms = field(repr=False)
    downloads: DownloadForms = field(repr=False)
    routes: tuple[Route, ...] = field(repr=False)  # the first that fits is used
    left_out: tuple[DataError, ...] = field(repr=False)  # notes about optional routes that it cannot have
    refusal: ReplySpec = field(repr=False)  # for messages that no route fits
    reasons: Mapping[str, str] = field(repr=False)  # symbolic reason → response code
    codes: Mapping[str, ResponseCode] = field(repr=False)
    constants: Mapping[str, str] = field(repr=False)  # elements with a fixed value: acquirer, organisation, currency …
    layouts: Mapping[str, Layout] = field(repr=False)  # by name; "tpdu" and "head" lay out the envelope
    values: Mapping[str, Mapping[str, Text]] = field(repr=False)  # what the values of fields and parts mean
    mtis: Mapping[str, Text] = field(repr=False)  # every message type it knows, requests and replies
    read_terminal_profile: Callable[[], TerminalProfile | None] = field(repr=False)  # called when it is needed
    written_samples: tuple[Sample, ...] = field(repr=False)  # of its own file
    inherit_samples: Callable[[Dialect], InheritedSamples] | None = field(repr=False)  # None: it has its own, or none
    document: Document = field(repr=False)  # its file, over those that it extends
    mac_des: tuple[int, ...] = field(init=False, repr=False)  # of a MAC, in messages of one bitmap and of two
    mac_width: int = field(init=False, repr=False)  # bytes of a MAC on the wire; 0: messages have none
    codec: Codec = field(init=False, repr=False)  # for what sees every message
    _router: Router = field(init=False, repr=False)
    _inherited: InheritedSamples | None = field(init=False, repr=False)  # once they are asked for
    _terminal_profile: tuple[TerminalProfile | None, ...] = field(init=False, repr=False)  # the same: one, or none yet

    def __post_init__(self) -> None:
        object.__setattr__(self, "codec", Codec(self.grammar))
        object.__setattr__(self, "_router", Router(self.routes, self.elements))
        object.__setattr__(self, "_inherited", None)
        object.__setattr__(self, "_terminal_profile", ())
        places = [at.de for name in ("mac", "mac_secondary") if (at := self.elements.get(name))]
        plain = not places or self.fields[places[0]].encoding == "binary"
        object.__setattr__(self, "mac_des", tuple(places))
        object.__setattr__(self, "mac_width", len(places[:1]) * self.security.mac_bytes * (1 if plain else 2))

    def error(self, path: KeyPath, problem: str) -> DataError:
        """Return an error about the value at `path`, with the file and line where it stands."""
        return self.document.error(path, problem)

    @property
    def terminal_profile(self) -> TerminalProfile | None:
        """How its terminals behave; None: the file does not say.

        Raises:
            DataError: ``[terminal]`` says something that cannot be; a `CompiledDialect` has been checked for it.
        """
        if not self._terminal_profile:
            object.__setattr__(self, "_terminal_profile", (self.read_terminal_profile(),))
        return self._terminal_profile[0]

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Whole frames with their length, as this dialect writes them: its own, or those of the dialect it extends."""
        return self.written_samples if self.inherit_samples is None else self.inherited.samples

    @property
    def inherited(self) -> InheritedSamples:
        """What became of the samples of the dialect it extends; nothing where it has its own."""
        if self.inherit_samples is None:
            return NOTHING_INHERITED
        if self._inherited is None:
            object.__setattr__(self, "_inherited", self.inherit_samples(self))
        return self._inherited or NOTHING_INHERITED

    # bytes ↔ messages

    @property
    def fields(self) -> Mapping[int, FieldSpec]:
        """Data elements that this dialect knows, by number."""
        return self.grammar.fields

    def decode(self, frame: bytes) -> Message:
        """Read one frame, given without its length prefix. Raises DecodeError and nothing else."""
        return self.codec.decode(frame)

    def encode(self, mti: str, fields: Mapping[int, Value], tpdu: bytes = b"", head: bytes = b"") -> bytes:
        """Write one frame, without length prefix; a missing TPDU or head is the dialect's. Raises EncodeError."""
        return self.encode_in(self.whole_envelope(tpdu, head), mti, fields)

    def encode_in(self, envelope: bytes, mti: str, fields: Mapping[int, Value]) -> bytes:
        """Write one frame in a `whole_envelope`. Raises EncodeError."""
        return self.codec.encode(envelope, mti, fields)

    def whole_envelope(self, tpdu: bytes = b"", head: bytes = b"") -> bytes:
        """Return what stands before a message; a missing TPDU or head is the dialect's. Raises EncodeError."""
        if not tpdu:
            tpdu = self.envelope.tpdu
        if not head:
            head = self.envelope.head
        if len(tpdu) != len(self.envelope.tpdu):
            raise EncodeError(f"needs {plural(len(self.envelope.tpdu), 'byte')}, not {len(tpdu)}", field="tpdu")
        if len(head) != len(self.envelope.head):
            raise EncodeError(f"needs {plural(len(self.envelope.head), 'byte')}, not {len(head)}", field="head")
        return tpdu + head

    def spans(self, message: Message) -> dict[int | str, Span]:
        """Return where each DE stands in the frame, and "tpdu", "head", "mti", "bitmap"; read again on every call."""
        spans = self.codec.spans(message.raw)
        tpdu, head = len(self.envelope.tpdu), len(self.envelope.head)
        before: dict[int | str, Span] = {"tpdu": (0, tpdu)} if tpdu else {}
        if head:
            before["head"] = (tpdu, tpdu + head)
        return before | spans

    # elements

    def get(self, message: Message, element: str) -> Value | None:
        """Return the value of `element` in `message`; None when its DE is absent, too short to hold it, or unknown."""
        return self.get_from(message.fields, element)

    def get_from(self, fields: Mapping[int, Value], element: str) -> Value | None:
        """Return the same from a mapping of DEs."""
        at = self.elements.get(element)
        return None if at is None else read_element(fields, at)

    def text(self, message: Message, element: str) -> str:
        """Return the value of `element` as text: binary as hexadecimal, absent as ``""``."""
        value = self.get_from(message.fields, element)
        return value.hex().upper() if isinstance(value, bytes) else value or ""

    def put(self, fields: dict[int, Value], element: str, value: Value) -> None:
        """Write `element` into `fields`; the rest of a positional DE is kept. Raises EncodeError on a wrong size."""
        at = self.elements[element]
        write_element(fields, at, value, self.grammar.fields[at.de])

    def layout(self, message: Message, de: int) -> Layout | None:
        """Return how the inside of this field is divided in this message; None when it is not."""
        for layout in self.grammar.fields[de].layouts:
            when = {self.elements[name]: values for name, values in layout.when.items()}
            if (not layout.mti or message.mti in layout.mti) and matches(message.fields, when):
                return layout
        return None

    # routes and codes

    def route(self, message: Message) -> Route | None:
        """Return the first route that fits, those with more conditions first; the MTI's repeat digit plays no role."""
        return self._router.find(message)

    def find_route(self, service: str) -> Route:
        """Return the route of a service. Raises LookupError with the nearest name."""
        for route in self.routes:
            if route.service == service:
                return route
        hint = did_you_mean(service, [route.service for route in self.routes])
        raise LookupError(f"{self.name} knows no service '{service}'{hint}")

    def missing(self, message: Message, route: Route) -> str | None:
        """Return the first mandatory element that `message` lacks, as the route writes it ("pan or track2")."""
        for entry in route.mandatory:
            if not any(read_element(message.fields, self.elements[name]) for name in entry.split(" or ")):
                return entry
        return None

    def code_of(self, reason: str, route: Route | None = None) -> str:
        """Return the response code of a symbolic reason; a route may have its own."""
        if route is not None and route.codes:
            return route.codes.get(reason) or self.reasons[reason]
        return self.reasons[reason]

    def request_mti_known(self, mti: str) -> bool:
        """Return whether any message of this dialect has this MTI (the repeat digit plays no role)."""
        return self._router.knows(mti)

    def is_response(self, mti: str, fields: Mapping[int, Value] | None = None) -> bool:
        """Return whether a message is a reply: its third digit is odd, and its request is one of this dialect's.

        Of an unknown MTI its `fields` tell: with a response code it is one too, or two hosts would answer for ever.
        """
        if mti[2] not in "13579":
            return False
        return self.request_mti_known(mti[:2] + chr(ord(mti[2]) - 1) + mti[3]) or bool(
            fields and self.get_from(fields, "code")
        )

    def response_mti(self, mti: str) -> str:
        """Return the MTI of the reply to a request: 0800 → 0810, 0401 → 0410; what is odd and no response stays odd."""
        if self.is_response(mti):
            raise ValueError(f"{mti} is a response and has none")
        return mti[:2] + chr(ord(mti[2]) | 1) + without_repeat(mti)[3]

    # the envelope and the MAC

    def envelope_of(self, frame: bytes) -> tuple[bytes, bytes]:
        """Return TPDU and head of a frame."""
        tpdu = len(self.envelope.tpdu)
        return frame[:tpdu], frame[tpdu : self.grammar.envelope_bytes]

    def reply_envelope(self, request: Message | bytes, head_nibble: int = 0) -> tuple[bytes, bytes]:
        """Return TPDU and head of the reply: addresses swapped, head echoed with the processing requirement set."""
        tpdu, head = self.envelope_of(request.raw if isinstance(request, Message) else request)
        if digit := self.envelope.processing_digit:
            at, low = divmod(digit - 1, 2)
            byte = (head[at] & 0xF0 | head_nibble) if low else (head[at] & 0x0F | head_nibble << 4)
            head = head[:at] + bytes((byte,)) + head[at + 1 :]
        return tpdu[:1] + tpdu[3:] + tpdu[1:3], head

    def covered(self, frame: bytes) -> bytes:
        """Return the bytes under the MAC of a frame whose last field is the MAC."""
        security = self.security
        return COVERAGES[security.coverage](frame, self.grammar.envelope_bytes, self.mac_width)

    def with_mac(self, frame: bytes, mac: bytes) -> bytes:
        """Return the frame with its last field, the MAC, replaced. Raises EncodeError: a MAC of another size."""
        if len(mac) != self.security.mac_bytes:
            raise EncodeError(f"a MAC has {self.security.mac_bytes} bytes, not {len(mac)}", field=self.mac_des[0])
        if self.mac_width != len(mac):  # it travels as hexadecimal text
            mac = mac.hex().upper().encode(self.fields[self.mac_des[0]].charset)
        return frame[: -len(mac)] + mac

    def mac_de(self, fields: Mapping[int, Value]) -> int:
        """Return which DE is the MAC of a message with these fields: the last of its last bitmap; 0 without any."""
        if len(self.mac_des) > 1 and max(fields, default=0) > self.mac_des[0]:
            return self.mac_des[1]
        return self.mac_des[0] if self.mac_des else 0

    def mac_of(self, message: Message) -> bytes | None:
        """Return the MAC that a message carries; None when it carries none, or something of another size."""
        value = message.fields.get(self.mac_de(message.fields))
        return value if isinstance(value, bytes) and len(value) == self.security.mac_bytes else None

    @property
    def reply_timeout_s(self) -> int:
        """How long this dialect's terminals wait for a reply."""
        return self.terminal_profile.reply_timeout_s if self.terminal_profile else REPLY_TIMEOUT_S
