"""The fault ``bit_flip``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from acquirer.dialect.dialect import Dialect
from acquirer.model.effects import Effect, Send
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.placement import missing_in_replies
from acquirer.scenario.wire_bytes import place_in_frame


@dataclass(frozen=True, slots=True)
class BitFlip(FaultKind):
    """Flip bits of the reply, drawn at random.

    A good terminal cannot decode the reply, takes it for another's, or finds its MAC wrong, also where a flipped code
    looks like a decline: it reverses the transaction. What is under no MAC, as most declines, it cannot notice.

    Args:
        bits: How many bits are flipped.
        where: `anywhere` in the reply, in its `bitmap`, its `mti`, or in a field, as in `de.39`; it does not act on
            replies without that field.
    """

    stage: ClassVar[Stage] = Stage.FRAME

    bits: int = 1
    where: str = "anywhere"

    def __post_init__(self) -> None:
        if not self.bits:
            raise ValueError("'bits' is 0, which changes nothing; write 1 or more")
        if not re.fullmatch(r"anywhere|bitmap|mti|de\.[1-9][0-9]{0,2}", self.where):
            raise ValueError(f"'where' is '{self.where}'; write anywhere, bitmap, mti or a field as in de.39")

    def misfit(self, dialect: Dialect) -> str:
        """Return why it never acts on replies of a dialect."""
        problem = missing_in_replies(dialect, self.where) if self.where.startswith("de.") else ""
        return problem and f"'where' is '{self.where}': {problem}"

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:
        """Flip bits of each reply that is sent."""
        for effect in effects:
            if isinstance(effect, Send) and (place := place_in_frame(self.where, effect.frame, context)):
                yield replace(effect, frame=self._flipped(effect.frame, *place, context))
            else:
                yield effect

    def _flipped(self, frame: bytes, start: int, stop: int, context: FaultContext) -> bytes:
        assert context.randbytes is not None
        bits = 8 * (stop - start)
        places: set[int] = set()
        while len(places) < min(self.bits, bits):
            places.add(int.from_bytes(context.randbytes(4), "big") % bits)
        damaged = bytearray(frame)
        for place in places:
            damaged[start + place // 8] ^= 0x80 >> place % 8
        return bytes(damaged)
