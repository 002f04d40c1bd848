"""Texts that know what they belong to, so that a failed comparison says it.

pytest shows of two texts that differ where they differ, and nothing of where they come from: ``'55' == '00'``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from acquirer.journal.entry import Entry
from acquirer.terminal.exchange import Result


class ExplainedText(str):
    """A text that is like every other, but for `of`: what it is a part of, in a line."""

    of: str

    def __new__(cls, text: str, of: str) -> ExplainedText:
        explained = super().__new__(cls, text)
        explained.of = of
        return explained


class ExplainedResult(Result):
    """A result whose texts explain themselves."""

    @property
    def code(self) -> str:
        return ExplainedText(super().code, repr(self))

    @property
    def text(self) -> str:
        return ExplainedText(super().text, repr(self))

    @classmethod
    def of(cls, result: Result) -> ExplainedResult:
        """Return a result once more, with texts that explain themselves."""
        values: dict[str, Any] = {one.name: getattr(result, one.name) for one in fields(Result)}
        values |= {name: ExplainedText(values[name], repr(result)) for name in ("reversal", "sentence")}
        return cls(**values)


def explain_entries(entries: Iterable[Entry]) -> None:
    """Have the texts of entries explain themselves."""
    for entry in entries:
        line = repr(entry)
        for name in _TEXTS:
            setattr(entry, name, ExplainedText(getattr(entry, name), line))


_TEXTS = tuple(one.name for one in fields(Entry) if one.name in {
    "code", "reason", "service", "mti", "tid", "mid", "batch", "stan", "rrn", "fault", "rule", "delivery", "reply_mti",
    "pan_masked", "why",
})  # fmt: skip


def explanation_of(left: object, operator: str, right: object) -> list[str] | None:
    """Return the explanation of a comparison that failed; None when nothing explains itself."""
    known = [one.of for one in (left, right) if isinstance(one, ExplainedText)]
    if not known:
        return None
    return [f"{str(left)!r} {operator} {str(right)!r}", *(f"of {of}" for of in dict.fromkeys(known))]
