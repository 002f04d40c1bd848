"""``acquirer transactions``: the kinds of transactions, which message asks for each, and what may happen to it."""

from __future__ import annotations


def command() -> None:
    """Describe transactions, in Markdown (docs/transactions.md is this page)."""
    from acquirer.app.transactions_page import transactions_page
    from acquirer.cli.pages import print_page
    from acquirer.settings.specs import load_dialect

    print_page(transactions_page(load_dialect("unionpay-pos")))
