"""``acquirer rules``: how rules are written, and which packs of them ship."""

from __future__ import annotations


def command() -> None:
    """Describe rules and packs, in Markdown (docs/rules.md is this page)."""
    from acquirer.cli.pages import print_page
    from acquirer.scenario.rules.page import rules_page
    from acquirer.settings.packs import pack_names, read_pack

    print_page(rules_page((pack.name, pack.about) for pack in map(read_pack, pack_names())))
