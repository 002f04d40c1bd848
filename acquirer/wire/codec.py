"""The codec of one dialect: fast where a message is as it should be, thorough where it is not.

1. Every set of fields has its own generated decoder and encoder (`fast`), compiled once it was right `COMPILE_AFTER`
   times.
2. What they refuse, and every set that is not compiled, goes to pyiso8583 (`reference`).
3. Only the reference may say that something is wrong with a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from acquirer.wire.grammar import Grammar
from acquirer.wire.message import Message, Span, Unusual, Value
from acquirer.wire.reference import ReferenceCodec, first_bit

if TYPE_CHECKING:
    from acquirer.wire.fast import DecodeFunction, EncodeFunction

COMPILE_AFTER = 4
"""Messages the reference has found right before their set of fields is compiled. Bitmaps are chosen by the peer and
compiling takes a millisecond: a random one must not be worth it."""

MAX_COMPILED = 256
"""Compiled sets of fields per direction, and sets being counted. Real traffic has a few dozen; when an attacker has
filled the table it starts over, which costs less than keeping order in it on every message."""

NOT_FAST = (Unusual, LookupError, TypeError, ValueError, AttributeError)
"""What generated code raises when a message is not as it should be; a KeyError also when there is no code yet."""

K = TypeVar("K")
F = TypeVar("F")


class _CompiledSets(Generic[K, F]):
    """Compiles what is needed often. `ready` is replaced when full, never cleaned up: threads may be reading it."""

    def __init__(self) -> None:
        self.ready: dict[K, F] = {}
        self._seen: dict[K, int] = {}

    def note(self, key: K, make: Callable[[], F]) -> None:
        """Count one more right message with these fields; compile when there were enough."""
        if key in self.ready:
            return
        seen = self._seen.get(key, 0) + 1
        if seen < COMPILE_AFTER:
            if len(self._seen) >= MAX_COMPILED:
                self._seen = {}
            self._seen[key] = seen
            return
        self._seen.pop(key, None)
        if len(self.ready) >= MAX_COMPILED:
            self.ready = {}
        self.ready[key] = make()


class Codec:
    """Bytes to messages and back, for one grammar."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._reference = ReferenceCodec(grammar)
        self._start = grammar.envelope_bytes + grammar.mti_bytes
        self._end = self._start + grammar.bitmap_bytes
        self._decoders: _CompiledSets[bytes, DecodeFunction] = _CompiledSets()
        self._encoders: _CompiledSets[tuple[int, ...], EncodeFunction] = _CompiledSets()

    def decode(self, frame: bytes) -> Message:
        """Read one frame. Raises DecodeError and nothing else."""
        try:
            return self._decoders.ready[self._bitmaps(frame)](frame)
        except NOT_FAST:
            pass
        mti, fields, _ = self._reference.decode(frame)
        key = self._bitmaps(frame)
        self._decoders.note(key, lambda: _make_decoder(self._grammar, fields, len(key)))
        return Message(frame, mti, fields)

    def decode_usual(self, frame: bytes) -> Message | None:
        """Return a message whose fields are as they should be, and were seen before; else None."""
        ready = self._decoders.ready
        try:
            decode = ready.get(frame[self._start : self._end]) or ready[self._bitmaps(frame)]  # mostly there is one
            return decode(frame)
        except NOT_FAST:
            return None

    def encode(self, envelope: bytes, mti: str, fields: Mapping[int, Value]) -> bytes:
        """Write one frame. Raises EncodeError."""
        key = tuple(fields)
        try:
            return self._encoders.ready[key](envelope, mti, fields)
        except NOT_FAST:
            pass
        frame = self._reference.encode(envelope, mti, fields)
        self._encoders.note(key, lambda: _make_encoder(self._grammar, key))
        return frame

    def spans(self, frame: bytes) -> dict[int | str, Span]:
        """Return where MTI, bitmap and each field stand in a frame that decodes."""
        return self._reference.decode(frame)[2]

    def kind(self, frame: bytes) -> bytes:
        """Return MTI and bitmaps of a frame as they travel: those of messages with the same fields."""
        return frame[self._grammar.envelope_bytes : self._start] + self._bitmaps(frame)

    def _bitmaps(self, frame: bytes) -> bytes:
        bitmaps = frame[self._start : self._end]
        if self._grammar.secondary and first_bit(bitmaps, self._grammar):
            return frame[self._start : 2 * self._end - self._start]
        return bitmaps


def _make_decoder(grammar: Grammar, des: Iterable[int], bitmaps_bytes: int) -> DecodeFunction:
    from acquirer.wire.fast import make_decoder  # only what sees many messages needs it

    return make_decoder(grammar, des, bitmaps_bytes)


def _make_encoder(grammar: Grammar, des: Iterable[int]) -> EncodeFunction:
    from acquirer.wire.fast import make_encoder

    return make_encoder(grammar, des)
