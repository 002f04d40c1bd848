"""The host of a certification, as far as it is needed: it is prepared, watched, and asked about the terminal."""

from __future__ import annotations

from typing import Protocol

from acquirer.app.journeys.host import TestedHost


class CertifyingHost(TestedHost, Protocol):
    """A host that serves in this process; see `acquirer.cli.journey_host.HostOfJourney`."""

    def is_signed_on(self, tid: str) -> bool:
        """Return whether a terminal has signed on, and nothing asks it to do so again."""
