"""What the charts of a page are drawn from: small lists of numbers, ready to be drawn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import compress
from typing import Any, Final

from acquirer.load.report.headline import silence_in_words
from acquirer.load.request_figures import Distribution
from acquirer.load.run_figures import RunFigures
from acquirer.load.time_buckets import TimeBucket

CURVE_POINTS: Final = 160
"""Of a curve of percentiles: about one for every four columns of the screen that it covers."""

HEAT_ROWS: Final = 36
HEAT_COLUMNS: Final = 240
"""Of a map of latencies: more cells than that are smaller than what an eye tells apart."""

MOST_CODES: Final = 6
"""Response codes with a colour of their own, the most frequent ones; all others share one."""

_SLIM: Final = 1.05  # a row of the map is at least so much higher than the one below it
_LEAST_US: Final = 100  # below a tenth of a millisecond no eye sees a difference


def run_data(figures: RunFigures) -> dict[str, Any]:
    """Return what the charts of one run are drawn from; times in milliseconds, moments in seconds."""
    buckets = figures.buckets
    frequent = sorted(figures.all.codes, key=lambda code: -figures.all.codes[code])
    codes, rare = sorted(frequent[:MOST_CODES]), frequent[MOST_CODES:]
    code_rows = [[bucket.codes.get(code, 0) for bucket in buckets] for code in codes]
    if rare:
        code_rows.append([sum(bucket.codes.get(code, 0) for code in rare) for bucket in buckets])
    width_s = buckets[0].length_s if buckets else 0.1
    return {
        "name": figures.run.name,
        "width": width_s,
        "t": [round(bucket.begin_s, 6) for bucket in buckets],
        "offered": [round(bucket.offered / width_s, 3) for bucket in buckets],
        "done": [round(bucket.done / width_s, 3) for bucket in buckets],
        "open": [bucket.open for bucket in buckets],
        "p50": _line(buckets, "latency", "p50"),
        "p99": _line(buckets, "latency", "p99"),
        "max": _line(buckets, "latency", "most"),
        "late": _line(buckets, "lateness", "p99"),
        "lateMax": _line(buckets, "lateness", "most"),
        "codes": {"names": codes + (["other"] if rare else []), "rows": code_rows},
        "errors": {
            "names": [outcome.word for outcome in figures.all.errors],
            "rows": [[bucket.errors.get(outcome, 0) for bucket in buckets] for outcome in figures.all.errors],
        },
        "latency": percentile_curve(figures.all.latency),
        "service": percentile_curve(figures.all.service_time),
        "heat": heat(figures),
        "silence": _silence(figures),
        "phases": [{"name": str(phase["name"]), "t": float(phase.get("begin_s") or 0)} for phase in figures.run.phases],
    }


def percentile_curve(times: Distribution) -> dict[str, list[float]]:
    """Return a curve of percentiles: `x` is 1 / (1 - p), so that each step of ten is another nine."""
    count = len(times)
    if not count:
        return {"x": [], "ms": []}
    steps = min(CURVE_POINTS, max(count, 2))
    found: dict[float, float] = {}
    for step in range(steps):
        x = count ** (step / (steps - 1))
        percent = 100 * (1 - 1 / x)
        found[round(x, 6)] = times.quantile(percent).ms
    found[float(count)] = times.most.ms
    return {"x": list(found), "ms": list(found.values())}


def heat(figures: RunFigures) -> dict[str, Any]:
    """Return how many requests that were due at a moment took how long.

    Returns:
        `edges` of the rows in milliseconds, `width` of a column in seconds, and `cells` as column, row, count.
    """
    all_of_them = figures.all
    if not len(all_of_them.latency) or not figures.buckets:
        return {"edges": [], "width": 0.1, "cells": []}
    least_us = max(all_of_them.latency.least.us, _LEAST_US)
    most_us = max(all_of_them.latency.most.us, least_us + 1)
    step = max((most_us / least_us) ** (1 / HEAT_ROWS), _SLIM)
    rows = math.ceil(math.log(most_us / least_us) / math.log(step)) or 1
    over_us = figures.buckets[-1].begin_us + figures.buckets[-1].length_us
    width_us = figures.buckets[0].length_us
    while over_us > width_us * HEAT_COLUMNS:
        width_us *= 2
    scale = 1 / math.log(step)
    columns = figures.run.columns
    begun = zip(
        compress(columns.intended_us, all_of_them.begun), compress(columns.latency_us, all_of_them.begun), strict=True
    )
    counted = Counter(
        (at_us // width_us, min(int(math.log(max(us, least_us) / least_us) * scale), rows - 1)) for at_us, us in begun
    )
    return {
        "edges": [round(least_us * step**row / 1000, 4) for row in range(rows + 1)],
        "width": width_us / 1_000_000,
        "cells": [number for (column, row), n in sorted(counted.items()) for number in (column, row, n)],
    }


def _silence(figures: RunFigures) -> list[float] | None:
    """Return from when to when the host stood still; None when it did not."""
    began_s, lasted_s = figures.all.longest_silence
    return [began_s, round(began_s + lasted_s, 6)] if silence_in_words(figures.all) else None


def _line(buckets: Sequence[TimeBucket], of: str, name: str) -> list[float | None]:
    """Return a figure of each bucket in milliseconds, and nothing where nothing was begun."""
    times = [getattr(bucket, of) for bucket in buckets]
    return [None if one is None else getattr(one, name).ms for one in times]
