"""The fault ``missing``."""

from __future__ import annotations

from dataclasses import dataclass

from acquirer.dialect.dialect import Dialect
from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.placement import missing_in_replies
from acquirer.scenario.reply_fault import ReplyDraft, ReplyFault


@dataclass(frozen=True, slots=True)
class Missing(ReplyFault):
    """Leave a field out of the reply. It does not act on replies that do not have it; for the MAC, see `wrong_mac`.

    A good terminal looks for what it needs: without a response code, a STAN or a terminal number a reply is none, and
    the transaction is reversed; without anything else it goes on.

    Args:
        de: The number of the field, as in 39.
    """

    de: int

    def misfit(self, dialect: Dialect) -> str:
        """Return why it never acts on replies of a dialect."""
        problem = missing_in_replies(dialect, f"de.{self.de}")
        if self.de in dialect.mac_des:
            problem = "it is the MAC, which is made afterwards; use the kind wrong_mac, with how=absent"
        return problem and f"'de' is {self.de}: {problem}"

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply without the field."""
        if self.de not in reply.fields:
            return None
        return reply.with_fields({de: value for de, value in reply.fields.items() if de != self.de})
