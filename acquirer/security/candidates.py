"""Which mistake explains bytes that do not fit: candidates are tried in order, and the first that fits is named.

MACs, PIN blocks, key packages, tracks and fields share this engine; each brings its own axes of what can be wrong (the
key, the algorithm, the bytes covered, the format …).

1. The first candidate of each axis is what is right; the others are mistakes that terminals are known to make.
2. One mistake is tried before two, and never three: with three, something would always fit.
3. A rare mistake is tried by itself only (`alone`).
4. Wrong bytes cost their sender nothing, so the work is bounded by a number of trials.
5. A search is a generator that pauses after some trials: a host does something else between them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import combinations, islice, product
from typing import Any, Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")

TRIALS_MOST: Final = 650
"""Trials of one diagnosis: a MAC costs about 5 µs, so a few milliseconds, paid only after a refusal."""

SLICE_TRIALS: Final = 100
"""Trials between two pauses: half a millisecond, as long as four exchanges take."""

Search = Generator[None, None, T]
"""Looks for something and returns it; each time it yields, it may be left waiting."""

CauseSearch = Callable[[], Search[str]]
"""Begins to look for what explains a refusal, which takes milliseconds; its sentence says what was found."""


class Candidate(NamedTuple, Generic[T]):
    """One way in which something may have been done."""

    words: str
    hint: str  # which mistake of the terminal it would be; "": none
    value: T
    remedy: str = ""  # what to do about it
    alone: bool = False  # too rare to be tried together with another mistake


Combination = tuple[Candidate[Any], ...]
"""One candidate of each axis."""


def first_fit(
    axes: Sequence[Sequence[Candidate[Any]]], fits: Callable[[Combination], T | None], most: int = TRIALS_MOST
) -> Search[tuple[Combination, T] | None]:
    """Look for the first combination that fits, and what `fits` returned for it; None when nothing that is tried does.

    It pauses before the first trial too: to make the candidates has taken as long as some trials.
    """
    for number, combination in enumerate(islice(fewest_mistakes_first(axes), most)):
        if not number % SLICE_TRIALS:
            yield
        found = fits(combination)
        if found is not None:
            return combination, found
    return None


def finished(search: Search[T]) -> T:
    """Return what a search finds, without a pause.

    >>> finished(first_fit([[Candidate("a", "", 1), Candidate("b", "", 2)]], lambda tried: tried[0].value == 2 or None))
    ((Candidate(words='b', hint='', value=2, remedy='', alone=False),), True)
    """
    while True:
        try:
            next(search)
        except StopIteration as end:
            found: T = end.value
            return found


def fewest_mistakes_first(axes: Sequence[Sequence[Candidate[Any]]]) -> Iterator[Combination]:
    """Yield what is right, then one thing other than it should be, then two.

    >>> def axis(*words): return [Candidate(word, "", 0) for word in words]
    >>> [" ".join(one.words for one in tried) for tried in fewest_mistakes_first([axis("a", "b"), axis("x", "y")])]
    ['a x', 'b x', 'a y', 'b y']
    """
    right = tuple(axis[0] for axis in axes)
    yield right
    for place, axis in enumerate(axes):
        for one in axis[1:]:
            yield (*right[:place], one, *right[place + 1 :])
    often = [[one for one in axis[1:] if not one.alone] for axis in axes]
    for (first, some), (second, others) in combinations(enumerate(often), 2):
        for one, other in product(some, others):
            tried = list(right)
            tried[first], tried[second] = one, other
            yield tuple(tried)


def advice(combination: Combination, mistake: str = "", remedy: str = "") -> str:
    """Return which mistakes a combination consists of and what to do about them; one more may be given."""
    mistakes = [one.hint for one in combination] + [mistake]
    remedies = [one.remedy for one in combination] + [remedy]
    return "; ".join(dict.fromkeys(part for part in (*mistakes, *remedies) if part))
