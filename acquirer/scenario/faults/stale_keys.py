"""The fault ``stale_keys``."""

from __future__ import annotations

from dataclasses import dataclass

from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.reply_fault import KeyFault, OtherKeys, ReplyDraft


@dataclass(frozen=True, slots=True)
class StaleKeys(KeyFault):
    """Hand out other working keys at sign-on than the host goes by. It acts on replies with keys alone.

    A good terminal cannot notice it: the check values are right. The host refuses its next MAC, A0; the terminal signs
    on again.

    Args:
        which: `unknown`: keys that the host does not know. `previous`: those of the sign-on before, which the host
            accepts as long as its grace runs; it does not act on the first sign-on.
    """

    which: OtherKeys = "unknown"

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply with another key package."""
        wire = reply.other_keys(self.which) if reply.key_bytes is not None else None
        if wire is None:
            return None
        return reply.with_element("keys", wire.decode("latin-1") if isinstance(reply.element("keys"), str) else wire)
