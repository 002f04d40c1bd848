"""A run with the verdicts of its thresholds: what every report is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acquirer.load.report.headline import verdict_of
from acquirer.load.run_figures import RunFigures
from acquirer.load.thresholds import JudgedThreshold, Threshold


@dataclass(frozen=True)
class JudgedRun:
    """One run.

    Args:
        judged: one for each threshold, in the order in which they were given.
    """

    figures: RunFigures
    judged: tuple[JudgedThreshold, ...] = ()

    @property
    def passed(self) -> bool:
        """Return whether every threshold held."""
        return all(one.held for one in self.judged)

    @property
    def verdict(self) -> str:
        """Return ``missed``, ``generator-limited``, ``passed``, or ``not-judged``."""
        return verdict_of(self.figures, self.judged)

    def as_json(self) -> dict[str, Any]:
        """Return figures and verdicts as one object."""
        return {
            **self.figures.as_json(),
            "thresholds": [
                {
                    "threshold": one.threshold.written,
                    "value": None if one.value is None else round(one.value, 6),
                    "unit": one.threshold.unit,
                    "at_least": one.at_least,
                    "held": one.held,
                }
                for one in self.judged
            ],
            "passed": self.passed,
            "verdict": self.verdict,
        }


def judge_run(figures: RunFigures, thresholds: Sequence[Threshold]) -> JudgedRun:
    """Return a run with its verdicts. Raises ThresholdError: a scope is none of this run."""
    return JudgedRun(figures, tuple(figures.judge(one) for one in thresholds))
