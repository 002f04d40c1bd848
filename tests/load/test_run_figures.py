"""Figures of a run: its parts, its thresholds, and whether the generator was the limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.load.recorded_run import read_runs
from acquirer.load.records import LoadRecord, RequestOutcome
from acquirer.load.run_figures import RunFigures
from acquirer.load.thresholds import ThresholdError, read_threshold
from tests.load.recorded import footer, record, write_run

TWO_PHASES = [
    {"name": "calm", "kind": "constant", "begin_s": 0.0, "length_s": 0.5, "requests": None},
    {"name": "burst", "kind": "burst", "begin_s": 0.5, "length_s": 0.5, "requests": 1},
]


@pytest.fixture
def figures(tmp_path: Path):
    def make(*records: LoadRecord, **more: object) -> RunFigures:
        (run,) = read_runs([write_run(tmp_path / "run/a.acq", records, phases=TWO_PHASES, **more)])  # type: ignore[arg-type]
        return RunFigures(run)

    return make


@pytest.mark.parametrize(
    ("late_us", "latency_us", "limited"),
    [(900, 1_000, False), (1_100, 10_000, True), (1_100, 100_000, False), (9_000, 1_000_000, False)],
)
def test_the_generator_was_the_limit_when_lateness_shows(figures, late_us: int, latency_us: int, limited: bool) -> None:
    found = figures(*[record(late_us, latency_us)] * 100)
    assert found.generator_limited is limited
    assert found.as_json()["generator_limited"] is limited


def test_a_few_that_are_late_are_enough(figures) -> None:
    assert not figures(record(10_001, 10**6), *[record(0, 10**6)] * 999).generator_limited
    found = figures(*[record(10_001, 10**6)] * 2, *[record(0, 10**6)] * 998)
    assert found.limits == ["0.20% of requests were begun more than 10 ms late"]


def test_what_was_not_begun_is_its_limit(figures) -> None:
    found = figures(record(outcome=RequestOutcome.NO_ROOM), record(outcome=RequestOutcome.NO_TERMINAL_FREE), record())
    assert found.limits == [
        "1 request was not begun: every terminal still waited for an answer; give it more terminals",
        "1 request was not begun: its machine had no port or no open file left",
    ]


def test_thresholds_are_about_all_a_service_a_phase_or_both(figures) -> None:
    both = figures(
        record(done_us=1_000),
        record(done_us=3_000, phase=1, intended_us=500_000),
        record(done_us=50_000, outcome=RequestOutcome.DECLINED, service=1, phase=1, intended_us=950_000),
    )
    for text, value in (
        ("p(99)<1s", 50.0),
        ("max{sign_on}<1s", 3.0),
        ("max{sign_on,phase:calm}<1s", 1.0),
        ("max{phase:burst}<1s", 50.0),
        ("avg{service:sign_on}<1s", 2.0),
        ("min<1s", 1.0),
        ("med<1s", 3.0),
        ("errors{sale}<1%", 1.0),
        ("errors{phase:burst}<51%", 0.5),
        ("count>=1", 3.0),
        ("rate>0", 3.0),
        ("late<1%", 0.0),
        ("count{sale,phase:calm}==0", 0.0),
    ):
        assert both.judge(read_threshold(text)).value == pytest.approx(value), text


def test_times_of_nothing_hold_no_threshold(figures) -> None:
    judged = figures(record()).judge(read_threshold("p(99){sale}<250ms"))
    assert (judged.value, judged.held, judged.words) == (None, False, "no requests")


def test_a_lower_bound_is_below_nothing(figures) -> None:
    unanswered = figures(*[record(done_us=200_000, outcome=RequestOutcome.NO_ANSWER)] * 3)
    judged = unanswered.judge(read_threshold("p(99)<250ms"))
    assert (judged.held, judged.words) == (False, "≥ 200.0 ms")
    assert unanswered.judge(read_threshold("p(99)>100ms")).held


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("p(99){sgn_on}<1s", r"there is no service 'sgn_on'; did you mean 'sign_on'"),
        ("p(99){phase:brust}<1s", r"there is no phase 'brust'; did you mean 'burst'"),
        ("p(99){burst}<1s", r"'burst' is a phase; write \{phase:burst\}"),
        ("p(99){phase:evening}<1s", r"there is no phase 'evening'; there are calm, burst"),
    ],
)
def test_a_scope_that_there_is_not_is_named(figures, text: str, sentence: str) -> None:
    with pytest.raises(ThresholdError, match=sentence):
        figures(record()).judge(read_threshold(text))


def test_the_generator_is_described_by_its_worst_worker(tmp_path: Path) -> None:
    for worker, cpu_s in ((0, 0.2), (1, 1.6)):
        end = footer(cpu_s=cpu_s, sentinel={"p50_us": 50, "p99_us": 100 + worker, "max_us": 900, "samples": 10})
        write_run(
            tmp_path / f"{worker}.acq", [record()], worker=worker, workers=2, end={**end, "not_done": {"not-due": 2}}
        )
    (run,) = read_runs([tmp_path])
    found = RunFigures(run)
    assert found.cpu_share == 0.8
    assert found.sentinel_ms == {"p50": 0.05, "p99": 0.101, "max": 0.9, "samples": 20}
    assert found.not_done == {"not-due": 4}


def test_json_has_all_of_it(figures) -> None:
    found = figures(record(), record(outcome=RequestOutcome.DECLINED, service=1, phase=1)).as_json()
    assert found["schema"] == "acquirer.load/1"
    assert found["outcomes"] == {"approved": 1, "declined": 1}
    assert found["errors"] == {"declined": 1}
    assert found["codes"] == {"00": 1, "51": 1}
    assert {"p50", "p90", "p95", "p99", "p99_9", "max"} <= set(found["latency_ms"])
    assert set(found["services"]) == {"sign_on", "sale"}
    assert [(one["name"], one["kind"], one["requests"]) for one in found["phases"]] == [
        ("calm", "constant", 1),
        ("burst", "burst", 1),
    ]
