"""The slip elements beside an uploaded signature (DE55): facts of the slip, as two-byte tags, FF00 and following.

Each has one byte of length; text is GBK, numbers are BCD, the rest is bytes. Which tags there are, what they are called
and how they read is the dialect's data (`wire.grammar.Tag`); tags it does not know are kept as received.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from acquirer.dialect.dialect import Dialect
from acquirer.wire import masking
from acquirer.wire.grammar import Sensitivity, Tag
from acquirer.wire.tlv import Tlv
from acquirer.wire.tlv import build_tlv as build_tlv
from acquirer.wire.tlv import parse_tlv as parse_tlv

SLIP_TLV_KIND = "tag2-length1"

ROLES: Mapping[str, str] = {
    "merchant": "FF00",
    "kind": "FF01",  # 消费, 消费撤销 …
    "operator": "FF02",
    "acquirer": "FF03",
    "issuer": "FF04",
    "expiry": "FF05",
    "time": "FF06",  # YYYYMMDDhhmmss of the transaction that was signed
    "auth_id": "FF07",
    "currency": "FF0A",
    "application_label": "FF30",
    "application_name": "FF31",
    "aid": "FF22",
    "cryptogram": "FF23",
    "original_stan": "FF60",  # of the sale that is voided
    "original_rrn": "FF62",  # of the sale that is refunded
    "original_date": "FF63",
    "slips": "FF70",  # how many were printed
    "capture": "FF7F",  # ours: in a place where no known terminal has a tag; a word of `CAPTURES`
}
"""What our host and terminal write and read → the tag it travels in; the same in every known dialect of the upload."""

IDENTIFIERS = tuple(ROLES[role] for role in ("acquirer", "issuer", "auth_id", "original_rrn", "aid", "cryptogram"))
"""Elements whose digits identify something else than a card."""

CAPTURES = ("touch", "pen", "fingerprint", "paper", "none")
"""How a signature was captured, as the private element says: finger on a screen, digital pen, fingerprint sensor,
on the paper slip, not at all."""


@dataclass(frozen=True, slots=True)
class ReceivedElement:
    """One slip element as received: its bytes, and how they read."""

    tag: str
    value: bytes
    text: str
    sensitivity: Sensitivity

    @property
    def shown(self) -> str:
        """How it reads where people look: card numbers masked."""
        return masking.shown(self.text, self.sensitivity)


def slip_tags(dialect: Dialect) -> Mapping[str, Tag]:
    """Return a dialect's table of slip elements; empty where it has none."""
    if "slip" not in dialect.elements:
        return {}
    layouts = dialect.fields[dialect.elements["slip"].de].layouts
    return next((layout.tags for layout in layouts if layout.kind == SLIP_TLV_KIND), {})


def parse_slip_elements(data: bytes, tags: Mapping[str, Tag]) -> tuple[ReceivedElement, ...]:
    """Return the slip elements of a DE55, in order, repeated and unknown ones too; `tags` is the dialect's table.

    Raises:
        acquirer.wire.tlv.TlvError: an element runs past the end; carries the offset and what was read before.
    """
    return tuple(_element(o, tags.get(o.tag)) for o in parse_tlv(data, SLIP_TLV_KIND))


def build_slip_elements(values: Iterable[tuple[str, str | bytes]], tags: Mapping[str, Tag]) -> bytes:
    """Return slip elements as a DE55; text is written as its tag's format asks, bytes go as they are.

    Raises:
        ValueError: text for a tag the dialect does not know, or text that does not fit the tag's format.
    """
    return build_tlv(
        ((tag, v if isinstance(v, bytes) else _written(tag, v, tags.get(tag))) for tag, v in values), SLIP_TLV_KIND
    )


def first_text(elements: Iterable[ReceivedElement], role: str) -> str:
    """Return how the first element of `role` reads, an empty text without one."""
    return next((e.text for e in elements if e.tag == ROLES[role]), "")


def _element(one: Tlv, tag: Tag | None) -> ReceivedElement:
    return ReceivedElement(one.tag, one.value, _read(one.value, tag), tag.sensitivity if tag else "")


_FORMAT = re.compile(r"([a-z]+)\.*(\d*)")


def _format(tag: Tag) -> tuple[str, int]:
    """Return class and greatest size (0: any) of a format such as ``n14``, ``ans..40``, ``b``."""
    found = _FORMAT.fullmatch(tag.format)
    return (found[1], int(found[2] or 0)) if found else ("b", 0)


def _read(value: bytes, tag: Tag | None) -> str:
    kind = _format(tag)[0] if tag else "b"
    if kind in ("n", "b"):
        return value.hex().upper()
    return value.decode("gbk", "replace").rstrip(" \0")


def _written(name: str, text: str, tag: Tag | None) -> bytes:
    if tag is None:
        raise ValueError(f"slip element {name} is not in the dialect: give its bytes")
    kind, size = _format(tag)
    if kind == "b":
        pattern, unit, count = "(?:[0-9A-Fa-f]{2})*", "bytes in hexadecimal", len(text) // 2
    elif kind == "n":
        pattern, unit, count = "[0-9]*", "digits", len(text)
    else:
        pattern, unit, count = "(?s:.*)", "bytes of GBK", len(text.encode("gbk", "replace"))
    if not re.fullmatch(pattern, text) or (size and count > size):
        raise ValueError(f"slip element {name}: {text!r} is not {f'at most {size} ' if size else ''}{unit}")
    if kind == "b":
        return bytes.fromhex(text)
    if kind == "n":
        digits = text.zfill(size) if "." not in tag.format else text
        return bytes.fromhex("0" * (len(digits) % 2) + digits)
    return text.encode("gbk", "replace")
