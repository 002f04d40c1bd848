"""The terminals of one test, and the rules and faults that act on them alone.

Numbers are set apart when a slice is begun, because rules and faults name them; terminals are registered when they are
asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from acquirer.data.toml import Document
from acquirer.matcher.expression import ALWAYS, Atom, Expression, conjunction, disjunction
from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.faults import Fault, load
from acquirer.scenario.rules import Rule
from acquirer.scenario.rules.reading import make_rule, read_rules
from acquirer.settings.packs import Pack
from acquirer.testing.enrolment import FIRST_TID, EnrolledTerminal, make_terminal
from acquirer.testing.host_under_test import HostUnderTest


class TerminalSlice:
    """Terminals of one host that belong together.

    Args:
        count: how many there may be.
        fixed_keys: each is given the same working keys at each sign-on.
    """

    def __init__(self, host: HostUnderTest, count: int, *, fixed_keys: bool) -> None:
        first = FIRST_TID + host.set_apart(count)
        self._host = host
        self._fixed_keys = fixed_keys
        self._count = count
        self._free = [f"{first + n}" for n in range(count)][::-1]
        self._owned = self._free[::-1]
        self._terminals: dict[str, EnrolledTerminal] = {}
        self._adopted: list[str] = []
        self._rules: set[str] = set()
        self._faults: set[str] = set()

    @property
    def tids(self) -> tuple[str, ...]:
        """Return the numbers of the terminals that there are."""
        return (*self._terminals, *self._adopted)

    @property
    def owned(self) -> tuple[str, ...]:
        """Return all numbers that belong to it."""
        return tuple(self._owned)

    def borrowed(self) -> bool:
        """Return whether it has a terminal whose number was not set apart for it, and which may be older."""
        return len(self._owned) > self._count

    def terminal(self, tid: str = "", dialect: str = "", **values: Any) -> EnrolledTerminal:
        """Return a terminal that the host knows: the one of this number, or one more.

        Args:
            values: keys of a ``[[terminal]]`` table, which register it anew.

        Raises:
            DataError: a value cannot be used.
            LookupError: there are no numbers left, the host does not speak the dialect, or rules that could not know
                of the number are in force.
        """
        if tid in self._terminals and not values:
            return self._terminals[tid]
        if tid and tid not in self._owned:
            self._own(tid)
        if not tid:
            if not self._free:
                raise LookupError(
                    f"this test has {self._count} terminals; write @pytest.mark.acquirer(terminals=…) for more"
                )
            tid = self._free.pop()
        elif tid in self._free:
            self._free.remove(tid)
        compiled = self._host.compiled_of(dialect)
        address = self._host.address_of(compiled.dialect.name)
        enrolled = make_terminal(tid, compiled, address, fixed_keys=self._fixed_keys, **values)
        self._host.register(enrolled.registration)
        self._terminals[tid] = enrolled
        return enrolled

    def adopt(self, tid: str) -> bool:
        """Return whether a terminal is one that the host was given by its settings; it belongs to the slice then.

        Raises:
            LookupError: rules that could not know of its number are in force.
        """
        if not tid or tid in self._terminals or tid in self._free or tid not in self._host.terminals:
            return tid in self._adopted
        if tid not in self._adopted:
            self._own(tid)
            self._adopted.append(tid)
        return True

    def _own(self, tid: str) -> None:
        if self._rules or self._faults:
            raise LookupError(f"name terminal {tid} first: rules or faults of this test are in force already")
        self._owned.append(tid)

    def put_rule(self, name: str, table: Mapping[str, Any]) -> None:
        """Put a rule in force, in place of the one of this name. Raises DataError."""
        rule = make_rule({"name": name, **table}, self._host.dialects)
        if name in self._rules:
            self._host.rules.remove(name)
        self._host.rules.add(self._narrowed(rule))
        self._rules.add(name)

    def uses(self, rule: str) -> int:
        """Return how often a rule has fired."""
        return self._host.rules.used().get(rule, 0)

    def put_fault(self, table: Mapping[str, Any]) -> str:
        """Put a fault in force; return its name. Raises DataError, FaultConflictError."""
        (fault,) = load(Document("fault", {"fault": [dict(table)]}, {}), self._host.dialects)
        return self._put(fault)

    def put_pack(self, pack: Pack) -> None:
        """Put the rules and faults of a pack in force.

        Raises:
            DataError: one cannot be used, or it brings cards or terminals, which belong to the whole host.
        """
        for section in ("card", "terminal"):
            if section in pack.document.data:
                problem = "belongs to the whole host: name the pack in acquirer_options instead"
                raise pack.document.error((section,), problem)
        for rule in read_rules(pack.section("rule"), self._host.dialects):
            named = replace(rule, name=_free_name(rule.name, self._host.rules.used()))
            self._host.rules.add(self._narrowed(named))
            self._rules.add(named.name)
        for fault in load(pack.section("fault"), self._host.dialects):
            self._put(fault)

    def remove_fault(self, name: str) -> None:
        """Take a fault out of force; one that is out of force already may be another's by now."""
        if name in self._faults:
            self._host.faults.remove(name)
            self._faults.remove(name)

    def clear(self) -> None:
        """Let go on what is held, take rules and faults out of force, and end a restart that one of them began."""
        if self._rules:
            self._host.rules.remove(*self._rules)
        if self._faults:
            self._host.faults.remove(*self._faults)
        self._rules.clear()
        self._faults.clear()
        self.resume()
        self._host.end_restart()

    def resume(self) -> int:
        """Let go on what rules hold; return how many exchanges that were."""
        held = {hold.tid for hold in self._host.held}
        return sum(self._host.resume(tid=tid) for tid in held.intersection(self._owned))

    def _put(self, fault: Fault) -> str:
        narrowed = fault
        if fault.stage is not Stage.LINE:  # connections have no terminal
            narrowed = replace(fault, when=conjunction([self._of_ours(), fault.when or ALWAYS]))
        named = replace(narrowed, name=_free_name(fault.name, self._host.faults.acted()))
        self._host.faults.add(named)
        self._faults.add(named.name)
        return named.name

    def _narrowed(self, rule: Rule) -> Rule:
        return replace(rule, when=conjunction([self._of_ours(), rule.when]))

    def _of_ours(self) -> Expression:
        return disjunction([Atom("tid", "equal", tid) for tid in self._owned])


def _free_name(name: str, taken: Mapping[str, int]) -> str:
    """Return a name that nothing in force has: a number is added where need be."""
    return next(one for one in _numbered(name) if one not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} {number}" for number in count(2))
