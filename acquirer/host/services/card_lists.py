"""Lists of cards: BIN tables B and C (卡BIN下载) and the blacklist (黑名单下载), in pages, and their ends.

UnionPay: 0800 functions 396, 397 (B), 398, 399 (C), 390, 391. The BIN tables are one download: the end of the second
table ends it.
"""

from __future__ import annotations

from acquirer.downloads.catalogue import Cards
from acquirer.downloads.lists import CardListKind, read_number, write_card_page
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import answer, fetched, read_wanted
from acquirer.host.explain import downloads as why
from acquirer.host.registry import service


@service("bins_b")
def bins_b(case: Case) -> Decision:
    """Hand out a page of BIN table B."""
    return _page(case, case.host.downloads.bins_b, "length2-bin", "BIN table B")


@service("bins_c")
def bins_c(case: Case) -> Decision:
    """Hand out a page of BIN table C."""
    return _page(case, case.host.downloads.bins_c, "length2-bin", "BIN table C")


@service("blacklist")
def blacklist(case: Case) -> Decision:
    """Hand out a page of the blacklist."""
    return _page(case, case.host.downloads.blacklist, "length2-digits", "blacklist")


def _page(case: Case, cards: Cards, kind: CardListKind, name: str) -> Decision:
    first = read_wanted(case, read_number)
    size = case.host.dialect.downloads.page
    content, page = write_card_page(cards, first, size, kind)
    at_start = first <= 1 or (bool(size) and first % size == 1 % size)
    notes = () if at_start or not cards else (why.out_of_sequence(first, size, len(cards)),)
    return answer(case, why.page_handed_out(page, len(cards), name), content, notes=notes)


@service("bins_b_end")
def bins_b_end(case: Case) -> Decision:
    """Say that BIN table B was fetched: table C is to come."""
    return answer(case, f"the terminal has fetched BIN table B; {why.still_pending(case.session.downloads)}")


@service("bins_c_end")
def bins_c_end(case: Case) -> Decision:
    """Note that the terminal has the BIN tables."""
    return fetched(case, "bins")


@service("blacklist_end")
def blacklist_end(case: Case) -> Decision:
    """Note that the terminal has the blacklist."""
    return fetched(case, "blacklist")
