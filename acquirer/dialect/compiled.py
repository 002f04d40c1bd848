"""A dialect compiled whole: everything that a host, a terminal or lint needs of it, worked out once in one place."""

from __future__ import annotations

from acquirer.dialect.checks import check, placed
from acquirer.dialect.clock import clock_forms
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.plans import MessagePlans
from acquirer.dialect.readers import ElementReaders
from acquirer.dialect.suite import Suite


class CompiledDialect:
    """A dialect with its security suite, its readers of elements, its plans of messages and its clock.

    Codec and router belong to the dialect itself. What only a host needs (services, codes for its reasons) is checked
    by `host_checks.check_served`, what only our terminal needs by `acquirer.terminal.supplies`.

    Args:
        checked: its problems were looked for already, and there are none.

    Raises:
        DataError: the first problem that keeps it from being used; carries file, line and key.
    """

    __slots__ = ("clock_forms", "dialect", "plans", "read", "suite")

    def __init__(self, dialect: Dialect, *, checked: bool = False) -> None:
        for problem in () if checked else check(dialect):
            raise placed(problem, dialect.document)
        self.dialect = dialect
        self.suite = Suite(dialect, checked=True)
        self.read = ElementReaders.of(dialect)
        self.plans = MessagePlans(dialect)
        self.clock_forms = clock_forms(dialect)
