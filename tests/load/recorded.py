"""Records as a generator writes them, made for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from acquirer.load.records import LoadRecord, RecordWriter, RequestOutcome

BEGIN_NS = 1_796_000_000_000_000_000  # 30 November 2026

SERVICES = ("sign_on", "sale")

PHASES = ({"name": "burst", "kind": "burst", "begin_s": 0.0, "length_s": 2.0, "requests": None},)


def header(**more: Any) -> dict[str, Any]:
    """Return all that a header has; `more` replaces some of it."""
    return {
        "plan": {"host": "127.0.0.1:8583", "seed": 1},
        "seed": 1,
        "phases": list(PHASES),
        "services": list(SERVICES),
        "share": 0,
        "shard": "1/1",
        "worker": 0,
        "workers": 1,
        "terminals": 0,
        "begin_monotonic_ns": 5_000_000_000,
        "begin_unix_ns": BEGIN_NS,
        "at": "2026-11-30T00:00:00.000+00:00",
        "version": "0.2.0",
        "python": "3.11.2",
        "machine": "Linux x86_64",
        "command": ["acquirer", "load", "burst"],
        **more,
    }


def footer(**more: Any) -> dict[str, Any]:
    """Return all that a footer has; `more` replaces some of it."""
    return {
        "requests": 0,
        "records": 0,
        "not_done": {},
        "worst_late_us": 0,
        "worst_lag_us": 0,
        "cpu_s": 0.5,
        "elapsed_s": 2.0,
        "sentinel": {"p50_us": 60, "p99_us": 900, "max_us": 2500, "samples": 200},
        "interrupted": False,
        **more,
    }


def write_run(
    path: Path, records: Iterable[LoadRecord], *, end: Mapping[str, Any] | None = footer(), **more: Any
) -> Path:
    """Write a file of records; `end` None is that of a worker that was killed."""
    records = list(records)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = RecordWriter(path, header(**{"share": len(records), "terminals": len(records), **more}))
    for record in records:
        writer.write(record)
    if end is None:
        writer.close()
    else:
        writer.end({**end, "requests": len(records), "records": len(records)})
    return path


def record(
    late_us: int = 0, done_us: int = 1000, outcome: RequestOutcome = RequestOutcome.APPROVED, **more: Any
) -> LoadRecord:
    """Return a record with its code."""
    code = {RequestOutcome.APPROVED: b"00", RequestOutcome.DECLINED: b"51"}.get(outcome, b"")
    values = {"intended_us": 0, "terminal": 0, "service": 0, "worker": 0, "code": code, **more}
    return LoadRecord(late_us=late_us, connected_us=10, first_us=20, done_us=done_us, outcome=outcome, **values)


def drawn_records(count: int, within_us: int, seed: int = 1, *, stall: tuple[int, int] = (0, 0)) -> list[LoadRecord]:
    """Return records of a burst that look like those of a host; during a stall nothing is answered."""
    random = Random(seed)
    found = []
    for number in range(count):
        intended_us = within_us * number // count
        done_us = 1500 + int(random.lognormvariate(8.2, 0.5))
        if stall[0] <= intended_us < stall[1]:
            done_us += stall[1] - intended_us
        outcome = RequestOutcome.APPROVED if random.random() > 0.004 else RequestOutcome.DECLINED
        late_us = int(random.expovariate(1 / 80))
        found.append(record(late_us, done_us, outcome, intended_us=intended_us, terminal=number))
    return found
