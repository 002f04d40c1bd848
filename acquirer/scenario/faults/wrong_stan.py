"""The fault ``wrong_stan``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from acquirer.scenario.other_element import Other, OtherElement


@dataclass(frozen=True, slots=True)
class OtherStan(OtherElement):
    """Give the reply the STAN of another transaction.

    A good terminal takes it for the reply to another request: it does not use it, waits for its own until its time-out,
    and reverses.

    Args:
        to: The STAN in the reply, 6 digits.
    """

    element: ClassVar[str] = "stan"

    to: Other = ""
