"""Tag-length-value data: EMV's BER-TLV, and the fixed forms POS messages use beside it.

* ``ber-tlv``: EMV Book 3 annex B over ISO/IEC 8825-1, definite lengths only, ``00`` padding between objects.
* ``tag2-length1``: two bytes of tag, one byte of length (the elements of an electronic signature's receipt, FF00 …).
* ``text-tag2-length3``: two characters of tag, three digits of length (extended data, A3 …).
* ``text-tag6-length3``: six characters of tag, three digits of length (contactless parameters, FF8054 …).
* ``length2-bin``, ``length2-digits``: the length of a card number in two digits, which stands for a tag here, and its
  first six digits, or all (BIN tables, blacklists).

Parsing keeps everything: unknown tags, padding and the very bytes of each header, so that ``join_tlv`` gives back what
was parsed. Order is kept too, and a tag may come twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from acquirer.data.text import plural
from acquirer.errors import WireError

MAX_TAG_BYTES = 4  # EMV uses two, vendors three (DF8129)
MAX_DEPTH = 8  # EMV nests three deep; hostile data could nest as deep as it is long


class TlvError(WireError, ValueError):
    """Data that is not TLV: what is wrong at which byte, and the objects read before it."""

    def __init__(self, problem: str, position: int, before: tuple[Tlv, ...] = ()) -> None:
        super().__init__(f"{problem}, at byte {position}")
        self.problem, self.position, self.before = problem, position, before


@dataclass(frozen=True, slots=True)
class Tlv:
    """One object. `header` is tag and length as they stood on the wire; padding is an object without tag or header.

    `start` is the offset of the header in the parsed data, `within` the objects inside a constructed one.
    """

    tag: str
    value: bytes
    header: bytes
    start: int = 0
    within: tuple[Tlv, ...] = ()

    @property
    def value_start(self) -> int:
        return self.start + len(self.header)

    @property
    def stop(self) -> int:
        return self.value_start + len(self.value)


def parse_tlv(data: bytes, kind: str = "ber-tlv", start: int = 0) -> tuple[Tlv, ...]:
    """Return the objects of `data` from byte `start` on, in order; `kind` is a key of `TLV_KINDS`.

    >>> [(o.tag, o.value.hex()) for o in parse_tlv(bytes.fromhex("9F2608ACF958C80FF74403950500000000009A03160726"))]
    [('9F26', 'acf958c80ff74403'), ('95', '0000000000'), ('9A', '160726')]

    Raises:
        TlvError: an object runs past the end, or has no sensible tag or length.
    """
    return _objects(data, start, len(data), TLV_KINDS[kind], 0)


def build_tlv(objects: Iterable[tuple[str, bytes]], kind: str = "ber-tlv") -> bytes:
    """Return tags and values as data, with the shortest lengths.

    >>> build_tlv([("9F36", b"\\x01\\x2c"), ("91", bytes(10))]).hex().upper()
    '9F3602012C910A00000000000000000000'

    Raises:
        TlvError: a tag this kind cannot hold, or a value too long for its length.
    """
    data = b""
    for tag, value in objects:
        data += TLV_KINDS[kind].header(tag, len(value), len(data)) + value
    return data


def join_tlv(objects: Iterable[Tlv]) -> bytes:
    """Return the data these objects were parsed from."""
    return b"".join(one.header + one.value for one in objects)


def walk(objects: Iterable[Tlv]) -> Iterator[Tlv]:
    """Yield every object, those inside others after the one that holds them."""
    for one in objects:
        yield one
        yield from walk(one.within)


def find_value(objects: Iterable[Tlv], tag: str) -> bytes | None:
    """Return the value of the first object with `tag`, at any depth."""
    return next((one.value for one in walk(objects) if one.tag == tag), None)


@dataclass(frozen=True, slots=True)
class TlvKind:
    """How tags and lengths are written."""

    read: Callable[[bytes, int, int], tuple[str, int, int]]  # data, at, end → tag, start of value, length of value
    header: Callable[[str, int, int], bytes]  # tag, length of value, position for an error → header
    nests: bool = False  # ``00`` bytes pad, and constructed objects hold others


def _objects(data: bytes, at: int, end: int, kind: TlvKind, depth: int) -> tuple[Tlv, ...]:
    found: list[Tlv] = []
    while at < end:
        if kind.nests and data[at] == 0:
            stop = next((i for i in range(at, end) if data[i]), end)
            found.append(Tlv("", data[at:stop], b"", at))
            at = stop
            continue
        try:
            tag, value_at, length = kind.read(data, at, end)
        except TlvError as exc:
            raise TlvError(exc.problem, exc.position, tuple(found)) from None
        if value_at + length > end:
            follow, left = plural(length, "byte follows", "bytes follow"), plural(end - value_at, "is", "are")
            problem = f"tag {tag} says {follow}, but {left} left"
            raise TlvError(problem, at, tuple(found))
        stop = value_at + length
        within: tuple[Tlv, ...] = ()
        if kind.nests and data[at] & 0x20 and depth < MAX_DEPTH:
            within = _inside(data, value_at, stop, kind, depth + 1)
        found.append(Tlv(tag, data[value_at:stop], data[at:value_at], at, within))
        at = stop
    return tuple(found)


def _inside(data: bytes, at: int, end: int, kind: TlvKind, depth: int) -> tuple[Tlv, ...]:
    """Return what a constructed object holds; nothing when an issuer put something else into it, which they do."""
    try:
        return _objects(data, at, end, kind, depth)
    except TlvError:
        return ()


def _read_ber(data: bytes, at: int, end: int) -> tuple[str, int, int]:
    stop = at + 1
    if data[at] & 0x1F == 0x1F:
        while stop < end and data[stop] & 0x80:
            stop += 1
        stop += 1
    if stop - at > MAX_TAG_BYTES:
        raise TlvError(f"a tag of more than {MAX_TAG_BYTES} bytes", at)
    if stop >= end:
        raise TlvError("the data ends within a tag or before its length", at)
    tag, first = data[at:stop].hex().upper(), data[stop]
    if first < 0x80:
        return tag, stop + 1, first
    count = first & 0x7F
    if not 1 <= count <= 2:  # two bytes say up to 65535, more than any field holds
        raise TlvError(f"tag {tag} has length byte {first:02X}, which EMV does not allow", stop)
    if stop + 1 + count > end:
        raise TlvError(f"the data ends within the length of tag {tag}", stop)
    return tag, stop + 1 + count, int.from_bytes(data[stop + 1 : stop + 1 + count])


def _ber_header(tag: str, length: int, at: int) -> bytes:
    raw = _tag_bytes(tag, at)
    if raw[0] == 0:
        raise TlvError("tag 00 is padding, not a tag", at)
    if length > 0xFFFF:
        raise TlvError(f"tag {tag} cannot hold {length} bytes", at)
    try:
        _, value_at, _ = _read_ber(raw + b"\0", 0, len(raw) + 1)
    except TlvError:
        value_at = 0
    if value_at != len(raw) + 1:
        raise TlvError(f"{tag} is no BER tag", at)
    size = (length.bit_length() + 7) // 8
    return raw + (bytes([length]) if length < 0x80 else bytes([0x80 | size]) + length.to_bytes(size))


def _read_fixed(data: bytes, at: int, end: int) -> tuple[str, int, int]:
    if at + 3 > end:
        raise TlvError("the data ends within a tag or before its length", at)
    return data[at : at + 2].hex().upper(), at + 3, data[at + 2]


def _fixed_header(tag: str, length: int, at: int) -> bytes:
    raw = _tag_bytes(tag, at)
    if len(raw) != 2:
        raise TlvError(f"{tag} is no two-byte tag", at)
    if length > 0xFF:
        raise TlvError(f"tag {tag} cannot hold {length} bytes", at)
    return raw + bytes([length])


def _text_kind(size: int, spoken: str) -> TlvKind:
    """Return the kind whose tags have so many letters or digits, each with three digits of length."""

    def read(data: bytes, at: int, end: int) -> tuple[str, int, int]:
        value_at = at + size + 3
        tag, digits = data[at : at + size], data[at + size : value_at]
        if value_at > end:
            raise TlvError("the data ends within a tag or before its length", at)
        if not tag.isalnum() or not digits.isdigit():
            raise TlvError(f"expected {spoken} characters of tag and three digits of length", at)
        return tag.decode("ascii"), value_at, int(digits)

    def header(tag: str, length: int, at: int) -> bytes:
        if len(tag) != size or not (tag.isascii() and tag.isalnum()):
            raise TlvError(f"{tag} is no tag of {spoken} letters or digits", at)
        if length > 999:
            raise TlvError(f"tag {tag} cannot hold {length} bytes", at)
        return f"{tag}{length:03d}".encode("ascii")

    return TlvKind(read, header)


BIN_DIGITS = 6
"""Of a card number, in a BIN table."""


def _card_kind(*, whole: bool) -> TlvKind:
    """Return the kind of lists of card numbers, each behind its length, or of their first digits."""

    def read(data: bytes, at: int, end: int) -> tuple[str, int, int]:
        digits = data[at : at + 2]
        if at + 2 > end or not digits.isdigit():
            raise TlvError("expected two digits that say how long a card number is", at)
        return digits.decode("ascii"), at + 2, int(digits) if whole else BIN_DIGITS

    def header(tag: str, length: int, at: int) -> bytes:
        if len(tag) != 2 or not (tag.isascii() and tag.isdigit()):
            raise TlvError(f"{tag} is no length of two digits", at)
        if length != (expected := int(tag) if whole else BIN_DIGITS):
            raise TlvError(f"{plural(expected, 'digit')} belong there, not {length}", at)
        return tag.encode("ascii")

    return TlvKind(read, header)


def _tag_bytes(tag: str, at: int) -> bytes:
    try:
        raw = bytes.fromhex(tag)
    except ValueError:
        raw = b""
    if not raw or raw.hex().upper() != tag:
        raise TlvError(f"{tag!r} is no tag in upper-case hex", at)
    return raw


TLV_KINDS: Mapping[str, TlvKind] = {
    "ber-tlv": TlvKind(_read_ber, _ber_header, nests=True),
    "tag2-length1": TlvKind(_read_fixed, _fixed_header),
    "text-tag2-length3": _text_kind(2, "two"),
    "text-tag6-length3": _text_kind(6, "six"),
    "length2-bin": _card_kind(whole=False),
    "length2-digits": _card_kind(whole=True),
}
"""The forms by the name a dialect chooses them with."""

EMV_SENSITIVITY: Mapping[str, str] = {
    "5A": "pan",
    "56": "track",  # track 1 equivalent
    "57": "track",  # track 2 equivalent
    "99": "pin",  # transaction PIN data
    "9F1F": "track",  # track 1 discretionary data
    "9F20": "track",  # track 2 discretionary data
    "9F6B": "track",  # track 2 data of contactless magnetic stripe
}
"""EMV tags whose values are never shown or stored, even where a dialect does not mark them as sensitive."""


def is_hex_text(data: bytes, kind: str = "ber-tlv") -> bool:
    """Return whether data divides into data objects once it is read as hexadecimal text."""
    try:
        return bool(parse_tlv(bytes.fromhex(data.decode("ascii")), kind))
    except ValueError:
        return False
