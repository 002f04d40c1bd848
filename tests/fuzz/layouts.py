"""What stands inside fields: every layout of every dialect, and tags of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.inspect.explain import explain
from acquirer.journal.mask import showers
from acquirer.settings.specs import load_dialect
from acquirer.signature.slip_elements import parse_slip_elements, slip_tags
from acquirer.wire.emv import tag_meaning
from acquirer.wire.message import EncodeError, Value
from acquirer.wire.tlv import TLV_KINDS, TlvError, build_tlv, join_tlv, parse_tlv, walk
from tests.fuzz.frames import DIALECTS, frames_of
from tests.fuzz.target import Selector, chosen


class FieldLayout(NamedTuple):
    """One field of a dialect that is divided inside, in the messages of one MTI."""

    dialect: Dialect
    de: int
    mti: str


@cache
def field_layouts() -> tuple[FieldLayout, ...]:
    """Return every field with layouts, once for each kind of message that divides it otherwise."""
    found = []
    for name in DIALECTS:
        dialect = load_dialect(name)
        for de, spec in dialect.fields.items():
            mtis = {layout.mti[0] if layout.mti else "0200" for layout in spec.layouts}
            found += [FieldLayout(dialect, de, mti) for mti in sorted(mtis)]
    return tuple(found)


def read_layout(data: bytes) -> None:
    """Put bytes into a field that has layouts, and have everything read it that looks inside fields."""
    selector = Selector(data)
    place = selector.number() << 8 | selector.number()
    at = field_layouts()[place % len(field_layouts())]
    spec = at.dialect.fields[at.de]
    value: Value = selector.rest if spec.kind == "b" else selector.rest.decode("latin-1")
    fields: dict[int, Value] = {at.de: value}
    try:
        frame = at.dialect.encode(at.mti, fields)
    except EncodeError:
        return
    message = at.dialect.decode(frame)
    assert message.fields == fields
    for shown in (explain(at.dialect, message), explain(at.dialect, message, unsafe_show=True)):
        for row in (*shown.before, *shown.fields):
            assert 0 <= row.span[0] <= row.span[1] <= len(frame)
        shown.as_json()
    assert showers(at.dialect, at.mti)[at.de](value).isprintable()
    for element, place_of in at.dialect.elements.items():
        if place_of.de == at.de:
            at.dialect.get(message, element)
            at.dialect.text(message, element)


def layout_seeds() -> Iterator[bytes]:
    """Fields of samples, under each layout that may be theirs."""
    for place, at in enumerate(field_layouts()):
        for frame in frames_of(at.dialect.name):
            value = at.dialect.decode(frame).fields.get(at.de)
            if value is not None:
                yield place.to_bytes(2, "big") + (value if isinstance(value, bytes) else value.encode("latin-1"))
        yield place.to_bytes(2, "big")


# tags


def read_tags(data: bytes) -> None:
    """Parse tags of a kind that the first byte chooses; what was parsed gives back the very bytes."""
    selector = Selector(data)
    kind = selector.choose(tuple(TLV_KINDS))
    data = selector.rest
    try:
        found = parse_tlv(data, kind)
    except TlvError as exc:
        assert 0 <= exc.position <= len(data)
        assert join_tlv(exc.before) == data[: len(join_tlv(exc.before))]
        return
    assert join_tlv(found) == data
    for one in walk(found):
        assert data[one.value_start : one.stop] == one.value
        tag_meaning(one.tag, one.value)
    written = build_tlv([(one.tag, one.value) for one in found if one.tag], kind)
    assert [(one.tag, one.value) for one in parse_tlv(written, kind)] == [
        (one.tag, one.value) for one in found if one.tag
    ]
    if kind == "tag2-length1":
        for element in parse_slip_elements(data, slip_tags(load_dialect("unionpay-pos"))):
            assert element.shown is not None


def tag_seeds() -> Iterator[bytes]:
    good = {
        "ber-tlv": bytes.fromhex("9F2608ACF958C80FF74403950500000000009A03160726BF0C059F5A020102DF812901AA"),
        "tag2-length1": bytes.fromhex("FF000431323334FF7F0130"),
        "text-tag2-length3": b"A3003123AB002xy",
        "text-tag6-length3": b"FF80540020199F0001001a",
        "length2-bin": b"16621234196222021912345",
        "length2-digits": b"16621234567890123219622202",
    }
    for number, kind in enumerate(TLV_KINDS):
        yield chosen(number, good.get(kind, b""))
        yield chosen(number, bytes.fromhex("9F268108000000000000000070820003810101"))
    nested = b""
    for _ in range(1000):  # deeper than Python calls functions
        nested = b"\x70\x82" + len(nested).to_bytes(2, "big") + nested
    yield chosen(tuple(TLV_KINDS).index("ber-tlv"), nested)
