"""Values that several sections of a journey have."""

from __future__ import annotations

from acquirer.data.table import Table, headed_tables
from acquirer.data.toml import DataError, Document
from acquirer.scenario.parameters import read_duration_ms


def some_tables(document: Document, key: str, most: int, whole: str) -> list[Table]:
    """Return the tables that stand each under a heading ``[[key]]``: one or more. Raises DataError.

    Args:
        whole: what has them, for a sentence.
    """
    tables = headed_tables(document, key)
    if not tables:
        raise DataError(document.name, 0, key, f"is missing; write each {key} under a heading [[{key}]]")
    if len(tables) > most:
        raise tables[most].error("", f"is one more than the {most} {key}s that a {whole} may have")
    return tables


def duration_s(table: Table, key: str) -> float:
    """Return a duration in seconds; a number is one of seconds. Raises DataError."""
    written = table.raw(key)
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        raise table.error(key, 'must be a duration, as in "3s" or "250ms"')
    try:
        seconds = read_duration_ms(str(written)) / 1000
    except ValueError as exc:
        raise table.error(key, str(exc)) from None
    if not seconds:
        raise table.error(key, "must be longer than nothing")
    return seconds
