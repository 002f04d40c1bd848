"""All that is to be said about a dialect: the problems that keep a host from starting with it, and notes.

1. What keeps a dialect from loading is one problem, and nothing more is looked for.
2. A host starts exactly when there is no problem: `problems` is what it asks too.
3. A note is shown and keeps nothing from starting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from acquirer.data.toml import DataError, Document
from acquirer.dialect.checks import check, in_order, notes, placed
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.host_checks import HostTables, check_served
from acquirer.dialect.loading import Find, load

TerminalCheck = Callable[[CompiledDialect], Iterable[DataError]]
"""Returns what our terminal cannot send in a dialect; handed in from above."""


class Report(NamedTuple):
    """What is to be said about one dialect, in the order of its files."""

    problems: tuple[DataError, ...]
    notes: tuple[DataError, ...] = ()


def lint(
    document: Document, find: Find, host: HostTables | None = None, terminal: TerminalCheck | None = None
) -> Report:
    """Return the problems and notes of the dialect that a document describes.

    Args:
        host: what a host has; None: it is not asked whether one could serve it.
        terminal: None: it is not asked what our terminal can send.
    """
    try:
        dialect = load(document, find)
    except DataError as exc:
        return Report((placed(exc, document),))
    found = [placed(note, document) for note in notes(dialect)]
    return Report(tuple(problems(dialect, host, terminal)), tuple(found))


def problems(
    dialect: Dialect, host: HostTables | None = None, terminal: TerminalCheck | None = None
) -> list[DataError]:
    """Return what keeps a dialect from being compiled, served and spoken by our terminal; see `lint`."""
    found = check(dialect)
    if host is not None:
        found = in_order([*found, *check_served(dialect, host)])
    if not found and terminal is not None:  # messages can be tried only with a dialect that is right so far
        found = in_order(terminal(CompiledDialect(dialect, checked=True)))
    return [placed(problem, dialect.document) for problem in found]
