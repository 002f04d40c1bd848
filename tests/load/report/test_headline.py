"""What is said of a run in sentences."""

from __future__ import annotations

from acquirer.load.records import NOT_VERIFIED, RequestOutcome
from acquirer.load.report.headline import LIMITED, meaning, run_summary
from tests.load.recorded import drawn_records, footer, record
from tests.load.report.conftest import MakeRun


def test_a_summary_has_five_lines(judged: MakeRun) -> None:
    records = [*[record(done_us=5_000)] * 98, record(done_us=90_000), record(outcome=RequestOutcome.DECLINED)]
    lines = run_summary(judged(records).figures)
    assert lines == [
        "100 requests of 1 terminal in 0.09 s (1111 answered a second)",
        "latency since the intended moment: p50 5.0 ms  p90 5.0 ms  p99 5.0 ms  p99.9 90.0 ms  max 90.0 ms",
        "service time since the sending:    p50 5.0 ms  p90 5.0 ms  p99 5.0 ms  p99.9 90.0 ms  max 90.0 ms",
        "outcomes: 99 approved, 1 declined; codes 00 ×99, 51 ×1",
        "begun late: 0.00% by more than 10 ms, p99 0.0 ms; generator: 25% of a processor, timers p99 0.9 ms late",
    ]


def test_what_must_be_known_stands_below(judged: MakeRun) -> None:
    records = drawn_records(300, 1_000_000, stall=(200_000, 900_000))
    late = [one._replace(late_us=one.late_us + 11_000) for one in records]
    end = footer(interrupted=True, not_done={"not-due": 7})
    lines = run_summary(judged(late, end=end, shard="1/2").figures)
    assert lines[5:8] == [
        "! shard 2/2 is not among these",
        "! the run of shard 1/2 was broken off",
        "! the run ended before 7 planned requests were due",
    ]
    assert lines[8].startswith("! for 0.7 s nothing was answered while requests waited, from 0.2 s to 0.9 s")
    assert lines[9:] == [f"! {LIMITED}", "  100.00% of requests were begun more than 10 ms late"]


def test_terminals_that_owe_reversals_are_no_limit_of_the_generator(judged: MakeRun) -> None:
    figures = judged([record(), record(0, 0, RequestOutcome.REFUSED)]).figures
    assert not figures.generator_limited
    assert run_summary(figures)[5].startswith(
        "! 1 request was not begun: their terminals owe reversals that got no answer"
    )


def test_answers_that_were_not_verified_are_counted(judged: MakeRun) -> None:
    lost = record(outcome=RequestOutcome.LOST, flags=NOT_VERIFIED)
    figures = judged([record(), record(flags=NOT_VERIFIED), record(flags=NOT_VERIFIED), lost]).figures
    assert "! neither KCV nor MAC of 2 answers was checked (--no-verify)" in run_summary(figures)
    assert figures.as_json()["unverified"] == 2


def test_a_lower_bound_has_words(judged: MakeRun) -> None:
    unanswered = judged([record(done_us=60_000_000, outcome=RequestOutcome.NO_ANSWER)]).figures
    assert meaning(unanswered.all).endswith("the slowest waited for at least 60.00 s.")
    assert "p50 ≥ 60000.0 ms" in run_summary(unanswered)[1]


def test_why_terminals_could_not_go_on_is_named(judged: MakeRun) -> None:
    records = [record(), *[record(0, 0, RequestOutcome.REFUSED)] * 3]
    lines = run_summary(judged(records, end=footer(problems={"not sold: out of paper": 2})).figures)
    assert lines[5] == "! 2 journeys of a terminal ended early: not sold: out of paper"
    assert lines[6].startswith("! 1 request was not begun: their terminals owe reversals")
