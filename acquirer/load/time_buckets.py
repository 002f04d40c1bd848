"""A run over time: what was offered, what ended, how long what was due then took.

1. What is offered, its latency and its lateness stand at the moment for which it was intended; what ended, its code and
   its kind of error at the moment when it ended.
2. A request is open from its intended moment until it ends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, compress
from typing import Final, NamedTuple

from acquirer.load.record_columns import RecordColumns, code_text
from acquirer.load.records import RequestOutcome
from acquirer.load.request_figures import Distribution, Quantile, RequestFigures

BURST_US: Final = 10_000_000
"""Up to this length a run is a burst, and is shown in tenths of a second."""

_WIDTHS_US: Final[list[int]] = [step * 10**power for power in range(5, 10) for step in (1, 2, 5)]  # 100 ms to 5,000 s

MOST_BUCKETS: Final = 1_000
"""A screen has hardly more columns; what waits for a time-out makes a burst of five seconds last minutes."""


class BucketTimes(NamedTuple):
    """Times of the requests that were due in a bucket."""

    p50: Quantile
    p90: Quantile
    p99: Quantile
    most: Quantile


@dataclass(frozen=True, slots=True)
class TimeBucket:
    """A piece of a run.

    Args:
        open: requests that were due and had not ended, at its end.
        latency: None where none was begun that was due in it.
        lateness: likewise.
    """

    begin_us: int
    length_us: int
    offered: int
    done: int
    approved: int
    errors: Mapping[RequestOutcome, int]
    codes: Mapping[str, int]
    open: int
    latency: BucketTimes | None
    lateness: BucketTimes | None

    @property
    def begin_s(self) -> float:
        """Return when it begins, since the beginning of the run."""
        return self.begin_us / 1_000_000

    @property
    def length_s(self) -> float:
        """Return how long it is."""
        return self.length_us / 1_000_000


def bucket_width_us(columns: RecordColumns, most: int = MOST_BUCKETS) -> int:
    """Return how long buckets of a run are: 100 ms in a burst, else such that there are about a hundred and fifty.

    Args:
        most: so many buckets there are at most.
    """
    if not len(columns):
        return _WIDTHS_US[0]
    due_us = max(columns.intended_us) + 1
    over_us = max(columns.end_us) + 1
    for width_us in _WIDTHS_US:
        fine = due_us <= BURST_US or due_us <= 150 * width_us
        if fine and over_us <= most * width_us:
            return width_us
    return _WIDTHS_US[-1]


def time_buckets(columns: RecordColumns, width_us: int) -> list[TimeBucket]:
    """Return the buckets from the beginning of a run to its last end."""
    due = [us // width_us for us in columns.intended_us]
    ends = [us // width_us for us in columns.end_us]
    if not due:
        return []
    offered, done = Counter(due), Counter(ends)
    places = range(max(max(due), max(ends)) + 1)
    outcomes = _by_place(Counter(zip(ends, columns.outcome, strict=True)))
    codes = _by_place(Counter(zip(ends, columns.code, strict=True)))
    figures = RequestFigures(columns)
    latency = _times(due, columns.latency_us, figures.at_least, figures.begun)
    lateness = _times(due, columns.late_us, bytes(len(due)), figures.begun)
    offered_so_far = list(accumulate(offered[place] for place in places))
    done_so_far = list(accumulate(done[place] for place in places))
    return [
        TimeBucket(
            place * width_us,
            width_us,
            offered[place],
            done[place],
            outcomes[place].get(RequestOutcome.APPROVED, 0),
            {
                RequestOutcome(number): n
                for number, n in sorted(outcomes[place].items())
                if number != RequestOutcome.APPROVED
            },
            {code_text(number): n for number, n in sorted(codes[place].items()) if number},
            offered_so_far[place] - done_so_far[place],
            latency.get(place),
            lateness.get(place),
        )
        for place in places
    ]


def _by_place(counted: Mapping[tuple[int, int], int]) -> defaultdict[int, dict[int, int]]:
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for (place, key), n in counted.items():
        found[place][key] = n
    return found


def _times(
    places: Iterable[int], times_us: Iterable[int], at_least: Iterable[int], begun: Iterable[int]
) -> dict[int, BucketTimes]:
    gathered: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for place, us, bound in compress(zip(places, times_us, at_least, strict=True), begun):
        gathered[place].append((us, bound))
    found = {}
    for place, times in gathered.items():
        of_them = Distribution(times)
        p50, p90, p99 = (of_them.quantile(percent) for percent in (50, 90, 99))
        found[place] = BucketTimes(p50, p90, p99, of_them.most)
    return found
