"""The printer of our terminal: it prints what it is given, or has the trouble that a test gives it."""

from __future__ import annotations

from typing import Final, Literal

from acquirer.data.toml import did_you_mean
from acquirer.errors import PeerError
from acquirer.terminal.effects import NotPrinted

PrinterTrouble = Literal["", "no-paper", "jam", "power-cut"]

PRINTER_TROUBLES: Final[dict[str, str]] = {
    "": "it prints",
    "no-paper": "nothing is printed until there is paper",
    "jam": "half of a copy is printed, and nothing more until the jam is cleared",
    "power-cut": "half of a copy is printed, then the power of the terminal fails",
}
"""What each does."""


class PowerFailedError(PeerError):
    """The power of the terminal failed while a slip was printed; what it has kept is all that it knows afterwards."""


class Printer:
    """Prints, or fails on demand.

    Args:
        trouble: a word of `PRINTER_TROUBLES`; it stays until it is changed.

    Raises:
        ValueError: there is no such trouble.
    """

    def __init__(self, trouble: str = "") -> None:
        self._trouble = ""
        self.trouble = trouble

    @property
    def trouble(self) -> str:
        """What is wrong with it; "": nothing."""
        return self._trouble

    @trouble.setter
    def trouble(self, trouble: str) -> None:
        if trouble not in PRINTER_TROUBLES:
            known = ", ".join(filter(None, PRINTER_TROUBLES))
            hint = did_you_mean(trouble, PRINTER_TROUBLES) or f"; there are {known}"
            raise ValueError(f"a printer has no trouble '{trouble}'{hint}")
        self._trouble = trouble

    @property
    def share(self) -> float:
        """How much of a copy comes out."""
        return {"": 1.0, "no-paper": 0.0}.get(self._trouble, 0.5)

    def outcome(self) -> NotPrinted | None:
        """Return what became of a copy. Raises PowerFailedError."""
        if self._trouble == "power-cut":
            raise PowerFailedError(
                "the power failed while a slip was printed: what was approved is kept, "
                "and the slip is printed before the next transaction"
            )
        return NotPrinted(self._trouble) if self._trouble else None
