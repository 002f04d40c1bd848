"""All rows of the catalogue, in the order of its page."""

from __future__ import annotations

from tests.mistakes import framing, mac_rows
from tests.mistakes.row import Mistake

ROWS: tuple[Mistake, ...] = (*framing.ROWS, *mac_rows.ROWS)
