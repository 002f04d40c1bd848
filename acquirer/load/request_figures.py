"""Exact figures of requests: all of a run, those of one service, those of one phase.

1. Latency runs from the moment for which a request was intended, however busy the generator was; service time from its
   beginning. What got no answer enters with its time-out, as a lower bound.
2. What the generator did not begin has no times; it is counted, and an error.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, Final

from acquirer.load.record_columns import ANSWERED, NOT_BEGUN, UNANSWERED, RecordColumns, code_text, outcome_mask
from acquirer.load.records import NOT_VERIFIED, RequestOutcome

LATE_US: Final = 10_000
"""A request that is begun so late was late: a tenth of what a person notices, ten times what a timer does."""

PERCENTILES: Final = (50.0, 90.0, 95.0, 99.0, 99.9)

_AT_LEAST: Final = outcome_mask(UNANSWERED)
_BEGUN: Final = outcome_mask(set(RequestOutcome) - NOT_BEGUN)
_BELIEVED: Final = outcome_mask(ANSWERED)


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

    def __str__(self) -> str:
        return f"{'≥ ' if self.at_least else ''}{self.ms:.1f} ms"


class Distribution:
    """Times of requests, exactly.

    >>> times = Distribution([(3000, False), (1000, False), (2000, True)])
    >>> times.quantile(50), times.quantile(99).ms
    (Quantile(us=2000, at_least=True), 3.0)
    """

    def __init__(self, times: Iterable[tuple[int, int]]) -> None:
        # A time and whether it is a lower bound are one number: sorted as fast, and kept in eight bytes.
        self._times = array("q", sorted([us << 1 | at_least for us, at_least in times]))

    def __len__(self) -> int:
        return len(self._times)

    def quantile(self, percent: float) -> Quantile:
        """Return the smallest time that at least so many percent do not exceed; 0 of nothing."""
        if not self._times:
            return Quantile(0)
        rank = -int(-percent * len(self._times) // 100)
        return self._at(max(rank, 1) - 1)

    @property
    def most(self) -> Quantile:
        """Return the longest time; 0 of nothing."""
        return self._at(-1) if self._times else Quantile(0)

    @property
    def least(self) -> Quantile:
        """Return the shortest time; 0 of nothing."""
        return self._at(0) if self._times else Quantile(0)

    @cached_property
    def mean_us(self) -> float:
        """Return the mean; 0 of nothing."""
        return sum(time >> 1 for time in self._times) / len(self._times) if self._times else 0.0

    def above(self, us: int) -> int:
        """Return how many are longer."""
        return len(self._times) - bisect_right(self._times, us << 1 | 1)

    def as_json(self) -> dict[str, Any]:
        """Return percentiles in milliseconds, under the names that JSON has for them: p99_9 of 99.9 %."""
        found = {percentile_name(percent): self.quantile(percent) for percent in PERCENTILES}
        found["max"] = self.most
        return {
            "samples": len(self),
            "min": self.least.ms,
            "mean": round(self.mean_us / 1000, 3),
            **{name: quantile.ms for name, quantile in found.items()},
            "lower_bounds": [name for name, quantile in found.items() if quantile.at_least],
        }

    def _at(self, place: int) -> Quantile:
        return Quantile(self._times[place] >> 1, bool(self._times[place] & 1))


def percentile_name(percent: float) -> str:
    """Return the name of a percentile in JSON and CSV.

    >>> percentile_name(50.0), percentile_name(99.9)
    ('p50', 'p99_9')
    """
    return f"p{percent:g}".replace(".", "_")


@dataclass(frozen=True)
class RequestFigures:
    """Figures of some requests."""

    columns: RecordColumns

    def __len__(self) -> int:
        return len(self.columns)

    @cached_property
    def begun(self) -> bytes:
        """Which of them have times: 1 at the place of each that the generator began."""
        return self.columns.outcome.translate(_BEGUN)

    @cached_property
    def at_least(self) -> bytes:
        """Which of them have times that are lower bounds: 1 at the place of each."""
        return self.columns.outcome.translate(_AT_LEAST)

    @cached_property
    def latency(self) -> Distribution:
        """Times since the intended moments."""
        return self._times(self.columns.latency_us)

    @cached_property
    def service_time(self) -> Distribution:
        """Times since requests were begun."""
        return self._times(self.columns.done_us)

    @cached_property
    def lateness(self) -> Distribution:
        """How late requests were begun."""
        return Distribution((us, False) for us in compress(self.columns.late_us, self.begun))

    @cached_property
    def connect(self) -> Distribution:
        """Times until new connections stood; of those that did."""
        return Distribution((us, False) for us in self.columns.connected_us if us)

    @cached_property
    def outcomes(self) -> Mapping[RequestOutcome, int]:
        """How many ended how."""
        return {RequestOutcome(number): n for number, n in sorted(Counter(self.columns.outcome).items())}

    @cached_property
    def errors(self) -> Mapping[RequestOutcome, int]:
        """How many were not approved, by kind."""
        return {outcome: n for outcome, n in self.outcomes.items() if outcome is not RequestOutcome.APPROVED}

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """How many answers had which response code."""
        counted = {code_text(number): n for number, n in Counter(self.columns.code).items() if number}
        return dict(sorted(counted.items()))

    @property
    def answered(self) -> int:
        """How many were answered by something that can be believed."""
        return sum(n for outcome, n in self.outcomes.items() if outcome in ANSWERED)

    @property
    def approved(self) -> int:
        """How many were approved."""
        return self.outcomes.get(RequestOutcome.APPROVED, 0)

    @cached_property
    def unverified(self) -> int:
        """How many answers were believed without a look at KCV or MAC (``--no-verify``)."""
        answers = compress(self.columns.flags, self.columns.outcome.translate(_BELIEVED))
        return sum(flags & NOT_VERIFIED for flags in answers)

    @property
    def error_share(self) -> float:
        """Return the share of requests that were not approved."""
        return sum(self.errors.values()) / len(self) if len(self) else 0.0

    @property
    def late_share(self) -> float:
        """Return the share of requests that were begun late."""
        return self.lateness.above(LATE_US) / len(self) if len(self) else 0.0

    @cached_property
    def offered_us(self) -> int:
        """Return within what time they were due, in microseconds: from the first intended moment to the last."""
        return max(self.columns.intended_us) - min(self.columns.intended_us) if len(self) else 0

    @cached_property
    def elapsed_s(self) -> float:
        """Return how long it took from the first intended moment to the last end."""
        return (max(self.columns.end_us) - min(self.columns.intended_us)) / 1_000_000 if len(self) else 0.0

    @cached_property
    def rate(self) -> float:
        """Return answered requests a second, from the first intended moment to the last answer.

        What waits for its time-out long after all others makes the run longer, and no answer later.
        """
        last_us = max(compress(self.columns.end_us, self.columns.outcome.translate(_BELIEVED)), default=0)
        elapsed_us = last_us - min(self.columns.intended_us, default=0)
        return self.answered * 1_000_000 / elapsed_us if elapsed_us > 0 else 0.0

    @cached_property
    def longest_silence(self) -> tuple[float, float]:
        """Return when the longest time without any answer began, while requests waited that were answered later.

        Returns:
            Seconds since the beginning of the run, and how many it lasted; 0 of nothing.
        """
        columns = self.columns
        answered = columns.outcome.translate(_BELIEVED)
        due_us = sorted(compress(columns.intended_us, answered))
        ends_us = sorted(compress(columns.end_us, answered))
        began_us, longest_us = 0, 0
        for place, end_us in enumerate(ends_us):
            # So many have ended before; the next of those that came was waiting at least since then.
            waiting_us = max(due_us[place], ends_us[place - 1]) if place else due_us[0]
            if end_us - waiting_us > longest_us:
                began_us, longest_us = waiting_us, end_us - waiting_us
        return began_us / 1_000_000, longest_us / 1_000_000

    def as_json(self) -> dict[str, Any]:
        """Return all figures as one object; times in milliseconds."""
        began_s, lasted_s = self.longest_silence
        return {
            "requests": len(self),
            "answered": self.answered,
            "approved": self.approved,
            "unverified": self.unverified,
            "offered_s": round(self.offered_us / 1_000_000, 6),
            "elapsed_s": round(self.elapsed_s, 6),
            "rate": round(self.rate, 1),
            "latency_ms": self.latency.as_json(),
            "service_ms": self.service_time.as_json(),
            "connect_ms": self.connect.as_json(),
            "lateness_ms": self.lateness.as_json(),
            "late_share": round(self.late_share, 6),
            "outcomes": {outcome.word: n for outcome, n in self.outcomes.items()},
            "errors": {outcome.word: n for outcome, n in self.errors.items()},
            "error_share": round(self.error_share, 6),
            "codes": dict(self.codes),
            "longest_silence": {"begin_s": round(began_s, 6), "length_s": round(lasted_s, 6)},
        }

    def _times(self, column: array[int]) -> Distribution:
        return Distribution(compress(zip(column, self.at_least, strict=True), self.begun))
