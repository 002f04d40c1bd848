"""Conditions that no value fits: ``amount>10 & amount<5``, ``tid=A & tid=B``.

Looked at is what must hold of one key alone. Where its values are listed, each is tried; where it is compared by size
alone, the ends of what is compared and what lies beside them: between them nothing changes. Else it is taken to be
possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from acquirer.matcher.expression import (
    Atom,
    Expression,
    atoms_of,
    compiled,
    conjunction,
    conjuncts,
    exact,
    keys_of,
    kind_of,
    required,
    size,
)
from acquirer.matcher.filter_text import as_filter
from acquirer.matcher.keys import KEYS, OneValue

_SIZED: Final = frozenset(("equal", "present", "absent", ">", ">=", "<", "<=", "range"))

_TIME_OF_DAY: Final = 6  # hhmmss
_MOMENT: Final = 14  # YYYYMMDDhhmmss
_MIDNIGHT: Final = "000000"


def contradictions(when: Expression, least: Mapping[str, int] | None = None) -> Iterator[tuple[str, str]]:
    """Yield the keys of which no value can fit, and why.

    Args:
        least: the smallest value of keys that are numbers, where that is not 0.
    """
    parts = conjuncts(when)
    by_key: dict[str, list[Expression]] = {}
    for part in parts:
        keys = keys_of(part)
        if len(keys) == 1 and not keys & {"since", "until"}:
            by_key.setdefault(next(iter(keys)), []).append(part)
    for key, found in sorted(by_key.items()):
        of_key = conjunction(found)
        values = _values(of_key, key, (least or {}).get(key, 0))
        fits = compiled(of_key)
        if values is not None and not any(fits(OneValue(value)) for value in values):
            yield key, f"nothing fits '{as_filter(of_key)}': it can never match"
    if problem := _time_problem([part for part in parts if isinstance(part, Atom)]):
        yield problem


def _values(of_key: Expression, key: str, least: int) -> list[str | int] | None:
    """Return values of which one fits, if any does; None where that is not known."""
    listed = required(of_key, key)
    if key in KEYS and KEYS[key].several:  # two may hold at once
        return None
    if listed is not None:
        values = [exact(key, value) for value in listed]
        return [value for value in values if isinstance(value, str) or value >= least]
    atoms = tuple(atoms_of(of_key))
    if kind_of(key) not in ("amount", "number") or not all(atom.operator in _SIZED for atom in atoms):
        return None
    ends = {size(key, end) for atom in atoms for end in (atom.operand, atom.high) if end}
    beside = {end + step for end in ends for step in (-1, 0, 1)} | {least}
    found: list[str | int] = [value for value in sorted(beside) if value >= least]
    return ["", *found] if kind_of(key) == "amount" else found  # what has no amount


def _time_problem(atoms: Iterable[Atom]) -> tuple[str, str] | None:
    """Return the key and the problem of times that nothing lies between; a time of day and a moment are not compared.

    Of a time of day that ends before it begins, which goes over midnight, neither end must hold.
    """
    for size_of_kind in (_TIME_OF_DAY, _MOMENT):
        of_kind = [atom for atom in atoms if len(atom.operand) == size_of_kind]
        since = max((atom.operand for atom in of_kind if atom.key == "since"), default="")
        until = min((atom.operand for atom in of_kind if atom.key == "until"), default="")
        if until and until <= max(since, _MIDNIGHT):
            return "until", f"is not later than {'since' if since else 'midnight'}: it can never match"
    return None
