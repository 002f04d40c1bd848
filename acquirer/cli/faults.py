"""``acquirer faults``: which kinds of faults there are, and how each is written."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="Describe this kind only.")] = None,
) -> None:
    """Describe the kinds of faults that a host can be given, in Markdown (docs/faults.md is this page)."""
    from acquirer.scenario.catalogue import kind_page, page
    from acquirer.scenario.registry import known_names

    print(page(known_names()) if kind is None else kind_page(kind), end="")
