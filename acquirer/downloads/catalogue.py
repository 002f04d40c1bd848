"""What a host has for its terminals to download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acquirer.downloads.aids import Aid
from acquirer.downloads.ca_keys import CaKey, KeyName
from acquirer.downloads.master_key import HostRsaKey
from acquirer.downloads.parameters import ParameterValues
from acquirer.downloads.rates import Rate

Cards = tuple[tuple[int, str], ...]
"""Lengths of card numbers, each with its first digits or with all of them."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it; nothing of a kind: there is none."""

    parameters: ParameterValues = field(default_factory=dict)
    keys: Mapping[KeyName, CaKey] = field(default_factory=dict)
    aids: Mapping[str, Aid] = field(default_factory=dict)
    contactless: Mapping[str, int] = field(default_factory=dict)
    bins_b: Cards = ()
    bins_c: Cards = ()
    blacklist: Cards = ()
    rates: tuple[Rate, ...] = ()
    rsa_key: HostRsaKey | None = None


NOTHING = Catalogue()
