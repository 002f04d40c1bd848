"""Faults: damage that a host does to its own replies, on purpose and declared.

A fault is a name, a kind and conditions; all conditions must hold. It is written either as TOML or as one text::

    [[fault]]
    name = "tunnel"
    kind = "silent"
    service = "sale"
    amount = "13.13"

    silent:service=sale,amount=13.13,name=tunnel

A fault never changes a decision: what was decided is durable first, then the reply is damaged. So a silent sale is
booked, and the terminal's reversal finds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from acquirer.data.toml import Document, nearest
from acquirer.data.types import Randbytes

KINDS: Mapping[str, str] = {"silent": "decide, book, and answer nothing"}
"""Every kind of fault, and what it does."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Damage of one kind, and when it is done; a condition that is None always holds."""

    name: str
    kind: str
    tid: str | None = None
    mid: str | None = None
    service: str | None = None
    code: str | None = None  # of the reply that is damaged
    amount_minor: int | None = None
    probability: float = 1.0
    count: int | None = None  # strikes this often, then never again

    def fits(self, occasion: Occasion) -> bool:
        """Whether every condition that does not depend on luck or on the past holds."""
        return (
            self.tid in (None, occasion.tid)
            and self.mid in (None, occasion.mid)
            and self.service in (None, occasion.service)
            and self.code in (None, occasion.code)
            and self.amount_minor in (None, occasion.amount_minor)
        )


@dataclass(slots=True)
class Occasion:
    """What is known of an exchange when its reply is ready. Not frozen: made per exchange."""

    tid: str
    mid: str
    service: str
    code: str
    amount_minor: int | None


class Faults:
    """The faults of one running host, in order of declaration; remembers how often each has struck."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.declared = tuple(faults)
        self.struck = [0] * len(self.declared)

    def __bool__(self) -> bool:
        return bool(self.declared)

    def strike(self, occasion: Occasion, randbytes: Randbytes) -> Fault | None:
        """The first fault that fits, is lucky and has not struck often enough yet; counts it."""
        for i, fault in enumerate(self.declared):
            if not fault.fits(occasion) or (fault.count is not None and self.struck[i] >= fault.count):
                continue
            if fault.probability < 1.0 and int.from_bytes(randbytes(4), "big") >= fault.probability * 2**32:
                continue
            self.struck[i] += 1
            return fault
        return None


def parse(text: str) -> Fault:
    """A fault from ``"kind:key=value,key=value"``; amounts as people write them, ``12.34``.

    >>> parse("silent:tid=10000161,amount=13.13")
    Fault(name='silent', kind='silent', tid='10000161', mid=None, service=None, code=None, amount_minor=1313, \
probability=1.0, count=None)

    Raises:
        ValueError: one sentence that says what is wrong.
    """
    kind, _, rest = text.partition(":")
    values: dict[str, Any] = {"kind": kind.strip()}
    for pair in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"fault '{text}': '{pair}' is not key=value (for example silent:tid=10000161)")
        values[key.strip()] = value.strip()
    try:
        return _fault(values)
    except _Wrong as wrong:
        raise ValueError(f"fault '{text}': {wrong.key}: {wrong.problem}") from None


def load(document: Document) -> tuple[Fault, ...]:
    """The ``[[fault]]`` tables of a TOML document.

    Raises:
        DataError: with file, line and key.
    """
    for key in document.data:
        if key != "fault":
            raise document.unknown((key,), ["fault"])
    tables = document.data.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise document.error(("fault",), "write each fault as a [[fault]] table")
    faults = []
    for i, table in enumerate(tables):
        try:
            faults.append(_fault(table))
        except _Wrong as wrong:
            raise document.error(("fault", i, wrong.key), wrong.problem) from None
    return tuple(faults)


class _Wrong(Exception):
    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key, self.problem = key, problem


def _fault(values: Mapping[str, Any]) -> Fault:
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _KEYS:
            raise _Wrong(key, f"unknown key{nearest(key, _KEYS)}")
        field, reader = _KEYS[key]
        try:
            made[field] = reader(str(value))
        except ValueError as wrong:
            raise _Wrong(key, str(wrong)) from None
    if "kind" not in made:
        raise _Wrong("kind", f"is missing; known: {', '.join(KINDS)}")
    return Fault(**{"name": made["kind"], **made})


def _kind(text: str) -> str:
    if text not in KINDS:
        hint = nearest(text, KINDS) or f"; known: {', '.join(KINDS)}"
        raise ValueError(f"no fault is of kind '{text}'{hint}")
    return text


def _text(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


def _sized(text: str, size: int, what: str) -> str:
    if len(_text(text)) != size:
        raise ValueError(f"'{text}' is no {what}, which has {size} characters: this would never strike")
    return text


def _amount(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,2})?", text):
        raise ValueError(f"'{text}' is no amount; write it like 12.34")
    whole, _, cents = text.partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0"))


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1.0:
        raise ValueError(f"'{text}' is no probability; write a number above 0 and up to 1")
    return value


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise ValueError(f"'{text}' is no count; write how often it may strike, from 1")
    return int(text)


_KEYS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "name": ("name", _text),
    "kind": ("kind", _kind),
    "tid": ("tid", partial(_sized, size=8, what="terminal number")),
    "mid": ("mid", partial(_sized, size=15, what="merchant number")),
    "service": ("service", _text),
    "code": ("code", _text),
    "amount": ("amount_minor", _amount),
    "probability": ("probability", _probability),
    "count": ("count", _count),
}
