"""What kinds of faults need to know of the wire: frames with their length, and where something stands in a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from acquirer.model.effects import Effect, Send, SendBytes, SendWithNext
from acquirer.scenario.fault_kind import FaultContext
from acquirer.wire.framing import FrameError
from acquirer.wire.message import DecodeError, Message


def wire_bytes(effect: Effect, context: FaultContext) -> bytes | None:
    """Return the bytes that an effect puts on the wire; None when it sends nothing."""
    if isinstance(effect, SendBytes):
        return effect.data
    if not isinstance(effect, Send):
        return None
    assert context.dialect is not None
    return context.dialect.framing.wrap(effect.frame)


def keep_for_next(
    effects: Iterable[Effect], context: FaultContext, place: Literal["before", "after"], wait_ms: int
) -> Iterator[Effect]:
    """Yield what is performed when all that is sent is kept, as one piece, for the next reply of the connection."""
    kept = b""
    for effect in effects:
        data = wire_bytes(effect, context)
        if data is None:
            yield effect
        else:
            kept += data
    if kept:
        yield SendWithNext(kept, place, wait_ms)


def length_prefix(size: int, context: FaultContext) -> bytes | None:
    """Return what stands before a frame of so many bytes; None where frames have no such length."""
    assert context.dialect is not None
    framing = context.dialect.framing
    if not framing.length_bytes or size < 0:
        return None
    try:
        return framing.wrap(bytes(size))[: framing.before_bytes] if size else framing.wrap(b"")
    except FrameError:
        return None


def place_in_frame(where: str, frame: bytes, context: FaultContext) -> tuple[int, int] | None:
    """Return where something stands in a frame, from and to.

    Args:
        where: ``anywhere``, ``mti``, ``bitmap`` or a field, ``de.39``.

    Returns:
        None when the frame does not have it.
    """
    if where == "anywhere":
        return (0, len(frame)) if frame else None
    assert context.dialect is not None
    try:
        message: Message = context.dialect.decode(frame)
    except DecodeError:
        return None
    name: int | str = int(where[3:]) if where.startswith("de.") else where
    return context.dialect.spans(message).get(name)
