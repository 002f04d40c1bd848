"""The fault ``wrong_mac``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.reply_fault import MacFault, Sealing


@dataclass(frozen=True, slots=True)
class OtherMac(MacFault):
    """Give the reply another MAC than the right one. It does not act on replies that have none, as those that decline.

    A good terminal does not trust an approval without a right MAC: it reverses the transaction, with A0 as the reason
    where the dialect has one, and signs on again. Ours asks for a MAC of the plain approval (00) alone, as terminals in
    the field do, because hosts may send none with others (10, 11, A2): there a MAC that is absent is believed, and one
    that is there must be right.

    Args:
        how: `flip`: one bit differs. `zero`: all zeros. `other_key`: made with a key the terminal does not have.
            `absent`: the reply has none.
    """

    how: Literal["flip", "zero", "other_key", "absent"] = "flip"

    def mac(self, sealing: Sealing, context: FaultContext) -> bytes | None:
        """Return the wrong MAC."""
        if self.how == "absent":
            return None
        if self.how == "other_key":
            return sealing.under_another_key()
        right = sealing.right()
        return bytes(len(right)) if self.how == "zero" else bytes((right[0] ^ 1,)) + right[1:]
