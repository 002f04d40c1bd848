"""Dialect files changed at random, the way a person changes them: a key dropped, misspelt, given another value."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

Steps = tuple[str | int, ...]

ODD_VALUES: tuple[Any, ...] = (
    "",
    "x",
    "00",
    "999",
    "none",
    "binary9",
    -1,
    0,
    1,
    64,
    99_999,
    True,
    False,
    [],
    {},
    [1],
    ["x"],
)
"""Values that hardly any key may have."""


def as_toml(data: dict[str, Any]) -> str:
    """Write a document so that each key of a section has a line of its own."""
    lines = [f"{_key(key)} = {_inline(value)}" for key, value in data.items() if not isinstance(value, dict)]
    for key, value in data.items():
        if isinstance(value, dict):
            lines += ["", f"[{_key(key)}]", *(f"{_key(inner)} = {_inline(one)}" for inner, one in value.items())]
    return "\n".join(lines) + "\n"


def mutated(data: dict[str, Any], random: Random, times: int) -> dict[str, Any]:
    """Return a copy with so many random changes."""
    data = copy.deepcopy(data)
    for _ in range(times):
        _change(data, random, data)
    return data


def child(parent: dict[str, Any], random: Random, times: int) -> dict[str, Any]:
    """Return what a file that extends `parent` may say: parts of the parent, changed, and ``false`` for others."""
    data: dict[str, Any] = {}
    for _ in range(times):
        steps = random.choice([steps for steps in _paths(parent) if not any(isinstance(step, int) for step in steps)])
        value = copy.deepcopy(_at(parent, steps))
        target: Any = data
        for step in steps[:-1]:
            target = target.setdefault(step, {})
            if not isinstance(target, dict):
                break
        else:
            choice = random.random()
            if choice < 0.25:
                target[steps[-1]] = False
            elif choice < 0.35:
                target[_misspelt(str(steps[-1]), random)] = value
            elif isinstance(value, dict | list) and value and choice < 0.8:
                _change(value, random, parent)
                target[steps[-1]] = value
            else:
                target[steps[-1]] = _other(value, random, parent)
    return data


def _change(data: Any, random: Random, whole: dict[str, Any]) -> None:
    """Change one place of a table or list."""
    steps = random.choice(list(_paths(data)) or [()])
    if not steps:
        return
    container: Any = _at(data, steps[:-1])
    last: Any = steps[-1]
    choice = random.random()
    if choice < 0.3:
        del container[last]
    elif choice < 0.45 and isinstance(container, dict):
        container[_misspelt(str(last), random)] = container.pop(last)
    elif choice < 0.55 and isinstance(container, list):
        container.append(copy.deepcopy(container[last]))
    elif choice < 0.65 and isinstance(container, dict):
        container[random.choice(list(container))] = copy.deepcopy(container[last])
    else:
        container[last] = _other(container[last], random, whole)


def _other(value: Any, random: Random, whole: dict[str, Any]) -> Any:
    """Return another value: one from elsewhere in the file, a changed text or number, or one that hardly fits."""
    choice = random.random()
    if choice < 0.3:
        return random.choice(ODD_VALUES)
    if choice < 0.6:
        return copy.deepcopy(_at(whole, random.choice(list(_paths(whole)))))
    if isinstance(value, str):
        return _misspelt(value, random)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + random.choice((-value, -1, 1, 10, 1000))
    return random.choice(ODD_VALUES)


def _misspelt(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(["", "x", "0", "9", "_", " "]) + text[at + random.randrange(2) :]


def _paths(data: Any, steps: Steps = ()) -> Iterator[Steps]:
    """Yield the way to each value below a table or list."""
    if isinstance(data, dict):
        inside: Any = data.items()
    else:
        inside = enumerate(data) if isinstance(data, list) else ()
    for step, value in inside:
        yield (*steps, step)
        yield from _paths(value, (*steps, step))


def _at(data: Any, steps: Steps) -> Any:
    for step in steps:
        data = data[step]
    return data


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)
