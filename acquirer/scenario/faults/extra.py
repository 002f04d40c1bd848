"""The fault ``extra``."""

from __future__ import annotations

from dataclasses import dataclass

from acquirer.dialect.dialect import Dialect
from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.placement import absent, unfit
from acquirer.scenario.reply_fault import ReplyDraft, ReplyFault
from acquirer.wire.message import EncodeError


@dataclass(frozen=True, slots=True)
class Extra(ReplyFault):
    """Add a field that this reply does not have. It does not act on replies that have it already.

    A good terminal passes over fields that it does not need.

    Args:
        de: The number of the field. The dialect must have it.
        value: What stands in it; of a field of bytes, in hex.
    """

    de: int
    value: str

    def misfit(self, dialect: Dialect) -> str:
        """Return why it never acts on replies of a dialect."""
        if problem := absent(dialect, f"de.{self.de}"):
            return f"'de' is {self.de}: {problem}"
        problem = unfit(dialect, f"de.{self.de}", self.value)
        return problem and f"'value' {problem}"

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply with the field."""
        if self.de in reply.fields:
            return None
        spec = reply.dialect.fields.get(self.de)
        if spec is None:
            raise EncodeError("this dialect does not have it", field=self.de)
        try:
            value = bytes.fromhex(self.value) if spec.kind == "b" else self.value
        except ValueError:
            raise EncodeError(f"'{self.value}' is not hex, and it is a field of bytes", field=self.de) from None
        return reply.with_fields(dict(sorted({**reply.fields, self.de: value}.items())))
