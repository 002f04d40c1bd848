"""Conditions that no exchange of a host can ever fit: refused when they are read, not noticed when nothing happens."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.counted import COUNTED, counted_problem
from acquirer.matcher.expression import Expression, Not, conjuncts, required
from acquirer.model.reasons import Reason

_SIZES: Final = {"tid": (8, "terminal number"), "mid": (15, "merchant number")}


def impossible(when: Expression, dialects: Collection[Dialect]) -> Iterator[tuple[str, str]]:
    """Yield the keys of which no value can ever fit, and why.

    Args:
        dialects: that the host speaks; none: what a dialect must know is not checked.
    """
    for key, (size, noun) in _SIZES.items():
        for value in sorted(required(when, key) or ()):
            if len(value) != size:
                yield key, f"'{value}' is not a {noun}, which has {size} characters: it can never match"
    if problem := counted_problem(when):
        yield COUNTED, problem
    if "0" in (required(when, COUNTED) or ()):
        yield COUNTED, "is 0, and exchanges are counted from 1: it can never match"
    if not dialects:
        return
    services = {route.service for dialect in dialects for route in dialect.routes if route.served}
    named = {dialect.name for dialect in dialects}
    codes = {code for dialect in dialects for code in dialect.codes}
    for key, known in (("service", services), ("dialect", named), ("code", codes), ("reason", {*Reason})):
        values = named_values(when, key)
        for value in sorted(values - known):
            hint = did_you_mean(value, known)
            if hint or not values & known:  # beside one that is known, it may be of another host
                listed = "; 'acquirer dialect show' lists them" if key == "code" else f"; there are {_list(known)}"
                yield key, f"this host has no {key} '{value}'{hint or listed}"


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def named_values(when: Expression, key: str) -> frozenset[str]:
    """Return the values with which a condition compares a key as a whole, in what must hold or must not."""
    parts = [part.part if isinstance(part, Not) else part for part in conjuncts(when)]
    return frozenset(value for part in parts for value in required(part, key) or ())
