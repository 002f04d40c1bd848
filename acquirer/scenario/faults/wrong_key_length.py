"""The fault ``wrong_key_length``."""

from __future__ import annotations

from dataclasses import dataclass

from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.parameters import SignedNumber
from acquirer.scenario.reply_fault import KeyFault, ReplyDraft


@dataclass(frozen=True, slots=True)
class OtherKeyLength(KeyFault):
    """Hand out a key package of another length than its layout has. It acts on replies with keys alone.

    A good terminal takes none of its keys: it is not signed on, says so, and sends no transaction.

    Args:
        by: How many bytes are added at its end (zeros), or with a minus left out there.
    """

    by: SignedNumber = -1

    def __post_init__(self) -> None:
        if not self.by:
            raise ValueError("'by' is 0, which changes nothing; write another number")

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply with a longer or shorter key package."""
        data = reply.key_bytes
        if data is None:
            return None
        return reply.with_key_bytes(data + bytes(self.by) if self.by > 0 else data[: max(0, len(data) + self.by)])
