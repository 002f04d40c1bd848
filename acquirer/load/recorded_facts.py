"""What first and last lines of records must hold for a report: their types, and bounds where a loop depends on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

MOST_PARTS: Final = 10_000
"""Workers or shards of one run: each missing one is named."""

LATEST_NS: Final = 2**62
"""The year 2116."""

_MOST: Final = 2**53  # what all readers of JSON keep as a whole number

_Check = Callable[[Any], bool]


def _whole(least: int = 0, most: int = _MOST) -> _Check:
    return lambda value: type(value) is int and least <= value <= most


def _number(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= _MOST


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _or_null(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _each(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _shard(value: Any) -> bool:
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", value) if isinstance(value, str) else None
    return found is not None and 1 <= int(found[1]) <= int(found[2]) <= MOST_PARTS


def _phase(value: Any) -> bool:
    return isinstance(value, dict) and not wrongly_typed(value, PHASE)


def _counts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_whole(), value.values()))


def _sentinel(value: Any) -> bool:
    return isinstance(value, dict) and not wrongly_typed(value, SENTINEL)


PHASE: Final[Mapping[str, _Check]] = {
    "name": _text, "kind": _or_null(_text), "begin_s": _or_null(_number), "length_s": _or_null(_number),
}  # fmt: skip
SENTINEL: Final[Mapping[str, _Check]] = dict.fromkeys(("p50_us", "p99_us", "max_us", "samples"), _number)
HEADER: Final[Mapping[str, _Check]] = {
    "plan": lambda _: True,
    "seed": _whole(-_MOST),
    "phases": _each(_phase),
    "services": _each(_text),
    "share": _or_null(_whole()),
    "shard": _shard,
    "worker": _whole(0, MOST_PARTS),
    "workers": _whole(1, MOST_PARTS),
    "begin_unix_ns": _whole(0, LATEST_NS),
}
FOOTER: Final[Mapping[str, _Check]] = {
    "not_done": _or_null(_counts),
    "problems": _or_null(_counts),
    "cpu_s": _or_null(_number),
    "elapsed_s": _or_null(_number),
    "sentinel": _or_null(_sentinel),
}


def wrongly_typed(facts: Mapping[str, Any], checks: Mapping[str, _Check]) -> str:
    """Return the first key whose value cannot be used; "" when all can.

    >>> wrongly_typed({"p50_us": 1, "p99_us": "2"}, SENTINEL)
    'p99_us'
    """
    return next((key for key, check in checks.items() if not check(facts.get(key))), "")
