"""CSV on stdout that no spreadsheet takes for formulas.

A text that begins with one of ``= + - @`` or a control character is read as a formula by spreadsheets, and any peer may
send one; it gets an apostrophe before it, unless it is a plain number. Source: OWASP, CSV injection.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def safe_cell(value: Any) -> str:
    """Return a value as a cell.

    >>> safe_cell("=1+1"), safe_cell("-12.34"), safe_cell("plain"), safe_cell(None), safe_cell(True)
    ("'=1+1", '-12.34', 'plain', '', 'true')
    """
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows with their columns in order."""
    writer = csv.writer(sys.stdout, lineterminator="\r\n")  # RFC 4180
    writer.writerow(columns)
    writer.writerows([[safe_cell(row.get(name)) for name in columns] for row in rows])
