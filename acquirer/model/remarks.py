"""What people say of an exchange that is over."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said of one exchange.

    Args:
        exchange_id: its number in the journal.
        mark: a word or two to find it by; "": none.
        comment: anything; "": none.
    """

    exchange_id: int
    mark: str = ""
    comment: str = ""
