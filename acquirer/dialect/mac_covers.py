"""The bytes of a message that a terminal may have taken for the MAB, for the diagnosis of a MAC that differs."""

from __future__ import annotations

from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.security.mac_diagnosis import Cover
from acquirer.wire.coverage import COVERAGES
from acquirer.wire.message import Message


def mac_covers(dialect: Dialect, message: Message) -> list[Cover]:
    """Return the bytes that are tried, the right coverage first."""
    frame = message.raw
    size = dialect.mac_width
    right = dialect.covered(frame)
    tried = [Cover("the same MAB", "", right)]
    for name, coverage in COVERAGES.items():
        tried.append(_cover(_COVERED.get(name, name), coverage(frame, dialect.grammar.envelope_bytes, size)))
    return [
        *tried,
        _cover(
            "the frame with its length", dialect.framing.wrap(frame)[: dialect.framing.before_bytes + len(frame) - size]
        ),
        _cover("the MAB with the MAC's bit not yet set in the bitmap", _without_mac_bit(dialect, message)),
        _cover("the MAB as hex text", right.hex().upper().encode()),
        _cover("the MAB padded with 80 before the zeros", right + b"\x80"),
    ]


_COVERED: Final = {
    "mti-to-mac": "the bytes from the MTI to the MAC",
    "frame-to-mac": "TPDU and head too",
    "head-to-mac": "the head too",
    "mti-to-end-zeroed": "the MAC's own place too, filled with zeros",
    "bitmap-to-mac": "the MAB without the MTI",
}


def _cover(words: str, data: bytes) -> Cover:
    return Cover(f"{words} ({len(data)} bytes)", f"the terminal covers {words}", data)


def _without_mac_bit(dialect: Dialect, message: Message) -> bytes:
    """Return the covered bytes before the MAC's bit is set in the bitmap; unchanged where the bitmap is text."""
    frame, place = message.raw, dialect.mac_de(message.fields) - 1
    if dialect.grammar.bitmap_encoding == "binary":
        at = dialect.grammar.envelope_bytes + dialect.grammar.mti_bytes + place // 8
        frame = frame[:at] + bytes((frame[at] & ~(0x80 >> place % 8),)) + frame[at + 1 :]
    return dialect.covered(frame)
