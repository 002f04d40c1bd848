"""A terminal of the ISO dialects: ASCII or half bytes, 1987 or 1993, keys of a sign-on or of each message.

Its formats and its DUKPT stand here a second time, from the standards; the host's codec and keys are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tests.mistakes import crypto
from tests.mistakes.pos import CARD, MID, PIN, Keys, Pos
from tests.mistakes.wire import bcd

BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")  # ANSI X9.24-1:2009, annex A
OTHER_BDK = bytes.fromhex("0123456789ABCDEF23456789ABCDEF01")

FORMATS: Mapping[int, str] = {
    2: "n..19", 3: "n6", 4: "n12", 7: "n10", 11: "n6", 12: "n6", 13: "n4", 14: "n4", 22: "n3", 24: "n3", 25: "n2",
    26: "n2", 32: "n..11", 35: "z..37", 37: "a12", 38: "a6", 39: "a2", 41: "a8", 42: "a15", 48: "a...999", 49: "a3",
    52: "b8", 53: "n16", 55: "b...999", 64: "b8", 70: "n3", 90: "n42", 128: "b8",
}  # fmt: skip
FORMATS_1993: Mapping[int, str] = {
    **FORMATS, 12: "n12", 15: "n6", 22: "a12", 25: "n4", 26: "n4", 39: "n3", 53: "b..48", 56: "n..35", 96: "b...999",
}  # fmt: skip
FORMATS_DUKPT: Mapping[int, str] = {**FORMATS, 53: "b..12"}


@dataclass(frozen=True)
class Style:
    """How a dialect writes."""

    ascii: bool
    formats: Mapping[int, str] = field(default_factory=lambda: FORMATS)
    length: Callable[[int], bytes] = lambda size: size.to_bytes(2)  # before each message

    def field(self, de: int, value: str | bytes) -> bytes:
        """Return a field as it travels, its length in front where it has one."""
        form = self.formats[de]
        kind, dots = form[0], form.count(".")
        hexed = kind == "b" and self.ascii and not (dots and self.formats is FORMATS_1993)
        if isinstance(value, bytes) or hexed:
            data = value if isinstance(value, bytes) else bytes.fromhex(value)
            wire, count = (data.hex().upper().encode(), 2 * len(data)) if hexed else (data, len(data))
        elif kind == "a" or self.ascii:
            wire, count = value.encode("latin-1"), len(value)
        else:
            wire, count = (
                bcd(value, fill="right" if kind == "z" else "left", nibble="F" if kind == "z" else "0"),
                len(value),
            )
        if not dots:
            return wire
        digits = f"{count:0{dots}}"
        return (digits.encode() if self.ascii else bcd(digits, fill="left")) + wire

    def mti(self, mti: str) -> bytes:
        return mti.encode() if self.ascii else bytes.fromhex(mti)

    def bitmap(self, des: list[int]) -> bytes:
        size = 128 if max(des) > 64 else 64
        bits = {*des, *([1] if size == 128 else [])}
        data = sum(1 << (size - de) for de in bits).to_bytes(size // 8)
        return data.hex().upper().encode() if self.ascii else data

    def split(self, message: bytes) -> dict[int, bytes]:
        """Return the fields of a reply, as they travel and without their lengths."""
        at = 4 if self.ascii else 2
        step = 16 if self.ascii else 8
        bits = message[at : at + step]
        number = int(bits, 16) if self.ascii else int.from_bytes(bits)
        at, size = at + step, 64
        if number >> 63:
            more = message[at : at + step]
            number, at, size = number << 64 | (int(more, 16) if self.ascii else int.from_bytes(more)), at + step, 128
        found = {}
        for de in range(2, size + 1):
            if not number >> (size - de) & 1:
                continue
            form = self.formats[de]
            kind, dots = form[0], form.count(".")
            count = int(form[1:]) if not dots else 0
            if dots:
                taken = dots if self.ascii else (dots + 1) // 2
                count = int(message[at : at + taken] if self.ascii else message[at : at + taken].hex())
                at += taken
            if kind == "b" and self.ascii and not dots:
                count *= 2
            elif kind in "nz" and not self.ascii:
                count = (count + 1) // 2
            found[de], at = message[at : at + count], at + count
        return found


ASCII = Style(True, length=lambda size: f"{size:04}".encode())
STYLES: Mapping[str, Style] = {
    "iso8583-1987-ascii": ASCII,
    "iso8583-1987-plain": ASCII,
    "iso8583-1987-binary": Style(False),
    "iso8583-1987-dukpt": Style(False, FORMATS_DUKPT),
    "iso8583-1993-ascii": replace(ASCII, formats=FORMATS_1993),
    "iso8583-1993-bcd": Style(False, FORMATS_1993, lambda size: bcd(f"{size:04}")),
}


@dataclass(frozen=True)
class IsoDraft:
    """A message that is not sent yet; its MAC is made when its bytes are asked for."""

    style: Style
    mti: bytes
    fields: Mapping[int, bytes]  # as they travel, without the MAC
    mac: Callable[[IsoDraft], bytes] | None = None  # as it travels
    bitmap: bytes | None = None  # instead of the right one
    tail: bytes = b""

    def put(self, **values: str | bytes) -> IsoDraft:
        """Set fields: ``put(de4="000000001234")``."""
        more = {int(name[2:]): self.style.field(int(name[2:]), value) for name, value in values.items()}
        return replace(self, fields={**self.fields, **more})

    def raw(self, de: int, wire: bytes) -> IsoDraft:
        """Set the bytes of a field, its length included."""
        return replace(self, fields={**self.fields, de: wire})

    def drop(self, *des: int) -> IsoDraft:
        """Leave fields out."""
        return replace(self, fields={de: wire for de, wire in self.fields.items() if de not in des})

    @property
    def des(self) -> list[int]:
        """The fields there are, with that of the MAC."""
        des = sorted(self.fields)
        return [*des, 128 if des[-1] > 64 else 64] if self.mac else des

    @property
    def covered(self) -> bytes:
        """What the MAC is made of: all that stands before it."""
        bits = self.style.bitmap(self.des) if self.bitmap is None else self.bitmap
        return self.mti + bits + b"".join(self.fields[de] for de in sorted(self.fields))

    @property
    def message(self) -> bytes:
        """The message without its length."""
        return self.covered + (self.mac(self) if self.mac else b"") + self.tail

    @property
    def frame(self) -> bytes:
        """What goes over the line."""
        return self.style.length(len(self.message)) + self.message


class IsoPos(Pos):
    """One terminal of an ISO dialect. Its requests are right."""

    @property
    def style(self) -> Style:
        return STYLES[self.listener]

    @property
    def is_1993(self) -> bool:
        return self.style.formats is FORMATS_1993

    def draft(self, mti: str, **values: str | bytes) -> IsoDraft:
        """Return a message without a MAC."""
        empty = IsoDraft(self.style, self.style.mti(mti), {})
        return empty.put(**{"de11": self.next_stan(), "de41": self.tid, "de42": MID, **values})

    def network(self, function: str = "") -> IsoDraft:
        """Return a sign-on, or another message of network management."""
        if self.is_1993:
            return self.draft("1804", de7="0310040000", de12="260310120000", de24=function or "801")
        return self.draft("0800", de7="0310040000", de70=function or "001")

    def signs_on(self) -> None:
        """Sign on and take the keys: each under the TMK, three bytes of check value behind it."""
        answer = self.send(self.network().frame)
        found = self.style.split(answer.data[len(self.style.length(0)) :])
        package = found[96 if self.is_1993 else 48]
        data = package if self.is_1993 else bytes.fromhex(package.decode())
        wrapped = {"pik": data[:16], "mak": data[19:35]}
        clear = {name: crypto.decrypt(self.tmk, key) for name, key in wrapped.items()}
        self.generations.append(Keys(wrapped, clear))

    def written(self, mac: bytes) -> bytes:
        """Return a MAC as it travels."""
        return self.style.field(64, mac)

    def sealed(self, draft: IsoDraft) -> IsoDraft:
        """Return a message with the retail MAC that belongs there."""
        return replace(draft, mac=lambda one: self.written(crypto.x9_19(self.keys.mak, one.covered)))

    def unsealed_sale(self, **values: str | bytes) -> IsoDraft:
        """Return a keyed sale without a MAC."""
        card = {"de2": CARD, "de3": "000000", "de4": "000000001234", "de14": "3012", "de49": "978"}
        if self.is_1993:
            more = {"de12": "260310120000", "de22": "510101654140", "de24": "200", "de26": "5999", "de32": "123456"}
            return self.draft("1200", **{**card, **more, **values})
        more = {"de7": "0310040000", "de12": "120000", "de13": "0310", "de22": "012", "de25": "00"}
        return self.draft("0200", **{**card, **more, **values})

    def iso_sale(self, **values: str | bytes) -> IsoDraft:
        """Return a keyed sale."""
        return self.sealed(self.unsealed_sale(**values))

    def block(self, key: bytes, pin: str = PIN) -> bytes:
        """Return a PIN block of format 0 under a key."""
        return crypto.encrypt(key, crypto.pin_block(pin, CARD))


class DukptPos(IsoPos):
    """A terminal whose keys are derived for each message."""

    counter = 0

    def ksn(self, counter: int | None = None) -> bytes:
        """Return the key serial number of a counter: which terminal, and the counter in its last 21 bits."""
        number = int.from_bytes(bytes.fromhex("FFFF98") + self.tid.encode()[-5:] + b"\0\0") >> 21 << 21
        return (number | (self.counter if counter is None else counter)).to_bytes(10)

    def derived(self, counter: int | None = None, bdk: bytes = BDK) -> crypto.DerivedKeys:
        return crypto.dukpt(bdk, self.ksn(counter))

    def dukpt_sale(
        self, key: Callable[[DukptPos], bytes] = lambda pos: pos.derived().mak, /, **values: str | bytes
    ) -> IsoDraft:
        """Return a keyed sale under the next counter; `key` makes its MAC."""
        self.counter += 1
        used = key(self)
        draft = self.unsealed_sale(**{"de53": self.ksn(), **values})
        return replace(draft, mac=lambda one: self.written(crypto.x9_19(used, one.covered)))


def signed_on(pos: Pos) -> None:
    """Come before rows that need keys."""
    assert isinstance(pos, IsoPos)
    pos.signs_on()
