"""Files of one run are one run, those of several are kept apart, what is missing is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.load.recorded_run import RecordedRun, read_runs
from acquirer.load.records import NO_TERMINAL, RecordsError, RequestOutcome
from acquirer.load.run_figures import RunFigures
from tests.load.recorded import BEGIN_NS, PHASES, drawn_records, footer, record, write_run

RECORDS = drawn_records(400, 2_000_000)


def one_run(*paths: Path) -> RecordedRun:
    (run,) = read_runs(paths)
    return run


def figures_only(run: RecordedRun) -> dict[str, Any]:
    """Return what must be the same, however a run was divided."""
    found = RunFigures(run).as_json()
    of_the_generator = ("workers", "generator", "run")
    return {**{key: value for key, value in found.items() if key not in of_the_generator}, "plan": found["run"]["plan"]}


@pytest.mark.parametrize(("shards", "workers"), [(1, 1), (1, 4), (3, 1), (2, 3)])
def test_merged_equals_run_once(tmp_path: Path, shards: int, workers: int) -> None:
    once = one_run(write_run(tmp_path / "once/worker-0.acq", RECORDS))
    parts = shards * workers
    for shard in range(shards):
        for worker in range(workers):
            write_run(
                tmp_path / f"m{shard}/worker-{worker}.acq",
                RECORDS[shard * workers + worker :: parts],
                shard=f"{shard + 1}/{shards}",
                worker=worker,
                workers=workers,
                begin_monotonic_ns=1_000_000 * (shard + 7),  # each machine has a clock of its own
            )
    merged = one_run(*(tmp_path / f"m{shard}" for shard in range(shards)))
    assert len(merged.files) == parts
    assert figures_only(merged) == figures_only(once)
    assert RunFigures(merged).buckets == RunFigures(once).buckets
    assert merged.missing == ()


@settings(max_examples=15)
@given(st.lists(st.integers(0, 3), min_size=60, max_size=60), st.randoms())
def test_it_does_not_matter_who_saw_which_request(
    tmp_path_factory: pytest.TempPathFactory, worker_of: list[int], random: Any
) -> None:
    place = tmp_path_factory.mktemp("drawn")
    records = RECORDS[:60]
    once = one_run(write_run(place / "once/a.acq", records))
    for worker in range(4):
        share = [one for one, by in zip(records, worker_of, strict=True) if by == worker]
        random.shuffle(share)
        write_run(place / f"merged/w{worker}.acq", share, worker=worker, workers=4)
    assert figures_only(one_run(place / "merged")) == figures_only(once)


def test_a_machine_that_began_later_is_moved(tmp_path: Path) -> None:
    write_run(tmp_path / "a.acq", [record(intended_us=100_000)], shard="1/2")
    write_run(tmp_path / "b.acq", [record(intended_us=100_000)], shard="2/2", begin_unix_ns=BEGIN_NS + 400_000_000)
    run = one_run(tmp_path)
    assert sorted(run.columns.intended_us) == [100_000, 500_000]
    assert run.missing == ("its shards began 0.40 s apart (--start-at has them begin together)",)


def test_workers_of_one_machine_began_at_one_moment(tmp_path: Path) -> None:
    for worker, off_ns in ((0, 0), (1, 30_000)):  # as each of them read the clock
        begin_ns = BEGIN_NS + off_ns
        write_run(tmp_path / f"{worker}.acq", [record()], worker=worker, workers=2, begin_unix_ns=begin_ns)
    assert list(one_run(tmp_path).columns.intended_us) == [0, 0]


def test_services_of_machines_may_stand_in_another_order(tmp_path: Path) -> None:
    write_run(tmp_path / "a.acq", [record(service=0), record(service=1)], shard="1/2")
    write_run(tmp_path / "b.acq", [record(service=0)], shard="2/2", services=["refund", "sign_on"])
    run = one_run(tmp_path)
    assert run.services == ("sign_on", "sale", "refund")
    assert [run.services[place] for place in run.columns.service] == ["sign_on", "sale", "refund"]


def test_what_is_missing_has_a_sentence(tmp_path: Path) -> None:
    write_run(tmp_path / "a.acq", RECORDS[:9], shard="1/3", worker=1, workers=2, end=None)
    write_run(tmp_path / "b.acq", RECORDS[9:], shard="3/3", end=footer(interrupted=True))
    run = one_run(tmp_path)
    assert run.missing == (
        "shard 2/3 is not among these",
        "worker 0 of shard 1/3 is not among these",
        "worker 1 of shard 1/3 was killed, and what it had under way is missing",
        "the run of shard 3/3 was broken off",
    )
    assert not RunFigures(run).whole
    lone = one_run(write_run(tmp_path / "lone.acq", RECORDS, shard="2/50", seed=9))
    assert lone.missing == ("49 shards are not among these, shard 1/50 for one",)
    assert len(run.columns) == 400


def test_runs_are_kept_apart_and_named(tmp_path: Path) -> None:
    later_ns = BEGIN_NS + 60 * 10**9
    write_run(tmp_path / "new/worker-0.acq", RECORDS, begin_unix_ns=later_ns)
    write_run(tmp_path / "old/worker-0.acq", RECORDS)
    write_run(tmp_path / "other/old/worker-0.acq", RECORDS, seed=2)
    runs = read_runs([tmp_path])
    assert [run.name for run in runs] == ["old (1)", "old (2)", "new"]
    assert [run.header["seed"] for run in runs] == [1, 2, 1]


def test_files_of_one_folder_have_their_own_names(tmp_path: Path) -> None:
    write_run(tmp_path / "a.acq", RECORDS)
    write_run(tmp_path / "b.acq", RECORDS, seed=2)
    assert [run.name for run in read_runs([tmp_path / "b.acq", tmp_path / "a.acq"])] == ["b", "a"]


def test_two_hosts_called_at_one_moment_are_two_runs(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / name / "worker-0.acq", RECORDS, plan={"host": f"{name}:8583"})
    assert [run.name for run in read_runs([tmp_path])] == ["a", "b"]


def test_a_file_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    path = write_run(tmp_path / "kept/a.acq", RECORDS)
    assert len(one_run(path, path.parent, tmp_path).columns) == 400


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ({}, {}, r"b\.acq: is worker 0 of shard 1/1 of the same run as .*a\.acq; name each once"),
        ({"shard": "1/2"}, {"shard": "2/3"}, "shards 1/2 and 2/3 of one run overlap; give all machines the same n"),
        ({}, {"services": ["sign_on"]}, r"b\.acq: a record names service 1, of 1; it is damaged"),
        ({}, {"phases": []}, r"b\.acq: a record names phase 0, of 0; it is damaged"),
        ({}, {"shard": "one"}, r"b\.acq: 'shard' of its first line cannot be used; it is damaged"),
        ({}, {"plan": None, "phases": 3}, r"b\.acq: 'phases' of its first line cannot be used"),
    ],
)
def test_what_cannot_be_put_together_is_one_sentence(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], sentence: str
) -> None:
    write_run(tmp_path / "a.acq", RECORDS, **first)
    write_run(tmp_path / "b.acq", [record(service=1)], **second)
    with pytest.raises(RecordsError, match=sentence):
        read_runs([tmp_path])


@pytest.mark.parametrize("intended_us", [-2, 2**60])
def test_a_moment_that_cannot_be_is_damage(tmp_path: Path, intended_us: int) -> None:
    path = write_run(tmp_path / "a.acq", [record(intended_us=intended_us)])
    with pytest.raises(RecordsError, match=r"a\.acq: a record lies before the run or weeks after it; it is damaged"):
        read_runs([path])


def test_an_outcome_of_another_version_is_damage(tmp_path: Path) -> None:
    path = write_run(tmp_path / "a.acq", [record()._replace(outcome=99)])
    with pytest.raises(RecordsError, match=r"a\.acq: a record names outcome 99, of 12; it is damaged"):
        read_runs([path])


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"holds no records \(\*\.acq\); name what 'acquirer load … --record' wrote"):
        read_runs([tmp_path])


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    none_free = record(0, 0, RequestOutcome.NO_TERMINAL_FREE, terminal=NO_TERMINAL)
    again = [one._replace(terminal=one.terminal % 40) for one in RECORDS]
    run = one_run(write_run(tmp_path / "a.acq", [*again, none_free], terminals=20_000))
    assert (run.planned, run.terminals, run.phases) == (401, 40, list(PHASES))
    assert run.begun_at == "2026-11-30T00:53:20.000+00:00"
