"""Simulates: a plan is run and judged; what fails is shrunk to one line that reproduces it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from shlex import quote
from traceback import extract_tb
from typing import Final

from acquirer.simulation.checkers import SAME_BYTES, Violation, check_history, same_bytes
from acquirer.simulation.history import History
from acquirer.simulation.number_ranges import as_ranges
from acquirer.simulation.plan import DIALECT, SimulationPlan, draw_plan
from acquirer.simulation.world import run_simulation

NOTHING_RAISES: Final = "nothing raises"
"""The checker of what every program promises: no error of its own."""

MOST_TRIALS: Final = 400
"""Runs that shrinking may take: a failing plan of two hundred parts needs half of them, and each is shorter than the
one before."""


@dataclass(frozen=True, slots=True)
class PlanName:
    """What one line says of a plan: its seed, its size, and what is left out of it."""

    seed: int = 1
    terminals: int = 3
    hours: float = 4.0
    without: frozenset[str] = frozenset()  # kinds of `plan.FAULT_KINDS`
    only: tuple[int, ...] | None = None  # numbers of its parts; None: all
    dialect: str = DIALECT

    def plan(self) -> SimulationPlan:
        """Return the plan."""
        whole = draw_plan(self.seed, self.terminals, self.hours, self.dialect).without_kinds(self.without)
        return whole if self.only is None else whole.only(self.only)

    @property
    def line(self) -> str:
        """The command that runs it.

        >>> PlanName(7, 2, 1.0, frozenset({"loss"}), (1, 2, 3, 9)).line
        'acquirer simulate --seed 7 --terminals 2 --hours 1 --without loss --only 1-3,9'
        """
        words = f"acquirer simulate --seed {self.seed} --terminals {self.terminals} --hours {self.hours:g}"
        if self.dialect != DIALECT:
            words += f" --dialect {quote(self.dialect)}"
        if self.without:
            words += f" --without {','.join(sorted(self.without))}"
        return words if self.only is None else f"{words} --only {as_ranges(self.only)}"


@dataclass(slots=True)
class SimulationResult:
    """How one run went."""

    name: PlanName
    violations: list[Violation]
    simulated_s: float = 0.0  # virtual, of all terminals together
    sent: int = 0  # requests
    exchanges: int = 0  # that the host made durable
    faults: dict[str, int] = field(default_factory=dict)  # that acted, by kind
    digest: str = ""
    parts: int = 0  # of its plan

    @property
    def failed(self) -> bool:
        """Whether something does not hold."""
        return bool(self.violations)


def simulate(name: PlanName, *, twice: bool = False) -> SimulationResult:
    """Run a plan and judge it.

    Args:
        twice: run it once more, and hold both to the same bytes.
    """
    plan = name.plan()
    try:
        history = run_simulation(plan)
        violations = [*check_history(history)]
        if twice:
            violations += same_bytes(history, run_simulation(plan))
    except Exception as exc:  # any at all: host, terminal or store have raised what no one catches
        return SimulationResult(name, [Violation(NOTHING_RAISES, _where(exc))], parts=len(plan.numbers))
    return _result(name, plan, history, violations)


def _result(name: PlanName, plan: SimulationPlan, history: History, violations: list[Violation]) -> SimulationResult:
    simulated_s = (history.ended_us - history.began_us) / 1_000_000 * plan.terminals
    return SimulationResult(
        name,
        violations,
        simulated_s,
        len(history.sent),
        len(history.committed),
        dict(sorted(history.counts.items())),
        history.digest,
        len(plan.numbers),
    )


def _where(error: Exception) -> str:
    """Return an error with the place that raised it, as one line."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({frame.name}, {frame.filename.rpartition('acquirer/')[2]}:{frame.lineno})"


def shrink(name: PlanName, checker: str, on_trial: Callable[[PlanName], object] = bool) -> PlanName:
    """Return the smallest plan found that still fails by the same checker.

    Kinds of trouble are switched off one by one, then terminals and the end of the day are left out, then parts by
    delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).

    Args:
        on_trial: is called with each plan before it is run.
    """
    trials = 0

    def fails(candidate: PlanName) -> bool:
        nonlocal trials
        if trials >= MOST_TRIALS:
            return False
        trials += 1
        on_trial(candidate)
        found = simulate(candidate, twice=checker == SAME_BYTES)
        return any(one.checker == checker for one in found.violations)

    for kind in sorted(name.plan().kinds()):
        if fails(candidate := replace(name, without=name.without | {kind})):
            name = candidate
    plan = name.plan()
    numbers = list(plan.numbers)
    for terminal in range(plan.terminals):
        others = [one.number for one in plan.operations if one.terminal != terminal]
        others += [one.number for one in plan.mishaps]
        numbers = _kept(name, numbers, others, fails)
    while len(numbers) > 1 and fails(replace(name, only=tuple(numbers[: len(numbers) // 2]))):
        numbers = numbers[: len(numbers) // 2]
    numbers = [*_minimal(name, numbers, fails)]
    return name if len(numbers) == len(plan.numbers) else replace(name, only=tuple(numbers))


def _kept(name: PlanName, numbers: list[int], wanted: Collection[int], fails: Callable[[PlanName], bool]) -> list[int]:
    """Return those of some parts that are wanted, if that fails too; else all of them."""
    fewer = [one for one in numbers if one in wanted]
    return fewer if len(fewer) < len(numbers) and fails(replace(name, only=tuple(fewer))) else numbers


def _minimal(name: PlanName, numbers: list[int], fails: Callable[[PlanName], bool]) -> Iterable[int]:
    """Return parts of which none can be left out (ddmin over complements)."""
    pieces = 2
    while len(numbers) > 1:
        size = -(-len(numbers) // pieces)
        for begin in range(0, len(numbers), size):
            rest = numbers[:begin] + numbers[begin + size :]
            if rest and fails(replace(name, only=tuple(rest))):
                numbers, pieces = rest, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(2 * pieces, len(numbers))
    return numbers
