"""``/metrics``: what Prometheus collects, in its text form (version 0.0.4).

Nothing is counted while exchanges are decided: at each collection the exchanges that the journal has more are read,
beside the loop. So series begin with the start of HTTP, and what is not journalled is in no series but its own counter.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from acquirer.app.serve import Running
from acquirer.control.searching import Searching
from acquirer.journal.entry import Entry
from acquirer.matcher.keys import BETWEEN_NAMES
from acquirer.store import ExchangeFilter

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS_S: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Most exchanges take one or two milliseconds; a terminal gives up after some tens of seconds."""

LONGEST_S: Final = 2.0
"""Of one collection; what it leaves is read by the next one. Prometheus waits for ten seconds."""

_RENAMED: Final = {"exchanges": "requests", "faults": "internal_faults"}
"""Counters of a host that are called like something else here: what was journalled, and damage on purpose."""

Labels = tuple[tuple[str, str], ...]


class ExchangeCounts:
    """Counts exchanges by what the journal says of them. Used by one thread at a time."""

    def __init__(self, after: int) -> None:
        self.behind = False  # there are more than were read
        self._after = after
        self._answers: Counter[tuple[str, str, str]] = Counter()  # service, code, reason
        self._took: dict[str, list[int]] = {}  # service → so many of each bucket, and beyond
        self._took_us: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._rules: Counter[str] = Counter()

    def read(self, running: Running) -> None:
        """Count what the journal has more."""
        end_s = time.monotonic() + LONGEST_S
        self.behind = True
        with running.store.reader() as reader:
            while time.monotonic() < end_s:
                page = reader.following(ExchangeFilter(after=self._after))
                if not page:
                    self.behind = False
                    return
                for entry in page:
                    self._count(entry)
                self._after = page[-1].id

    def _count(self, entry: Entry) -> None:
        service = entry.service or "none"
        self._answers[service, entry.code, str(entry.reason)] += 1
        took = self._took.setdefault(service, [0] * (len(BUCKETS_S) + 1))
        took[bisect_left(BUCKETS_S, entry.took_us / 1_000_000)] += 1
        self._took_us[service] += entry.took_us
        for fault in filter(None, entry.fault.split(BETWEEN_NAMES)):
            self._faults[fault] += 1
        if entry.rule:
            self._rules[entry.rule] += 1

    def lines(self) -> Iterator[str]:
        """Yield the series."""
        answers = [
            ((("service", service), ("code", code), ("reason", reason)), number)
            for (service, code, reason), number in sorted(self._answers.items())
        ]
        yield from _series("acquirer_exchanges_total", "counter", "Exchanges by service, code and reason.", answers)
        faults = [((("fault", name),), number) for name, number in sorted(self._faults.items())]
        yield from _series("acquirer_faults_applied_total", "counter", "Exchanges that a fault acted on.", faults)
        rules = [((("rule", name),), number) for name, number in sorted(self._rules.items())]
        yield from _series("acquirer_rules_fired_total", "counter", "Exchanges that a rule decided.", rules)
        name = "acquirer_exchange_seconds"
        yield from _head(name, "histogram", "From the last byte of a request to the decision about it.")
        for service, took in sorted(self._took.items()):
            total = 0
            for bound, number in zip((*map(str, BUCKETS_S), "+Inf"), took, strict=True):
                total += number
                yield _line(f"{name}_bucket", (("service", service), ("le", bound)), total)
            yield _line(f"{name}_sum", (("service", service),), self._took_us[service] / 1_000_000)
            yield _line(f"{name}_count", (("service", service),), total)


def metrics_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the route of Prometheus."""
    found = APIRouter(tags=["host"])
    counts = ExchangeCounts(searching.search().newest())
    one_at_a_time = asyncio.Lock()

    @found.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Return counters, gauges and histograms for Prometheus."""
        async with one_at_a_time:
            await searching.run(lambda: counts.read(running))
            lines = [*_of_host(running), *counts.lines()]
            lines += _plain("acquirer_metrics_behind", "gauge", "1: exchanges wait to be counted.", int(counts.behind))
        return PlainTextResponse("\n".join(lines) + "\n", headers={"Content-Type": MEDIA_TYPE})

    return found


def _of_host(running: Running) -> Iterator[str]:
    for name, number in running.counters.items():
        if name != "connections_most":
            plain = _RENAMED.get(name, name)
            yield from _plain(
                f"acquirer_{plain}_total", "counter", f"{plain.replace('_', ' ')} since the start.", number
            )
    store = running.store
    yield from _plain("acquirer_commits_total", "counter", "Commits that were made durable.", store.written)
    gauges = {
        "open_connections": ("Connections of terminals that are open.", len(running.server.connections)),
        "waiting_commits": ("Commits that are not answered yet.", store.waiting),
        "commit_wait_seconds": ("How long the oldest of them has waited.", store.waited_s),
        "held_exchanges": ("Exchanges that rules hold.", len(running.driver.held)),
        "rules_in_force": ("Rules in force.", len(running.parts.rules.declared)),
        "faults_in_force": ("Faults in force.", len(running.parts.faults.declared)),
        "generation": ("The generation of rules and faults.", running.parts.rules.generation.number),
    }
    for name, (about, value) in gauges.items():
        yield from _plain(f"acquirer_{name}", "gauge", about, value)


def _plain(name: str, kind: str, about: str, value: float) -> Iterator[str]:
    yield from _series(name, kind, about, [((), value)])


def _series(name: str, kind: str, about: str, values: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    yield from _head(name, kind, about)
    for labels, value in values:
        yield _line(name, labels, value)


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    """Return one sample.

    >>> _line("x", (("rule", 'a "b"'),), 2)
    'x{rule="a \\\\"b\\\\""} 2'
    """
    escaped = [(key, text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for key, text in labels]
    inner = ",".join(f'{key}="{text}"' for key, text in escaped)
    return f"{name}{{{inner}}} {value:.12g}" if inner else f"{name} {value:.12g}"
