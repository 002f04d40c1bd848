"""The fault ``wrong_rrn``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from acquirer.scenario.other_element import Other, OtherElement


@dataclass(frozen=True, slots=True)
class OtherRrn(OtherElement):
    """Give the reply another reference number than the one that was booked.

    A terminal cannot notice it. It prints the wrong number on its receipt, and a refund that names it is refused 25.

    Args:
        to: The reference number in the reply, 12 digits.
    """

    element: ClassVar[str] = "rrn"

    to: Other = ""
