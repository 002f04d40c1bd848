"""Many simulations, one after another, and what they came to together."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Final

from acquirer.errors import ConfigurationError
from acquirer.settings.text_file import read_text_file
from acquirer.simulation.dialect_trade import trade_in
from acquirer.simulation.number_ranges import read_ranges
from acquirer.simulation.plan import FAULT_KINDS, MOST_HOURS, MOST_TERMINALS
from acquirer.simulation.simulation import PlanName, SimulationResult

_OPTIONS: Final = ("--seed", "--terminals", "--hours", "--dialect", "--without", "--only")


class SimulationPlanError(ConfigurationError, ValueError):
    """A plan that cannot be made from what was written of it."""


@dataclass(slots=True)
class SimulationTotals:
    """What many runs came to."""

    runs: int = 0
    simulated_s: float = 0.0
    sent: int = 0
    exchanges: int = 0
    faults: Counter[str] = field(default_factory=Counter)  # that acted, by kind
    failures: list[SimulationResult] = field(default_factory=list)

    @property
    def hours(self) -> float:
        """Hours of terminals that were simulated."""
        return self.simulated_s / 3600

    @property
    def fault_count(self) -> int:
        """How many faults acted, of all kinds."""
        return sum(self.faults[kind] for kind in FAULT_KINDS)

    def add(self, result: SimulationResult) -> None:
        """Add a run."""
        self.runs += 1
        self.simulated_s += result.simulated_s
        self.sent += result.sent
        self.exchanges += result.exchanges
        self.faults.update(result.faults)
        if result.failed:
            self.failures.append(result)


def following_seeds(name: PlanName, number: int | None) -> Iterator[PlanName]:
    """Yield plans alike but for their seeds, which follow one another; None: without end."""
    for seed in count(name.seed) if number is None else range(name.seed, name.seed + number):
        yield replace(name, seed=seed)


def run_all(
    names: Iterable[PlanName],
    run: Callable[[PlanName], SimulationResult],
    on_result: Callable[[SimulationTotals], bool],
) -> SimulationTotals:
    """Run plans one after another; return what they came to.

    Args:
        on_result: is called after each with the totals so far; False ends it.
    """
    totals = SimulationTotals()
    for name in names:
        totals.add(run(name))
        if not on_result(totals):
            break
    return totals


def checked_name(values: Mapping[str, str]) -> PlanName:
    """Return a plan from what was written of it, by the names of options without their dashes; what is absent is usual.

    Raises:
        SimulationPlanError: a value cannot be used.
        DataError, DialectTradeError: the dialect cannot.
    """
    usual = PlanName()
    terminals = _number(values, "terminals", usual.terminals, 1, MOST_TERMINALS)
    hours = _number(values, "hours", usual.hours, 0.01, MOST_HOURS)
    without = frozenset(filter(None, (one.strip() for one in values.get("without", "").split(","))))
    for kind in sorted(without - {*FAULT_KINDS}):
        raise SimulationPlanError(f"--without: '{kind}' is no kind of trouble; there are {', '.join(FAULT_KINDS)}")
    only = read_ranges(values["only"]) if values.get("only") else None
    seed = _number(values, "seed", usual.seed, 0, 2**63 - 1)
    dialect = values.get("dialect") or usual.dialect
    trade_in(dialect)  # it says what is wrong with it
    name = PlanName(int(seed), int(terminals), hours, without, only, dialect)
    whole = PlanName(name.seed, name.terminals, hours).plan().numbers if only else ()
    if only and (unknown := sorted({*only} - {*whole})):
        problem = f"--only: the plan has no part {unknown[0]}; seed, terminals and hours must be those it is of"
        raise SimulationPlanError(problem)
    return name


def read_remembered(path: Path) -> list[PlanName]:
    """Return the plans of a file: lines that reproduce a failure, as `simulate` prints them; ``#`` begins a comment.

    Raises:
        SimulationPlanError: with file and line.
    """
    try:
        text = read_text_file(path)
    except (OSError, UnicodeDecodeError) as exc:
        cause = getattr(exc, "strerror", None) or "it is no UTF-8 text"
        raise SimulationPlanError(f"{path} cannot be read: {cause}") from None
    names = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            raise SimulationPlanError(f"{path}, line {number}: a quotation mark is not closed") from None
        if words[:2] == ["acquirer", "simulate"]:
            words = words[2:]
        if not words:
            continue
        options, values = words[::2], words[1::2]
        odd = next((one for one in options if one not in _OPTIONS), None)
        if odd is not None or len(options) != len(values):
            problem = f"'{odd}' is no option of a plan" if odd is not None else f"{words[-1]} has no value"
            raise SimulationPlanError(f"{path}, line {number}: {problem}; write a line as simulate prints it")
        try:
            names.append(
                checked_name({key.removeprefix("--"): value for key, value in zip(options, values, strict=True)})
            )
        except ConfigurationError as exc:
            raise SimulationPlanError(f"{path}, line {number}: {exc}") from None
    return names


def _number(values: Mapping[str, str], name: str, usual: float, least: float, most: float) -> float:
    text = values.get(name, "")
    if not text:
        return usual
    try:
        number = float(text) if name == "hours" else int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise SimulationPlanError(f"--{name}: '{text}' is none; write a number from {least:g} to {most:g}")
    return number
