"""The fault ``half_keys``."""

from __future__ import annotations

from dataclasses import dataclass

from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.reply_fault import KeyFault, ReplyDraft


@dataclass(frozen=True, slots=True)
class HalfKeys(KeyFault):
    """Hand out the first half of a key package at sign-on. It acts on replies with keys alone.

    A good terminal takes none of its keys: it is not signed on, says so, and sends no transaction.
    """

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply with half its key package."""
        data = reply.key_bytes
        return None if data is None else reply.with_key_bytes(data[: len(data) // 2])
