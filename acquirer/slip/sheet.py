"""What a slip says, row by row, before it has a form: text, picture, page and PDF are made of the same rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from acquirer.slip.paper import COLUMNS, centred, pair, wrapped

RowRole = Literal["title", "centre", "text", "amount", "rule", "loud", "signature"]
"""`title`, `centre` and `loud` stand in the middle, `loud` so that it is not missed; `text` may have a value at its
right; an `amount` is never smaller than the text; `signature` is the place of one."""

SIGNATURE_LINES = 3
"""Blank lines to sign on: terminals leave three to six."""


@dataclass(frozen=True, slots=True)
class SlipRow:
    """One row of a slip, as wide as it may be."""

    text: str = ""
    value: str = ""
    role: RowRole = "text"


RULE_ROW = SlipRow(role="rule")

Sheet = tuple[SlipRow, ...]


def rows_with_values(labelled: Iterable[tuple[str, str]]) -> list[SlipRow]:
    """Return a row for each label that has a value."""
    return [SlipRow(label, value.strip()) for label, value in labelled if value.strip()]


def plain_text(sheet: Sheet, columns: int = COLUMNS) -> str:
    """Return a slip as text of so many columns, lines ending in a newline.

    >>> sheet = SlipRow("DUPLICATED", role="loud"), RULE_ROW, SlipRow("AMOUNT", "1.00", "amount")
    >>> print(plain_text(sheet, 20), end="")
         DUPLICATED
    --------------------
    AMOUNT          1.00
    """
    return "".join(f"{line}\n" for row in sheet for line in row_lines(row, columns))


def row_lines(row: SlipRow, columns: int) -> list[str]:
    """Return the lines of a row."""
    if row.role == "rule":
        return ["-" * columns]
    if row.role == "signature":
        return centred(row.text, columns) if row.text else [""] * SIGNATURE_LINES
    if row.role in ("title", "centre", "loud"):
        return centred(row.text, columns)
    return pair(row.text, row.value, columns) if row.value else wrapped(row.text, columns)
