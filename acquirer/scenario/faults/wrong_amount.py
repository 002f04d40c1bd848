"""The fault ``wrong_amount``."""

from __future__ import annotations

from dataclasses import dataclass

from acquirer.dialect.dialect import Dialect
from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.parameters import Amount
from acquirer.scenario.placement import missing_in_replies, never_acts
from acquirer.scenario.reply_fault import ReplyDraft, ReplyFault


@dataclass(frozen=True, slots=True)
class OtherAmount(ReplyFault):
    """Give the reply another amount than the one that was booked. It does not act on replies without amount.

    A good terminal compares it with the amount it asked for: it does not use the reply, and reverses. The reversal
    carries the amount of the request, and the host finds it.

    Args:
        to_minor: The amount in the reply. Without it, a hundredth more than the right one.
    """

    to_minor: Amount | None = None

    def misfit(self, dialect: Dialect) -> str:
        """Return why it never acts on replies of a dialect."""
        problem = missing_in_replies(dialect, "amount")
        return problem and never_acts(problem)

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply with another amount."""
        value = reply.element("amount")
        if not isinstance(value, str) or not value.isdecimal():
            return None
        amount = int(value) + 1 if self.to_minor is None else self.to_minor
        return reply.with_element("amount", f"{amount:0{len(value)}}"[-len(value) :])
