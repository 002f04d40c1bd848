"""Dialects as a host serves them: checked against the host's services and reasons, and against what our terminal sends.

`served_dialect` and `lint_dialect` find the same problems, so that lint says OK exactly when a host starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from acquirer.data.toml import DataError
from acquirer.dialect.checks import placed
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.host_checks import HostTables
from acquirer.dialect.lint import Report, lint, problems
from acquirer.host.services import SERVICES
from acquirer.model.reasons import FALLBACKS, Reason
from acquirer.settings.specs import document, finder, load_dialect

if TYPE_CHECKING:
    from acquirer.dialect.lint import TerminalCheck

HOST: Final = HostTables(services=tuple(SERVICES), reasons={reason: FALLBACKS.get(reason, "") for reason in Reason})


def served_dialect(name_or_path: str) -> CompiledDialect:
    """Return a dialect compiled whole, for one host.

    Raises:
        DataError: it cannot be loaded, or the first of the problems that `lint_dialect` reports.
    """
    try:
        dialect = load_dialect(name_or_path)
    except DataError as exc:
        raise placed(exc, document(name_or_path)) from None
    if name_or_path.endswith(".toml"):  # our tests hold what ships right; looking again takes a tenth of a host's start
        for problem in problems(dialect, HOST, _terminal_check()):
            raise problem
    return CompiledDialect(dialect, checked=True)


def lint_dialect(name_or_path: str) -> Report:
    """Return all that is to be said about a dialect. Raises DataError: there is no such file."""
    return lint(document(name_or_path), finder(name_or_path), HOST, _terminal_check())


def _terminal_check() -> TerminalCheck:
    from acquirer.terminal.supplies import unsupplied  # with a whole terminal

    return unsupplied
