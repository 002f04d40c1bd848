"""Downloads of lists of cards, page by page: the BIN tables B and C, and the blacklist."""

from __future__ import annotations

from acquirer.data.text import plural
from acquirer.downloads.catalogue import Cards
from acquirer.downloads.lists import FIRST_CARDS, MOST_CARDS, CardListKind, read_card_page
from acquirer.terminal.download_steps import Fetched, ask, guarded, read_reply, unreadable_reply
from acquirer.terminal.effects import Program
from acquirer.terminal.machine import Machine


@guarded
def fetch_bins(machine: Machine) -> Program[Fetched]:
    """Fetch both BIN tables: the end of the second ends both."""
    table_b = yield from _pages(machine, "bins_b", "length2-bin")
    yield from ask(machine, "bins_b_end")
    table_c = yield from _pages(machine, "bins_c", "length2-bin")
    end = yield from ask(machine, "bins_c_end", last=True)
    summary = f"BIN table B of {plural(len(table_b), 'entry', 'entries')}, C of {len(table_c)}"
    return Fetched(end, summary, {"bins_b": table_b, "bins_c": table_c}, ended=True)


@guarded
def fetch_blacklist(machine: Machine) -> Program[Fetched]:
    """Fetch the blacklist."""
    cards = yield from _pages(machine, "blacklist", "length2-digits")
    end = yield from ask(machine, "blacklist_end", last=True)
    return Fetched(end, f"blacklist of {plural(len(cards), 'card')}", {"blacklist": cards}, ended=True)


def _pages(machine: Machine, service: str, kind: CardListKind) -> Program[Cards]:
    """Return all cards of a list; one whose numbers do not go up is refused."""
    cards: list[tuple[int, str]] = []
    wanted, last = FIRST_CARDS, 0
    while True:
        exchange = yield from ask(machine, service, wanted)
        control, end, page = read_reply(exchange, lambda data: read_card_page(data, kind))
        if control != "0" and not last < end <= MOST_CARDS:
            raise unreadable_reply(exchange, f"says that its last entry is {end:03}, and {last:03} were there before")
        cards += page
        if control != "2" or end == MOST_CARDS:
            return tuple(cards)
        wanted, last = f"{end + 1:03}".encode("ascii"), end
