"""A plan run: its workers started, let go at one moment, and watched by what they write until they have ended."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
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
from acquirer.load.burst_plan import BurstPlan, moments, registrations
from acquirer.load.records import LoadRecord, RecordTail
from acquirer.settings.specs import load_dialect

LEAD_S: Final = 0.3
"""Between the last worker that is ready and the beginning: workers are woken by a line, and must be before it."""

LOOK_S: Final = 0.1
"""How often the files of the workers are looked at."""


class RunError(ConfigurationError, RuntimeError):
    """A run that could not be run: one sentence."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    Args:
        offered: requests that were due until now.
        done: records until now.
        new: those since it was last said.
    """

    elapsed_s: float
    offered: int
    done: int
    new: Sequence[LoadRecord]


def run_plan(plan: BurstPlan, folder: Path, watch: Callable[[RunProgress], object]) -> list[Path]:
    """Run a plan and return the files of records, one for each worker.

    Args:
        folder: where they are written; it is made if it is not there.
        watch: is called about ten times a second.

    Raises:
        DataError: the terminals cannot be used.
        RunError: the folder holds another run, or a worker did not come to its end.
    """
    registrations(plan)  # before anything is started
    folder.mkdir(parents=True, exist_ok=True)
    if former := sorted(folder.glob("*.acq")):
        raise RunError(f"{folder}: holds records of another run ({former[0].name}); name another folder")
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker(plan, number, folder)) for number in range(plan.workers)]
        for worker in workers:
            worker.wait_ready()
        begin_ns = time.monotonic_ns() + int(LEAD_S * 1e9)
        for worker in workers:
            worker.begin(begin_ns)
        arrivals = [at_us for at_us, _ in moments(plan)]
        done = 0
        for elapsed_s in _while_running(workers, begin_ns):
            new = [record for worker in workers for record in worker.tail.read()]
            done += len(new)
            watch(RunProgress(elapsed_s, _before(arrivals, elapsed_s), done, new))
        for worker in workers:
            worker.check_end()
        return [worker.records for worker in workers]


def services_of(plan: BurstPlan) -> list[str]:
    """Return the services of a plan's dialect, in the order in which records name them."""
    return list(dict.fromkeys(route.service for route in load_dialect(plan.dialect).routes))


class _Worker:
    """One child process. A context manager: it is gone at the end."""

    def __init__(self, plan: BurstPlan, number: int, folder: Path) -> None:
        self.records = folder / f"worker-{number}.acq"
        self._job = folder / f"worker-{number}.json"
        share = len(range(number, plan.count, plan.workers))
        header = {
            "plan": plan.as_json(),
            "seed": plan.seed,
            "phases": [
                {"name": "burst", "kind": "burst", "begin_s": 0.0, "length_s": plan.within_s, "requests": plan.count}
            ],
            "share": share,
            "shard": "1/1",
            "workers": plan.workers,
            "terminals": share,
            "command": sys.argv,
            "services": services_of(plan),
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
        }
        job: dict[str, Any] = {"plan": plan.as_json(), "worker": number, "records": str(self.records), "header": header}
        self._job.write_text(json.dumps(job), encoding="utf-8")
        self.tail = RecordTail(self.records)
        self._process = subprocess.Popen(  # noqa: S603  our own
            [sys.executable, "-m", "acquirer.load.worker", str(self._job)],
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
        """Wait until its requests are prepared. Raises RunError."""
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        if not words:
            raise RunError(self._last_words())
        requests, room = int(words[1]), int(words[2])
        if room < requests:
            raise RunError(
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

    def check_end(self) -> None:
        """Raise RunError when it did not come to its end."""
        if self._process.wait() != 0:
            raise RunError(self._last_words())

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
