"""The page of a run, or of several on the same axes: one HTML file that needs no network.

1. All numbers stand in tables, readable without JavaScript and on paper; charts are drawn from data in the page.
2. Its policy allows the scripts and the styles that it holds, by their hashes, and nothing else.
3. What files and hosts say is escaped (`acquirer.data.html`); in data, ``<`` is written as an escape of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, Final

from acquirer import __version__
from acquirer.data.html import content_policy
from acquirer.load.report.chart_data import run_data
from acquirer.load.report.comparison_page import comparison_body
from acquirer.load.report.judged_run import JudgedRun
from acquirer.load.report.run_page import run_body

_SCRIPTS: Final = {"sharp": "sharp.js", "charts": "uPlot.iife.min.js", "script": "page.js"}
_STYLES: Final = {"chart_style": "uPlot.min.css", "style": "page.css"}


def report_page(runs: Sequence[JudgedRun]) -> str:
    """Return the page of one run, or of several that are compared."""
    title = " · ".join(one.figures.run.name for one in runs)
    body = run_body(runs[0]) if len(runs) == 1 else comparison_body(runs)
    scripts = {key: _asset(name) for key, name in _SCRIPTS.items()}
    styles = {key: _asset(name) for key, name in _STYLES.items()}
    return Template(_asset("page.html")).substitute(
        scripts,
        **styles,
        policy=content_policy(list(scripts.values()), list(styles.values())),
        title=escape(f"Load: {title}"),
        version=escape(__version__),
        licence=_asset("uPlot.LICENSE.txt").strip(),
        body=body,
        data=script_json({"runs": [run_data(one.figures) for one in runs]}),
    )


def script_json(document: Any) -> str:
    """Return JSON that can stand in a script element, which ends at the first ``</script``.

    >>> script_json({"name": "</script>"})
    '{"name":"\\\\u003c/script>"}'
    """
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")
