"""What a page says of several runs: how they differ, and their charts on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from acquirer.data.html import Html, element, html_table, together
from acquirer.load.report.comparison import FigureDifference, figure_differences
from acquirer.load.report.figure_tables import figures_section
from acquirer.load.report.headline import meaning
from acquirer.load.report.judged_run import JudgedRun
from acquirer.load.report.run_page import (
    Chart,
    approved,
    chart_section,
    limit_note,
    moment,
    provenance_section,
    remark_notes,
    thresholds_section,
    verdict_badge,
    words_section,
)

COLOURS: Final = 7

_CHARTS: Final[tuple[Chart, ...]] = (
    (
        "percentiles",
        "wide",
        "How long requests took",
        "Percentiles: latency whole, service time dashed. The lower curve is the faster run.",
    ),
    ("latency", "wide", "Latency over time", "At the moment when requests were due: p99 whole, p50 dashed."),
    ("rate", "", "Done", "Requests that ended, a second."),
    ("open", "", "Open requests", "Due and not ended yet."),
)


def comparison_body(runs: Sequence[JudgedRun]) -> Html:
    """Return the whole of a page about several runs."""
    return together(
        (
            element(
                "header",
                element("p", f"Compared with {runs[0].figures.run.name}, the first of them", class_="over"),
                element("h1", f"{len(runs)} runs compared"),
                runs_card(runs),
                together(limit_note(one.figures) for one in runs),
            ),
            element("h2", "Differences"),
            element("div", differences_table(figure_differences(runs)), class_="card"),
            thresholds_section(runs),
            element("h2", "Charts"),
            chart_section(_CHARTS),
            together(run_section(one) for one in runs),
            element("h2", "How to read this"),
            words_section(),
        )
    )


def runs_card(runs: Sequence[JudgedRun]) -> Html:
    """Return which runs there are, with the colours of their curves."""
    rows = [
        (
            element("span", element("span", class_=f"key k{1 + place % COLOURS}"), one.figures.run.name),
            verdict_badge(one),
            f"{one.figures.run.terminals:,}",
            f"{len(one.figures.all):,}",
            moment(one.figures.run.begin_us),
        )
        for place, one in enumerate(runs)
    ]
    columns = ("run", "verdict", "terminals>", "requests>", "begun")
    return element("div", html_table(columns, rows), class_="card")


def differences_table(found: Sequence[FigureDifference]) -> Html:
    """Return a row for each figure."""
    names = [run for run, _ in found[0].values]
    columns = ["", f"{names[0]}>"]
    for name in names[1:]:
        columns += [f"{name}>", "change>"]
    rows = []
    for one in found:
        row: list[str] = [one.name, one.words[0]]
        for words, change, better in zip(one.words[1:], one.changes, one.better, strict=True):
            row += [words, element("span", change, class_={True: "good", False: "bad", None: ""}[better])]
        rows.append(row)
    return html_table(columns, rows)


def run_section(one: JudgedRun) -> Html:
    """Return the figures of one of them."""
    return together(
        (
            element("h2", one.figures.run.name),
            element("p", f"{approved(one.figures.all)} {meaning(one.figures.all)}"),
            remark_notes(one.figures),
            element("div", figures_section(one.figures), provenance_section(one.figures), class_="stack"),
        )
    )
