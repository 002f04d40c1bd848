"""The kinds of downloads, by the words that people and files use, in the order in which a terminal fetches them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

Download = Literal["parameters", "status", "capk", "aid", "contactless", "bins", "blacklist", "rates", "software"]

ORDER: Final[tuple[Download, ...]] = get_args(Download)
"""A terminal's first hour, then what comes with later replies (Q/CUP 009, 首次下载)."""

NAMES: Final[dict[Download, str]] = {
    "parameters": "terminal parameters",
    "status": "the terminal's status (uploaded)",
    "capk": "CA public keys",
    "aid": "chip parameters (AIDs)",
    "contactless": "contactless parameters",
    "bins": "BIN tables B and C",
    "blacklist": "the blacklist",
    "rates": "currency rates",
    "software": "software (TMS)",
}
"""What each is called in sentences."""


def ordered_downloads(kinds: Iterable[str]) -> tuple[Download, ...]:
    """Return kinds without repetition, in their order.

    >>> ordered_downloads(["aid", "parameters", "aid"])
    ('parameters', 'aid')
    """
    wanted = set(kinds)
    return tuple(kind for kind in ORDER if kind in wanted)
