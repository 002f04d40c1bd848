"""The journal of a host in another process, read page by page through HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from acquirer.app.host_client import HostClient
from acquirer.app.journal_queries import JournalChanges
from acquirer.journal.entry import NAMES, Entry
from acquirer.journal.exchange_filter import ExchangeFilter
from acquirer.matcher.expression import Atom, conjunction
from acquirer.matcher.filter_text import as_filter

LONGEST_PAGE: Final = 1_000

LOOK_AGAIN_S: Final = 0.5
"""So long a host lets a request wait for its journal to grow: what became of a reply is said by no new exchange."""

_COLUMNS: Final = ("tid", "stan", "code", "service", "reason", "mti", "mark")


class RemoteSource:
    """What a search reads. See `journal.search.JournalSource`."""

    def __init__(self, client: HostClient) -> None:
        self.client = client

    def backwards(self, wanted: ExchangeFilter, before: int | None = None, limit: int = 500) -> Sequence[Entry]:
        return [*islice(self._backwards(wanted, before, limit), limit)]

    def newest(self) -> int:
        """Return the number of the last exchange; 0 when there is none."""
        return int(self.client.ask("GET", "/journal?order=newest&limit=1")["newest"])

    def _backwards(self, wanted: ExchangeFilter, before: int | None, limit: int) -> Iterator[Entry]:
        parts = [Atom(name, "equal", value) for name in _COLUMNS if (value := getattr(wanted, name))]
        if wanted.after:
            parts.append(Atom("id", ">", str(wanted.after)))
        query: dict[str, Any] = {"order": "newest", "limit": min(limit, LONGEST_PAGE)}
        if parts:
            query["filter"] = as_filter(conjunction(parts))
        while True:
            page = self.client.ask("GET", f"/journal?{urlencode(query | ({'after': before} if before else {}))}")
            for document in page["items"]:
                entry = entry_of_document(document)
                if wanted.since_us <= entry.at_us < (wanted.until_us or entry.at_us + 1):
                    yield entry
            before = page["next"]
            if not page["more"] or before is None or before <= 1:
                return


class RemoteChanges(JournalChanges):
    """Says that the journal of a host in another process has grown: it is asked for."""

    def __init__(self, source: RemoteSource) -> None:
        super().__init__()
        self._source = source

    @property
    def number(self) -> int:
        """Return the number of the last exchange."""
        return self._source.newest()

    def wait(self, seen: int, timeout_s: float) -> int:
        """Wait until there is an exchange behind `seen`, or a little while; return the number of the last one known."""
        body = {"after": seen, "timeout": min(timeout_s, LOOK_AGAIN_S)}
        found = self._source.client.ask("POST", "/journal/wait", body)["exchanges"]
        return max([seen, *(int(one["id"]) for one in found)])


def entry_of_document(document: Mapping[str, Any]) -> Entry:
    """Return the exchange that a document of ``/journal`` shows."""
    values = {name: document[name] for name in NAMES if name in document}
    return Entry(**{**values, "notes": tuple(values.get("notes", ()))})
