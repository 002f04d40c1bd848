"""Runs as their files tell them: files of one run are one, those of several runs are kept apart.

1. Files belong to one run when their phases and their seed are the same, they began within a second of each other by
   their machines' clocks, and each is another worker or another shard.
2. Moments of a shard that began later are moved: all count from the beginning of the first.
3. A worker or a shard that is missing is said, one that is there twice is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from acquirer.data.text import plural
from acquirer.load.record_columns import RecordColumns, joined_columns, unpacked_columns
from acquirer.load.recorded_facts import FOOTER, HEADER, wrongly_typed
from acquirer.load.records import NO_TERMINAL, RecordsError, RequestOutcome, read_records

TOGETHER_NS: Final = 1_000_000_000
"""So far apart may shards of one run begin: clocks that are set over a network agree to some milliseconds, and two runs
of one plan after another are further apart."""

MOST_NAMED: Final = 3
"""Of workers or shards that are missing; of more, the count says enough."""

APART_NS: Final = 50_000_000
"""Shards that began further apart than this did not begin together: it is said."""

LONGEST_US: Final = 14 * 86_400_000_000
"""No run lasts two weeks; a damaged moment is not to make a report of a million years."""


@dataclass(frozen=True)
class WorkerFile:
    """What one worker wrote.

    Args:
        order: which of the paths that were named it was found by.
        footer: None where the worker was killed.
    """

    path: Path
    order: int
    header: Mapping[str, Any]
    columns: RecordColumns
    footer: Mapping[str, Any] | None

    @property
    def begin_ns(self) -> int:
        """Return when the run began, by the clock of its machine."""
        return int(self.header["begin_unix_ns"])

    @property
    def shard(self) -> tuple[int, int]:
        """Return which shard it is, and of how many."""
        number, _, of = str(self.header["shard"]).partition("/")
        return int(number), int(of)

    @property
    def place(self) -> tuple[int, int]:
        """Return its shard and its number there, which no other file of its run has."""
        return self.shard[0], int(self.header["worker"])

    @property
    def load(self) -> str:
        """Return what was to be done: the same in all files of a run."""
        return json.dumps([self.header["phases"], self.header["seed"]], sort_keys=True)

    @property
    def target(self) -> str:
        """Return the host that was called."""
        plan = self.header["plan"]
        return str(plan.get("host", "")) if isinstance(plan, Mapping) else ""


@dataclass(frozen=True)
class RecordedRun:
    """One run.

    Args:
        name: of its folder or file; unique among those read together.
        missing: sentences about what is not among the records.
    """

    name: str
    files: tuple[WorkerFile, ...]
    columns: RecordColumns
    services: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def header(self) -> Mapping[str, Any]:
        """Return the header of its first worker."""
        return self.files[0].header

    @property
    def phases(self) -> Sequence[Mapping[str, Any]]:
        """Return its phases."""
        phases: Sequence[Mapping[str, Any]] = self.header["phases"]
        return phases

    @property
    def begin_us(self) -> int:
        """Return when it began, in microseconds of Unix time."""
        return min(file.begin_ns for file in self.files) // 1000

    @property
    def begun_at(self) -> str:
        """Return when it began: ISO 8601, UTC."""
        return datetime.fromtimestamp(self.begin_us / 1_000_000, UTC).isoformat(timespec="milliseconds")

    @property
    def planned(self) -> int:
        """Return how many arrivals were planned, of the phases that say how many they have."""
        return sum(int(file.header.get("share") or 0) for file in self.files)

    @cached_property
    def terminals(self) -> int:
        """How many terminals had a request that was due; those for which none was free had none."""
        return len(set(self.columns.terminal) - {NO_TERMINAL})

    @property
    def footers(self) -> list[Mapping[str, Any]]:
        """Return what workers wrote at their end, of those that came to it."""
        return [file.footer for file in self.files if file.footer is not None]


def read_runs(paths: Iterable[Path], name: str = "") -> list[RecordedRun]:
    """Return the runs that files of records belong to, in the order in which they are named; those of one folder
    as they began.

    Args:
        paths: files, or folders that hold files of them (``*.acq``).
        name: of the run; "": that of its folder, or of its file.

    Raises:
        RecordsError: a file is none, is there twice, or names what it does not have.
    """
    files = [_read(path, order) for path, order in _files(paths)]
    groups: dict[str, list[WorkerFile]] = {}
    for file in files:
        groups.setdefault(file.load, []).append(file)
    runs = [run for group in groups.values() for run in _runs_of(group)]
    runs.sort(key=lambda run: (min(file.order for file in run), run[0].begin_ns, run[0].path))
    names = [name] if name and len(runs) == 1 else _names(runs)
    return [_run(one, run) for one, run in zip(names, runs, strict=True)]


def _files(paths: Iterable[Path]) -> list[tuple[Path, int]]:
    found: dict[Path, tuple[Path, int]] = {}
    for order, path in enumerate(paths):
        held = sorted(path.rglob("*.acq")) if path.is_dir() else [path]
        if not held:
            raise RecordsError(f"{path}: holds no records (*.acq); name what 'acquirer load … --record' wrote")
        for one in held:
            found.setdefault(one.resolve(), (one, order))
    return list(found.values())


def _read(path: Path, order: int) -> WorkerFile:
    held = read_records(path)
    header, columns = held.header, unpacked_columns(held.data)
    for line, facts, checks in (("first", header, HEADER), ("last", held.footer, FOOTER)):
        if facts is not None and (key := wrongly_typed(facts, checks)):
            raise RecordsError(f"{path}: '{key}' of its {line} line cannot be used; it is damaged, run the plan again")
    file = WorkerFile(path, order, header, columns, held.footer)
    known = (len(header["services"]), len(header["phases"]), len(RequestOutcome))
    if columns.intended_us and not 0 <= min(columns.intended_us) <= max(columns.intended_us) <= LONGEST_US:
        raise RecordsError(f"{path}: a record lies before the run or weeks after it; it is damaged, run the plan again")
    for column, count, word in zip((columns.service, columns.phase, columns.outcome), known, _WORDS, strict=True):
        if (most := max(column, default=-1)) >= count:
            raise RecordsError(f"{path}: a record names {word} {most}, of {count}; it is damaged, run the plan again")
    return file


_WORDS: Final = ("service", "phase", "outcome")


def _runs_of(files: Sequence[WorkerFile]) -> list[list[WorkerFile]]:
    """Divide files of one load into runs."""
    runs: list[list[WorkerFile]] = []
    for file in sorted(files, key=lambda one: (one.begin_ns, str(one.path))):
        for run in runs:
            together = file.begin_ns - run[0].begin_ns <= TOGETHER_NS
            twin = next((one for one in run if one.place == file.place), None)
            if together and twin is None:
                run.append(file)
                break
            if twin is not None and twin.begin_ns == file.begin_ns and twin.target == file.target:
                raise RecordsError(
                    f"{file.path}: is worker {file.place[1]} of shard {file.header['shard']} of the same run as "
                    f"{twin.path}; name each once"
                )
        else:
            runs.append([file])
    for run in runs:
        of = {file.shard[1] for file in run}
        if len(of) > 1:
            shards = " and ".join(sorted({str(file.header["shard"]) for file in run}))
            raise RecordsError(
                f"{run[0].path.parent}: shards {shards} of one run overlap; give all machines the same n (--shard i/n)"
            )
    return runs


def _run(name: str, files: Sequence[WorkerFile]) -> RecordedRun:
    services = list(dict.fromkeys(str(service) for file in files for service in file.header["services"]))
    begins_ns: dict[int, int] = {}  # of shards: workers of one began at one moment of one clock
    for file in files:
        begins_ns.setdefault(file.shard[0], file.begin_ns)
    first_ns = min(begins_ns.values())
    parts = []
    for file in files:
        places = [services.index(str(service)) for service in file.header["services"]]
        shift_us = (begins_ns[file.shard[0]] - first_ns) // 1000
        parts.append(file.columns.with_services(places).shifted(shift_us))
    return RecordedRun(name, tuple(files), joined_columns(parts), tuple(services), tuple(_missing(files)))


def _missing(files: Sequence[WorkerFile]) -> list[str]:
    """Return a sentence for each thing that is not among the records."""
    found = []
    of = files[0].shard[1]
    there = {file.shard[0] for file in files}
    found += _not_among("shard", [f"{n}/{of}" for n in range(1, of + 1) if n not in there])
    for shard in sorted(there):
        own = [file for file in files if file.shard[0] == shard]
        where = f" of shard {shard}/{of}" if of > 1 else ""
        numbers = {file.place[1] for file in own}
        count = int(own[0].header.get("workers") or 1)
        found += _not_among("worker", [f"{n}{where}" for n in range(count) if n not in numbers])
        found += [
            f"worker {file.place[1]}{where} was killed, and what it had under way is missing"
            for file in own
            if file.footer is None
        ]
        if any(file.footer is not None and file.footer.get("interrupted") for file in own):
            found.append(f"the run{where} was broken off")
    apart_ns = max(file.begin_ns for file in files) - min(file.begin_ns for file in files)
    if apart_ns > APART_NS:
        found.append(f"its shards began {apart_ns / 1e9:.2f} s apart (--start-at has them begin together)")
    return found


def _not_among(what: str, missing: Sequence[str]) -> list[str]:
    if len(missing) > MOST_NAMED:
        return [f"{len(missing)} {what}s are not among these, {what} {missing[0]} for one"]
    return [f"{what} {one} is not among these" for one in missing]


def _names(runs: Sequence[Sequence[WorkerFile]]) -> list[str]:
    """Return a name for each run: that of its folder, or of its file; with a number where several have it."""
    names = []
    for run in runs:
        folders = list(dict.fromkeys(file.path.absolute().parent.name for file in run))
        alone = len(run) == 1 and len({file.path.absolute().parent for other in runs for file in other}) == 1
        name = run[0].path.stem if alone and len(runs) > 1 else "+".join(folders)
        names.append(name or plural(len(run), "file"))
    return [
        name if names.count(name) == 1 else f"{name} ({names[: place + 1].count(name)})"
        for place, name in enumerate(names)
    ]
