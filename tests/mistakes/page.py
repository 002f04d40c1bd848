"""docs/mistakes.md, made of the rows and of what a host said to each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.mistakes.row import GROUPS
from tests.mistakes.run import Recorded
from tests.mistakes.score import problems

HEAD = """\
# Mistakes, and what the host says of them

What a terminal's developer may get wrong, and how a host answers. Each row is a test: the mistake is made by a client
over a real socket, beside the same message without it, and the sentence is what the journal says of it (`acquirer
journal show`). A sentence that names a mistake fits no other row; where two look alike on the line, it names both.

This page is made by `scripts/mistakes`; the rows are in `tests/mistakes/`. `scripts/mistakes WORD` shows rows and what
their sentences lack. Keys, and so check values, are always the same, because the host of the tests has a seed.
"""


def page(recorded: list[Recorded]) -> str:
    """Return the page."""
    return "\n".join(_lines(recorded))


def _lines(recorded: list[Recorded]) -> Iterator[str]:
    yield HEAD
    rows = [one.row for one in recorded]
    unnamed = {one.row.id for one in recorded if problems(one, rows)}
    named = len(rows) - len(unnamed)
    yield f"{named} of {len(rows)} mistakes are named{'; the others are marked with a ✗' if unnamed else ''}.\n"
    for group in GROUPS:
        yield f"## {group[0].upper()}{group[1:]}\n"
        yield "| mistake | answer | the sentence | what to do |"
        yield "|---|---|---|---|"
        for one in recorded:
            if one.row.group == group:
                yield _row(one, one.row.id in unnamed)
        yield ""


def _row(one: Recorded, unnamed: bool) -> str:
    row = one.row
    alike = f" Looks like: {', '.join(row.same_as)}." if row.same_as else ""
    title = f"{'✗ ' if unnamed else ''}**{row.id}**: {_cell(row.title)}.{alike}"
    answer = one.mistaken.code or "closed"
    return f"| {title} | {answer} | {_cell(one.mistaken.sentence)} | {_cell(row.fix)} |"


def _cell(text: str) -> str:
    """Return a text as a cell of a table: what Markdown would read as its own is escaped."""
    return re.sub(r"([|*<\\_`])", r"\\\1", text).replace("\n", "<br>")
