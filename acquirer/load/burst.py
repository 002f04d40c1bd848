"""A burst run: its workers started, let go at one moment, watched by what they write, and read when they have ended."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from acquirer.data.text import plural
from acquirer.errors import ConfigurationError
from acquirer.load.burst_figures import BurstFigures, figures_of
from acquirer.load.burst_plan import BurstPlan, moments, registrations
from acquirer.load.records import RecordCounter, RecordsError, read_records
from acquirer.settings.specs import load_dialect

LEAD_S: Final = 0.3
"""Between the last worker that is ready and the beginning: workers are woken by a line, and must be before it."""

LOOK_S: Final = 0.1
"""How often the files of the workers are looked at."""


class BurstError(ConfigurationError, RuntimeError):
    """A burst that could not be run: one sentence."""


@dataclass(frozen=True, slots=True)
class BurstProgress:
    """How far a burst is."""

    elapsed_s: float
    offered: int  # requests that were due until now
    done: int


def run_plan(plan: BurstPlan, folder: Path | None, watch: Callable[[BurstProgress], None]) -> BurstFigures:
    """Run a burst and return its figures.

    Args:
        folder: keeps the records, one file for each worker; None: they are gone afterwards.
        watch: is called about ten times a second.

    Raises:
        DataError: the terminals cannot be used.
        BurstError: a worker did not come to its end.
    """
    registrations(plan)  # before anything is started
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acquirer-load-")))
        place.mkdir(parents=True, exist_ok=True)
        workers = [stack.enter_context(_Worker(plan, number, place)) for number in range(plan.workers)]
        for worker in workers:
            worker.wait_ready()
        begin_ns = time.monotonic_ns() + int(LEAD_S * 1e9)
        for worker in workers:
            worker.begin(begin_ns)
        arrivals = [at_us for at_us, _ in moments(plan)]
        for elapsed_s in _while_running(workers, begin_ns):
            offered = _before(arrivals, elapsed_s)
            watch(BurstProgress(elapsed_s, offered, sum(worker.done for worker in workers)))
        for worker in workers:
            worker.check_end()
        try:
            return figures_of([read_records(worker.records) for worker in workers], plan.count)
        except RecordsError as exc:
            raise BurstError(str(exc)) from None


def read_burst(paths: Sequence[Path]) -> BurstFigures:
    """Return the figures of a run from the files that it kept. Raises RecordsError."""
    files = [read_records(path) for path in paths]
    return figures_of(files, sum(int(file.header.get("share", 0)) for file in files))


class _Worker:
    """One child process. A context manager: it is gone at the end."""

    def __init__(self, plan: BurstPlan, number: int, folder: Path) -> None:
        self.records = folder / f"worker-{number}.acq"
        self._job = folder / f"worker-{number}.json"
        share = len(range(number, plan.count, plan.workers))
        dialect = load_dialect(plan.dialect)
        header = {
            "plan": plan.as_json(),
            "share": share,
            "services": list(dict.fromkeys(route.service for route in dialect.routes)),
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
        }
        job: dict[str, Any] = {"plan": plan.as_json(), "worker": number, "records": str(self.records), "header": header}
        self._job.write_text(json.dumps(job), encoding="utf-8")
        self._counter = RecordCounter(self.records)
        self._process = subprocess.Popen(  # noqa: S603  our own
            [sys.executable, "-m", "acquirer.load.burst_worker", str(self._job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.communicate()
        self._job.unlink(missing_ok=True)

    def wait_ready(self) -> None:
        """Wait until its requests are prepared. Raises BurstError."""
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        if not words:
            raise BurstError(self._last_words())
        requests, room = int(words[1]), int(words[2])
        if room < requests:
            raise BurstError(
                f"{plural(requests, 'connection')} of one worker need as many open files, and there is room for "
                f"{room}: raise the limit with 'ulimit -n {requests + 256}', or use more workers (--workers)"
            )

    def begin(self, begin_ns: int) -> None:
        """Say when it begins."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{begin_ns}\n")
        self._process.stdin.flush()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def done(self) -> int:
        """How many records stand in its file."""
        return self._counter.count()

    def check_end(self) -> None:
        """Raise BurstError when it did not come to its end."""
        if self._process.wait() != 0:
            raise BurstError(self._last_words())

    def _last_words(self) -> str:
        _, errors = self._process.communicate()
        last = errors.strip().splitlines()[-1:] or [f"it ended with {self._process.returncode}"]
        return last[0]


def _while_running(workers: Sequence[_Worker], begin_ns: int) -> Iterator[float]:
    while any(worker.running for worker in workers):
        yield max((time.monotonic_ns() - begin_ns) / 1e9, 0.0)
        time.sleep(LOOK_S)


def _before(arrivals: Sequence[int], elapsed_s: float) -> int:
    return bisect_right(arrivals, int(elapsed_s * 1_000_000))
