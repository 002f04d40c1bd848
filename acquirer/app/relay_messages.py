"""Messages as a relay sees them: decoded as far as they can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from acquirer.dialect.definitions import ACCEPTED
from acquirer.dialect.dialect import Dialect, Route
from acquirer.dialect.readers import ElementReaders
from acquirer.wire.message import DecodeError, Message, Value


@dataclass(slots=True, eq=False)
class SeenMessage:
    """A frame that passed, as far as it could be decoded."""

    frame: bytes
    at_us: int
    at_s: float
    mti: str
    fields: dict[int, Value]
    message: Message | None
    failure: DecodeError | None
    route: Route | None = None
    fault: str = ""  # the damage done on purpose
    delivery: str = ""  # of a reply that was not simply passed on


def decoded(dialect: Dialect, frame: bytes, at_us: int, at_s: float) -> SeenMessage:
    """Return a frame decoded."""
    try:
        message = dialect.decode(frame)
    except DecodeError as exc:
        return SeenMessage(frame, at_us, at_s, exc.mti or "", dict(exc.fields), None, exc)
    return SeenMessage(frame, at_us, at_s, message.mti, dict(message.fields), message, None, dialect.route(message))


def text_of(dialect: Dialect, fields: dict[int, Value], element: str) -> str:
    """Return an element as text; "" where there is none, or it is binary."""
    value = dialect.get_from(fields, element)
    return value if isinstance(value, str) else ""


def approves(dialect: Dialect, reply: SeenMessage) -> bool:
    """Return whether a reply approves: a code says so, or it can be read and has none."""
    code = text_of(dialect, reply.fields, "code")
    known = dialect.codes.get(code)
    return reply.failure is None and (not code or (known is not None and known.kind == ACCEPTED))


def safely(read: Callable[[dict[int, Value]], str], fields: dict[int, Value]) -> str:
    """Return an element; "" where the fields of a message that was cut cannot be read."""
    try:
        return read(fields)
    except (ValueError, LookupError, TypeError):
        return ""


def amount_minor(read: ElementReaders, fields: dict[int, Value]) -> int | None:
    """Return the amount of a message; None where there is none, or it cannot be read."""
    amount = safely(read.amount, fields)
    return int(amount) if amount.isdecimal() else None
