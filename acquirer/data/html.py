"""Pieces of HTML: all that stands in them is escaped here, and nowhere else; and what a page may load."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *content: str, **attributes: str) -> Html:
    """Return an element; what it holds is escaped unless it is HTML already.

    Args:
        attributes: an underscore at the end of a name is left out, as in ``class_``; those that are "" are left out.

    >>> element("p", "a < b", element("b", "c"), class_="quiet")
    '<p class="quiet">a &lt; b<b>c</b></p>'
    >>> element("p", id='"><script>')
    '<p id="&quot;&gt;&lt;script&gt;"></p>'
    """
    written = "".join(f' {name.rstrip("_")}="{escape(value)}"' for name, value in attributes.items() if value)
    return Html(f"<{tag}{written}>{''.join(map(_escaped, content))}</{tag}>")


def together(parts: Iterable[str]) -> Html:
    """Return pieces one after the other, a line each; empty ones are left out."""
    return Html("\n".join(_escaped(part) for part in parts if part))


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> Html:
    """Return a table; a column whose name ends in ``>`` holds numbers. The first cell of a row is its name."""
    names = [name.rstrip(">") for name in columns]
    kinds = ["n" if name.endswith(">") else "" for name in columns]
    head = [element("th", name, class_=kind, scope="col") for name, kind in zip(names, kinds, strict=True)]
    body = []
    for row in rows:
        cells = [
            element("td", cell, class_=kind) if place else element("th", cell, class_=kind, scope="row")
            for place, (cell, kind) in enumerate(zip(row, kinds, strict=True))
        ]
        body.append(element("tr", *cells))
    grid = element(
        "table",
        element("caption", caption) if caption else "",
        element("thead", element("tr", *head)),
        element("tbody", *body),
    )
    return element("div", grid, class_="scroll")


def content_policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Return a Content-Security-Policy that allows these inline scripts and styles only."""
    allowed = {"script-src": scripts, "style-src": styles}
    sources = "; ".join(f"{kind} {' '.join(map(_hash_source, texts))}" for kind, texts in allowed.items())
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _escaped(text: str) -> str:
    return text if isinstance(text, Html) else escape(text)
