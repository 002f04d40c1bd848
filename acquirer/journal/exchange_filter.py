"""Which exchanges a reader of the journal is asked for: columns with one value each, and bounds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExchangeFilter:
    """Which exchanges are wanted; an empty field fits any."""

    tid: str = ""
    stan: str = ""
    code: str = ""
    service: str = ""
    reason: str = ""
    mti: str = ""
    mark: str = ""
    since_us: int = 0  # only those that began then or later
    until_us: int = 0  # only those that began before
    after: int = 0  # only those with a higher number

    @property
    def selective(self) -> bool:
        """Whether an index leads to them, wherever in the journal they stand.

        A STAN has none: the rows of its terminal are few, those of a service are not.
        """
        indexed = self.service or self.code or self.reason or self.mti or self.since_us or self.until_us
        return bool(self.tid or self.mark or (indexed and not self.stan))
