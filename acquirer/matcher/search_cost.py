"""What a regular expression may cost at most: one that could take for ever is refused before it searches anything.

1. A search looks at the first `LONGEST_SEARCHED` characters of a value.
2. An engine that backtracks tries, at each place of a text, every way in which repeats and alternatives can be chosen.
   The ways multiply along a pattern, and with each turn of a repeat around them: those of ``(a+)+`` cannot be counted.
3. A pattern of more than `MOST_WAYS` is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

LONGEST_SEARCHED: Final = 256
"""Characters: values that are asked for by a pattern, fields and sentences that say why, are seldom longer."""

MOST_WAYS: Final = 20_000_000
"""As many as two repeats without an end have at any place of such a text. The worst that was found takes 0.4 s (sixteen
optional letters), usual patterns less than a hundredth of a millisecond; three repeats would take seconds."""

_parser: Final[Any] = import_module("re._parser")  # of Python's own `re`: the tree that it compiles

_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def ways_of(pattern: str) -> int:
    """Return in how many ways a pattern can be tried on the longest text, at most; `MOST_WAYS` + 1 stands for more.

    >>> ways_of("MAC differs"), ways_of("^T0[0-9]$"), ways_of("(a+)+$") > MOST_WAYS
    (257, 257, True)

    Raises:
        re.error, OverflowError, RecursionError: it is no regular expression, or too large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what later versions may read otherwise
        return _capped((LONGEST_SEARCHED + 1) * _of_sequence(_parser.parse(pattern)))


def _of_sequence(items: Iterable[tuple[Any, Any]]) -> int:
    ways = 1
    for operator, argument in items:
        ways = _capped(ways * _of_item(str(operator), argument))
    return ways


def _of_item(operator: str, argument: Any) -> int:
    if operator == "BRANCH":
        return sum(_of_sequence(one) for one in argument[1])
    if operator in _REPEATS:
        least, most, inner = argument
        if int(least) > LONGEST_SEARCHED:
            return MOST_WAYS + 1  # more than there is to search, unless it repeats nothing
        most = min(int(most), LONGEST_SEARCHED)
        ways = _of_repeat(int(least), most, _of_sequence(inner))
        return max(ways, most) if inner.getwidth()[0] == 0 else ways  # what may be empty is tried to the last turn
    if operator == "GROUPREF_EXISTS":
        return sum(_of_sequence(one) for one in argument[1:] if one is not None)
    if isinstance(argument, tuple):  # groups, and what looks ahead and behind: the last of it is what is inside
        return _of_sequence(argument[-1]) if isinstance(argument[-1], _parser.SubPattern) else 1
    return _of_sequence(argument) if isinstance(argument, _parser.SubPattern) else 1  # an atomic group


def _of_repeat(least: int, most: int, inner: int) -> int:
    """Return the sum of `inner` to the power of each number of turns."""
    if inner == 1:
        return most - least + 1
    turn, total = 1, int(least == 0)
    for number in range(1, most + 1):
        turn = _capped(turn * inner)
        total += turn if number >= least else 0
        if turn > MOST_WAYS:
            return MOST_WAYS + 1
    return total


def _capped(ways: int) -> int:
    return min(ways, MOST_WAYS + 1)
