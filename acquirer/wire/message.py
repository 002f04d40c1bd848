"""A decoded ISO 8583 message, and the evidence of one that could not be decoded."""

from __future__ import annotations

from acquirer.errors import WireError

Value = str | bytes
"""``b`` fields are bytes; every other field is text. Text bytes map one to one (latin-1), so nothing is lost;
Chinese text is decoded from GBK only where it is displayed."""

Span = tuple[int, int]
"""From, to: offsets into the frame (without its length prefix), `to` exclusive, length indicator included."""


def as_bytes(value: Value) -> bytes:
    """Return the bytes that a value stands for.

    >>> as_bytes("\\xd2\\xf8"), as_bytes(b"\\x12")
    (b'\\xd2\\xf8', b'\\x12')
    """
    return value.encode("latin-1") if isinstance(value, str) else value


class Message:
    """One frame, decoded.

    `raw` is the frame as received, without its length prefix: TPDU, head, then the ISO 8583 message. `fields`
    maps DE numbers to values and holds neither MTI nor bitmap. Not frozen, because one is made per exchange and
    freezing costs more than decoding; nothing changes a message after `decode` returned it.
    """

    __slots__ = ("fields", "mti", "raw")

    def __init__(self, raw: bytes, mti: str, fields: dict[int, Value]) -> None:
        self.raw = raw
        self.mti = mti
        self.fields = fields

    def __repr__(self) -> str:
        # Field values may be a card number or a PIN block: only their numbers are shown.
        return f"<Message {self.mti} DE {','.join(map(str, self.fields))}>"


class DecodeError(WireError, ValueError):
    """A frame that is no message of this dialect: what is wrong, in which field, at which byte.

    `mti`, `fields` and `spans` hold what was decoded before the failure, so that a host can still address its refusal.
    `field` is the DE number, or ``"mti"``, ``"bitmap"``, ``"envelope"``, ``"end"``; `position` is the offset of the
    offending byte in the frame without its length prefix. The sentence never quotes bytes of a sensitive field.
    """

    def __init__(
        self,
        problem: str,
        *,
        field: int | str,
        position: int,
        mti: str | None,
        fields: dict[int, Value],
        spans: dict[int | str, Span] | None = None,
    ) -> None:
        where = f"DE {field}" if isinstance(field, int) else field
        super().__init__(f"{where} at byte {position}: {problem}")
        self.problem = problem
        self.field = field
        self.position = position
        self.mti = mti
        self.fields = fields
        self.spans = spans or {}


class EncodeError(WireError, ValueError):
    """Values that this dialect cannot put on the wire: which field, and why. Never quotes the value."""

    def __init__(self, problem: str, *, field: int | str) -> None:
        where = f"DE {field}" if isinstance(field, int) else field
        super().__init__(f"{where}: {problem}")
        self.problem = problem
        self.field = field


class Unusual(Exception):
    """The generated codec does not handle this message: the reference codec must, which alone may refuse it."""
