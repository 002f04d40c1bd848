"""The checks of a dialect by itself: problems keep it from being used, notes are about what has no effect.

What a host or our terminal needs beyond that: `host_checks`, `acquirer.terminal.supplies`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from acquirer.data.toml import DataError, Document
from acquirer.dialect import message_checks, unused_checks
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.samples import check_samples
from acquirer.dialect.security_checks import check_security
from acquirer.dialect.terminal_checks import check_terminal, note_terminal

Check = Callable[[Dialect], Iterator[DataError]]

CHECKS: Final[tuple[Check, ...]] = (
    check_security,
    message_checks.check_replies,
    message_checks.check_macs,
    message_checks.check_places,
    message_checks.check_frame_ends,
    message_checks.check_values,
    message_checks.check_written_replies,
    check_samples,
    check_terminal,
)

NOTES: Final[tuple[Check, ...]] = (
    unused_checks.note_samples,
    unused_checks.note_routes,
    unused_checks.note_replies,
    unused_checks.note_elements,
    unused_checks.note_layouts,
    unused_checks.note_values,
    note_terminal,
)


def check(dialect: Dialect) -> list[DataError]:
    """Return the problems of a dialect by itself, in the order of its files."""
    return in_order(problem for one in CHECKS for problem in one(dialect))


def notes(dialect: Dialect) -> list[DataError]:
    """Return what has no effect, in the order of the dialect's files."""
    return in_order(note for one in NOTES for note in one(dialect))


def in_order(found: Iterable[DataError]) -> list[DataError]:
    """Return errors by file and line, those of one line as they were found, none twice."""
    unique = {str(error): error for error in found}
    return sorted(unique.values(), key=lambda error: (error.name, error.line))


def placed(error: DataError, document: Document) -> DataError:
    """Return an error that says for which dialect it is one, where it stands in a file that is extended."""
    if error.name == document.name:
        return error
    return DataError(error.name, error.line, error.key, f"{error.problem} (as {document.name} extends it)")
