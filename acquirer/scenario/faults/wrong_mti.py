"""The fault ``wrong_mti``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.parameters import ParameterType
from acquirer.scenario.reply_fault import ReplyDraft, ReplyFault


def _mti(text: str) -> str:
    if not (len(text) == 4 and text.isascii() and text.isdecimal()):
        raise ValueError(f"'{text}' is no message type; write 4 digits, as in 0410")
    return text


Mti = Annotated[str, ParameterType("4 digits", _mti, lambda value: value or "that of another class")]
"""A message type; "": that of another class."""


@dataclass(frozen=True, slots=True)
class OtherMti(ReplyFault):
    """Give the reply another message type than the one that belongs to the request.

    A good terminal does not take it for its reply: it waits until its time-out, and reverses.

    Args:
        to: The message type of the reply, 4 digits. Without it, that of another class: 0410 for 0210, else 0210.
    """

    to: Mti = ""

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply with another message type."""
        other = reply.mti[0] + ("4" if reply.mti[1] == "2" else "2") + reply.mti[2:]
        return replace(reply, mti=self.to or other)
