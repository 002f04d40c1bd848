"""The fault ``wrong_tid``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from acquirer.scenario.other_element import Other, OtherElement


@dataclass(frozen=True, slots=True)
class OtherTid(OtherElement):
    """Give the reply the number of another terminal.

    A good terminal does not take a reply that is not for it: it waits until its time-out, and reverses.

    Args:
        to: The terminal number in the reply, 8 characters.
    """

    element: ClassVar[str] = "tid"

    to: Other = ""
