"""The fault ``truncate``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from acquirer.model.effects import Effect, Send
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.parameters import Share
from acquirer.wire.framing import LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class Truncate(FaultKind):
    """Send only the beginning of the reply, in a frame of that length.

    A good terminal cannot decode such a reply and treats it as none: it reverses the transaction.

    Args:
        bytes: How many bytes of the reply are sent. Without it and `share`, half of them.
        share: Which share of the bytes is sent, as in 0.5; instead of `bytes`.
    """

    stage: ClassVar[Stage] = Stage.FRAME

    bytes: int | None = None
    share: Share | None = None

    def __post_init__(self) -> None:
        if self.bytes is not None and self.share is not None:
            raise ValueError("takes either 'bytes' or 'share'; leave one out")
        if self.share == 1 or (self.bytes or 0) > LIMIT_BYTES:
            name = "share" if self.share == 1 else "bytes"
            raise ValueError(f"'{name}' leaves every reply whole; write less")

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Shorten each reply that is sent."""
        for effect in effects:
            if isinstance(effect, Send):
                share = 0.5 if self.share is None else self.share
                keep = int(len(effect.frame) * share) if self.bytes is None else self.bytes
                yield replace(effect, frame=effect.frame[:keep])
            else:
                yield effect
