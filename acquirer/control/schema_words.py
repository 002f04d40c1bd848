"""How schemas are written in JSON Schema: tables with their keys, each by the kind of its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

JsonSchema = Mapping[str, Any]

KINDS: Final[Mapping[str, JsonSchema]] = {
    "text": {"type": "string"},
    "whole": {"type": "integer"},
    "flag": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "money": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "text_or_null": {"type": ["string", "null"]},
    "whole_or_null": {"type": ["integer", "null"]},
    "money_or_null": {"type": ["string", "null"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
}
"""How values are written, by the words that `table_of` takes."""

BY_FIELD: Final[JsonSchema] = {"type": "object", "additionalProperties": {"type": "string"}}

FORMS: Final = {
    "lines": "application/x-ndjson",
    "text": "text/plain",
    "packets": "application/vnd.tcpdump.pcap",
    "png": "image/png",
    "toml": "application/toml",
}
"""Media types beside JSON, by short names."""


def one_of(*words: str) -> JsonSchema:
    """Return the schema of one of several words."""
    return {"type": "string", "enum": [*words]}


def list_of(items: JsonSchema) -> JsonSchema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def or_null(schema: JsonSchema) -> JsonSchema:
    """Return the schema of a value that may be null."""
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> JsonSchema:
    """Return the schema of a document by its name, which need not be there yet."""
    return {"$ref": f"#/components/schemas/{name}"}


def table_of(further: Mapping[str, JsonSchema] | None = None, optional: str = "", **names: str) -> dict[str, Any]:
    """Return the schema of a table with these keys; a later version may add some.

    Args:
        further: keys with schemas of their own.
        optional: those that need not be there.
        names: keys, by the kind of their values (`KINDS`).
    """
    found = {name: KINDS[kind] for kind, listed in names.items() for name in listed.split()} | dict(further or {})
    needed = [name for name in found if name not in optional.split()]
    return {"type": "object", "properties": found, "required": needed}


def list_with_total(name: str, further: Mapping[str, JsonSchema] | None = None, **names: str) -> dict[str, Any]:
    """Return the schema of a list of documents with their total."""
    return table_of({"items": list_of(ref(name)), **(further or {})}, **{"whole": "total", **names})
