"""The fault ``wrong_kcv``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.reply_fault import KeyFault, ReplyDraft


@dataclass(frozen=True, slots=True)
class OtherKcv(KeyFault):
    """Hand out a key at sign-on with a check value that is not its own. It acts on packages with check values alone.

    A good terminal takes none of the keys of such a package: it is not signed on, says so, and sends no transaction.

    Args:
        key: The key whose check value is wrong; it does not act on a package without it.
    """

    key: Literal["pik", "mak", "tdk"] = "mak"

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply with the last byte of the key's check value changed."""
        data, package = reply.key_bytes, reply.package
        if data is None or package is None or not package.kcv_bytes:
            return None
        at = 0
        for part in package.parts:
            at += part.size_bytes + package.kcv_bytes
            if part.name == self.key and at <= len(data):
                return reply.with_key_bytes(data[: at - 1] + bytes((data[at - 1] ^ 0xFF,)) + data[at:])
        return None
