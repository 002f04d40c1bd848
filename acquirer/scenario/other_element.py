"""Replies with another value of one element than the right one: what the kinds `wrong_stan`, `wrong_rrn` … share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from acquirer.dialect.dialect import Dialect
from acquirer.scenario.fault_kind import FaultContext
from acquirer.scenario.parameters import PLAIN_TYPES, ParameterType
from acquirer.scenario.placement import missing_in_replies, never_acts, unfit
from acquirer.scenario.reply_fault import ReplyDraft, ReplyFault

Other = Annotated[
    str, ParameterType("text", PLAIN_TYPES[str].read, lambda value: value or "another one than the right one")
]
"""A value; "": another one than the right one."""


@dataclass(frozen=True, slots=True)
class OtherElement(ReplyFault):
    """Changes one element of the reply; does not act on replies without it."""

    element: ClassVar[str]

    to: Other = ""

    def misfit(self, dialect: Dialect) -> str:
        """Return why it never acts on replies of a dialect."""
        if problem := missing_in_replies(dialect, self.element):
            return never_acts(problem)
        problem = unfit(dialect, self.element, self.to) if self.to else ""
        return problem and f"'to' {problem}"

    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:  # noqa: ARG002
        """Return the reply with another value of the element."""
        value = reply.element(self.element)
        if not isinstance(value, str) or not value:
            return None
        return reply.with_element(self.element, self.to or another(value))


def another(value: str) -> str:
    """Return a text of the same form that differs in its last character.

    >>> another("000019"), another("A"), another("")
    ('000010', 'B', '')
    """
    last = value[-1:]
    if last.isdecimal():
        return value[:-1] + str((int(last) + 1) % 10)
    return value[:-1] + ("A" if last in "Zz" else chr(ord(last) + 1)) if last else value
