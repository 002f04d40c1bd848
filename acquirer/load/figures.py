"""Figures of one run: how many, how fast, how late."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


def percentile(ordered: list[float], share: float) -> float:
    """The smallest value that at least `share` of `ordered` (ascending) do not exceed; 0.0 of nothing.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5), percentile([1.0, 2.0, 3.0, 4.0], 0.99)
    (2.0, 4.0)
    """
    if not ordered:
        return 0.0
    rank = -int(-share * len(ordered) // 1)  # ceiling
    return ordered[max(rank, 1) - 1]


@dataclass(slots=True)
class Figures:
    """What a generator saw. Latencies run from the sending of a request (fresh: from the call of connect)."""

    answered: int = 0
    unexpected: int = 0  # answers of another size than the first, approved one
    failed: int = 0  # connections refused, reset or closed before the answer
    unanswered: int = 0  # still waiting when time was up
    elapsed_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list, repr=False)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answered / self.elapsed_s if self.elapsed_s else 0.0

    def latency_ms(self, share: float) -> float:
        """A percentile of the latencies, in milliseconds."""
        return percentile(sorted(self.latencies_s), share) * 1000


def summed(runs: Iterable[Figures]) -> Figures:
    """Several runs, one after the other, as one.

    >>> summed([Figures(answered=2, elapsed_s=1.0), Figures(answered=4, elapsed_s=1.0)]).rate
    3.0
    """
    whole = Figures()
    for run in runs:
        whole.answered += run.answered
        whole.unexpected += run.unexpected
        whole.failed += run.failed
        whole.unanswered += run.unanswered
        whole.elapsed_s += run.elapsed_s
        whole.latencies_s += run.latencies_s
    return whole
