"""A dialect compiled whole: everything that a host, a terminal or lint needs of it, made once in one place."""

from __future__ import annotations

from acquirer.dialect.clock import clock_forms
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.plans import MessagePlans
from acquirer.dialect.readers import ElementReaders
from acquirer.dialect.suite import Suite


class CompiledDialect:
    """A dialect with its codec and router, its security suite, its readers of elements, its plans of replies, its clock.

    Raises:
        DataError: it names something that does not exist; carries file, line and key.
    """

    __slots__ = ("clock_forms", "dialect", "plans", "read", "suite")

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.suite = Suite(dialect)
        self.read = ElementReaders.of(dialect)
        self.plans = MessagePlans(dialect)
        self.clock_forms = clock_forms(dialect)
