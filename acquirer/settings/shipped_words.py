"""Words of the dialects that ship: codes, services, names of fields.

They are read from the files as they stand: compiling a dialect takes four times as long as all else that a command
does which reads a store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, Final

import tomli

from acquirer.data.toml import did_you_mean
from acquirer.model.reasons import Reason
from acquirer.settings.shipped import specs_dir

OF_THE_HOST: Final = frozenset({"picture"})
"""What a host journals of its own accord: that the picture of a signature was made, or cannot be."""


def response_codes() -> set[str]:
    """Return the response codes of all dialects that ship."""
    return {str(code) for document in _documents() for code in document.get("codes", {})}


@cache  # for programs that ask again and again
def services() -> frozenset[str]:
    """Return what a journal may say was served: services of all routes of dialects that ship, and the host's own."""
    tables = [document.get(name, {}) for document in _documents() for name in ("routes", "unserved")]
    routes = [item for table in tables for item in table.items()]
    return OF_THE_HOST.union(route.get("service", name) for name, route in routes if isinstance(route, dict))


DELIVERIES: Final = ("pending", "sent", "withheld", "undelivered", "elsewhere", "silent")
"""What becomes of replies; the last one is a word of before version 0.2."""

CHECKED: Final[Mapping[str, Callable[[], Collection[str]]]] = {
    "service": services,
    "reason": lambda: [reason.value for reason in Reason],
    "delivery": lambda: DELIVERIES,
}
"""Keys of a journal whose words are known."""


def misspelt(key: str, value: str) -> str:
    """Return a sentence about a word that is spelled almost like one that there is; "" of any other."""
    known = CHECKED[key]()
    hint = "" if value in known else did_you_mean(value, known)
    return f"no exchange has {key} '{value}'{hint}" if hint else ""


def _documents() -> list[dict[str, Any]]:
    """Return all dialects that ship, as their files stand."""
    return [tomli.loads(path.read_text(encoding="utf-8")) for path in specs_dir().glob("*.toml")]


def field_names(dialect: str) -> Mapping[str, str]:
    """Return the English names of the DEs, if the dialect is one that ships with the program."""
    names: dict[str, str] = {}
    path = specs_dir() / f"{dialect}.toml"
    while path.is_file():
        document = tomli.loads(path.read_text(encoding="utf-8"))
        for de, field in document.get("fields", {}).items():
            if isinstance(field, dict) and (name := field.get("name")):
                names.setdefault(de, name if isinstance(name, str) else name[0])
        path = path.with_name(f"{document.get('extends', '')}.toml")
    return names
