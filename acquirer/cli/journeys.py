"""``acquirer journeys``: how journeys are written, and which of them ship."""

from __future__ import annotations


def command() -> None:
    """Describe journeys, in Markdown (docs/journeys.md is this page)."""
    from acquirer.cli.pages import print_page
    from acquirer.journey.page import journeys_page
    from acquirer.journey.reading import read_journey_header
    from acquirer.settings.named_files import JOURNEYS

    print_page(journeys_page((name, read_journey_header(JOURNEYS.read(name)).about) for name in JOURNEYS.names))
