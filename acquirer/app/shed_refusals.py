"""Refusals that were answered and not journalled, because more came than are written: counted, logged once a second."""

from __future__ import annotations

from collections import Counter

from acquirer.data.text import plural
from acquirer.observe.log import Log


class ShedRefusals:
    """The count of a host, and who was refused since it was logged last."""

    __slots__ = ("_by_peer", "_log", "total")

    def __init__(self, log: Log) -> None:
        self._log = log
        self._by_peer: Counter[str] = Counter()
        self.total = 0

    def add(self, peer: str) -> None:
        """Count one."""
        self.total += 1
        self._by_peer[peer] += 1

    def report(self) -> None:
        """Log how many there were since the last time, if there were any."""
        if not self._by_peer:
            return
        refusals, peers = self._by_peer.total(), len(self._by_peer)
        peer, most = self._by_peer.most_common(1)[0]
        self._by_peer.clear()
        self._log.event(
            "not-journalled",
            f"{plural(refusals, 'refusal')} of {plural(peers, 'connection')} were answered and not journalled: "
            "more came than are written beside other exchanges",
            refusals=refusals,
            connections=peers,
            peer=peer,
            of_peer=most,
        )
