"""Tables of a page: times, endings, services, phases, and the run over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.data.html import Html, element, html_table
from acquirer.load.report.headline import duration
from acquirer.load.request_figures import PERCENTILES, Distribution, Quantile, RequestFigures
from acquirer.load.run_figures import RunFigures
from acquirer.load.time_buckets import TimeBucket, bucket_width_us, time_buckets

ROWS: Final = 40
"""Of the table over time: more than fill a sheet of paper are for the CSV file and the charts."""

_TIME_COLUMNS: Final = ("", "samples>", *(f"p{percent:g}>" for percent in PERCENTILES), "longest>")


def figures_section(figures: RunFigures) -> Html:
    """Return the tables of times, endings, services and phases."""
    requests = figures.all
    times = (
        ("Latency, since the intended moment", requests.latency),
        ("Service time, since the sending", requests.service_time),
        ("Until a new connection stood", requests.connect),
        ("Begun late by", requests.lateness),
    )
    table = html_table(_TIME_COLUMNS, [(name, *_time_cells(one)) for name, one in times if len(one)])
    outcomes = [(outcome.word, f"{n:,}", share_text(n / len(requests))) for outcome, n in requests.outcomes.items()]
    codes = [(code, f"{n:,}", share_text(n / len(requests))) for code, n in requests.codes.items()]
    return element(
        "div",
        element("div", table, class_="card"),
        element(
            "div",
            element("div", html_table(("how requests ended", "requests>", "share>"), outcomes), class_="card"),
            element("div", html_table(("response code", "answers>", "of all>"), codes), class_="card"),
            class_="pair",
        ),
        scopes_card("service", figures.services),
        scopes_card("phase", figures.phases),
        class_="stack",
    )


def scopes_card(kind: str, scopes: Mapping[str, RequestFigures]) -> Html:
    """Return a table of services or phases; none of a single one, which is all."""
    if len(scopes) < 2:
        return Html()
    columns = (kind, "requests>", "approved>", "answered a second>", *_TIME_COLUMNS[2:])
    rows = [
        (name, f"{len(one):,}", f"{one.approved:,}", f"{one.rate:,.0f}", *_time_cells(one.latency)[1:])
        for name, one in scopes.items()
    ]
    return element("div", html_table(columns, rows), class_="card")


def over_time_section(figures: RunFigures) -> Html:
    """Return a table of the run over time."""
    columns = figures.run.columns
    buckets = time_buckets(columns, bucket_width_us(columns, ROWS))
    names = (
        "from",
        "offered>",
        "done>",
        "approved>",
        "errors>",
        "open>",
        "p50>",
        "p99>",
        "longest>",
        "begun late, p99>",
    )
    return element("div", html_table(names, map(_bucket_cells, buckets)), class_="card")


def share_text(share: float) -> str:
    """Return a share in percent; one that is less than all is not rounded up to all."""
    if 0.99995 <= share < 1:
        return "99.99 %"
    return f"{share:.2%}".replace(".00%", "%").replace("%", " %")


def _time_cells(times: Distribution) -> list[str]:
    return [f"{len(times):,}", *(str(times.quantile(percent)) for percent in PERCENTILES), str(times.most)]


def _bucket_cells(bucket: TimeBucket) -> list[str]:
    latency, lateness = bucket.latency, bucket.lateness
    counts = (bucket.offered, bucket.done, bucket.approved, sum(bucket.errors.values()), bucket.open)
    times = ["–"] * 4
    if latency is not None and lateness is not None:
        times = [time_text(time) for time in (latency.p50, latency.p99, latency.most, lateness.p99)]
    return [f"{bucket.begin_s:g} s", *(f"{n:,}" for n in counts), *times]


def time_text(quantile: Quantile) -> str:
    """Return a time as people say it."""
    return f"{'≥ ' if quantile.at_least else ''}{duration(quantile.us)}"
