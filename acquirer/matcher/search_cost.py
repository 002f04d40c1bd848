"""What a regular expression may cost at most: one that could take for ever is refused before it searches anything.

1. A search looks at the first `LONGEST_SEARCHED` characters of a value.
2. An engine that backtracks tries, at each place of a text, every way in which repeats and alternatives can be chosen.
   The ways multiply along a pattern, and with each turn of a repeat around them: those of ``(a+)+`` cannot be counted.
3. Each way goes through what follows in the pattern: that costs steps, of some nanoseconds.
4. A pattern of more than `MOST_COST` is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final, NamedTuple

LONGEST_SEARCHED: Final = 256
"""Characters: values that are asked for by a pattern, fields and sentences that say why, are seldom longer."""

MOST_COST: Final = 200_000_000
"""Steps: the worst that was found takes 0.3 s (fifteen optional groups), and three repeats without an end would take
twenty times as many. Usual patterns take less than a hundredth of a millisecond."""

SET_COST: Final = 6
GROUP_COST: Final = 10
"""Of a look into a set of characters, and of a group, beside that at a single character; measured with CPython 3.11."""

_parser: Final[Any] = import_module("re._parser")  # of Python's own `re`: the tree that it compiles

_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


class _Part(NamedTuple):
    """A part of a pattern: in how many ways it can be chosen, and the steps of all of them."""

    ways: int
    steps: int


_ENDLESS: Final = _Part(MOST_COST + 1, MOST_COST + 1)


def search_cost(pattern: str) -> int:
    """Return how many steps a search takes on the longest text, at most; `MOST_COST` + 1 stands for more.

    >>> search_cost("MAC differs"), search_cost("^T0[0-9]$"), search_cost("(a+)+$") > MOST_COST
    (2827, 2570, True)

    Raises:
        re.error, OverflowError, RecursionError: it is no regular expression, or too large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what later versions may read otherwise
        return _capped((LONGEST_SEARCHED + 1) * _of_sequence(_parser.parse(pattern)).steps)


def _of_sequence(items: Iterable[tuple[Any, Any]]) -> _Part:
    ways, steps = 1, 0
    for operator, argument in items:
        one = _of_item(str(operator), argument)
        steps = _capped(steps + ways * one.steps)
        ways = _capped(ways * one.ways)
    return _Part(ways, steps)


def _of_item(operator: str, argument: Any) -> _Part:
    if operator == "BRANCH":
        return _of_choices(argument[1])
    if operator == "GROUPREF_EXISTS":
        return _of_choices(one for one in argument[1:] if one is not None)
    if operator in _REPEATS:
        least, most, inner = argument
        if int(least) > LONGEST_SEARCHED:
            return _ENDLESS  # more than there is to search, unless it repeats nothing
        most = min(int(most), LONGEST_SEARCHED)
        found = _of_repeat(int(least), most, _of_sequence(inner))
        # What may be empty is tried to the last turn.
        return found._replace(ways=max(found.ways, most)) if inner.getwidth()[0] == 0 else found
    inside = argument[-1] if isinstance(argument, tuple) else argument  # of groups, and what looks ahead and behind
    if isinstance(inside, _parser.SubPattern):
        found = _of_sequence(inside)
        return _Part(found.ways, found.steps + GROUP_COST)
    if operator == "GROUPREF":
        return _Part(1, LONGEST_SEARCHED)
    return _Part(1, SET_COST if operator == "IN" else 1)


def _of_choices(choices: Iterable[Any]) -> _Part:
    parts = [_of_sequence(one) for one in choices]
    return _Part(sum(one.ways for one in parts), sum(one.steps for one in parts) + GROUP_COST)


def _of_repeat(least: int, most: int, inner: _Part) -> _Part:
    """Return the ways of all numbers of turns, `inner.ways` to the power of each, and the steps up to the last one."""
    if inner.ways == 1:
        return _Part(most - least + 1, most * inner.steps)
    turn, ways, steps = 1, int(least == 0), 0
    for number in range(1, most + 1):
        steps += turn * inner.steps
        turn *= inner.ways
        ways += turn if number >= least else 0
        if max(turn, steps) > MOST_COST:
            return _ENDLESS
    return _Part(ways, steps)


def _capped(number: int) -> int:
    return min(number, MOST_COST + 1)
