"""What the net reports, written to the log, and never so often that the log becomes the problem."""

from __future__ import annotations

import time

from acquirer.observe.log import Log

EXHAUSTED_EVERY_S = 10.0
"""While descriptors are short every newcomer would be a line."""

REFUSED_A_SECOND = 20
"""A port scan is a few lines; a flood of them is not logged."""


class LoggingWatcher:
    """Logs refused peers, faults and missing descriptors. See `net.server.Watcher`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._exhausted_s = 0.0
        self._refused_s = 0.0
        self._refused = 0

    def refused(self, peer: str, reason: str, detail: str) -> None:
        now_s = time.monotonic()
        if now_s - self._refused_s > 1:
            self._refused_s, self._refused = now_s, 0
        self._refused += 1
        if self._refused <= REFUSED_A_SECOND:
            self._log.event("refused", detail, reason=reason, peer=peer)

    def fault(self, peer: str) -> None:
        self._log.fault("internal-fault", peer)

    def files_exhausted(self) -> None:
        now_s = time.monotonic()
        if now_s - self._exhausted_s > EXHAUSTED_EVERY_S or not self._exhausted_s:
            self._exhausted_s = now_s
            self._log.event("files-exhausted", "no file descriptor is free: newcomers are closed; see ulimit -n")
