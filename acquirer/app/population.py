"""Putting a pack in force at a host that serves: rules, faults, cards and terminals, all of it or nothing.

The same pack once more changes nothing: what has the same name, and is the same, stays as it is, with its counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from acquirer.app.serve import Running
from acquirer.scenario.conflicts import find_conflict
from acquirer.scenario.faults import FaultConflictError, load
from acquirer.scenario.rules.reading import read_rules
from acquirer.security.vault import Vault
from acquirer.settings.packs import Pack
from acquirer.settings.registration import Registration
from acquirer.store.registry import Registered


class Named(Protocol):
    """What a pack declares."""

    @property
    def name(self) -> str:
        """By which it is known."""


N = TypeVar("N", bound=Named)


@dataclass(slots=True)
class SectionChanges(Generic[N]):
    """What a section of a pack changes."""

    added: list[N] = field(default_factory=list)
    changed: list[N] = field(default_factory=list)
    unchanged: list[N] = field(default_factory=list)

    @property
    def new(self) -> list[N]:
        """Return what is not there as it is declared."""
        return [*self.added, *self.changed]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many of each there are."""
        return {name: len(getattr(self, name)) for name in ("added", "changed", "unchanged")}


class Population:
    """A pack that was read whole, for one host: what can be wrong with it is known.

    Raises:
        DataError: something in it cannot be used; names the key.
    """

    def __init__(self, running: Running, pack: Pack) -> None:
        dialects = running.parts.dialects
        self._running = running
        self._pack = pack
        self._rules = read_rules(pack.section("rule"), dialects)
        self._faults = load(pack.section("fault"), dialects)
        self._cards = pack.with_cards(running.hosts[0].issuer)
        self.terminals: list[Registration] = pack.terminals

    def install(self) -> dict[str, dict[str, int]]:
        """Put it in force between two exchanges; return how many of each section were added, changed, left as they are.

        On the loop's thread.

        Raises:
            FaultConflictError: a fault contradicts one that is there; nothing is changed then.
            StoreError: terminals cannot be registered; nothing is changed then.
        """
        running, parts = self._running, self._running.parts
        rules = _changes(self._rules, parts.rules.declared)
        faults = _changes(self._faults, parts.faults.declared)
        names = {fault.name for fault in faults.new}
        conflict = find_conflict([*(one for one in parts.faults.declared if one.name not in names), *faults.new])
        if conflict is not None:
            raise FaultConflictError(conflict.problem)
        cards = _changes(self._pack.cards, running.hosts[0].issuer.cards.values())
        registered = running.store.register(self.terminals, Vault(running.store.master_key))
        if faults.new:
            running.change_faults(lambda there: there.add(*faults.new))
        if rules.changed:
            parts.rules.remove(*(rule.name for rule in rules.changed))
        if rules.new:
            parts.rules.add(*rules.new)
        for host in running.hosts if cards.new else ():
            host.issuer = self._cards
        return {
            "rules": rules.counts,
            "faults": faults.counts,
            "cards": cards.counts,
            "terminals": _counts(registered),
        }


def _changes(declared: Iterable[N], there: Iterable[N]) -> SectionChanges[N]:
    known = {one.name: one for one in there}
    found: SectionChanges[N] = SectionChanges()
    for one in declared:
        before = known.get(one.name)
        (found.added if before is None else found.unchanged if before == one else found.changed).append(one)
    return found


def _counts(registered: Registered) -> dict[str, int]:
    return {"added": registered.added, "changed": registered.changed, "unchanged": registered.unchanged}
