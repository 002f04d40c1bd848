"""What a run came to: exact figures of all its requests, of each service and each phase, and whether the generator
itself was the limit.

The generator was the limit when requests were begun late, so late that it shows in the latencies, or not begun at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from acquirer.data.text import plural
from acquirer.load.recorded_run import RecordedRun
from acquirer.load.records import RequestOutcome
from acquirer.load.request_figures import PERCENTILES, RequestFigures, percentile_name
from acquirer.load.thresholds import JudgedThreshold, Threshold, check_scope, judge
from acquirer.load.time_buckets import TimeBucket, bucket_width_us, time_buckets

SCHEMA: Final = "acquirer.load/1"

LATE_SHARE: Final = 0.001
LATE_LEAST_US: Final = 1_000
LATE_OF_LATENCY: Final = 0.05
"""The generator was the limit when more than `LATE_SHARE` of requests were late, or when the 99th percentile of
lateness is above a millisecond and above a twentieth of that of latency."""


@dataclass(frozen=True)
class RunFigures:
    """Figures of one run."""

    run: RecordedRun

    @cached_property
    def all(self) -> RequestFigures:
        """Figures of all requests."""
        return RequestFigures(self.run.columns)

    @cached_property
    def services(self) -> Mapping[str, RequestFigures]:
        """Figures of each service that was asked for."""
        return {
            name: self.all if len(self._services_used) == 1 else self.scoped(service=name)
            for name in self._services_used
        }

    @cached_property
    def phases(self) -> Mapping[str, RequestFigures]:
        """Figures of each phase."""
        names = [str(phase["name"]) for phase in self.run.phases]
        return {name: self.all if len(names) == 1 else self.scoped(phase=name) for name in names}

    def scoped(self, service: str = "", phase: str = "") -> RequestFigures:
        """Return the figures of one service, of one phase, or of one service in one phase; "" is all."""
        columns = self.run.columns
        names = [str(one["name"]) for one in self.run.phases]
        for name, known, column in ((service, self.run.services, "service"), (phase, names, "phase")):
            if name:
                place = known.index(name) if name in known else 255
                columns = columns.chosen(getattr(columns, column).translate(_only(place)))
        return RequestFigures(columns)

    @cached_property
    def buckets(self) -> list[TimeBucket]:
        """The run over time."""
        return time_buckets(self.run.columns, bucket_width_us(self.run.columns))

    @property
    def whole(self) -> bool:
        """Return whether every worker of every shard is there and came to its end."""
        return not self.run.missing

    @cached_property
    def limits(self) -> list[str]:
        """What says that the generator was the limit, a sentence each; none when it was not."""
        figures = self.all
        found = []
        if figures.late_share > LATE_SHARE:
            found.append(f"{figures.late_share:.2%} of requests were begun more than 10 ms late")
        late_us, latency_us = figures.lateness.quantile(99).us, figures.latency.quantile(99).us
        if late_us > max(LATE_LEAST_US, LATE_OF_LATENCY * latency_us):
            share = late_us / latency_us
            found.append(f"the p99 of lateness is {late_us / 1000:.1f} ms, {share:.0%} of that of latency")
        for outcome, why in _NOT_BEGUN.items():
            if count := figures.outcomes.get(outcome, 0):
                found.append(f"{plural(count, 'request was', 'requests were')} not begun: {why}")
        return found

    @property
    def generator_limited(self) -> bool:
        """Return whether the generator was the limit: then figures say as much about it as about the host."""
        return bool(self.limits)

    @property
    def cpu_share(self) -> float:
        """Return the share of a processor that the busiest worker used; 0 where none says it."""
        shares = [(one.get("cpu_s") or 0) / one["elapsed_s"] for one in self.run.footers if one.get("elapsed_s")]
        return max(shares, default=0.0)

    @property
    def sentinel_ms(self) -> dict[str, float]:
        """Return by how much timers of the generator woke up too late, of the worker that did worst."""
        found = [one["sentinel"] for one in self.run.footers if one.get("sentinel")]
        worst = {name: max((float(one[f"{name}_us"]) / 1000 for one in found), default=0.0) for name in _SENTINEL}
        return {**worst, "samples": sum(int(one["samples"]) for one in found)}

    @property
    def not_done(self) -> Mapping[str, int]:
        """Return what was planned and was not begun, by reason."""
        return self._counted("not_done")

    @property
    def problems(self) -> Mapping[str, int]:
        """Return why terminals could not go on, a sentence each, and how often."""
        return self._counted("problems")

    def _counted(self, name: str) -> Mapping[str, int]:
        """Return the counts that all footers have under a name, added up."""
        counted: Counter[str] = Counter()
        for footer in self.run.footers:
            counted.update({str(why): int(n) for why, n in (footer.get(name) or {}).items()})
        return dict(sorted(counted.items()))

    def judge(self, threshold: Threshold) -> JudgedThreshold:
        """Return what a threshold came to. Raises ThresholdError: its scope is none of this run."""
        service, phase = threshold.service, threshold.phase
        check_scope(threshold, self.run.services, self.phases)
        if service and phase:
            return judge(threshold, self.scoped(service, phase))
        if service:
            return judge(threshold, self.services[service] if service in self.services else self.scoped(service))
        return judge(threshold, self.phases[phase] if phase else self.all)

    @cached_property
    def _services_used(self) -> list[str]:
        return [self.run.services[place] for place in sorted(set(self.run.columns.service))]

    def as_json(self) -> dict[str, Any]:
        """Return all figures as one object; times in milliseconds."""
        run, header = self.run, self.run.header
        figures = self.all.as_json()
        return {
            "schema": SCHEMA,
            **{name: figures["latency_ms"][name] for name in _HEADLINE},
            "run": {
                "name": run.name,
                "at": run.begun_at,
                "seed": header["seed"],
                "plan": header["plan"],
                "shards": sorted({str(file.header["shard"]) for file in run.files}),
                "version": str(header.get("version", "")),
            },
            "planned": run.planned,
            "terminals": run.terminals,
            "whole": self.whole,
            "missing": list(run.missing),
            "not_done": dict(self.not_done),
            **figures,
            "generator_limited": self.generator_limited,
            "generator_limits": list(self.limits),
            "generator": {"cpu_share": round(self.cpu_share, 3), "sentinel_ms": self.sentinel_ms},
            "services": {name: figures.as_json() for name, figures in self.services.items()},
            "phases": [
                {**{key: phase.get(key) for key in _PHASE}, **self.phases[str(phase["name"])].as_json()}
                for phase in run.phases
            ],
            "workers": [dict(one) for one in run.footers],
        }


_HEADLINE: Final = (*map(percentile_name, PERCENTILES), "max")  # of latency: what most look for
_SENTINEL: Final = ("p50", "p99", "max")
_PHASE: Final = ("name", "kind", "begin_s", "length_s")
_NOT_BEGUN: Final = {
    RequestOutcome.NO_TERMINAL_FREE: "every terminal still waited for an answer; give it more terminals",
    RequestOutcome.NO_ROOM: "its machine had no port or no open file left",
}


def _only(place: int) -> bytes:
    return bytes(number == place for number in range(256))
