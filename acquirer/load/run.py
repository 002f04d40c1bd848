"""A plan run: its workers started, let go at one moment, and watched by what they write until they have ended.

1. Everything that can be refused is refused before a worker is started, or before any has begun.
2. A run that is broken off (Ctrl-C, a threshold that is missed) goes on in its workers until they have written what was
   under way.
3. A worker that dies is one sentence; what it and the others wrote stays.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.load.load_cards import check_cards
from acquirer.load.machine_limits import check_ports, check_sources, find_host
from acquirer.load.parts import PlanPart
from acquirer.load.plan import LoadPlan, check_journeys, find_terminals
from acquirer.load.records import LoadRecord, RecordTail
from acquirer.settings.private_file import write_private
from acquirer.settings.specs import load_dialect

LEAD_S: Final = 0.3
"""Between the last worker that is ready and the beginning: workers are woken by a line, and must be before it."""

LOOK_S: Final = 0.1
"""How often the files of the workers are looked at."""

END_S: Final = 10.0
"""How long workers may take to end once the run is broken off: they write what is in memory."""


class RunError(ConfigurationError, RuntimeError):
    """A run that could not begin: one sentence."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    Args:
        elapsed_s: since the beginning; negative before it.
        offered: requests that were due until now.
        done: records until now.
        new: those since it was last said.
    """

    elapsed_s: float
    offered: int
    done: int
    new: Sequence[LoadRecord]


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What a run left.

    Args:
        files: of records, one for each worker.
        interrupted: it was broken off by Ctrl-C.
        problems: why workers did not come to their end.
    """

    files: Sequence[Path]
    interrupted: bool
    problems: Sequence[str]


RunWatch = Callable[[RunProgress], object]
"""Is called about ten times a second; what it returns is true when the run is to be broken off."""

MISSED: Final = "a threshold is missed"


def run_plan(plan: LoadPlan, folder: Path, watch: RunWatch) -> RunEnd:
    """Run a plan.

    Args:
        folder: where records are written; it is made if it is not there.

    Raises:
        DataError: the terminals cannot be used.
        PlanError: the plan cannot be done, or not by this machine; a card is not there.
        RunError: the folder holds another run, or a worker failed before the beginning.
    """
    dialect = load_dialect(plan.dialect)
    check_journeys(plan, dialect)
    check_cards(plan, dialect)
    count = len(find_terminals(plan))
    address, _ = find_host(plan.host)
    check_sources(plan.sources)
    check_ports(plan, address)
    folder.mkdir(parents=True, exist_ok=True)
    if former := sorted(folder.glob("*.acq")):
        raise RunError(f"{folder}: holds records of another run ({former[0].name}); name another folder")
    with ExitStack() as stack:
        workers = [stack.enter_context(_Worker(plan, dialect, number, folder)) for number in range(plan.workers)]
        for worker in workers:
            worker.wait_ready()
        begin_ns, begin_unix_ns = _beginning(plan)
        interrupted = _watch(plan, count, workers, begin_ns, begin_unix_ns, watch)
        problems = [worker.problem for worker in workers if worker.problem]
        return RunEnd([worker.records for worker in workers if worker.records.exists()], interrupted, problems)


def _beginning(plan: LoadPlan) -> tuple[int, int]:
    """Return when the run begins, by the monotonic clock and since 1970. Raises RunError."""
    now_ns, unix_ns = time.monotonic_ns(), time.time_ns()
    if plan.start_unix_ns is None:
        lead_ns = int(LEAD_S * 1e9)
        return now_ns + lead_ns, unix_ns + lead_ns
    left_ns = plan.start_unix_ns - unix_ns
    if left_ns < 0:
        raise RunError(
            f"requests were prepared {-left_ns / 1e9:.1f} s after the moment of --start-at: start so much earlier"
        )
    return now_ns + left_ns, plan.start_unix_ns


def _watch(
    plan: LoadPlan, count: int, workers: Sequence[_Worker], begin_ns: int, begin_unix_ns: int, watch: RunWatch
) -> bool:
    """Have workers begin, and watch them until they have ended; return whether the run was broken off by Ctrl-C."""
    planned = plan.moments(PlanPart(plan.shard.number - 1, plan.shard.of), count)
    due = next(planned, None)
    offered = done = 0
    interrupted, reason, ends_s = False, "", 0.0
    while any(worker.running for worker in workers):
        try:
            for worker in workers:  # each hears it once, also where Ctrl-C comes meanwhile
                worker.say(f"{begin_ns} {begin_unix_ns}")
            elapsed_s = (time.monotonic_ns() - begin_ns) / 1e9
            while due is not None and due[0] <= elapsed_s * 1e6 and not reason:
                offered += 1
                due = next(planned, None)
            new = [record for worker in workers for record in worker.tail.read()]
            done += len(new)
            if not reason and watch(RunProgress(elapsed_s, max(offered, done), done, new)):
                reason, ends_s = MISSED, time.monotonic() + END_S
            time.sleep(LOOK_S)
        except KeyboardInterrupt:
            if interrupted:  # asked twice: at once
                break
            interrupted, ends_s = True, time.monotonic() + END_S
            reason = "Ctrl-C"
        if reason:
            for worker in workers:
                worker.say(reason)
            if time.monotonic() > ends_s:
                break
    return interrupted


def services_of(dialect: Dialect) -> list[str]:
    """Return the services of a dialect, in the order in which records name them."""
    return list(dict.fromkeys(route.service for route in dialect.routes))


class _Worker:
    """One child process. A context manager: it is gone at the end."""

    def __init__(self, plan: LoadPlan, dialect: Dialect, number: int, folder: Path) -> None:
        self.records = folder / f"worker-{number}.acq"
        self.tail = RecordTail(self.records)
        self._number = number
        self._sent: list[str] = []
        self._job = folder / f"worker-{number}.json"
        header = {
            "plan": plan.as_json(),
            "seed": plan.seed,
            "phases": plan.phases_as_json(),
            "services": services_of(dialect),
            "shard": str(plan.shard),
            "workers": plan.workers,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            "command": list(plan.command),
        }
        job: dict[str, Any] = {"worker": number, "records": str(self.records), "header": header}
        write_private(self._job, json.dumps(job).encode())
        # A session of its own: Ctrl-C reaches this process alone, which then has the workers write what they have.
        self._process = subprocess.Popen(  # noqa: S603  our own
            [sys.executable, "-m", "acquirer.load.worker", str(self._job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        with suppress(BrokenPipeError):
            self._process.communicate()
        self._job.unlink(missing_ok=True)

    def wait_ready(self) -> None:
        """Wait until its requests are prepared. Raises RunError."""
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        if not words:
            raise RunError(self._last_words())
        needed, room = int(words[1]), int(words[2])
        if room < needed:
            raise RunError(
                f"{plural(needed, 'connection')} of one worker need as many open files, and there is room for {room}: "
                f"raise the limit with 'ulimit -n {needed + 256}', or use more workers (--workers)"
            )

    def say(self, line: str) -> None:
        """Write it a line, once; one that has ended does not hear it."""
        assert self._process.stdin is not None
        if line in self._sent:
            return
        with suppress(OSError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        self._sent.append(line)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def problem(self) -> str:
        """Return why it did not come to its end; "" when it did."""
        code = self._process.poll()
        if code == 0:
            return ""
        if code is None:
            return f"worker {self._number} did not end in time: its records end early"
        return f"worker {self._number} ended before its requests did ({self._last_words()}): its records end early"

    def _last_words(self) -> str:
        _, errors = self._process.communicate()
        last = errors.strip().splitlines()[-1:] or [f"code {self._process.returncode}"]
        return last[0]
