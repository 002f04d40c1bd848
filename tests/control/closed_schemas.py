"""Schemas that let no key through that they do not describe: clients are to ignore what is new, tests are not."""

from __future__ import annotations

from typing import Any


def closed(schema: Any) -> Any:
    """Return a schema, or a description of many, in which each table has the keys that are described and no others."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(one) for name, one in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found
