"""One process of a generator: prepares its terminals, begins at the moment that it is given, writes its records.

Input is a file with the plan, the number of this worker and the path of its records. It prints ``ready``
and the number of its requests on a line, reads the beginning (nanoseconds of the system's monotonic clock) from a line,
and ends when all its requests have.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from time import monotonic_ns
from typing import Any, Final

from acquirer import __version__
from acquirer.data.json_text import parse_json
from acquirer.errors import AcquirerError
from acquirer.load.burst_plan import BurstPlan, prepare_burst
from acquirer.load.flight import Target
from acquirer.load.flights import Flights
from acquirer.load.records import LoadRecord, RecordWriter
from acquirer.net.files import make_room
from acquirer.settings.specs import load_dialect

FLUSH_NS: Final = 200_000_000
"""How often records reach the file while requests are due: soon enough to be watched, seldom enough to cost nothing."""


def main() -> int:
    """Run one worker; return 2 when its plan cannot be used."""
    job = parse_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        return work(BurstPlan.from_json(job["plan"]), job["worker"], Path(job["records"]), job["header"])
    except AcquirerError as exc:
        print(exc, file=sys.stderr)
        return 2


def work(plan: BurstPlan, worker: int, path: Path, header: Mapping[str, Any]) -> int:
    """Do one worker's share of a plan."""
    due = prepare_burst(plan, worker)
    room = make_room(len(due))
    gc.collect()
    gc.freeze()  # prepared requests stay until they are sent
    gc.disable()  # exchanges make no cycles, and a pause would be one of the generator
    print("ready", len(due), room, flush=True)
    begin_ns = int(sys.stdin.readline())
    moments = {"begin_monotonic_ns": begin_ns, "begin_unix_ns": time.time_ns() - monotonic_ns() + begin_ns}
    writer = RecordWriter(path, {**header, "worker": worker, **moments, "version": __version__})
    worst_late_us = 0
    flushed_ns = monotonic_ns()

    def done(record: LoadRecord) -> None:
        nonlocal flushed_ns, worst_late_us
        writer.write(record)
        worst_late_us = max(worst_late_us, record.late_us)
        if (now_ns := monotonic_ns()) - flushed_ns > FLUSH_NS:
            flushed_ns = now_ns
            writer.flush()

    name, _, port = plan.host.rpartition(":")
    target = Target((name.strip("[]"), int(port)), load_dialect(plan.dialect).framing, plan.sources, plan.kept)
    flights = Flights(target, begin_ns, done, header["services"], worker)
    before_s, began_ns = time.process_time(), monotonic_ns()
    try:
        flights.run(due)
    except KeyboardInterrupt:
        writer.close()
        return 130
    finally:
        flights.close()
    elapsed_s = (monotonic_ns() - began_ns) / 1e9
    writer.end(
        {
            "requests": len(due),
            "worst_late_us": worst_late_us,
            "worst_lag_us": flights.worst_lag_ns // 1000,
            "cpu_s": round(time.process_time() - before_s, 6),
            "elapsed_s": round(elapsed_s, 6),
        }
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
