"""What a page says of one run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from acquirer.data.html import Html, element, html_table, together
from acquirer.data.text import plural
from acquirer.load.report.figure_tables import figures_section, over_time_section, share_text, time_text
from acquirer.load.report.headline import LIMITED, duration, meaning, remarks
from acquirer.load.report.judged_run import JudgedRun
from acquirer.load.request_figures import RequestFigures
from acquirer.load.run_figures import RunFigures

Chart = tuple[str, str, str, str]  # id, class, title, caption

_PERCENTILES: Final[Chart] = (
    "percentiles",
    "",
    "How long requests took",
    "Percentiles: at 99 % stands the time that 99 of 100 requests do not exceed.",
)
_HEAT: Final[Chart] = (
    "heat",
    "wide",
    "Latency over time",
    "Each request at the moment when it was due, by how long it took; the darker, the more of them "
    "(on a dark page: the brighter). A host that stands still shows as a slope: the first that come wait longest.",
)
_RATE: Final[Chart] = ("rate", "", "Offered and done", "Requests a second.")
_OPEN: Final[Chart] = ("open", "", "Open requests", "Due and not ended yet.")
_CODES: Final[Chart] = ("codes", "", "Response codes", "Answers in each piece of time, by code.")
_ERRORS: Final[Chart] = ("errors", "", "Errors", "What was not approved, by kind, when it ended.")
_LATE: Final[Chart] = (
    "late",
    "",
    "Lateness of the generator",
    "By how much it was behind its own plan; what is late here is counted in the latencies.",
)

VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    "missed": ("bad", "FAILED"),
    "generator-limited": ("warn", "THE GENERATOR WAS THE LIMIT"),
    "passed": ("good", "PASSED"),
    "not-judged": ("plain", "NO THRESHOLDS"),
}


def run_body(one: JudgedRun) -> Html:
    """Return the whole of a page about one run."""
    figures = one.figures
    charts = [_PERCENTILES, _RATE, _HEAT, _OPEN, _CODES]
    charts += [_ERRORS] if figures.all.errors else []
    charts += [_LATE]
    return together(
        (
            element("header", headline(one)),
            thresholds_section([one]),
            element("h2", "Charts"),
            chart_section(charts),
            element("h2", "Figures"),
            figures_section(figures),
            element("h2", "Over time"),
            over_time_section(figures),
            element("h2", "About this run"),
            provenance_section(figures),
            element("h2", "How to read this"),
            words_section(),
        )
    )


def headline(one: JudgedRun) -> Html:
    """Return what is read first: how many, how long, whether it was good."""
    figures, requests = one.figures, one.figures.all
    run = figures.run
    who = f" of {run.terminals:,} terminals" if run.terminals else ""
    target = str(run.header["plan"].get("host") or "") if isinstance(run.header["plan"], Mapping) else ""
    return together(
        (
            element("p", " · ".join(filter(None, (run.name, moment(run.begin_us), target))), class_="over"),
            element("h1", f"{len(requests):,} requests{who} within {duration(requests.offered_us)}"),
            verdict_badge(one),
            limit_note(figures),
            element("p", f"{approved(requests)} {meaning(requests)}", class_="lead"),
            remark_notes(figures),
            element("dl", *tiles(requests, run.terminals), class_="tiles"),
        )
    )


def approved(requests: RequestFigures) -> str:
    """Return a sentence about how many were approved."""
    if not requests.errors:
        return f"All {len(requests):,} were approved." if len(requests) else ""
    return f"{requests.approved:,} were approved ({share_text(requests.approved / len(requests))})."


def moment(at_us: int) -> str:
    """Return a moment as people write it."""
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).strftime("%d %B %Y, %H:%M:%S UTC").lstrip("0")


def verdict_badge(one: JudgedRun) -> Html:
    """Return the verdict in a word."""
    kind, word = VERDICTS[one.verdict]
    if one.judged:
        held = sum(judged.held for judged in one.judged)
        word = f"{word}: {held} of {plural(len(one.judged), 'threshold')} held"
    return element("p", word, class_=f"badge {kind}")


def limit_note(figures: RunFigures) -> Html:
    """Return the banner, when the generator was the limit."""
    if not figures.generator_limited:
        return Html()
    reasons = element("ul", *(element("li", _sentence(why)) for why in figures.limits))
    return element("div", element("strong", _sentence(LIMITED)), reasons, class_="note warn", role="alert")


def remark_notes(figures: RunFigures) -> Html:
    """Return what must be known to read the figures."""
    return together(element("p", _sentence(text), class_="note") for text in remarks(figures))


def tiles(requests: RequestFigures, terminals: int) -> list[Html]:
    """Return the few numbers that are quoted."""
    times = requests.latency
    share = requests.approved / len(requests) if len(requests) else 0.0
    shown = [
        ("Terminals", f"{terminals:,}", f"{len(requests):,} requests"),
        ("Approved", share_text(share), f"{requests.approved:,} of {len(requests):,}"),
        ("Answered a second", f"{requests.rate:,.0f}", f"over {requests.elapsed_s:.2f} s"),
        ("p50", time_text(times.quantile(50)), "half were faster"),
        ("p99", time_text(times.quantile(99)), "99 of 100 were faster"),
        ("Longest", time_text(times.most), "from its intended moment"),
    ]
    return [
        element("div", element("dt", name), element("dd", value, element("small", beside)), class_="tile")
        for name, value, beside in shown
    ]


def thresholds_section(runs: Sequence[JudgedRun]) -> Html:
    """Return a table of the verdicts."""
    several = len(runs) > 1
    rows = [
        (
            element("code", judged.threshold.written),
            *([one.figures.run.name] if several else []),
            judged.words,
            element("strong", *_held(judged.held)[:1], class_=_held(judged.held)[1]),
        )
        for one in runs
        for judged in one.judged
    ]
    if not rows:
        return Html()
    columns = ("threshold", *(["run"] if several else []), "measured>", "verdict")
    return together((element("h2", "Thresholds"), element("div", html_table(columns, rows), class_="card")))


def chart_section(charts: Iterable[Chart]) -> Html:
    """Return the places where charts are drawn."""
    charts = list(charts)
    if sum(not kind for _, kind, _, _ in charts) % 2:  # the last one would stand beside nothing
        name, _, title, caption = charts[-1]
        charts[-1] = (name, "wide", title, caption)
    drawn = [
        element(
            "figure",
            element("h3", title),
            element("figcaption", caption),
            element("div", id=name, class_="chart"),
            class_=f"card {kind}".strip(),
        )
        for name, kind, title, caption in charts
    ]
    without = element(
        "noscript", element("p", "Charts need JavaScript; every number stands in the tables.", class_="note")
    )
    hint = "Drag over a chart to enlarge a piece of time; a double click shows all of it again."
    return together((without, element("p", hint, class_="quiet screen"), element("div", *drawn, class_="charts")))


def provenance_section(figures: RunFigures) -> Html:
    """Return what must be known to repeat the run."""
    run, header, sentinel = figures.run, figures.run.header, figures.sentinel_ms
    command = header.get("command")
    shards = sorted({str(file.header["shard"]) for file in run.files})
    facts = [
        ("Begun", moment(run.begin_us)),
        ("Command", shlex.join(map(str, command)) if isinstance(command, list) else str(command or "")),
        ("Files", f"{plural(len(run.files), 'worker')}, {plural(len(shards), 'shard')} ({', '.join(shards)})"),
        ("Machine", " · ".join(sorted({str(file.header.get("machine", "")) for file in run.files}))),
        ("Versions", f"acquirer {header.get('version', '')}, Python {header.get('python', '')}"),
        ("Seed", str(header["seed"])),
        ("Generator", f"{figures.cpu_share:.0%} of a processor in its busiest worker"),
        ("Timers of the generator", f"p99 {sentinel['p99']:.1f} ms late, longest {sentinel['max']:.1f} ms")
        if sentinel["samples"]
        else ("", ""),
        ("Plan", json.dumps(header["plan"], ensure_ascii=False, indent=1)),
    ]
    words = [
        part
        for name, value in facts
        if value
        for part in (element("dt", name), element("dd", element("pre", value) if name in _TYPED else value))
    ]
    return element("div", element("dl", *words, class_="words"), class_="card")


def words_section() -> Html:
    """Return what the words of the page mean."""
    words = [part for name, text in _WORDS for part in (element("dt", name), element("dd", text))]
    return element("div", element("dl", *words, class_="words"), class_="card")


_TYPED: Final = ("Command", "Plan")
_WORDS: Final = (
    (
        "Latency",
        "From the moment for which a request was intended until it ended, however busy generator and host were: what "
        "it waited before it could be sent is counted too.",
    ),
    ("Service time", "From the sending of a request until it ended: what the host took for those that got through."),
    ("p99", "99 of 100 requests took no longer."),
    ("≥", "A lower bound: the request got no answer, and counts with the time for which it waited."),
    ("Open", "Requests that were due and had not ended."),
    (
        "Begun late",
        "By how much the generator was behind its own plan. If that shows in the latencies, the page says that the "
        "generator was the limit.",
    ),
)


def _held(held: bool) -> tuple[str, str]:
    return ("held", "good") if held else ("MISSED", "bad")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
