"""What a terminal has downloaded, as it is kept; what it was asked for and has not fetched to the end.

Each kind is changed as a whole, once its end was answered: what a power cut interrupts is fetched again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from acquirer.data.json_text import parse_json
from acquirer.downloads.aids import Aid
from acquirer.downloads.ca_keys import CaKey, KeyName
from acquirer.downloads.catalogue import Cards
from acquirer.downloads.kinds import Download, ordered_downloads
from acquirer.downloads.parameters import ParameterValues
from acquirer.downloads.rates import Rate
from acquirer.security.secret import Secret


@dataclass(frozen=True, slots=True)
class Downloaded:
    """All of it; empty: it was not fetched, or there is none."""

    parameters: ParameterValues = field(default_factory=dict)
    keys: tuple[CaKey, ...] = ()
    aids: tuple[Aid, ...] = ()
    contactless: Mapping[str, int] = field(default_factory=dict)
    bins_b: Cards = ()
    bins_c: Cards = ()
    blacklist: Cards = field(default=(), repr=False)
    rates: tuple[Rate, ...] = ()
    fetched: Mapping[str, str] = field(default_factory=dict)  # kind → when, local time in ISO 8601
    pending: tuple[Download, ...] = ()  # begun and not ended
    tmk: Secret | None = None  # in use; None: the one that was entered
    next_tmk: Secret | None = None  # the host may use it already: its activation was not answered


NO_DOWNLOADS: Final = Downloaded()


def pack_downloaded(downloaded: Downloaded) -> bytes:
    """Return it as JSON, to be sealed: it holds card numbers and keys."""
    document = {
        "parameters": dict(downloaded.parameters),
        "keys": [_packed_key(key) for key in downloaded.keys],
        "aids": [[one.aid, one.values] for one in downloaded.aids],
        "contactless": dict(downloaded.contactless),
        "bins_b": downloaded.bins_b,
        "bins_c": downloaded.bins_c,
        "blacklist": downloaded.blacklist,
        "rates": downloaded.rates,
        "fetched": dict(downloaded.fetched),
        "pending": downloaded.pending,
        "tmk": downloaded.tmk.pack().hex() if downloaded.tmk else "",
        "next_tmk": downloaded.next_tmk.pack().hex() if downloaded.next_tmk else "",
    }
    return json.dumps(document, ensure_ascii=False).encode()


def unpack_downloaded(packed: bytes) -> Downloaded:
    """Return what `pack_downloaded` packed. Raises ValueError, KeyError, TypeError."""
    document: dict[str, Any] = parse_json(packed)
    values = document["parameters"]
    return Downloaded(
        parameters={name: tuple(value) if isinstance(value, list) else value for name, value in values.items()},
        keys=tuple(_unpacked_key(*one) for one in document["keys"]),
        aids=tuple(Aid(aid, tuple((tag, value) for tag, value in values)) for aid, values in document["aids"]),
        contactless=document["contactless"],
        bins_b=_cards(document["bins_b"]),
        bins_c=_cards(document["bins_c"]),
        blacklist=_cards(document["blacklist"]),
        rates=tuple(Rate(*one) for one in document["rates"]),
        fetched=document["fetched"],
        pending=ordered_downloads(document["pending"]),
        tmk=Secret.unpack(bytes.fromhex(document["tmk"])) if document["tmk"] else None,
        next_tmk=Secret.unpack(bytes.fromhex(document["next_tmk"])) if document["next_tmk"] else None,
    )


def _packed_key(key: CaKey) -> list[str]:
    values = (key.modulus, key.exponent, key.check_value)
    texts = [value.hex() for value in values]
    return [key.name.rid, key.name.index, key.expiry, *texts, key.hash_algorithm, key.key_algorithm]


def _unpacked_key(
    rid: str, index: str, expiry: str, modulus: str, exponent: str, check: str, hash_algorithm: str, key_algorithm: str
) -> CaKey:
    name, values = KeyName(rid, index), [bytes.fromhex(text) for text in (modulus, exponent, check)]
    return CaKey(name, expiry, values[0], values[1], values[2], hash_algorithm, key_algorithm)


def _cards(cards: list[list[Any]]) -> Cards:
    return tuple((length, digits) for length, digits in cards)
