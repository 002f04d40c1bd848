"""What a server counts: plain numbers, raised on the loop's thread and printed at exit."""

from __future__ import annotations

from collections import Counter


class Counters:
    """Sums since the server was made."""

    __slots__ = (
        "closes",
        "connections",
        "connections_most",
        "connections_refused",
        "faults",
        "files_exhausted",
        "frames",
        "keep_alives",
        "pauses",
    )

    def __init__(self) -> None:
        self.connections = 0  # accepted
        self.connections_most = 0  # open at one time
        self.connections_refused = 0  # over the limit
        self.frames = 0
        self.keep_alives = 0  # frames of length 0
        self.pauses = 0  # times a peer was not read for a while
        self.files_exhausted = 0  # newcomers lost because no descriptor was free
        self.faults = 0  # exceptions that reached the net: each one is a bug
        self.closes: Counter[str] = Counter()  # connections we ended, by reason

    def closed(self, reason: str) -> None:
        self.closes[reason] += 1

    def as_dict(self) -> dict[str, int]:
        """All counts under flat names: ``{"connections": 3, "closed_idle": 1, …}``."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "closes"}
        return plain | {f"closed_{reason.replace('-', '_')}": n for reason, n in sorted(self.closes.items())}
