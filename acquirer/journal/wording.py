"""What was expected and what was seen, in words.

The form is fixed, and the same wherever it is shown::

    expected exactly 1 reversal of STAN 000003 within 5 s, saw 0 of 14 exchanges of terminal 10000161
    nearest: #12 0400 reversal  stan: wanted 000003, was 000004 ≠   everything else fits
    rules that fired: 'tunnel' ×1 (fault silent) at #11 0200 sale 66.66
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from acquirer.data.text import plural, printable
from acquirer.journal.entry import Entry
from acquirer.journal.search import JournalSearch
from acquirer.journal.subject import JournalSubject
from acquirer.matcher.expression import Atom, Expression, conjunction, conjuncts, keys_of, required, value_text
from acquirer.matcher.filter_text import as_filter
from acquirer.matcher.near import MOST, NearMiss, label, near_misses, wanted_words
from acquirer.wire.masking import mask_card_numbers

COMPARED: Final = 1_000
"""Of so many exchanges, the latest ones, the nearest are named: distances of texts take their time."""

_FIRED: Final = 5
"""Rules, and faults, that are named: a test seldom has more."""

_NAMED: Final = 3
"""Terminals that are named; of more, their number says as much."""


def scope_of(condition: Expression) -> Expression:
    """Return the part of a condition that says which terminals are looked at; else what always holds."""
    return conjunction(part for part in conjuncts(condition) if _terminals(part))


def in_words(condition: Expression) -> tuple[str, str]:
    """Return what a condition asks for but its terminal: the noun, which may be counted, and what follows it.

    >>> from acquirer.matcher.expression import All
    >>> in_words(All((Atom("service", "equal", "reversal"), Atom("stan", "equal", "000003"), Atom("rrn", "present"))))
    ('reversal', ' of STAN 000003 with rrn present')
    """
    noun, stan = "exchange", ""
    others: list[str] = []
    for part in conjuncts(condition):
        if not keys_of(part) or _terminals(part):
            continue
        if noun == "exchange" and (service := _equal(part, "service")):
            noun = printable(service)
        elif not stan and (number := _equal(part, "stan")):
            stan = f" of STAN {printable(number)}"
        elif len(keys := keys_of(part)) == 1:
            others.append(f"{next(iter(keys))} {printable(wanted_words(part))}")
        else:
            others.append(f"({printable(mask_card_numbers(as_filter(part)))})")
    return noun, stan + (f" with {', '.join(others)}" if others else "")


def in_seconds(word: str, seconds: float) -> str:
    """Return a time limit as a sentence has it.

    >>> in_seconds("within", 5.0), in_seconds("within", 0)
    (' within 5 s', '')
    """
    return f" {word} {seconds:g} s" if seconds else ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The exchanges among which something was expected."""

    total: int
    where: str  # " of terminal 10000161"
    complete: bool  # nothing older was left out
    nearest: tuple[NearMiss, ...]
    acted: tuple[str, ...]  # lines about rules and faults

    @property
    def counted(self) -> str:
        """How many there are, as "saw 0 of …" continues."""
        latest = "" if self.complete else "the latest "
        return f"{latest}{plural(self.total, 'exchange')}{self.where}"


def look_around(search: JournalSearch, condition: Expression, scope: Expression, after: int) -> Surroundings:
    """Return what stands around: all exchanges of a scope, and which of the latest come nearest to a condition."""
    scan = search.scan(scope, after=after)
    total = 0
    subjects: list[JournalSubject] = []
    acted: list[Entry] = []
    for entry in scan:
        total += 1
        if len(subjects) < COMPARED:
            subjects.append(search.subject(entry))
        if entry.rule or entry.fault:
            acted.append(entry)
    nearest = near_misses(condition, reversed(subjects), MOST)
    tids = sorted({tid for part in conjuncts(scope) for tid in _terminals(part)})
    if len(tids) > _NAMED:
        where = f" of {plural(len(tids), 'terminal')}"
    else:
        where = f" of terminal {' and '.join(map(printable, tids))}" if tids else ""
    if after:
        where += f" after #{after}"
    lines = _acted("rules that fired", [one for one in acted if one.rule], search)
    lines += _acted("faults that acted", [one for one in acted if not one.rule], search)
    return Surroundings(total, where, scan.stopped_before is None, tuple(nearest), lines)


def fitting_lines(entries: Sequence[Entry], search: JournalSearch) -> list[str]:
    """Return a line for each of the latest that fit, where there are too many."""
    return [f"fits: {label(search.subject(entry))}  {entry.tid}".rstrip() for entry in entries[-MOST:]]


def _acted(heading: str, entries: Sequence[Entry], search: JournalSearch) -> tuple[str, ...]:
    """Return a line about what acted in these, the latest first; nothing when there are none."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.rule, entry.fault), []).append(entry)
    texts = []
    for (rule, fault), found in list(groups.items())[:_FIRED]:
        latest = search.subject(found[0])
        amount = value_text("amount", latest.value("amount"))
        also = f" (fault {printable(fault)})" if rule and fault else ""
        name = printable(rule or fault)
        texts.append(f"'{name}' ×{len(found)}{also} at {label(latest)}{f' {amount}' if amount else ''}")
    if not texts:
        return ()
    more = f"; and {len(groups) - _FIRED} more" if len(groups) > _FIRED else ""
    return (f"{heading}: {'; '.join(texts)}{more}",)


def _terminals(part: Expression) -> frozenset[str]:
    """Return the terminals of which one is what a part asks for, and nothing else; none when it asks otherwise."""
    if keys_of(part) != {"tid"}:
        return frozenset()
    return frozenset(required(part, "tid") or ())


def _equal(part: Expression, key: str) -> str:
    """Return the value that a part asks of a key; "" when it asks something else."""
    return part.operand if isinstance(part, Atom) and (part.key, part.operator) == (key, "equal") else ""
