"""The fault ``wrong_batch``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from acquirer.scenario.other_element import Other, OtherElement


@dataclass(frozen=True, slots=True)
class OtherBatch(OtherElement):
    """Give the reply another batch number than the terminal's.

    A good terminal takes the batch number of a sign-on's reply as its own; the host refuses transactions of another
    batch, 77, and a new sign-on mends it. Any other reply with a wrong one is a reply to another request.

    Args:
        to: The batch number in the reply, 6 digits.
    """

    element: ClassVar[str] = "batch"

    to: Other = ""
