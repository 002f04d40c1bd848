"""How runs differ from the first of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from acquirer.load.report.judged_run import JudgedRun
from acquirer.load.run_figures import RunFigures

SCHEMA: Final = "acquirer.load.comparison/1"

NOTABLE: Final = 0.05
NOTABLE_MS: Final = 0.5
NOTABLE_SHARE: Final = 0.001
NOTABLE_SILENCE_S: Final = 0.1
"""A change by less than a twentieth, or by so little, is that of two runs of one plan, and neither good nor bad."""


@dataclass(frozen=True, slots=True)
class FigureDifference:
    """One figure of all runs.

    Args:
        values: run and figure.
        words: figures as people read them.
        notable: a change by less is neither good nor bad.
        less_is_better: None: neither is.
    """

    key: str
    name: str
    values: tuple[tuple[str, float], ...]
    words: tuple[str, ...]
    notable: float
    less_is_better: bool | None

    @property
    def ratios(self) -> list[float | None]:
        """Return the figure of each further run as a share of the first; None where that is 0."""
        (_, first), *others = self.values
        return [value / first if first else (1.0 if value == first else None) for _, value in others]

    @property
    def changes(self) -> list[str]:
        """Return by how much each further run differs from the first."""
        return ["new" if ratio is None else _change(ratio) for ratio in self.ratios]

    @property
    def better(self) -> list[bool | None]:
        """Return whether each further run is better than the first; None where it is about the same."""
        (_, first), *others = self.values
        found: list[bool | None] = []
        for _, value in others:
            change = value - first
            same = abs(change) < max(self.notable, NOTABLE * abs(first))
            found.append(None if same or self.less_is_better is None else (change < 0) is self.less_is_better)
        return found


def figure_differences(runs: Sequence[JudgedRun]) -> list[FigureDifference]:
    """Return each figure of all runs, the first one being what the others are compared with."""
    found = []
    for key, name, less_is_better, kind, figure in _FIGURES:
        notable, form = _KINDS[kind]
        values = tuple((one.figures.run.name, float(figure(one.figures))) for one in runs)
        words = tuple(form.format(value) for _, value in values)
        found.append(FigureDifference(key, name, values, words, notable, less_is_better))
    return found


def comparison_json(runs: Sequence[JudgedRun]) -> dict[str, Any]:
    """Return all runs and their differences as one object."""
    return {
        "schema": SCHEMA,
        "runs": [one.as_json() for one in runs],
        "differences": [
            {
                "figure": one.key,
                "values": [round(value, 6) for _, value in one.values],
                "ratios": [None if ratio is None else round(ratio, 6) for ratio in one.ratios],
            }
            for one in figure_differences(runs)
        ],
        "passed": all(one.passed for one in runs),
        "generator_limited": any(one.figures.generator_limited for one in runs),
    }


def _change(ratio: float) -> str:
    if abs(ratio - 1) < 0.0005:  # would be rounded to nothing
        return "="
    return f"× {ratio:.0f}" if ratio >= 10 else f"{ratio - 1:+.1%}".replace("%", " %")


def _latency(percent: float) -> Callable[[RunFigures], float]:
    return lambda figures: figures.all.latency.quantile(percent).ms


_KINDS: Final = {
    "number": (0.0, "{:,.0f}"),
    "ms": (NOTABLE_MS, "{:,.1f} ms"),
    "share": (NOTABLE_SHARE, "{:.3%}"),
    "s": (NOTABLE_SILENCE_S, "{:.2f} s"),
}
_FIGURES: Final[tuple[tuple[str, str, bool | None, str, Callable[[RunFigures], float]], ...]] = (
    ("requests", "requests", None, "number", lambda figures: len(figures.all)),
    ("approved", "approved", None, "number", lambda figures: figures.all.approved),
    ("rate", "answered a second", False, "number", lambda figures: figures.all.rate),
    ("p50_ms", "latency, p50", True, "ms", _latency(50)),
    ("p90_ms", "latency, p90", True, "ms", _latency(90)),
    ("p95_ms", "latency, p95", True, "ms", _latency(95)),
    ("p99_ms", "latency, p99", True, "ms", _latency(99)),
    ("p99_9_ms", "latency, p99.9", True, "ms", _latency(99.9)),
    ("max_ms", "latency, longest", True, "ms", lambda figures: figures.all.latency.most.ms),
    ("mean_ms", "latency, mean", True, "ms", lambda figures: figures.all.latency.mean_us / 1000),
    ("service_p50_ms", "service time, p50", True, "ms", lambda figures: figures.all.service_time.quantile(50).ms),
    ("service_p99_ms", "service time, p99", True, "ms", lambda figures: figures.all.service_time.quantile(99).ms),
    ("error_share", "errors", True, "share", lambda figures: figures.all.error_share),
    ("late_share", "begun more than 10 ms late", True, "share", lambda figures: figures.all.late_share),
    ("silence_s", "longest time without an answer", True, "s", lambda figures: figures.all.longest_silence[1]),
)
