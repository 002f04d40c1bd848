"""Reads what terminals download: the shipped files under ``specs/downloads``, or those of a folder of the user's own.

A folder need not hold all of them: what it lacks is as shipped. A file that is none of them is refused, because it is
most likely a misspelt one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from acquirer.data.table import Table
from acquirer.data.toml import DataError, did_you_mean
from acquirer.downloads import contactless, parameters
from acquirer.downloads.aids import AID_BYTES, TAGS, Aid
from acquirer.downloads.ca_keys import RID_BYTES, CaKey, KeyName, key_check_value
from acquirer.downloads.catalogue import Cards, Catalogue
from acquirer.downloads.lists import MOST_CARDS, MOST_ENTRIES
from acquirer.downloads.master_key import HostRsaKey
from acquirer.downloads.rates import Rate
from acquirer.security.key_transport import RsaKey
from acquirer.settings.shipped import specs_dir
from acquirer.settings.text_file import read_toml_file
from acquirer.wire.card_numbers import PAN_DIGITS, passes_luhn
from acquirer.wire.tlv import BIN_DIGITS

MODULUS_BYTES: Final = (64, 248)  # EMV allows 1984 bits; below 512 no key is one


def load_downloads(folder: Path | None = None) -> Catalogue:
    """Return what terminals download; None: as shipped.

    Raises:
        DataError: with file, line and key.
    """
    shipped = specs_dir() / "downloads"
    if folder is None:
        return _shipped()
    if not folder.is_dir():
        raise DataError(str(folder), 0, "", "is no folder; name one that holds files like those of specs/downloads")
    for path in sorted(folder.glob("*.toml")):
        if path.name not in FILES:
            hint = did_you_mean(path.name, FILES) or f"; there are {', '.join(FILES)}"
            raise DataError(str(path), 0, "", f"is no file of downloads{hint}")
    return _read({name: folder / name if (folder / name).exists() else shipped / name for name in FILES})


@cache
def _shipped() -> Catalogue:
    folder = specs_dir() / "downloads"
    return _read({name: folder / name for name in FILES})


def _read(paths: Mapping[str, Path]) -> Catalogue:
    values: dict[str, Any] = {}
    for name, path in paths.items():
        top = Table(read_toml_file(path))
        values |= FILES[name](top)
        top.end()
    return Catalogue(**values)


def _parameters(top: Table) -> dict[str, Any]:
    return {"parameters": _checked(top, parameters.BY_NAME, parameters.parameter_value)}


def _contactless(top: Table) -> dict[str, Any]:
    return {"contactless": _checked(top, contactless.BY_NAME, contactless.contactless_value)}


def _checked(top: Table, known: Mapping[str, Any], check: Callable[[str, object], Any]) -> dict[str, Any]:
    top.only(known)
    values: dict[str, Any] = {}
    for name in top:
        try:
            values[name] = check(name, top.raw(name))
        except ValueError as exc:
            raise top.error(name, str(exc)) from None
    return values


def _keys(top: Table) -> dict[str, Any]:
    keys: dict[KeyName, CaKey] = {}
    for one in top.tables("capk") if top.has("capk") else []:
        name = _key_name(one)
        if name in keys:
            raise one.error("index", f"CA public key {name} stands there already")
        modulus = _modulus(one)
        exponent = _hex(one, "exponent", (1, 3), "03")
        expected = key_check_value(name, modulus, exponent)
        check = _hex(one, "check", (20, 20), expected.hex())
        key = CaKey(name, _date(one, "expiry"), modulus, exponent, check)
        if problem := key.check_problem:
            raise one.error("check", f"is wrong: {problem}")
        damaged = bytes([*check[:-1], check[-1] ^ 0xFF])
        keys[name] = replace(key, check_value=damaged) if one.flag("damaged", False) else key
        one.end()
    if len(keys) > MOST_ENTRIES:
        raise top.error("capk", f"holds {len(keys)} keys, and a list that terminals ask for has at most {MOST_ENTRIES}")
    return {"keys": keys}


def _key_name(table: Table) -> KeyName:
    rid, index = _hex(table, "rid", (RID_BYTES, RID_BYTES)), _hex(table, "index", (1, 1))
    return KeyName(rid.hex().upper(), index.hex().upper())


def _aids(top: Table) -> dict[str, Any]:
    usual = top.table("usual")
    usual.only([one.name for one in TAGS])
    for tag in TAGS:
        if usual.has(tag.name):
            _hex(usual, tag.name, (tag.least, tag.most))
    aids: dict[str, Aid] = {}
    for one in top.tables("aid") if top.has("aid") else []:
        aid = _hex(one, "aid", AID_BYTES).hex().upper()
        one.text("name", "")
        if aid in aids:
            raise one.error("aid", f"application {aid} stands there already")
        values = []
        for tag in TAGS:
            table = one if one.has(tag.name) else usual
            if table.has(tag.name):
                values.append((tag.tag, _hex(table, tag.name, (tag.least, tag.most)).hex().upper()))
        aids[aid] = Aid(aid, tuple(values))
        one.end()
    if len(aids) > MOST_ENTRIES:
        problem = f"holds {len(aids)} applications, and a list that terminals ask for has at most {MOST_ENTRIES}"
        raise top.error("aid", problem)
    return {"aids": aids}


def _cards(top: Table) -> dict[str, Any]:
    return {"bins_b": _bins(top, "bins_b"), "bins_c": _bins(top, "bins_c"), "blacklist": _blacklist(top)}


def _bins(top: Table, key: str) -> Cards:
    bins = []
    for entry in top.texts(key, ()):
        length, _, digits = entry.partition(" ")
        form = rf"[0-9]{{{BIN_DIGITS}}}"
        if not (length.isdecimal() and PAN_DIGITS[0] <= int(length) <= PAN_DIGITS[-1] and re.fullmatch(form, digits)):
            raise top.error(
                key,
                f"'{entry}' is no entry; write how long card numbers are, and their first six digits: \"16 622000\"",
            )
        bins.append((int(length), digits))
    return _not_too_many(top, key, tuple(bins))


def _blacklist(top: Table) -> Cards:
    cards = []
    for number, pan in enumerate(top.texts("blacklist", ()), 1):  # no error repeats a card number
        if not re.fullmatch(rf"[0-9]{{{PAN_DIGITS[0]},{PAN_DIGITS[-1]}}}", pan) or not passes_luhn(pan):
            raise top.error("blacklist", f"entry {number} is no card number: 12 to 19 digits, the last one checking")
        cards.append((len(pan), pan))
    return _not_too_many(top, "blacklist", tuple(cards))


def _not_too_many(top: Table, key: str, cards: Cards) -> Cards:
    if len(cards) > MOST_CARDS:
        raise top.error(key, f"has {len(cards)} entries; they are numbered with three digits, up to {MOST_CARDS}")
    return cards


def _rates(top: Table) -> dict[str, Any]:
    rates = []
    for entry in top.texts("rates", ()):
        if not (found := re.fullmatch("([0-9]{3}) ([0-9]{3}) ([0-9]{8})", entry)):
            raise top.error(
                "rates", f"'{entry}' is no rate; write two currencies and eight digits: \"840 156 07123400\""
            )
        rates.append(Rate(found[1], found[2], found[3]))
    return {"rates": tuple(rates)}


def _master_key(top: Table) -> dict[str, Any]:
    if not list(top):
        return {"rsa_key": None}
    modulus = _modulus(top)
    key = RsaKey(modulus, _hex(top, "exponent", (1, 3)), _hex(top, "private_exponent", (1, len(modulus))))
    block = b"\x00\x02" + b"\xff" * (len(modulus) - 2)
    if key.private(key.public(block)) != block:
        raise top.error("private_exponent", "does not undo the exponent under this modulus: they are of different keys")
    return {"rsa_key": HostRsaKey(_key_name(top), key)}


def _modulus(table: Table) -> bytes:
    return _hex(table, "modulus", MODULUS_BYTES)


def _hex(table: Table, key: str, sizes: tuple[int, int], default: str | None = None) -> bytes:
    """Return bytes that are written in hexadecimal digits, blanks and new lines between them allowed."""
    text = "".join(table.text(key, default).split())
    least, most = sizes
    if not re.fullmatch("(?:[0-9A-Fa-f]{2})*", text) or not least <= len(text) // 2 <= most:
        count = f"{2 * least}" if least == most else f"{2 * least} to {2 * most}"
        raise table.error(key, f"must be {count} hexadecimal digits, and has {len(text)} characters")
    return bytes.fromhex(text)


def _date(table: Table, key: str) -> str:
    text = table.text(key)
    if not re.fullmatch("20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])", text):
        raise table.error(key, f"'{text}' is no date; write YYYYMMDD")
    return text


FILES: Final[Mapping[str, Callable[[Table], dict[str, Any]]]] = {
    "parameters.toml": _parameters,
    "capk.toml": _keys,
    "aid.toml": _aids,
    "contactless.toml": _contactless,
    "cards.toml": _cards,
    "rates.toml": _rates,
    "master-key.toml": _master_key,
}
"""Name of a file → what reads it: parts of a `Catalogue` by name."""
