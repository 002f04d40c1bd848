"""Figures of a run while it goes on: times to one part in thirty-two, in memory that does not grow.

Times are counted in buckets that are linear within each power of two and logarithmic across them, as HdrHistogram does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from acquirer.load.record_columns import ANSWERED, NOT_BEGUN
from acquirer.load.records import LoadRecord, RequestOutcome
from acquirer.load.request_figures import LATE_US, Quantile
from acquirer.load.thresholds import JudgedThreshold, Threshold, judge

_BITS: Final = 6  # a bucket is a thirty-second of its power of two wide: closer than a screen shows


class LiveDistribution:
    """Times by bucket; a percentile is the lower end of a bucket, so that none is missed only because it was rounded.

    >>> times = LiveDistribution()
    >>> for us in (1000, 2000, 3000):
    ...     times.add(us)
    >>> len(times), times.quantile(50).us, times.quantile(99).us
    (3, 1984, 2944)
    """

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._sum_us = self._least_us = self._most_us = 0

    def __len__(self) -> int:
        return self._counts.total()

    def add(self, us: int) -> None:
        """Count a time."""
        shift = max(us.bit_length() - _BITS, 0)
        self._least_us = min(self._least_us, us) if self._counts else us
        self._most_us = max(self._most_us, us)
        self._sum_us += us
        self._counts[shift << _BITS | us >> shift] += 1

    def include(self, other: LiveDistribution) -> None:
        """Count all that another one has counted."""
        if other._counts:
            self._least_us = min(self._least_us, other._least_us) if self._counts else other._least_us
            self._most_us = max(self._most_us, other._most_us)
            self._sum_us += other._sum_us
            self._counts.update(other._counts)

    def quantile(self, percent: float) -> Quantile:
        """Return the time that so many percent do not exceed; 0 of nothing."""
        rank, passed = max(-int(-percent * len(self) // 100), 1), 0
        for bucket in sorted(self._counts):
            passed += self._counts[bucket]
            if passed >= rank:
                shift, value = bucket >> _BITS, bucket & (1 << _BITS) - 1
                return Quantile(max(value << shift, self._least_us))
        return Quantile(0)

    @property
    def most(self) -> Quantile:
        """Return the longest time; 0 of nothing."""
        return Quantile(self._most_us)

    @property
    def least(self) -> Quantile:
        """Return the shortest time; 0 of nothing."""
        return Quantile(self._least_us)

    @property
    def mean_us(self) -> float:
        """Return the mean; 0 of nothing."""
        return self._sum_us / len(self) if len(self) else 0.0


class LiveCounts:
    """What has ended until now, of all requests or some."""

    def __init__(self) -> None:
        self.latency = LiveDistribution()
        self.lateness = LiveDistribution()
        self.outcomes: Counter[RequestOutcome] = Counter()
        self._late = 0
        self._first_us = self._last_us = -1

    def __len__(self) -> int:
        return self.outcomes.total()

    def add(self, record: LoadRecord) -> None:
        """Count a request."""
        outcome = RequestOutcome(record.outcome)
        self.outcomes[outcome] += 1
        if outcome not in NOT_BEGUN:
            self.latency.add(record.latency_us)
            self.lateness.add(record.late_us)
            self._late += record.late_us > LATE_US
        end_us = record.intended_us + record.latency_us if outcome in ANSWERED else -1
        self._span(record.intended_us, end_us)

    def include(self, other: LiveCounts) -> None:
        """Count all that another one has counted."""
        self.latency.include(other.latency)
        self.lateness.include(other.lateness)
        self.outcomes.update(other.outcomes)
        self._late += other._late
        if len(other):
            self._span(other._first_us, other._last_us)

    @property
    def answered(self) -> int:
        """Return how many were answered by something that can be believed."""
        return sum(n for outcome, n in self.outcomes.items() if outcome in ANSWERED)

    @property
    def error_share(self) -> float:
        """Return the share that was not approved."""
        return 1 - self.outcomes[RequestOutcome.APPROVED] / len(self) if len(self) else 0.0

    @property
    def late_share(self) -> float:
        """Return the share that was begun late."""
        return self._late / len(self) if len(self) else 0.0

    @property
    def rate(self) -> float:
        """Return answered requests a second, from the first intended moment to the last answer."""
        elapsed_us = self._last_us - self._first_us
        return self.answered * 1_000_000 / elapsed_us if elapsed_us > 0 else 0.0

    def _span(self, first_us: int, last_us: int) -> None:
        self._first_us = first_us if self._first_us < 0 else min(self._first_us, first_us)
        self._last_us = max(self._last_us, last_us)


class LiveFigures:
    """All that has ended until now, by service and phase.

    Args:
        services: their names, whose places records hold.
        phases: likewise.
    """

    def __init__(self, services: Sequence[str], phases: Sequence[str]) -> None:
        self._services = services
        self._phases = phases
        self._counts: dict[tuple[int, int], LiveCounts] = {}

    def add(self, records: Iterable[LoadRecord]) -> None:
        """Count requests that have ended."""
        for record in records:
            place = (record.service, record.phase)
            if (counts := self._counts.get(place)) is None:
                counts = self._counts[place] = LiveCounts()
            counts.add(record)

    def of(self, service: str = "", phase: str = "") -> LiveCounts:
        """Return the figures of a service, of a phase, or of a service in a phase; "" is all."""
        found = LiveCounts()
        for (service_place, phase_place), counts in self._counts.items():
            if (not service or self._services[service_place] == service) and (
                not phase or self._phases[phase_place] == phase
            ):
                found.include(counts)
        return found


def judge_running(thresholds: Iterable[Threshold], figures: LiveFigures, elapsed_s: float) -> list[JudgedThreshold]:
    """Return the thresholds that are missed by now, of those that end a run.

    A threshold is not judged before its grace is over, nor before there is anything to judge. Only upper limits are:
    what is too little may still become enough.
    """
    found = []
    for threshold in thresholds:
        if not threshold.abort or elapsed_s < threshold.grace_s:
            continue
        if threshold.comparison not in ("<", "<=") or threshold.aggregation == "rate":
            continue
        counts = figures.of(threshold.service, threshold.phase)
        if len(counts) and not (judged := judge(threshold, counts)).held:
            found.append(judged)
    return found
