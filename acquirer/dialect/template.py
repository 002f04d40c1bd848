"""The file a new dialect begins with: all it may say, as comments, with what its parent says.

Taking away a ``#`` changes nothing yet; changing the value behind it does. So every line can be tried by itself, and
the file is in order from the first moment on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from acquirer.data.toml import Document
from acquirer.data.toml_text import toml_value

PRIVATE = ("48", "53", "60", "61", "62", "63", "125")
"""Fields that each acquirer fills in its own way: those a new dialect most often changes."""

SECTIONS = {
    "framing": "What stands around a message: docs/framings.md shows the bytes of each.",
    "envelope": "What stands before the MTI, in hexadecimal: a TPDU, a head.",
    "encoding": "How values become bytes; a field may say otherwise (encoding = …, length = …, pad = …).",
    "padding": "The nibble that fills up an odd number of BCD digits: side, what is sent, what else is accepted.",
    "numbering": "What tells the transactions of a terminal apart, beside their STAN.",
    "forms": "Forms of private elements, where sources differ.",
    "constants": "What the host says of itself, and what never differs.",
    "security": "Algorithms by name. PIN blocks: [security.pin_blocks]; layouts of keys: [[security.packages]].",
    "terminal": "How terminals behave. There is more: entries, reversal, slip, signature.",
}
"""Sections whose values are shown, in the order of the file."""

USUAL: Mapping[str, Mapping[str, Any]] = {
    "framing": {
        "length": "binary2",
        "includes_itself": False,
        "start": "",
        "filler": "",
        "end": "",
        "includes_end": False,
    },
    "envelope": {"tpdu": "", "head": "", "processing_digit": 0},
    "padding": {"n_fixed": "left 0", "n_variable": "right 0", "z": "right 0"},
}
"""What holds where a parent says nothing."""


def template(name: str, extends: str, parent: Document) -> str:
    """Return the text of a new file; `parent` is what it extends, with all that this one extends."""
    return "\n".join(_lines(name, extends, parent.data)) + "\n"


def _lines(name: str, extends: str, parent: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {name}: what is different from {extends}, and nothing else."
    yield "#"
    yield "# The lines below are comments and say what holds now. Take the # away and change the value; the name of its"
    yield "# section, in brackets, must lose its # too. What the parent has and this has not is false: 48 = false."
    yield f"#     acquirer dialect show {extends}"
    yield f"#     acquirer dialect lint {name}.toml"
    yield f"#     acquirer serve --listen 8583={name}.toml"
    yield ""
    yield f"dialect = {toml_value(name)}"
    yield f"title   = {toml_value(name)}"
    yield f"extends = {toml_value(extends)}"
    yield "# samples = false    # the parent's samples, if they no longer fit"
    for section in ("framing", "envelope", "encoding", "padding"):
        yield from _section(section, parent)
    yield from _fields(parent)
    for section in ("numbering", "constants"):
        yield from _section(section, parent)
    yield from _routes(parent)
    yield from _section("security", parent)
    yield from _codes(parent)
    yield from _section("terminal", parent)


def _section(section: str, parent: Mapping[str, Any]) -> Iterator[str]:
    values = {**USUAL.get(section, {}), **parent.get(section, {})}
    plain = {key: value for key, value in values.items() if not _nested(value)}
    if plain:
        yield from ("", f"# {SECTIONS[section]}", f"# [{section}]")
        yield from _values(plain)


def _nested(value: Any) -> bool:
    """Return whether a value is a section of its own."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


def _values(plain: Mapping[str, Any]) -> Iterator[str]:
    width = max(map(len, plain))
    yield from (f"# {key:{width}} = {toml_value(value)}" for key, value in plain.items())


def _fields(parent: Mapping[str, Any]) -> Iterator[str]:
    fields = parent.get("fields", {})
    yield ""
    yield "# Data elements: class (n a an ans z b …), dots for a length of two or three digits, size; show = pan,"
    yield "# track, pin or secret is never shown in full. How the inside of a field is divided: [layouts.…]."
    yield "# [fields]"
    shown = {key: fields[key] for key in PRIVATE if key in fields}
    yield from _values(shown or dict(list(fields.items())[:3]))
    yield ""
    yield '# Where elements travel: "11" is DE 11, "60.2" the second part of its first layout.'
    yield "# [elements]"
    yield from _values(
        {key: place for key, place in parent.get("elements", {}).items() if key in ("function", "keys", "mac")}
        or {"stan": "11"}
    )


def _routes(parent: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "# Which messages ask for what. A route named like the parent's changes it key by key; false takes it away."
    for name, route in parent.get("routes", {}).items():
        yield f"# [routes.{name}]"
        yield from _values({key: route[key] for key in ("mti", "when", "mandatory", "mac") if key in route})


def _codes(parent: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "# Decisions are made in symbols; here they become codes."
    yield "# [reasons]"
    yield from _values(parent.get("reasons", {}) or {"approved": "00"})
    yield ""
    yield "# class: A success, B failed, may retry, C failed, D the operator must act, E system fault."
    yield "# [codes]"
    yield from _values(dict(list(parent.get("codes", {}).items())[:3]) or {"00": {"class": "A", "meaning": "approved"}})
