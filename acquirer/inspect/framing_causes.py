"""Why a stream cannot be cut into frames: the framings are tried until a good message comes out.

Each framing of docs/framings.md, a length that is a little off, an end that lacks or is one too many, hexadecimal text.
Sentences name forms and sizes, never a value that a message carries.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.inspect.envelope_causes import is_message
from acquirer.inspect.framings import COMMON_FRAMINGS, framing_words
from acquirer.wire.framing import Framing
from acquirer.wire.other_protocols import TLS, other_protocol

OFF_MOST: Final = 16
"""Bytes that a length may be off: TPDU and head are eleven, and a length that counts itself and more no more."""

STX, ETX = b"\x02", b"\x03"

UNCOUNTED_ENDS: Final = {
    ETX: "an ETX (03)",
    b"\r\n": "a line end (0D 0A)",
    b"\n": "a line end (0A)",
    b"\r": "a line end (0D)",
    b"\x04": "an EOT (04)",
    b"\xef\xbb\xbf": "a byte order mark (EF BB BF)",
}
"""What senders put behind messages without counting it, longer ones first."""


def stream_cause(dialect: Dialect, data: bytes, before: bytes = b"") -> str:
    """Return why a stream cannot be cut into frames, and what to do; "" when no form explains it.

    Args:
        data: its first bytes that are no frame.
        before: bytes that came before them, and were taken for frames.
    """
    if name := other_protocol(data):
        remedy = "connect without TLS" if TLS.match(data) else f"send frames over plain TCP, {_without(name)}"
        return f"{remedy}, or to another port"
    if cause := _delimiters(dialect, data, before):
        return cause
    for stream in (before + data, data) if before else (data,):
        for framing in _framings(dialect):
            cut = _first(framing, stream)
            if cut is not None and is_message(dialect, cut[1]):
                return _says_framing(dialect, framing, cut[0])
        if cause := _length_off(dialect, stream):
            return cause
        if cause := _hex_text(dialect, stream):
            return cause
    return ""


def _without(name: str) -> str:
    return "without HTTP" if "HTTP" in name else "without another protocol around them"


# Streams


def _framings(dialect: Dialect) -> Iterator[Framing]:
    own = dialect.framing.bare
    yield from (framing for framing in COMMON_FRAMINGS if framing != own and framing.length_bytes)


def _first(framing: Framing, stream: bytes) -> tuple[int, bytes] | None:
    """Return the length and the first frame of a stream in this framing; None unless a whole frame is there."""
    start, size = framing.before_bytes, len(framing.start)
    if not stream.startswith(framing.start) or len(stream) <= start:
        return None
    after = size + framing.length_bytes
    length = framing.length(stream[size:after])
    if length is None or length <= 0 or stream[after:start] != framing.filler:
        return None
    stop = start + length
    if len(stream) < stop + len(framing.end) or stream[stop : stop + len(framing.end)] != framing.end:
        return None
    return length + framing.extra_bytes, stream[start:stop]


def _says_framing(dialect: Dialect, framing: Framing, length: int) -> str:
    own = framing_words(dialect.framing.bare)
    return (
        f"a good message stands behind {framing_words(framing)} ({length}), which a dialect writes as [framing] "
        f"{_toml(framing)}; {dialect.name} on this port has {own}; send that, or change [framing] in the dialect"
    )


def _delimiters(dialect: Dialect, data: bytes, before: bytes) -> str:
    """Return what is the matter with bytes around messages: none where some belong, or some where none do."""
    framing, own = dialect.framing, framing_words(dialect.framing.bare)
    if framing.end and not framing.includes_end:
        bare = Framing(framing.length_encoding, framing.length_bytes, framing.includes_itself, start=framing.start)
        cut = _first(bare, data) if framing.length_bytes else None
        if cut is not None and len(data) == bare.before_bytes + len(cut[1]) and is_message(dialect, cut[1]):
            end = framing.end.hex().upper()
            name = "ETX" if framing.end == ETX else "the end"
            return f"a good message came, and {name} ({end}) behind it is missing; send {end} behind each message"
        return ""
    if framing.length_bytes and (cause := _uncounted_end(dialect, data, before)):
        return cause
    for words, toml, inner in (
        ("no length, STX (02) stands before the message; ETX (03) behind it", _NO_LENGTH[0], _between(data, STX, ETX)),
        ("no length, and each message ends with ETX (03)", _NO_LENGTH[1], _between(data, b"", ETX)),
        ("no length, the message alone", "", data),
    ):
        if framing.length_bytes and inner is not None and is_message(dialect, inner):
            written = f", which a dialect writes as [framing] {toml}" if toml else ""
            return f"there is {words}{written}; {dialect.name} on this port has {own}; write that before each message"
    return ""


def _uncounted_end(dialect: Dialect, data: bytes, before: bytes) -> str:
    """Return what stands behind each message and is not counted, when the next one follows it or nothing does."""
    for end, name in UNCOUNTED_ENDS.items():
        if not data.startswith(end):
            continue
        good = _first(dialect.framing.bare, data[len(end) :] or before)
        if good is None or not is_message(dialect, good[1]):
            continue
        if not before:
            return (
                f"{name} stands before the length, or behind the message before it, and no length counts it; leave it "
                "out"
            )
        return (
            f"{name} stands behind each message, and the length does not count it; leave it out, or say so in the "
            f'dialect: [framing] end = "{end.hex().upper()}"'
        )
    return ""


_NO_LENGTH: Final = ('length = "none", start = "02", end = "03"', 'length = "none", end = "03"')


def _between(data: bytes, start: bytes, end: bytes) -> bytes | None:
    if data.startswith(start) and data.endswith(end):
        return data[len(start) : len(data) - len(end)]
    return None


def _length_off(dialect: Dialect, stream: bytes) -> str:
    """Return by how much a length is off, when the bytes behind it are a good message."""
    framing = dialect.framing
    if not framing.length_bytes or not stream.startswith(framing.start):
        return ""
    at = len(framing.start)
    length = framing.length(stream[at : at + framing.length_bytes])
    if length is None:
        return ""
    body = stream[framing.before_bytes :]
    for off in range(1, OFF_MOST + 1):
        for size in (length + off, length - off):
            if 0 < size <= len(body) and is_message(dialect, body[:size]):
                return _says_length(dialect, length, size)
    return ""


def _says_length(dialect: Dialect, length: int, size: int) -> str:
    off, envelope = abs(size - length), dialect.grammar.envelope_bytes
    less = "less" if length < size else "more"
    exactly = {
        envelope: "as many as TPDU and head have: they are counted too",
        dialect.framing.length_bytes: "as many as the length itself has, which is not counted",
    }.get(off, "")
    note = f", {exactly}" if exactly and (length < size) == (off == envelope) else ""
    return (
        f"the length says {length}, and a good message of {size} bytes stands behind it: {off} {less}{note}; "
        "count every byte behind the length, and nothing else"
    )


def _hex_text(dialect: Dialect, stream: bytes) -> str:
    """Return that a whole frame is hexadecimal or base64 text, length and all."""
    for read, words in (
        (bytes.fromhex, "hexadecimal text; send its bytes, not their digits"),
        (_from_base64, "base64; send its bytes"),
    ):
        try:
            frame = read(stream.decode("ascii"))
        except ValueError:
            continue
        cut = _first(dialect.framing.bare, frame)
        body = cut[1] if cut is not None else frame
        if is_message(dialect, body):
            return f"the whole frame is written as {words}"
    return ""


def _from_base64(text: str) -> bytes:
    """Return the bytes of base64 text, as many as whole groups of it have. Raises ValueError: it is none."""
    text = "".join(text.split())
    return binascii.a2b_base64(text[: len(text) // 4 * 4], strict_mode=True)


def _toml(framing: Framing) -> str:
    """Return a framing as a dialect writes it."""
    parts = [f'length = "{framing.name}"']
    parts += ["includes_itself = true"] * framing.includes_itself
    parts += [
        f'{key} = "{value.hex().upper()}"'
        for key, value in (("start", framing.start), ("filler", framing.filler), ("end", framing.end))
        if value
    ]
    return ", ".join([*parts, *["includes_end = true"] * framing.includes_end])
