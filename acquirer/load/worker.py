"""One process of a generator: prepares its terminals, begins at the moment that it is given, writes its records.

1. Input is a file with the plan, the number of this worker, the path of its records and what their header is to have.
2. It prints ``ready`` on a line, with the number of its connections and of those that there is room for.
3. It reads a line: the beginning of the run, in nanoseconds of the monotonic clock and since 1970.
4. It ends when all its requests have; or when its input ends or has another line: then the run is broken off.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from time import monotonic_ns
from typing import Any, Final

from acquirer import __version__
from acquirer.data.json_text import parse_json
from acquirer.dialect.compiled import CompiledDialect
from acquirer.errors import AcquirerError
from acquirer.load.connections import Target
from acquirer.load.load_terminals import LoadTerminals, TerminalClock
from acquirer.load.machine_limits import connections_at_once, find_host
from acquirer.load.open_loop import OpenLoop
from acquirer.load.plan import LoadPlan, find_terminals
from acquirer.load.records import LoadRecord, RecordWriter
from acquirer.load.request_loop import RequestLoop
from acquirer.load.sentinel import Sentinel
from acquirer.load.tls_calls import tls_calls
from acquirer.net.files import make_room
from acquirer.settings.specs import load_dialect

FLUSH_NS: Final = 200_000_000
"""How often records reach the file while requests end: soon enough to be watched, seldom enough to cost nothing."""


def main() -> int:
    """Run one worker; return 2 when its plan cannot be used."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it, which then ends the run
    job = parse_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        work(LoadPlan.from_json(job["header"]["plan"]), job["worker"], Path(job["records"]), job["header"])
    except AcquirerError as exc:
        print(exc, file=sys.stderr)
        return 2
    return 0


def work(plan: LoadPlan, worker: int, path: Path, header: Mapping[str, Any]) -> None:
    """Do one worker's part of a plan."""
    part = plan.part(worker)
    known = find_terminals(plan)
    compiled = CompiledDialect(load_dialect(plan.dialect))
    clock = TerminalClock()
    if plan.start_unix_ns is not None:
        clock.begin(plan.start_unix_ns)
    files = _Records(path)
    loop = OpenLoop(plan, part, LoadTerminals(plan, compiled, known, part, clock), clock, len(known), files.write)
    loop.prepare()
    at_once = connections_at_once(plan, compiled.dialect, part, len(known))
    room = make_room(at_once)
    gc.collect()
    gc.freeze()  # prepared requests stay until they are sent
    gc.disable()  # exchanges make no cycles, and a pause would be one of the generator
    print("ready", at_once, room, flush=True)
    begin_ns, begin_unix_ns = map(int, sys.stdin.readline().split())
    clock.begin(begin_unix_ns)
    terminals = part.share(plan.taking_part(len(known)))
    own = {"worker": worker, "terminals": terminals, "share": plan.share(part, len(known))}
    begin = {"begin_monotonic_ns": begin_ns, "begin_unix_ns": begin_unix_ns, "version": __version__}
    files.open({**header, **own, **begin})
    tls = tls_calls(plan)
    target = Target(find_host(plan.host), compiled.dialect.framing, plan.sources, plan.kept, tls)
    requests = RequestLoop(target, begin_ns, files.write, loop.ended, header["services"], worker, verify=plan.verify)
    sentinel = Sentinel(begin_ns)
    stop = _Stop()
    before_s = time.process_time()
    try:
        loop.run(requests, begin_ns, sentinel, stop.given)
    finally:
        requests.close()
    elapsed_s = max(monotonic_ns() - begin_ns, 0) / 1e9
    interrupted = stop.given()
    not_done = {"no-terminal-free": loop.no_terminal_free, "not-due": own["share"] - loop.arrived if interrupted else 0}
    files.end(
        {
            "requests": loop.arrived + loop.returned,
            "records": files.count,
            "not_done": {reason: count for reason, count in not_done.items() if count},
            "problems": requests.problems,
            "worst_late_us": files.worst_late_us,
            "worst_lag_us": loop.worst_lag_ns // 1000,
            "sentinel": sentinel.as_json(),
            "cpu_s": round(time.process_time() - before_s, 6),
            "elapsed_s": round(elapsed_s, 6),
            "interrupted": interrupted,
            "reason": stop.reason,
        }
    )


class _Records:
    """The file of this worker, and what is counted of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: RecordWriter | None = None
        self._flushed_ns = 0
        self.count = 0
        self.worst_late_us = 0

    def open(self, header: Mapping[str, Any]) -> None:
        self._writer = RecordWriter(self._path, header)

    def write(self, record: LoadRecord) -> None:
        assert self._writer is not None
        self._writer.write(record)
        self.count += 1
        self.worst_late_us = max(self.worst_late_us, record.late_us)
        if (now_ns := monotonic_ns()) - self._flushed_ns > FLUSH_NS:
            self._flushed_ns = now_ns
            self._writer.flush()

    def end(self, footer: Mapping[str, Any]) -> None:
        assert self._writer is not None
        self._writer.end(footer)


class _Stop:
    """Waits for the word that the run is broken off, or for the end of the process that would give it."""

    def __init__(self) -> None:
        self.reason = ""
        threading.Thread(target=self._wait, daemon=True).start()

    def given(self) -> bool:
        return bool(self.reason)

    def _wait(self) -> None:
        self.reason = sys.stdin.readline().strip() or "the process that started this one has ended"


if __name__ == "__main__":
    raise SystemExit(main())
