"""The report of a certification as a page: one HTML file that needs no network and runs nothing.

1. Its policy allows the style that it holds, by its hash, and nothing else.
2. What terminals and files of cases say is escaped (`acquirer.data.html`).
3. What did not pass stands open; the rest opens at a touch. Paper has each case, and the findings of what is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from acquirer.certification.page_style import STYLE
from acquirer.certification.report import (
    VERDICTS,
    CaseFinding,
    CaseResult,
    CaseVerdict,
    CertificationReport,
    Overall,
    summary_line,
)
from acquirer.data.html import Html, content_policy, element, html_table, together

_OVERALL: Final[dict[Overall, tuple[str, str]]] = {
    "passed": ("good", "passed: every case that a terminal must pass"),
    "failed": ("bad", "failed"),
    "incomplete": ("warn", "incomplete: not every case could be judged"),
}

_CLASSES: Final[dict[CaseVerdict, str]] = {
    "passed": "good",
    "failed": "bad",
    "not-judged": "warn",
    "not-done": "plain",
}


def certification_page(report: CertificationReport) -> str:
    """Return the page of a report."""
    title = f"Certification of terminal {report.tid}"
    style, overall = _OVERALL[report.overall]
    body = together(
        [
            element("h1", title),
            element("p", overall, class_=f"badge {style}"),
            element("p", summary_line(report), class_="lead"),
            _tiles(report),
            _facts(report),
            *_index(report),
            *_files(report),
            element(
                "footer", f"Written by acquirer {report.version}. Card numbers are masked; keys never stand in it."
            ),
        ]
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{escape(content_policy([], [STYLE]))}">
<title>{escape(title)}</title>
<style>{STYLE}</style>
<main>
{body}
</main>
</html>
"""


def _tiles(report: CertificationReport) -> Html:
    left = len(report.planned) - len(report.results)
    numbers = {words: report.number(verdict) for verdict, words in VERDICTS.items()} | ({"left": left} if left else {})
    tiles = [
        element("div", element("dt", words), element("dd", str(number)), class_="tile")
        for words, number in numbers.items()
    ]
    return element("dl", *tiles, class_="tiles")


def _facts(report: CertificationReport) -> Html:
    rows = [
        ("terminal", report.tid),
        ("dialect", report.dialect),
        ("cases", f"{', '.join(report.files)} (digest {report.digest})"),
        ("time-out of the terminal", f"{report.timeout_s:g} s"),
        ("does not have", ", ".join(report.without) or "–"),
        ("cases done by", report.driven_by or "a person"),
        ("begun", _moment(report.began)),
        ("ended", _moment(report.ended) if report.ended else "not yet"),
    ]
    return html_table(("", ""), rows)


def _index(report: CertificationReport) -> Iterator[Html]:
    """Yield a list of what did not pass, with links."""
    results = [one for one in report.results if one.verdict != "passed"]
    if not results:
        return
    yield element("h2", "what did not pass")
    rows = [
        (
            Html(f'<a href="#{escape(one.name)}">{escape(one.name)}</a>'),
            element("span", VERDICTS[one.verdict], class_=f"badge {_CLASSES[one.verdict]}"),
            one.severity,
            _short(one),
        )
        for one in results
    ]
    yield html_table(("case", "verdict", "severity", "because"), rows)


def _files(report: CertificationReport) -> Iterator[Html]:
    for file in dict.fromkeys(one.file for one in report.results):
        results = [one for one in report.results if one.file == file]
        passed = sum(one.verdict == "passed" for one in results)
        yield element("h2", file.replace("-", " "))
        yield element("p", f"{passed} of {len(results)} passed", class_="quiet")
        yield from map(_case, results)


def _case(result: CaseResult) -> Html:
    small = f"{result.name} · {result.severity}"
    if result.remarks:
        small += " · with remarks"
    if result.earlier:
        small += f" · attempt {len(result.earlier) + 1}, before it {', '.join(VERDICTS[one] for one in result.earlier)}"
    summary = element(
        "summary",
        element("span", result.title, element("small", small), class_="title"),
        element("span", VERDICTS[result.verdict], class_=f"badge {_CLASSES[result.verdict]}"),
    )
    body = element(
        "div",
        element("pre", result.sentence) if result.sentence else "",
        element("h3", "Why it matters"),
        element("p", result.why),
        element("p", f"Source: {result.source}", class_="quiet"),
        *_steps(result),
        *_findings(result.findings),
        _transcript(result.transcript),
    )
    shown = "open" if result.verdict in ("failed", "not-judged") or result.remarks else ""
    return element("details", summary, body, id=result.name, class_=f"card {result.verdict}", open=shown)


def _steps(result: CaseResult) -> Iterator[Html]:
    if not result.steps:
        return
    yield element("h3", "What was done")
    yield element("ol", *(element("li", one.do, _of_host(one.host) if one.host else "") for one in result.steps))


def _of_host(text: str) -> Html:
    return Html(f" {element('span', f'The host: {text}', class_='quiet')}")


def _findings(findings: Sequence[CaseFinding]) -> Iterator[Html]:
    if not findings:
        return
    yield element("h3", "What was expected")
    yield element("ul", *map(_finding, findings), class_="findings")


def _finding(finding: CaseFinding) -> Html:
    kind, word = (
        ("warn", "not judged") if finding.unjudged else ("bad", "no") if finding.difference else ("good", "yes")
    )
    if finding.difference and finding.severity == "should" and not finding.unjudged:
        kind = "warn"
    return element(
        "li",
        element("span", word, class_=f"badge {kind}"),
        finding.what,
        element("span", " (should)", class_="quiet") if finding.severity == "should" else "",
        element("pre", f"{finding.words}\n{finding.difference}") if finding.difference else "",
    )


def _transcript(text: str) -> Html:
    if not text:
        return Html("")
    return element("details", element("summary", "What was exchanged"), element("pre", text), class_="inner")


def _short(result: CaseResult) -> str:
    """Return in a line why a case did not pass."""
    return result.failures[0].what if result.failures else result.sentence.partition("\n")[0]


def _moment(iso: str) -> str:
    return f"{iso[:19].replace('T', ' ')} UTC" if iso else "–"
