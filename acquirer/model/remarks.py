"""What people say of an exchange that is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MARK_MOST: Final = 40
"""Characters of a mark: it stands in the line of its exchange."""

COMMENT_MOST: Final = 1_000


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
