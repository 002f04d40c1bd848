"""The fault ``wrong_mid``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from acquirer.scenario.other_element import Other, OtherElement


@dataclass(frozen=True, slots=True)
class OtherMid(OtherElement):
    """Give the reply the number of another merchant.

    A good terminal does not use a reply that is not for its merchant: it reverses the transaction.

    Args:
        to: The merchant number in the reply, 15 characters.
    """

    element: ClassVar[str] = "mid"

    to: Other = ""
