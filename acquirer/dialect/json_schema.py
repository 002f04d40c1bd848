"""Parts of a JSON Schema of a TOML file that may extend another one.

Tables, arrays and the values of mappings may each be ``false`` too, which takes away what a parent says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from acquirer.dialect.field_table import SENSITIVITIES

Schema = dict[str, Any]


def or_false(one: Schema) -> Schema:
    """Return a schema that also allows ``false``."""
    return {"anyOf": [one, {"const": False}]}


def table(description: str, **keys: Schema) -> Schema:
    """Return the schema of a table with these keys and no others."""
    schema: Schema = {"type": "object", "properties": keys, "additionalProperties": False}
    return or_false({"description": description, **schema} if description else schema)


def mapping(description: str, value: Schema, keys: str = "") -> Schema:
    """Return the schema of a table whose keys are data: any, or those that fit the pattern `keys`."""
    one = value if "anyOf" in value else or_false(value)
    schema: Schema = {"description": description, "type": "object", "additionalProperties": one}
    if keys:
        schema |= {"patternProperties": {keys: one}, "additionalProperties": False}
    return or_false(schema)


def array(description: str, value: Schema) -> Schema:
    """Return the schema of a list."""
    return or_false({"description": description, "type": "array", "items": value})


def text(description: str, choices: Iterable[str] = (), pattern: str = "") -> Schema:
    """Return the schema of a text: one of `choices`, or one that fits `pattern`."""
    schema: Schema = {"description": description, "type": "string"}
    if names := [*choices]:
        schema["enum"] = names
    return schema | ({"pattern": pattern} if pattern else {})


def number(description: str) -> Schema:
    """Return the schema of a whole number."""
    return {"description": description, "type": "integer"}


def flag(description: str) -> Schema:
    """Return the schema of a truth value."""
    return {"description": description, "type": "boolean"}


def texts(description: str) -> Schema:
    """Return the schema of one text or a list of them."""
    one = {"type": "string"}
    return {"description": description, "anyOf": [one, {"type": "array", "items": one}, {"const": False}]}


def both_languages(description: str) -> Schema:
    """Return the schema of a text in English, or in English and Chinese."""
    pair = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}
    return {"description": f'{description} "English", or ["English", "中文"].', "anyOf": [{"type": "string"}, pair]}


def show() -> Schema:
    """Return the schema of how values are masked."""
    return text("How its values are shown: pan is first 6 and last 4, the others never.", choices=SENSITIVITIES)
