"""How strictly the upload of a signature is looked at: one mode for each check.

Hosts of the field differ: one compares the amount and nothing else, another stores everything. So every check is
``strict`` (refuses), ``log`` (keeps the signature with a flag) or ``off`` (does not look).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final, Literal

from acquirer.data.toml import did_you_mean

Mode = Literal["strict", "log", "off"]
MODES: Final = ("strict", "log", "off")


@dataclass(frozen=True, slots=True)
class Checks:
    """How strict each check is; the defaults refuse what real hosts refuse, and note the rest."""

    original: Mode = "strict"  # the sale is known, and was approved
    amount: Mode = "strict"  # it is the sale's
    card: Mode = "log"  # its number is the sale's
    rrn: Mode = "log"  # the reference number is the sale's
    date: Mode = "log"  # the settlement date is the sale's
    time: Mode = "log"  # the slip's time is about the sale's
    slip: Mode = "strict"  # its elements can be read
    header: Mode = "strict"  # the image is a JBIG picture of a size and kind that can be decoded
    parts: Mode = "strict"  # none is missing when the last one comes
    pixels: Mode = "log"  # the image is whole and shows what may be a signature; strict decodes before answering


def parse_checks(words: Iterable[str]) -> Checks:
    """Modes from texts like ``"amount=log"``; what is not named keeps its default.

    >>> parse_checks(["amount=log"]).amount
    'log'

    Raises:
        ValueError: one sentence about the word that is wrong.
    """
    known = [check.name for check in fields(Checks)]
    modes: dict[str, Mode] = {}
    for word in words:
        name, _, mode = word.partition("=")
        if name not in known:
            raise ValueError(f"'{word}': no check of signatures is called '{name}'{did_you_mean(name, known)}")
        found = next((one for one in MODES if one == mode), None)
        if found is None:
            raise ValueError(f"'{word}': write {name}=strict, {name}=log or {name}=off")
        modes[name] = found
    return Checks(**modes)
