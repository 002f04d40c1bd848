"""Texts of cases that people read."""

from __future__ import annotations

from typing import Final

from acquirer.data.table import Table

TEXT_MOST: Final = 600
"""Characters of a text that a person reads before doing something."""


def person_text(table: Table, key: str) -> str:
    """Return a text for people, which must be there. Raises DataError."""
    text = " ".join(table.text(key).split())
    if not text or len(text) > TEXT_MOST or not text.isprintable():
        raise table.error(key, f"must be a text of 1 to {TEXT_MOST} printable characters")
    return text
