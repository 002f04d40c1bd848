"""Changes of a table, merged as RFC 7396 (JSON Merge Patch) says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge_patch(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with changes: a value takes the place of another, None takes its key away, tables are merged.

    >>> merge_patch({"name": "poor", "times": 1, "then": {"code": "51"}}, {"times": None, "then": {"drop": ["rrn"]}})
    {'name': 'poor', 'then': {'code': '51', 'drop': ['rrn']}}

    Source: RFC 7396, section 2.
    """
    found = dict(table)
    for key, value in changes.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            inner = found.get(key)
            found[key] = merge_patch(inner if isinstance(inner, Mapping) else {}, value)
        else:
            found[key] = value
    return found
