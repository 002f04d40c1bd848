"""A message as a terminal builds it, field by field in bytes, so that any of them can be built otherwise.

The formats stand here a second time, as UnionPay's terminal interface has them; the host's codec is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

Value: TypeAlias = str | bytes

TPDU = bytes.fromhex("6000030000")
HEAD = bytes.fromhex("603100310000")

FORMATS: Mapping[int, str] = {
    2: "n..19", 3: "n6", 4: "n12", 11: "n6", 12: "n6", 13: "n4", 14: "n4", 15: "n4", 22: "r3", 23: "n3", 25: "n2",
    26: "n2", 32: "n..11", 35: "z..37", 36: "z...104", 37: "a12", 38: "a6", 39: "a2", 41: "a8", 42: "a15", 44: "a..25",
    48: "n...322", 49: "a3", 52: "b8", 53: "n16", 54: "a...20", 55: "b...999", 60: "n...30", 61: "n...29",
    62: "b...999", 63: "a...163", 64: "b8",
}  # fmt: skip
"""n digits, filled on the left; r digits, filled on the right; z a track; a characters; b bytes."""


def bcd(digits: str, *, fill: str = "right", nibble: str = "0") -> bytes:
    """Return digits two to a byte, an odd number filled up on one side."""
    if len(digits) % 2:
        digits = digits + nibble if fill == "right" else nibble + digits
    return bytes.fromhex(digits)


def encoded(de: int, value: Value) -> bytes:
    """Return a field as it travels, its length in front where it has one."""
    kind, _, dots = FORMATS[de][0], FORMATS[de][1:], FORMATS[de].count(".")
    count = f"{len(value):0{2 if dots == 2 else 4}}"
    length = bytes.fromhex(count) if dots else b""
    if isinstance(value, bytes):
        return length + value
    if kind in "ab":
        return length + value.encode("latin-1")
    return length + bcd(value, fill="left" if kind == "n" and not dots else "right")


@dataclass(frozen=True)
class Draft:
    """A message that is not sent yet. Methods return a changed copy; the MAC is made when its bytes are asked for."""

    mti: bytes
    fields: Mapping[int, bytes]  # without DE 64
    mac: Callable[[Draft], bytes] | None = None
    tpdu: bytes = TPDU
    head: bytes = HEAD
    bitmap: bytes | None = None  # instead of the right one
    tail: bytes = b""
    values: Mapping[int, Value] = field(default_factory=dict)

    def put(self, **values: Value) -> Draft:
        """Set fields: ``put(de4="000000001234")``."""
        by_number = {int(name[2:]): value for name, value in values.items()}
        return replace(
            self,
            fields={**self.fields, **{de: encoded(de, value) for de, value in by_number.items()}},
            values={**self.values, **by_number},
        )

    def raw(self, de: int, wire: bytes) -> Draft:
        """Set the bytes of a field, its length included."""
        return replace(self, fields={**self.fields, de: wire})

    def drop(self, *des: int) -> Draft:
        """Leave fields out."""
        return replace(self, fields={de: wire for de, wire in self.fields.items() if de not in des})

    def with_(self, **changes: object) -> Draft:
        """Change what is no field: mti, bitmap, tpdu, head, tail."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def sealed(self, mac: Callable[[Draft], bytes] | None) -> Draft:
        """Make the MAC in another way, or none."""
        return replace(self, mac=mac)

    @property
    def stan(self) -> str:
        return str(self.values[11])

    def right_bitmap(self, *, mac: bool) -> bytes:
        """Return the bitmap of the fields, with or without bit 64."""
        return bitmap_of([*self.fields, *([64] if mac else [])])

    @property
    def bits(self) -> bytes:
        """The bitmap that is sent."""
        return self.right_bitmap(mac=self.mac is not None) if self.bitmap is None else self.bitmap

    @property
    def data(self) -> bytes:
        """All fields but DE 64, in order."""
        return b"".join(self.fields[de] for de in sorted(self.fields))

    @property
    def covered(self) -> bytes:
        """What the MAC is made of: MTI, bitmap, fields before DE 64."""
        return self.mti + self.bits + self.data

    @property
    def message(self) -> bytes:
        """The message without its length."""
        mac = self.mac(self) if self.mac else b""
        return self.tpdu + self.head + self.covered + mac + self.tail

    @property
    def frame(self) -> bytes:
        """What goes over the line: two bytes of length, and the message."""
        return len(self.message).to_bytes(2, "big") + self.message


def bitmap_of(des: list[int]) -> bytes:
    """Return the bitmap with these bits, numbered from 1 at the left."""
    return sum(1 << (64 - de) for de in set(des)).to_bytes(8, "big")


def draft(mti: str, **values: Value) -> Draft:
    """Return a message without a MAC: ``draft("0800", de11="000001")``."""
    return Draft(bytes.fromhex(mti), {}).put(**values)


def read(message: bytes) -> dict[int, bytes]:
    """Return the fields of a reply, without TPDU and head: characters and bytes as they are, digits as ASCII."""
    bits, rest, found = int.from_bytes(message[13:21], "big"), message[21:], {}
    for de in range(1, 65):
        if not bits >> (64 - de) & 1:
            continue
        form = FORMATS[de]
        dots = form.count(".")
        taken = dots - 1 if dots else 0
        size = int(rest[:taken].hex()) if dots else int(form[1:])
        size_bytes = (size + 1) // 2 if form[0] in "nrz" else size
        data, rest = rest[taken : taken + size_bytes], rest[taken + size_bytes :]
        found[de] = data.hex().encode()[: size + size % 2 * (not dots)] if form[0] in "nrz" else data
    return found
