"""What a terminal keeps of its printer: the copies that are left to print, and a journal of those it has printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from acquirer.slip.words import Copy

KEPT_PRINTS: Final = 200
"""Entries of the print journal: a busy day of two copies each; the oldest are forgotten."""

TROUBLES: Final[Mapping[str, str]] = {"no-paper": "there is no paper", "jam": "the paper is jammed"}
"""What keeps a printer from printing, and how a sentence says it."""

SETTLEMENT_COPY: Final[Copy] = "merchant"
"""A settlement's slip is for the merchant."""


@dataclass(frozen=True, slots=True)
class Unprinted:
    """Copies that are still to be printed: of the last transaction's slip, or of the last settlement's."""

    copies: tuple[Copy, ...]
    settlement: bool = False
    trouble: str = ""  # that kept it from being printed; "": none is known, the power may have failed


@dataclass(frozen=True, slots=True)
class PrintRecord:
    """One copy that was printed, or was not."""

    at: str  # YYYY/MM/DD HH:MM:SS
    batch: str
    stan: str  # "": the slip of the batch's settlement
    copy: Copy
    reprint: int  # which one; 0: the first print
    trouble: str = ""  # "": it was printed


def pack_unprinted(unprinted: Unprinted | None) -> dict[str, Any] | None:
    """Return it as a JSON object."""
    return asdict(unprinted) if unprinted else None


def pack_prints(prints: Iterable[PrintRecord]) -> list[dict[str, Any]]:
    """Return a print journal as JSON objects."""
    return [asdict(one) for one in prints]


def read_prints(documents: Iterable[Mapping[str, Any]]) -> tuple[PrintRecord, ...]:
    """Return a print journal from its JSON objects. Raises TypeError."""
    return tuple(PrintRecord(**one) for one in documents)


def read_unprinted(document: Mapping[str, Any] | None) -> Unprinted | None:
    """Return it from its JSON object. Raises KeyError, TypeError."""
    return Unprinted(**{**document, "copies": tuple(document["copies"])}) if document else None
