"""What a burst came to: exact figures of all records, and whether the generator itself was the limit.

1. Latency runs from the moment for which a request was intended, however busy the generator was; service time
   from its beginning. What got no answer enters with its time-out, as a lower bound.
2. The generator was the limit when requests were begun late: so late that it shows in the latencies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from acquirer.load.records import LoadRecord, RecordFile, RequestOutcome, read_records
from acquirer.load.thresholds import Threshold

SCHEMA: Final = "acquirer.load/1"

LATE_US: Final = 10_000
"""A request that is begun so late was late: a tenth of what a person notices, ten times what a timer does."""

LATE_SHARE: Final = 0.001
LATE_LEAST_US: Final = 1_000
LATE_OF_LATENCY: Final = 0.05
"""The generator was the limit when more than `LATE_SHARE` of requests were late, or when the 99th percentile of
lateness is above a millisecond and above a twentieth of that of latency."""

PERCENTILES: Final = (50.0, 90.0, 95.0, 99.0, 99.9)

ANSWERED: Final = frozenset({RequestOutcome.APPROVED, RequestOutcome.DECLINED})
UNANSWERED: Final = frozenset({RequestOutcome.NO_ANSWER, RequestOutcome.NOT_CONNECTED, RequestOutcome.LOST})
"""Their latency is a lower bound."""


@dataclass(frozen=True, slots=True)
class Quantile:
    """One figure of many, in microseconds.

    Args:
        at_least: it is a lower bound, because it is that of a request that got no answer.
    """

    us: int
    at_least: bool = False

    @property
    def ms(self) -> float:
        """Return it in milliseconds."""
        return self.us / 1000


class Distribution:
    """Times of requests, exactly.

    >>> times = Distribution([(3000, False), (1000, False), (2000, True)])
    >>> times.quantile(50), times.quantile(99).ms
    (Quantile(us=2000, at_least=True), 3.0)
    """

    def __init__(self, times: Iterable[tuple[int, bool]]) -> None:
        self._times = sorted(times)

    def __len__(self) -> int:
        return len(self._times)

    def quantile(self, percent: float) -> Quantile:
        """Return the smallest time that at least so many percent do not exceed; 0 of nothing."""
        if not self._times:
            return Quantile(0)
        rank = -int(-percent * len(self._times) // 100)
        return Quantile(*self._times[max(rank, 1) - 1])

    @property
    def most(self) -> Quantile:
        """Return the longest time; 0 of nothing."""
        return Quantile(*self._times[-1]) if self._times else Quantile(0)

    @property
    def least(self) -> Quantile:
        """Return the shortest time; 0 of nothing."""
        return Quantile(*self._times[0]) if self._times else Quantile(0)

    @property
    def mean_us(self) -> float:
        """Return the mean; 0 of nothing."""
        return sum(us for us, _ in self._times) / len(self._times) if self._times else 0.0


@dataclass(frozen=True)
class BurstFigures:
    """Figures of the records of a run, of all its workers.

    Args:
        whole: every worker came to its end.
    """

    records: Sequence[LoadRecord]
    services: Sequence[str]
    planned: int
    whole: bool
    workers: Sequence[Mapping[str, Any]]

    @cached_property
    def latency(self) -> Distribution:
        """Times since the intended moments."""
        return _distribution((one.latency_us, one) for one in self.records)

    @cached_property
    def service_time(self) -> Distribution:
        """Times since requests were begun."""
        return _distribution((one.done_us, one) for one in self.records)

    @cached_property
    def lateness(self) -> Distribution:
        """How late requests were begun."""
        return Distribution((one.late_us, False) for one in self.records)

    @property
    def outcomes(self) -> Counter[RequestOutcome]:
        """How many ended how."""
        return Counter(RequestOutcome(one.outcome) for one in self.records)

    @property
    def codes(self) -> Counter[str]:
        """Response codes of what was answered."""
        return Counter(one.code.decode() for one in self.records if one.code)

    @property
    def answered(self) -> int:
        """How many were answered by something that could be believed."""
        return sum(one.outcome in ANSWERED for one in self.records)

    @property
    def errors(self) -> float:
        """Return the share of requests that were not approved."""
        failed = sum(one.outcome != RequestOutcome.APPROVED for one in self.records)
        return failed / len(self.records) if self.records else 0.0

    @property
    def late(self) -> float:
        """Return the share of requests that were begun late."""
        return sum(one.late_us > LATE_US for one in self.records) / len(self.records) if self.records else 0.0

    @property
    def elapsed_s(self) -> float:
        """Return how long it took from the first intended moment to the last end."""
        if not self.records:
            return 0.0
        first = min(one.intended_us for one in self.records)
        return (max(one.intended_us + one.latency_us for one in self.records) - first) / 1_000_000

    @property
    def rate(self) -> float:
        """Return answered requests a second."""
        return self.answered / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def generator_limited(self) -> bool:
        """Return whether the generator was the limit: then figures say as much about it as about the host."""
        late_us = self.lateness.quantile(99).us
        bound_us = max(LATE_LEAST_US, LATE_OF_LATENCY * self.latency.quantile(99).us)
        return self.late > LATE_SHARE or late_us > bound_us

    def of(self, service: str) -> BurstFigures:
        """Return the figures of one service."""
        place = self.services.index(service) if service in self.services else -1
        chosen = [one for one in self.records if one.service == place]
        return BurstFigures(chosen, self.services, len(chosen), self.whole, self.workers)

    def figure(self, threshold: Threshold) -> float:
        """Return what a threshold is about, in its unit."""
        chosen = self.of(threshold.service) if threshold.service else self
        times = chosen.latency
        if threshold.aggregation == "p":
            return times.quantile(threshold.percent).ms
        return {
            "avg": times.mean_us / 1000,
            "min": times.least.ms,
            "med": times.quantile(50).ms,
            "max": times.most.ms,
            "errors": chosen.errors,
            "late": chosen.late,
            "rate": chosen.rate,
            "count": float(chosen.answered),
        }[threshold.aggregation]

    def as_json(self) -> dict[str, Any]:
        """Return all figures as one object; times in milliseconds."""
        return {
            "schema": SCHEMA,
            "planned": self.planned,
            "requests": len(self.records),
            "answered": self.answered,
            "whole": self.whole,
            "elapsed_s": round(self.elapsed_s, 6),
            "rate": round(self.rate, 1),
            "latency_ms": _times(self.latency),
            "service_ms": _times(self.service_time),
            "lateness_ms": _times(self.lateness),
            "late_share": round(self.late, 6),
            "outcomes": {outcome.word: n for outcome, n in sorted(self.outcomes.items())},
            "codes": dict(sorted(self.codes.items())),
            "generator_limited": self.generator_limited,
            "workers": [dict(one) for one in self.workers],
        }


def figures_of(files: Sequence[RecordFile], planned: int) -> BurstFigures:
    """Return the figures of a run, from the files of all its workers."""
    services = files[0].header["services"] if files else ()
    records = [record for file in files for record in file.records]
    workers = [file.footer or {} for file in files]
    return BurstFigures(records, services, planned, all(file.footer is not None for file in files), workers)


def read_run(paths: Sequence[Path]) -> BurstFigures:
    """Return the figures of a run from the files of its workers. Raises RecordsError."""
    files = [read_records(path) for path in paths]
    return figures_of(files, sum(int(file.header.get("share", 0)) for file in files))


def _distribution(times: Iterable[tuple[int, LoadRecord]]) -> Distribution:
    return Distribution((us, one.outcome in UNANSWERED) for us, one in times)


def _times(times: Distribution) -> dict[str, float]:
    """Return percentiles under the names that JSON has for them: p99_9 of 99.9 %."""
    found = {f"p{percent:g}".replace(".", "_"): times.quantile(percent).ms for percent in PERCENTILES}
    return {**found, "max": times.most.ms}
