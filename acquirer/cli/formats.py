"""A finished list as a table, as JSON or as CSV: one set of rows for all three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

from acquirer.cli.csv_output import print_csv
from acquirer.cli.errors import Code, Exit
from acquirer.cli.json_output import print_array

FORMATS: Final = ("table", "json", "csv")

FormatOption: Any = typer.Option("table", "--format", metavar="table|json|csv", help="How it is printed.")


def check_format(given: str) -> str:
    """Return the name of a format. Raises Exit."""
    if given not in FORMATS:
        raise Exit(Code.USAGE, f"--format {given}: use table, json or csv.")
    return given


def print_rows(given: str, headings: Mapping[str, str], rows: Sequence[Mapping[str, Any]], nothing: str) -> None:
    """Print rows.

    Args:
        headings: of a table's columns, by key; machines get all keys.
        nothing: what a table says without any row.
    """
    if given == "json":
        print_array(rows)
    elif given == "csv":
        print_csv(list(rows[0]) if rows else list(headings), rows)
    elif not rows:
        print(nothing)
    else:
        from acquirer.cli.listing import print_table
        from acquirer.data.text import printable

        print_table(
            list(headings.values()), [[printable(_cell(key, row.get(key))) for key in headings] for row in rows]
        )


def _cell(key: str, value: Any) -> str:
    """Return a value as people read it: a local time without its fraction and zone."""
    if value is None:
        return ""
    if key.endswith("_local"):
        return str(value)[: len("2026-01-02T03:04:05")].replace("T", " ")
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
