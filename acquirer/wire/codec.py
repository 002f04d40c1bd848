"""The codec of one dialect: the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from acquirer.wire.message import Message, Span, Value
from acquirer.wire.model import Grammar
from acquirer.wire.reference import Reference

if TYPE_CHECKING:
    from acquirer.wire.dialect import Dialect


class Codec:
    """Bytes to messages and back."""

    def __init__(self, grammar: Grammar) -> None:
        self._reference = Reference(grammar)

    def decode(self, dialect: Dialect, frame: bytes) -> Message:
        """Read one frame. Raises DecodeError and nothing else."""
        mti, fields, _ = self._reference.decode(frame)
        return Message(dialect, frame, mti, fields)

    def encode(self, envelope: bytes, mti: str, fields: Mapping[int, Value]) -> bytes:
        """Write one frame. Raises EncodeError."""
        return self._reference.encode(envelope, mti, fields)

    def spans(self, frame: bytes) -> dict[int | str, Span]:
        """Where MTI, bitmap and each field stand in a frame that decodes."""
        return self._reference.decode(frame)[2]
