"""What kinds of faults need to know of the wire: frames with their length, and where something stands in a frame."""

from __future__ import annotations

from acquirer.model.effects import Effect, Send, SendBytes
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
