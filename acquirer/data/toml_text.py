"""Data written as TOML, so that reading it again gives the same.

Lists of tables become ``[[name]]`` sections; all that stands within one is written in lines of its own, tables inline.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")

_DELETE: Final = "\x7f"
"""The one character that JSON writes as it is, and TOML does not allow."""


def toml_value(value: Any) -> str:
    """Return one value as TOML, in one line.

    >>> print(toml_value({"code": "51", "drop": ["de.37"], "de.44": 'a "b"', "ok": True}))
    { code = "51", drop = ["de.37"], "de.44" = "a \\"b\\"", ok = true }

    Raises:
        TypeError: it is neither a text, number, truth value, list nor table.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace(_DELETE, "\\u007F")
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    raise TypeError(f"{type(value).__name__} has no form in TOML")


def toml_key(name: str) -> str:
    """Return a key as TOML, in quotes where need be."""
    return name if _BARE.fullmatch(name) else toml_value(name)


def toml_tables(name: str, tables: Iterable[Mapping[str, Any]]) -> str:
    """Return tables as ``[[name]]`` sections, with a blank line between two.

    >>> print(toml_tables("rule", [{"name": "poor", "then": {"code": "51"}}]), end="")
    [[rule]]
    name = "poor"
    then = { code = "51" }
    """
    sections = [
        "\n".join([f"[[{toml_key(name)}]]", *(f"{toml_key(key)} = {toml_value(value)}" for key, value in one.items())])
        for one in tables
    ]
    return "\n\n".join(sections) + "\n" if sections else ""
