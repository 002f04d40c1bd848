"""Conditions that no exchange of a host can ever fit: refused when they are read, not noticed when nothing happens."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

from acquirer.data.text import plural
from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.contradiction import contradictions
from acquirer.matcher.counted import COUNTED, counted_problem
from acquirer.matcher.expression import (
    Atom,
    Expression,
    Not,
    compiled,
    conjunction,
    conjuncts,
    keys_of,
    required,
)
from acquirer.matcher.keys import field_place
from acquirer.model.reasons import Reason
from acquirer.scenario.placement import absent

_SIZES: Final = {
    "tid": (8, "terminal number"),
    "mid": (15, "merchant number"),
    "stan": (6, "trace number"),
    "rrn": (12, "reference number"),
    "mti": (4, "message type"),
}

_ADDRESSES: Final = ("peer", "listener")

_ALWAYS_THERE: Final = frozenset(("service", "mti", "tid", "code", "reason", "why", "dialect", "peer", "listener"))
"""Keys that are never empty where rules are asked."""


def impossible(when: Expression, dialects: Collection[Dialect], passed: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the keys of which no value can ever fit, and why.

    Args:
        dialects: that the host speaks; none: what a dialect must know is not checked.
        passed: so many exchanges that fit are let pass first.
    """
    yield from _sizes(when)
    if problem := counted_problem(when):
        yield COUNTED, problem
    if "0" in (required(when, COUNTED) or ()):
        yield COUNTED, "is 0, and exchanges are counted from 1: it can never match"
    for key, problem in contradictions(when, {COUNTED: passed + 1}):
        behind = f" once {plural(passed, 'exchange')} passed" if key == COUNTED and passed else ""
        yield key, problem.replace(":", f"{behind}:", 1) if behind else problem
    if dialects:
        yield from _unknown(when, dialects)


def unserved(when: Expression, dialects: Collection[Dialect]) -> Iterator[tuple[str, str]]:
    """Yield the key of a rule's condition that no message fits which a host serves, and why.

    A condition that is about other dialects alone is passed over: packs are for any host.
    """
    for part in conjuncts(when):
        if isinstance(part, Atom) and part.operator == "absent" and part.key in _ALWAYS_THERE:
            yield part.key, "is never empty: it can never match"
    routed = [part for part in conjuncts(when) if keys_of(part) <= {"service", "mti", "dialect"}]
    about = [dialect for dialect in dialects if is_about(when, dialect)]
    fits = compiled(conjunction(routed))
    if routed and about and not any(fits(message) for dialect in about for message in _served(dialect)):
        key = min(key for part in routed for key in keys_of(part) if len(about) < 2 or key != "dialect")
        yield key, "no message that this host serves fits: it can never match"


def is_about(when: Expression, dialect: Dialect) -> bool:
    """Return whether a condition may hold in a dialect, by what it says of the dialect alone."""
    parts = [part for part in conjuncts(when) if keys_of(part) == {"dialect"}]
    return not parts or compiled(conjunction(parts))(_Served(dialect.name, "", ""))


class _Served:
    """A message as it is routed."""

    __slots__ = ("_values",)

    def __init__(self, dialect: str, service: str, mti: str) -> None:
        self._values = {"dialect": dialect, "service": service, "mti": mti}

    def value(self, key: str) -> str:
        return self._values[key]


@lru_cache(maxsize=64)  # dialects: those of one host
def _served(dialect: Dialect) -> tuple[_Served, ...]:
    routes = [route for route in dialect.routes if route.served]
    digits = "0123456789"  # the last one of an MTI says who sent it, and whether again: `dialect.router`
    return tuple(_Served(dialect.name, one.service, one.mti[:3] + digit) for digit in digits for one in routes)


def _sizes(when: Expression) -> Iterator[tuple[str, str]]:
    for key, (size, noun) in _SIZES.items():
        for value in sorted(required(when, key) or ()):
            if len(value) != size:
                yield key, f"'{value}' is not a {noun}, which has {size} characters: it can never match"
    for atom in conjuncts(when):
        if isinstance(atom, Atom) and atom.operator == "glob" and atom.key in _SIZES:
            size, noun = _SIZES[atom.key]
            if len(atom.operand.replace("*", "")) > size:
                yield atom.key, f"'{atom.operand}' is longer than a {noun}, which has {size} characters"
    for key in _ADDRESSES:
        for value in sorted(required(when, key) or ()):
            if problem := address_problem(value):
                yield key, problem


def address_problem(text: str) -> str:
    """Return why no connection has an address, as the rest of a sentence; "" when one may. ``*`` stands for anything.

    >>> address_problem("127.0.0.1:8583"), address_problem("*:8583"), address_problem("[::1]:8583")
    ('', '', '')
    >>> address_problem("127.0.0.1")
    "'127.0.0.1' has no port: it can never match; write it like 127.0.0.1:8583, or 127.0.0.1:*"
    """
    if re.fullmatch(r"[^:\s]+:[0-9*]{1,5}|\[[0-9a-fA-F:.%\w*]+\]:[0-9*]{1,5}", text) or "*" in text:
        return ""
    if text.startswith(":"):
        return f"'{text}' has no address: it can never match; write *{text}"
    if ":" not in text and not text.isdecimal():
        return f"'{text}' has no port: it can never match; write it like {text}:8583, or {text}:*"
    return f"'{text}' is not an address with its port: it can never match; write it like 127.0.0.1:8583 or *:8583"


def _unknown(when: Expression, dialects: Collection[Dialect]) -> Iterator[tuple[str, str]]:
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
    for key in sorted(key for key in keys_of(when) if field_place(key) is not None):
        problems = [_no_field(dialect, key) for dialect in dialects if is_about(when, dialect)]
        if problems and all(problems):
            yield key, problems[0]


def _no_field(dialect: Dialect, key: str) -> str:
    """Return why messages of a dialect never have the field, or the part of one, that a key names."""
    de, number = field_place(key) or (0, 0)
    if problem := absent(dialect, f"de.{de}"):
        return problem
    most = max((len(layout.parts) for layout in dialect.fields[de].layouts), default=0)
    return f"DE {de} of {dialect.name} is divided into {plural(most, 'part')} at most" if number > most else ""


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names))


def named_values(when: Expression, key: str) -> frozenset[str]:
    """Return the values with which a condition compares a key as a whole, in what must hold or must not."""
    parts = [part.part if isinstance(part, Not) else part for part in conjuncts(when)]
    return frozenset(value for part in parts for value in required(part, key) or ())
