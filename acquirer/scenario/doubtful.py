"""Rules and faults that can be used, and yet will not act as things stand: said when a host starts.

What can never act on any day is refused when it is read (`possible`). Here a state may still be set by a program, a
terminal registered later, a rule removed that goes before another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

from acquirer.data.toml import did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.matcher.counted import COUNTED
from acquirer.matcher.expression import ALWAYS, Atom, Expression, conjunction, conjuncts, keys_of, required
from acquirer.scenario.fault import Fault
from acquirer.scenario.rules.reply_edits import fits
from acquirer.scenario.rules.rule import START, Rule

_MOST_PARTS: Final = 8
"""Parts of a condition of which all subsets are looked up: 256."""


def doubtful(
    rules: Sequence[Rule],
    faults: Iterable[Fault],
    dialects: Collection[Dialect],
    cards: Collection[str],
    tids: Collection[str],
) -> Iterator[str]:
    """Yield a sentence for each rule and fault that will not act.

    Args:
        rules: in the order of their declaration.
        cards: names of the issuer's cards.
        tids: of registered terminals.
    """
    rules, faults = [rule for rule in rules if rule.enabled], [fault for fault in faults if fault.enabled]
    yield from _unreachable(rules)
    yield from _hidden(rules, dialects)
    of_rules: list[tuple[str, Expression]] = [(f"rule '{rule.name}'", rule.when) for rule in rules]
    of_faults = [(f"fault '{fault.name}'", _condition(fault)) for fault in faults]
    for label, when in (*of_rules, *of_faults):
        named = required(when, "card")
        if named and not named & set(cards):
            card = min(named)
            yield f"{label} cannot act: no card is called '{card}'{did_you_mean(card, cards)}"
        wanted = required(when, "tid")
        if wanted and not any(tid in tids for tid in wanted):
            yield f"{label} cannot act: terminal {min(wanted)} is not registered"


def _condition(fault: Fault) -> Expression:
    when = fault.when or ALWAYS
    return when if fault.tid is None else conjunction((when, Atom("tid", "equal", fault.tid)))


def _unreachable(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield a sentence for each rule of which no other one leads to its state."""
    of_scenarios = [rule for rule in rules if rule.scenario]
    reached: set[tuple[str, str]] = set()
    found = {(rule.scenario, START) for rule in of_scenarios}
    while not found <= reached:
        reached |= found
        found = {
            (rule.scenario, rule.next)
            for rule in of_scenarios
            if rule.next and (not rule.state or (rule.scenario, rule.state) in reached)
        }
    for rule in of_scenarios:
        if rule.state and (rule.scenario, rule.state) not in reached:
            states = {state for scenario, state in reached if scenario == rule.scenario}
            hint = did_you_mean(rule.state, states) or "; it is for programs to bring it there"
            yield (
                f"rule '{rule.name}' cannot act: no rule brings scenario '{rule.scenario}' to state "
                f"'{rule.state}'{hint}"
            )


def _hidden(rules: Sequence[Rule], dialects: Collection[Dialect]) -> Iterator[str]:
    """Yield a sentence for each rule before which another one is asked that always fires where it would."""
    always: dict[frozenset[Expression], list[Rule]] = {}
    for _, rule in sorted(enumerate(rules), key=lambda one: (one[1].priority, -one[0])):  # as they are asked
        parts = frozenset(conjuncts(rule.when))
        sizes = range(len(parts) + 1 if len(parts) <= _MOST_PARTS else 0)
        subsets = (frozenset(some) for size in sizes for some in combinations(parts, size))
        others = (other for some in subsets for other in always.get(some, ()))
        before = next((other for other in others if _covers(other, rule, dialects)), None)
        if before is not None:
            yield (
                f"rule '{rule.name}' cannot act: '{before.name}' is asked before it and fires whenever it would; give "
                "one of them another priority or condition"
            )
        elif rule.times is None and not rule.after and COUNTED not in keys_of(rule.when):
            always.setdefault(parts, []).append(rule)


def _covers(before: Rule, rule: Rule, dialects: Collection[Dialect]) -> bool:
    """Return whether a rule that always fires does so in the states and dialects of another one."""
    in_state = not before.state or (before.scenario, before.state) == (rule.scenario, rule.state)
    return in_state and all(fits(before.then, one) for one in dialects if fits(rule.then, one))
