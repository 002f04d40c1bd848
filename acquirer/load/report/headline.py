"""What is said of a run in sentences: on the screen, and at the top of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from acquirer.data.text import plural
from acquirer.load.records import RequestOutcome
from acquirer.load.request_figures import Distribution, RequestFigures
from acquirer.load.run_figures import RunFigures
from acquirer.load.thresholds import JudgedThreshold

LIMITED: Final = "the generator was the limit: these figures say as much about it as about the host"

SILENT_S: Final = 0.5
SILENT_TIMES: Final = 5
"""A host stood still when nothing was answered for so long, and for so many times the time of its fastest answer."""

_SHOWN: Final = (50.0, 90.0, 99.0, 99.9)


def verdict_of(figures: RunFigures, judged: Sequence[JudgedThreshold]) -> str:
    """Return ``missed``, ``generator-limited``, ``passed``, or ``not-judged`` where there is no threshold."""
    if any(not one.held for one in judged):
        return "missed"
    if figures.generator_limited:
        return "generator-limited"
    return "passed" if judged else "not-judged"


def run_summary(figures: RunFigures) -> list[str]:
    """Return five lines that say what a run came to, and what must be known beside them."""
    run, requests = figures.run, figures.all
    terminals = f" of {plural(run.terminals, 'terminal')}" if run.terminals else ""
    offered = f"{plural(len(requests), 'request')}{terminals} in {requests.elapsed_s:.2f} s"
    sentinel = figures.sentinel_ms
    lines = [
        f"{offered} ({requests.rate:.0f} answered a second)",
        f"latency since the intended moment: {times_in_words(requests.latency)}",
        f"service time since the sending:    {times_in_words(requests.service_time)}",
        f"outcomes: {_counted(requests.outcomes)}; codes {_codes(requests.codes)}",
        f"begun late: {requests.late_share:.2%} by more than 10 ms, p99 {requests.lateness.quantile(99).ms:.1f} ms; "
        f"generator: {figures.cpu_share:.0%} of a processor"
        + (f", timers p99 {sentinel['p99']:.1f} ms late" if sentinel["samples"] else ""),
    ]
    lines += [f"! {sentence}" for sentence in remarks(figures)]
    if figures.generator_limited:
        lines.append(f"! {LIMITED}")
        lines += [f"  {why}" for why in figures.limits]
    return lines


def remarks(figures: RunFigures) -> list[str]:
    """Return what must be known to read the figures: what is missing, and when a host stood still."""
    found = list(figures.run.missing)
    found += [
        f"the run ended before {plural(n, 'planned request was', 'planned requests were')} due"
        for why, n in figures.not_done.items()
        if why == "not-due" and n
    ]
    found += [f"{plural(n, 'journey')} of a terminal ended early: {why}" for why, n in figures.problems.items()]
    if refused := figures.all.outcomes.get(RequestOutcome.REFUSED, 0) - sum(figures.problems.values()):
        found.append(
            f"{plural(refused, 'request was', 'requests were')} not begun: their terminals owe reversals that got no "
            "answer, and make no sale before"
        )
    if unverified := figures.all.unverified:
        found.append(f"neither KCV nor MAC of {plural(unverified, 'answer')} was checked (--no-verify)")
    if silence := silence_in_words(figures.all):
        found.append(silence)
    return found


def silence_in_words(figures: RequestFigures) -> str:
    """Return a sentence about the longest time without any answer, if it was one in which the host stood still."""
    began_s, lasted_s = figures.longest_silence
    if lasted_s < SILENT_S or lasted_s < SILENT_TIMES * figures.service_time.least.us / 1_000_000:
        return ""
    return (
        f"for {lasted_s:.1f} s nothing was answered while requests waited, from {began_s:.1f} s "
        f"to {began_s + lasted_s:.1f} s of the run"
    )


def meaning(figures: RequestFigures) -> str:
    """Return in one sentence how long a terminal waits, for readers who know no percentiles."""
    if not len(figures.latency):
        return "No request was begun."
    half, most, longest = figures.latency.quantile(50), figures.latency.quantile(99), figures.latency.most
    waited = "waited for at least" if longest.at_least else "took"
    return (
        f"Half of all requests were done within {duration(half.us)}, 99 of 100 within {duration(most.us)}; "
        f"the slowest {waited} {duration(longest.us)}."
    )


def duration(us: int) -> str:
    """Return a time as people say it.

    >>> duration(870), duration(29_900), duration(3_020_000), duration(125_000_000)
    ('0.9 ms', '30 ms', '3.02 s', '125 s')
    """
    if us < 9_950:
        return f"{us / 1000:.1f} ms"
    if us < 999_500:
        return f"{us / 1000:.0f} ms"
    return f"{us / 1_000_000:.2f} s" if us < 99_500_000 else f"{us / 1_000_000:.0f} s"


def times_in_words(times: Distribution) -> str:
    """Return percentiles on a line."""
    shown = [(f"p{percent:g}", times.quantile(percent)) for percent in _SHOWN]
    return "  ".join(f"{name} {quantile}" for name, quantile in (*shown, ("max", times.most)))


def _counted(outcomes: Mapping[RequestOutcome, int]) -> str:
    return ", ".join(f"{n} {outcome.word}" for outcome, n in outcomes.items()) or "none"


def _codes(codes: Mapping[str, int]) -> str:
    return ", ".join(f"{code} ×{n}" for code, n in codes.items()) or "none"
