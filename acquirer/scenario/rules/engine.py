"""The rules of a running host: which one fires, how often each has, and in which state each scenario is.

1. `Rules.active` is what is in force, an immutable `RuleSet`; each change makes another one, with the next generation.
2. `RuleSet.consult` finds the rule for an exchange and reserves its turn; `Ruling.apply` counts it once the exchange is
   committed, `Ruling.release` gives the turn back. So nothing is counted that did not happen, and exchanges that are
   decided side by side never have the same turn.
3. A turn that is given back is the next one to be taken: numbers have no gaps in the end.
4. A scenario goes on when its rule is reserved, so that no two exchanges leave one state; given back, it returns,
   unless it has gone on since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import merge
from itertools import count

from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.matcher.keys import Subject
from acquirer.scenario.generation import GenerationCounter
from acquirer.scenario.rules.counting import Scenarios, Turns
from acquirer.scenario.rules.installed import Installed
from acquirer.scenario.rules.reply_edits import fits
from acquirer.scenario.rules.rule import START, Rule


class RuleError(ConfigurationError, ValueError):
    """A change of rules that cannot be made: one sentence."""


class Ruling:
    """What the rules say about one exchange: the turns it has taken, and the rule that fired, if one did."""

    __slots__ = ("_move", "_of_tid", "_passed", "_scenarios", "answer", "fired", "use")

    def __init__(self, scenarios: Scenarios) -> None:
        self._scenarios = scenarios
        self._passed: list[tuple[Turns, int]] = []
        self._of_tid: tuple[Turns, int] | None = None
        self._move: tuple[str, int] | None = None
        self.fired: Installed | None = None
        self.use = 0
        self.answer = ""  # the response code that it chooses; "" for none

    @property
    def rule(self) -> Rule | None:
        """Return the rule that fired."""
        return None if self.fired is None else self.fired.rule

    def passes(self, installed: Installed) -> bool:
        """Note that an exchange fits a rule; return whether the rule fires."""
        if not installed.counts_passed:
            return True
        number = installed.passed.take()
        self._passed.append((installed.passed, number))
        return installed.fires(number)

    def fire(self, installed: Installed, tid: str) -> None:
        """Take the turn of a rule."""
        rule = installed.rule
        self.fired = installed
        self.use = installed.uses.take()
        of_tid = 0
        if rule.then.order == "random":
            turns = installed.of_tid.setdefault(tid, Turns())
            of_tid = turns.take()
            self._of_tid = turns, of_tid
        self.answer = rule.answer(self.use, tid, of_tid)
        if rule.next:
            self._move = self._scenarios.go(rule.scenario, rule.next)

    def apply(self) -> None:
        """Count what was taken: the exchange is committed."""
        for turns, _ in self._passed:
            turns.kept += 1
        if self.fired is not None:
            self.fired.uses.kept += 1

    def release(self) -> None:
        """Give everything back: the exchange did not happen."""
        for turns, number in self._passed:
            turns.give_back(number)
        if self.fired is None:
            return
        self.fired.uses.give_back(self.use)
        if self._of_tid is not None:
            self._of_tid[0].give_back(self._of_tid[1])
        if self._move is not None:
            self._scenarios.go_back(self.fired.rule.scenario, *self._move)


class RuleSet:
    """Rules that are in force together."""

    __slots__ = ("_by_place", "_index", "_scenarios", "rules")

    def __init__(self, rules: tuple[Installed, ...], scenarios: Scenarios) -> None:
        self.rules = rules  # in the order of their declaration
        self._scenarios = scenarios
        self._index: dict[tuple[str | None, str | None], list[Installed]] | None = None  # made when first needed
        self._by_place: dict[tuple[str, str, str], tuple[tuple[Installed, ...], tuple[Installed, ...]]] = {}

    def consult(
        self, subject: Subject, dialect: Dialect, tid: str, service: str, before: Ruling | None = None
    ) -> Ruling | None:
        """Return what the rules say about an exchange; `apply` or `release` must follow.

        Args:
            dialect: a rule whose codes, elements and fields it does not have is passed over.
            tid: of a registered terminal: what is found for it is remembered.
            before: what they said when it was decided first, where another exchange got in between. It stands if it
                still fits, else it is given back.
        """
        if before is not None:
            if before.fired is not None and before.fired.fits(subject):
                return before
            before.release()
        found: Ruling | None = None
        ordered, counting = self.about(dialect, tid, service)
        for installed in ordered:
            if not self._is_open(installed) or not installed.fits(subject):
                continue
            if found is None:
                found = Ruling(self._scenarios)
            if found.passes(installed):
                for other in counting:  # an exchange counts for them too, although they do not fire
                    if installed < other and self._is_open(other) and other.fits(subject):
                        found.passes(other)
                found.fire(installed, tid)
                break
        return found

    def _is_open(self, installed: Installed) -> bool:
        rule = installed.rule
        return not installed.used_up and (not rule.state or self._scenarios.state(rule.scenario) == rule.state)

    def about(self, dialect: Dialect, tid: str, service: str) -> tuple[tuple[Installed, ...], tuple[Installed, ...]]:
        """Return the rules that may fire for a terminal and a service, in the order in which they are asked.

        The second are those among them that count exchanges for which others fire.
        """
        found = self._by_place.get((dialect.name, tid, service))
        if found is None:
            if self._index is None:
                self._index = _indexed(self.rules)
            places = ((tid, service), (tid, None), (None, service), (None, None))
            lists = [self._index[place] for place in places if place in self._index]
            ordered = tuple(installed for installed in merge(*lists) if fits(installed.rule.then, dialect))
            counting = tuple(installed for installed in ordered if installed.counts_passed)
            found = self._by_place[dialect.name, tid, service] = ordered, counting
        return found


class Rules:
    """The rules of one host, which may change while it runs. Used from the host's thread alone."""

    __slots__ = ("_declared", "_installed", "active", "generation", "scenarios")

    def __init__(self, rules: Iterable[Rule] = (), generation: GenerationCounter | None = None) -> None:
        self.generation = generation if generation is not None else GenerationCounter()
        self.scenarios = Scenarios()
        self._declared = count()
        self._installed: tuple[Installed, ...] = ()
        self.active: RuleSet | None = None
        """What an exchange that begins now is under; None while no rule is enabled."""
        self._add(tuple(rules))

    def __bool__(self) -> bool:
        return bool(self._installed)

    def copied(self) -> Rules:
        """Return the same rules once more, with counts and scenarios of their own."""
        other = Rules(generation=self.generation.copied())
        other.scenarios = self.scenarios.copied()
        other._enforce(tuple(installed.copied() for installed in self._installed))
        return other

    @property
    def declared(self) -> tuple[Rule, ...]:
        """Return the rules there are, in the order of their declaration; those that are not enabled too."""
        return tuple(installed.rule for installed in self._installed)

    def add(self, *rules: Rule) -> int:
        """Put rules in force, all at once; return the generation of exchanges that begin from now on.

        Raises:
            RuleError: one of them has the name of another; then none is added.
        """
        self._add(rules)
        return self.generation.advance()

    def replace(self, rule: Rule) -> int:
        """Put a rule in the place of the one of its name, whose counts it goes on with; return the generation.

        Raises:
            RuleError: there is none of this name.
        """
        self._check_known(rule.name)
        self._enforce(tuple(one.replaced(rule) if one.rule.name == rule.name else one for one in self._installed))
        return self.generation.advance()

    def remove(self, *names: str) -> int:
        """Take rules out of force, with their counts; return the generation.

        Raises:
            RuleError: there is no such rule; then none is removed.
        """
        self._check_known(*names)
        self._enforce(tuple(one for one in self._installed if one.rule.name not in names))
        return self.generation.advance()

    def clear(self) -> int:
        """Take all rules out of force, and bring every scenario back to its start; return the generation."""
        self.scenarios = Scenarios()
        self._enforce(())
        return self.generation.advance()

    def go(self, scenario: str, state: str) -> int:
        """Bring a scenario to a state; return the generation.

        Raises:
            RuleError: no rule of the scenario knows the state, so that nothing could come of it.
        """
        known = self.known_states(scenario)
        if state not in known:
            near = did_you_mean(state, known) or f"; there are {', '.join(known)}"
            raise RuleError(f"no rule of the scenario '{scenario}' knows a state '{state}'{near}")
        self.scenarios.go(scenario, state)
        return self.generation.advance()

    def known_states(self, scenario: str) -> list[str]:
        """Return the states that a scenario can be in: its first one, and those that its rules wait for or lead to."""
        of_rules = {
            state for rule in self.declared if rule.scenario == scenario for state in (rule.state, rule.next) if state
        }
        return sorted({START, *of_rules})

    def restart_scenarios(self) -> int:
        """Bring every scenario that a rule belongs to back to its start; return the generation."""
        for name in self.states():
            self.go(name, START)
        return self.generation.number

    def used(self) -> Mapping[str, int]:
        """Return how often each rule has fired, by its name."""
        return {installed.rule.name: installed.uses.kept for installed in self._installed}

    def states(self) -> Mapping[str, str]:
        """Return the state of each scenario that a rule in force belongs to."""
        return self.scenarios.as_dict(dict.fromkeys(rule.scenario for rule in self.declared if rule.scenario))

    def _check_known(self, *names: str) -> None:
        known = {installed.rule.name for installed in self._installed}
        for name in names:
            if name not in known:
                raise RuleError(f"there is no rule '{name}'{did_you_mean(name, known)}")

    def _add(self, rules: tuple[Rule, ...]) -> None:
        names = {rule.name for rule in self.declared}
        for rule in rules:
            if rule.name in names:
                raise RuleError(f"'{rule.name}' is the name of another rule; no two have the same")
            names.add(rule.name)
        added = tuple(Installed(rule, (rule.priority, -next(self._declared))) for rule in rules)
        self._enforce((*self._installed, *added))

    def _enforce(self, installed: tuple[Installed, ...]) -> None:
        self._installed = installed
        enabled = tuple(one for one in installed if one.rule.enabled)
        self.active = RuleSet(enabled, self.scenarios) if enabled else None


def _indexed(rules: Iterable[Installed]) -> dict[tuple[str | None, str | None], list[Installed]]:
    """Return rules by the terminals and services that their conditions require; None: any."""
    index: dict[tuple[str | None, str | None], list[Installed]] = {}
    for installed in sorted(rules, key=lambda one: one.rank):
        for place in installed.places:
            index.setdefault(place, []).append(installed)
    return index
