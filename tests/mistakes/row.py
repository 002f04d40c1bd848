"""One row of the catalogue: a mistake, and what the host must say about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from tests.mistakes.pos import Make, Pos

GROUPS = (
    "framing", "encoding and fields", "keys and MAC", "PIN and track", "sign-on", "sale and reversal", "signature"
)  # fmt: skip


VERBS = """
add append apply ask begin build change check choose clear close compare compute connect convert correct count cover
compress decrypt derive do|not draw drop encode encrypt enter fill fix fold give import include increase insert keep
leave let look make name number open pad put raise read refund register remove repeat replace reverse say send set
settle shift sign skip split start store swap take try turn unwrap upload use void wait write
"""
_VERBS = "|".join(VERBS.split()).replace("do|not", "do not")
IMPERATIVE = rf"(?:(?:^|[;:.,(]\s|\band\s|\bor\s|\bthen\s)(?=(?:{_VERBS})\b)|\b(?=must|needs))"


def signed_on(pos: Pos) -> None:
    """Come before nearly every row: the terminal has working keys."""
    pos.sign_on()


def nothing(pos: Pos) -> None:
    """Come before rows that need no keys."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A mistake of a terminal's developer.

    Patterns are regular expressions, in any case of letters. That of the remedy follows an imperative in one clause of
    the sentence ("…; send the first eight characters"): what is wrong does not yet say what to do. In patterns
    ``<TMK>``, ``<MAK>``, ``<PIK>``, ``<TDK>`` stand
    for check values, ``<TID>`` and ``<MID>`` for numbers of the terminal that makes the mistake.
    """

    id: str
    group: str
    title: str  # what the developer did
    mistaken: Make  # the message with the mistake, or the one that shows it
    right: Make = Pos.sale  # the same without it: must get no such sentence
    before: Callable[[Pos], object] = signed_on
    codes: tuple[str, ...] = ("A0",)  # one of these is answered; "": nothing
    cause: tuple[str, ...]  # all of them must be in the sentence
    remedy: str = ""  # and this, behind an imperative
    never: tuple[str, ...] = ()  # and none of these: of this mistake they are untrue
    fix: str  # what is to be done, for people
    same_as: tuple[str, ...] = ()  # rows that look alike on the line: the sentence names all
    listener: str = "unionpay-pos"
    terminal: Mapping[str, str] = field(default_factory=dict)  # how it is registered, beside tid, mid and tmk
    capture: bool = False  # the message alone shows it, to one who has the terminal's keys

    def missing(self, sentence: str, facts: Mapping[str, str]) -> list[str]:
        """Return the patterns that a sentence lacks."""
        return list(self._missing(sentence, facts))

    def untrue(self, sentence: str) -> list[str]:
        """Return the patterns that a sentence must not have."""
        return [one for one in self.never if _compiled(one).search(sentence)]

    def fits(self, code: str, sentence: str, facts: Mapping[str, str]) -> bool:
        """Return whether a sentence, beside the code that was answered, is this row's."""
        return code in self.codes and not any(self._missing(sentence, facts))

    def _missing(self, sentence: str, facts: Mapping[str, str]) -> Iterator[str]:
        for one in self.cause:
            if not _compiled(_filled(one, facts)).search(sentence):
                yield one
        if not _compiled(_filled(f"{IMPERATIVE}[^;]*?({self.remedy})", facts)).search(sentence):
            yield f"an imperative, then {self.remedy}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern ready to search with; all rows are tried on all sentences."""
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _filled(pattern: str, facts: Mapping[str, str]) -> str:
    """Return a pattern with the facts of a conversation; of check values six digits are enough."""
    if "<" not in pattern:
        return pattern
    for name, value in facts.items():
        shown = value[:6] if len(value) == 8 and name in ("TMK", "MAK", "PIK", "TDK") else value
        pattern = pattern.replace(f"<{name}>", re.escape(shown))
    return pattern


def rows_of(group: str, prefix: str, **defaults: object) -> Callable[..., Mistake]:
    """Return what makes rows of one group: ``make(id, title, wrong, *cause, fix=…)``."""

    def make(id: str, title: str, mistaken: Make, /, *cause: str, **more: object) -> Mistake:
        given = {**defaults, **more}
        return Mistake(id=f"{prefix}-{id}", group=group, title=title, mistaken=mistaken, cause=cause, **given)  # type: ignore[arg-type]

    return make


def filled(de: int, side: str) -> str:
    """Return a pattern: a field is filled up on a side."""
    return rf"DE ?{de}\b[^;]*(fill|pad)[^;]*\b{side}\b|(fill|pad)[^;]*\b{side}\b[^;]*DE ?{de}\b"


def of(de: int, what: str) -> str:
    """Return a pattern: something is said of a field in one clause."""
    return rf"DE ?{de}\b[^;]*({what})|({what})[^;]*DE ?{de}\b"


TEXT = r"\btext\b|ASCII|characters"
UNDECRYPTED = (
    r"undecrypted|(did )?not (been )?decrypt(ed)?|without (being )?decrypt\w*|still encrypted|encrypted (MAK|PIK|TDK)"
    r"|not unwrapped|as it (stands|came|travels)"
)
MISSING = r"missing|absent|not there|left out|lacks|does not carry|without"
