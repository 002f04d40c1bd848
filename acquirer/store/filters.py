"""What is asked of a store's reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from acquirer.data.types import Row
from acquirer.journal.exchange_filter import ExchangeFilter

__all__ = ["ANY_EXCHANGE", "ANY_TERMINAL", "CHUNK", "ExchangeFilter", "Query", "TerminalFilter"]

CHUNK: Final = 500
"""Rows fetched at a time: a reader that holds its view open for long keeps the log from being put away."""

Query = Callable[..., Sequence[Row]]
"""Runs a statement with the values that follow it, and returns all of its rows."""


@dataclass(frozen=True, slots=True)
class TerminalFilter:
    """Which terminals are wanted; an empty field fits any. Patterns as in file names: ``*``, ``?``, ``[0-5]``."""

    tid: str = ""  # a pattern
    mid: str = ""  # a pattern


ANY_EXCHANGE: Final = ExchangeFilter()
ANY_TERMINAL: Final = TerminalFilter()
