"""The page of a run: what stands in it, what it allows, and that a browser shows it without a complaint."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from acquirer.load.records import RequestOutcome
from acquirer.load.report.page import report_page
from tests.load.recorded import BEGIN_NS, drawn_records, record
from tests.load.report.conftest import MakeRun

ASSETS = Path(__file__).parents[3] / "acquirer/load/report/assets"

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'&<!--"


class Outline(HTMLParser):
    """The elements of a page, with the text of each."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], str]] = []
        self._places: list[int] = []
        self.feed(page)
        assert self.open == [], "each element is closed"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes), ""))
        if tag not in self.VOID:
            self.open.append(tag)
            self._places.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._places.pop()

    def handle_data(self, data: str) -> None:
        for place in self._places:
            tag, attributes, text = self.elements[place]
            self.elements[place] = (tag, attributes, text + data)

    def texts(self, tag: str, **attributes: str) -> list[str]:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            " ".join(text.split())
            for found, has, text in self.elements
            if found == tag and wanted.items() <= has.items()
        ]

    def data(self) -> dict[str, list[dict[str, object]]]:
        (text,) = self.texts("script", id="data")
        found: dict[str, list[dict[str, object]]] = json.loads(text)
        return found


def test_what_a_boss_reads_stands_first(judged: MakeRun) -> None:
    one = judged(drawn_records(2000, 2_000_000), ["p(99)<250ms", "errors<0.001%"], name="monday")
    page = Outline(report_page([one]))
    assert page.texts("h1") == ["2,000 requests of 2,000 terminals within 2.00 s"]
    (lead,) = page.texts("p", class_="lead")
    assert re.fullmatch(
        r"1,99\d were approved \(99\.\d+ %\)\. Half of all requests were done within [\d.]+ ms, "
        r"99 of 100 within \d+ ms; the slowest took \d+ ms\.",
        lead,
    )
    assert page.texts("p", class_="badge bad") == ["FAILED: 1 of 2 thresholds held"]
    assert page.texts("dt")[:6] == ["Terminals", "Approved", "Answered a second", "p50", "p99", "Longest"]
    assert page.texts("h2") == ["Thresholds", "Charts", "Figures", "Over time", "About this run", "How to read this"]
    assert page.texts("title") == ["Load: monday"]


def test_every_number_stands_in_a_table(judged: MakeRun) -> None:
    one = judged(drawn_records(2000, 2_000_000), ["p(99)<250ms"])
    cells = [cell for tag in ("td", "th") for cell in Outline(report_page([one])).texts(tag)]
    figures = one.figures.all
    for percent in (50, 90, 95, 99, 99.9):
        assert f"{figures.latency.quantile(percent).ms:.1f} ms" in cells
        assert f"{figures.service_time.quantile(percent).ms:.1f} ms" in cells
    for text in ("approved", "declined", "00", "51", f"{figures.approved:,}", "p(99)<250ms", "held", "1.5 s"):
        assert text in cells


def test_parts_that_say_nothing_are_left_out(judged: MakeRun) -> None:
    good = Outline(report_page([judged([record()] * 20)]))
    assert good.texts("div", id="errors") == []
    assert good.texts("p", class_="badge plain") == ["NO THRESHOLDS"]
    assert not any("generator was the limit:" in text for text in good.texts("strong"))
    assert "All 20 were approved." in good.texts("p", class_="lead")[0]
    bad = Outline(report_page([judged([record(60_000), record(outcome=RequestOutcome.LOST)] * 20)]))
    assert bad.texts("div", id="errors") == [""]
    assert "The generator was the limit" in bad.texts("strong")[0]
    assert bad.texts("p", class_="badge warn") == ["THE GENERATOR WAS THE LIMIT"]


def test_a_host_that_stood_still_is_plain_to_see(judged: MakeRun) -> None:
    one = judged(drawn_records(1000, 5_000_000, stall=(1_000_000, 4_000_000)))
    page = Outline(report_page([one]))
    (sentence,) = page.texts("p", class_="note")[:1]
    assert sentence == "For 3.0 s nothing was answered while requests waited, from 1.0 s to 4.0 s of the run."
    (run,) = page.data()["runs"]
    assert isinstance(run["done"], list)
    assert isinstance(run["max"], list)
    assert run["done"][11:40] == [0] * 29
    slope = run["max"][10:40]
    assert slope[0] > 2900
    assert all(later < earlier for earlier, later in pairwise(slope)), "the first waits longest"


def test_nothing_recorded_is_a_page_too(judged: MakeRun) -> None:
    page = Outline(report_page([judged([])]))
    assert page.texts("p", class_="lead") == ["No request was begun."]


def test_several_runs_share_their_axes(judged: MakeRun) -> None:
    runs = [
        judged(drawn_records(500, 1_000_000), ["p(99)<250ms"], name="before"),
        judged(drawn_records(500, 1_000_000, 2, stall=(0, 500_000)), ["p(99)<250ms"], name="after"),
    ]
    page = Outline(report_page(runs))
    assert page.texts("h1") == ["2 runs compared"]
    assert [run["name"] for run in page.data()["runs"]] == ["before", "after"]
    assert page.texts("h2") == ["Differences", "Thresholds", "Charts", "before", "after", "How to read this"]
    assert "latency, p99" in page.texts("th")
    drawn = [attributes["id"] for tag, attributes, _ in page.elements if attributes.get("class") == "chart"]
    assert drawn == ["percentiles", "latency", "rate", "open"]


def test_its_policy_allows_what_it_holds_and_nothing_else(judged: MakeRun) -> None:
    page = report_page([judged(drawn_records(50, 500_000))])
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    allowed = dict(part.strip().split(" ", 1) for part in policy.replace("&#x27;", "'").split(";"))
    assert allowed["default-src"] == "'none'"
    assert set(allowed) == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    for kind, pattern in (("script-src", r"<script>(.*?)</script>"), ("style-src", r"<style>(.*?)</style>")):
        held = re.findall(pattern, page, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in held]
        assert allowed[kind].split() == [f"'sha256-{digest}'" for digest in digests]
        assert len(held) >= 2
    body = page[page.index("<body>") : page.index('<script type="application/json"')]
    assert not re.search(r'\s(style|on\w+)="', body), "what the policy forbids is not there"
    assert not re.search(r'\b(src|href|action)="', page)
    assert not re.search(r"https?://", re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL))


def test_what_files_say_is_escaped(judged: MakeRun) -> None:
    hostile = record()._replace(code=b"<b>&")
    one = judged(
        [hostile, record(service=1)],
        ["errors<1%"],
        name=HOSTILE,
        plan={"host": HOSTILE, "note": HOSTILE},
        command=["acquirer", HOSTILE],
        machine=HOSTILE,
        version=HOSTILE,
        python=HOSTILE,
        services=[HOSTILE, "sale"],
        phases=[{"name": HOSTILE, "kind": HOSTILE, "begin_s": 0, "length_s": 1}],
    )
    for runs in ([one], [one, one]):
        page = report_page(runs)
        outline = Outline(page)
        assert page.count("<script") == 4
        assert page.count("</script>") == 4
        assert not any(tag in ("img", "b") for tag, _, _ in outline.elements)
        assert outline.data()["runs"][0]["name"] == HOSTILE
        assert outline.texts("title")[0].startswith(f"Load: {HOSTILE}")
        assert "<b>&" in outline.texts("th")


def test_its_charts_are_drawn_by_the_library_as_it_was_published(judged: MakeRun) -> None:
    readme = (ASSETS / "README.md").read_text(encoding="utf-8")
    digests = dict(re.findall(r"^\| `(uPlot[^`]*)` \| `[^`]*` \| `([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    assert set(digests) == {"uPlot.iife.min.js", "uPlot.min.css"}
    for name, digest in digests.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest
    licence = (ASSETS / "uPlot.LICENSE.txt").read_text(encoding="utf-8").strip()
    assert "Permission is hereby granted" in licence
    page = report_page([judged([record()])])
    assert licence in page, "what is copied brings its licence"
    assert (ASSETS / "uPlot.iife.min.js").read_text(encoding="utf-8") in page


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("several", [False, True])
def test_a_browser_draws_all_charts_and_complains_of_nothing(judged: MakeRun, tmp_path: Path, several: bool) -> None:
    assert CHROMIUM is not None
    records = [
        one._replace(service=number % 2, phase=number // 600)
        for number, one in enumerate(drawn_records(900, 3_000_000))
    ]
    phases = [{"name": name, "kind": "burst", "begin_s": at, "length_s": 1} for name, at in ((HOSTILE, 0), ("b", 2))]
    one = judged(records, ["p(99)<250ms"], name=HOSTILE, phases=phases)
    two = judged(drawn_records(300, 1_000_000), name="later", begin_unix_ns=BEGIN_NS + 10**11)
    page = tmp_path / "page.html"
    page.write_text(report_page([one, two] if several else [one]), encoding="utf-8")
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "CONSOLE" not in done.stderr, done.stderr
    drawn = re.findall(r'<div id="(\w+)" class="chart"><div class="uplot', done.stdout)
    assert len(drawn) == done.stdout.count('class="chart"') == (4 if several else 7)
