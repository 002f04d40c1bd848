"""A relay in the background between our terminal and our host, which plays the real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acquirer.app.comparison import ComparisonReport
from acquirer.app.relay import RelayOptions, RunningRelay, relaying
from acquirer.app.terminal import Terminal
from acquirer.journal.entry import Entry
from acquirer.settings.config import make_config
from acquirer.settings.listen import Address
from acquirer.testing.background import Background, in_background
from acquirer.testing.host import RunningHost

DIALECTS = (
    "unionpay-pos",
    "unionpay-pos-sm4",
    "unionpay-pos-sign-301",
    "iso8583-1987-ascii",
    "iso8583-1987-binary",
    "iso8583-1987-ebcdic",
    "iso8583-1987-plain",
    "iso8583-1987-dukpt",
    "iso8583-1993-ascii",
    "iso8583-1993-bcd",
)
"""One at least of each length, text encoding, key scheme and version."""


@dataclass
class Relayed:
    """A relay that runs."""

    background: Background[RunningRelay]

    @property
    def address(self) -> str:
        return self.background.value.address

    @property
    def report(self) -> ComparisonReport:
        """What was compared so far."""
        report = self.background.value.comparison
        assert report is not None
        return report

    def terminal(self, tid: str = "10000161", **options: Any) -> Terminal:
        return Terminal(tid, host=self.address, **options)

    def entries(self) -> list[Entry]:
        """What is journalled by now."""

        def read() -> list[Entry]:
            store = self.background.value.store
            store.flush()
            with store.reader() as reader:
                return sorted(reader.exchanges(), key=lambda entry: entry.id)

        return self.background.call(read)


@contextmanager
def relayed(
    host: RunningHost | str, tmp_path: Path, compare: dict[str, Any] | None = None, **more: Any
) -> Iterator[Relayed]:
    """Run a relay to a host; `compare` are settings of our host beside it, `more` are options of the relay."""
    name, _, port = (host if isinstance(host, str) else host.address).rpartition(":")
    options = RelayOptions(
        Address("127.0.0.1", 0),
        (name, int(port)),
        store=f"sqlite:///{tmp_path}/relay.db",
        compare=None if compare is None else make_config(**compare),
        **more,
    )
    with in_background(lambda: relaying(options)) as background:
        yield Relayed(background)
